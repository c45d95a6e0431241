"""What can be added below a customer, for the form "Add customer". It is derived from the rules in `fields.py`."""

from typing import Any

from pydantic import BaseModel, Field

from shared.customers.customer import Customer
from shared.customers.fields import FIELDS, FieldRule, field_rules
from shared.customers.levels import ALLOWED_CHILDREN, SERVICE_MEANINGS, Level
from shared.storage_locations.catalogue import Catalogue, choices
from shared.values.countries import COUNTRY_NAMES, CountryCode


class FieldOption(BaseModel):
    """One field of the form. `set`: the system sets it to `value`. `by_device_country`: see `device_countries`."""

    rule: FieldRule
    value: Any = Field(None, description="The value that the system sets, or the default.")
    values: list[str] | None = Field(None, description="The allowed values, if the field has a fixed list.")
    meanings: dict[str, str] | None = Field(None, description="What each of `values` means, for service types.")
    max_length: int | None = None
    max_items: int | None = None


class LevelOption(BaseModel):
    level: Level
    fields: dict[str, FieldOption]


class Choice(BaseModel):
    code: CountryCode
    name: str
    lands_in: CountryCode | None = Field(
        description="Where the data lands today: of the storage location, or of the one that the device country sets. "
        "Null if there is none."
    )


class DeviceCountry(Choice):
    storage_location: CountryCode | None = Field(
        description="The storage location that the system sets. Null: the caller must choose one."
    )


class Options(BaseModel):
    parent_id: str
    may_add: bool = Field(
        description="Whether the caller can add customers: the role allows it and the parent is not archived."
    )
    levels: list[LevelOption]
    device_countries: list[DeviceCountry]
    storage_locations: list[Choice] = Field(
        description="The locations to choose from if the device country hosts no storage."
    )
    catalogue_version: int


def options_below(parent: Customer, catalogue: Catalogue, *, can_add: bool) -> Options:
    hosted = set(catalogue.countries)
    return Options(
        parent_id=parent.id,
        may_add=can_add and parent.archived_at is None,
        levels=[LevelOption(level=level, fields=_fields(level, parent)) for level in ALLOWED_CHILDREN[parent.level]],
        device_countries=[
            DeviceCountry(
                code=code,
                name=name,
                storage_location=code if code in hosted else None,
                lands_in=catalogue.lands_in(code),
            )
            for code, name in COUNTRY_NAMES.items()
        ],
        storage_locations=[
            Choice(**choice, lands_in=catalogue.lands_in(choice["code"])) for choice in choices(catalogue)
        ],
        catalogue_version=catalogue.version,
    )


def _fields(level: Level, parent: Customer) -> dict[str, FieldOption]:
    rules = field_rules(level, parent.level)
    provided = list(parent.services_to_provide)
    meanings = {service: SERVICE_MEANINGS[service] for service in parent.services_to_provide}
    one_level = rules["level"] == "set"
    of_parent: dict[str, dict[str, Any]] = {
        "parent_id": {"value": parent.id},
        "level": {"value": level} if one_level else {"values": list(ALLOWED_CHILDREN[parent.level])},
        **{field: {"values": provided, "meanings": meanings} for field, spec in FIELDS.items() if spec.from_parent},
    }
    return {
        field: FieldOption(
            rule=rule, **({} if rule == "refused" else {**FIELDS[field].options, **of_parent.get(field, {})})
        )
        for field, rule in rules.items()
    }
