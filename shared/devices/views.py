"""The columns of the dashboard, and views: named lists of columns that an account saves.

The default view does not contain the column storage_location. It can be added, as the source document says.
"""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from shared.customers.customer import CustomerResponse
from shared.devices.device import Device
from shared.errors import RuleViolation, Violations
from shared.values.countries import country_name
from shared.values.timestamps import format_timestamp

DEFAULT: Final = "default"
MAX_VIEWS: Final = 20
# Characters that need no encoding in a URL, except the space (%20).
_VIEW_NAME: Final = re.compile(r"\w(?:[\w -]{0,62}\w)?")


class Column(NamedTuple):
    """A column: its heading, and its value for a device of a customer."""

    title: str
    value: Callable[[Device, CustomerResponse], str | bool | int | None]


COLUMNS: Final[dict[str, Column]] = {
    "name": Column("Device name", lambda device, _: device.name),
    "id": Column("Device id", lambda device, _: device.id),
    "customer": Column("Customer", lambda _, customer: customer.name),
    "customer_id": Column("Customer id", lambda _, customer: customer.id),
    "level": Column("Level", lambda _, customer: customer.level),
    "state": Column("State", lambda _, customer: customer.state),
    "service_type": Column("Service type", lambda _, customer: customer.service_type),
    "country": Column("Country", lambda _, customer: customer.device_country.name),
    "test": Column("Test", lambda _device, _customer: True),
    "invoiced": Column("Invoiced", lambda _device, _customer: False),
    "storage_location": Column(
        "Storage location",
        lambda device, _: country_name(device.storage_location) if device.storage_location else None,
    ),
    "expected_storage_location": Column(
        "Expected storage location", lambda _, customer: customer.storage_location.name
    ),
    "matches": Column("Matches", lambda device, customer: device.storage_location == customer.storage_location.code),
    "catalogue_version": Column("Catalogue version", lambda device, _: device.catalogue_version),
    "created_at": Column("Created", lambda device, _: format_timestamp(device.created_at)),
    "created_by": Column("Created by", lambda device, _: device.created_by),
}
DEFAULT_COLUMNS: Final = ("name", "customer", "level", "country", "test", "created_at")


class NewView(BaseModel):
    """Body of PUT /views/{name}: the columns, in their order."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    columns: list[str] = Field(
        max_length=len(COLUMNS), json_schema_extra={"items": {"type": "string", "enum": list(COLUMNS)}}
    )


class View(BaseModel):
    name: str
    columns: list[str]


class Views(BaseModel):
    """The stored views of one account, by name."""

    columns_by_name: dict[str, list[str]] = {}
    version: int = 0

    def columns(self, name: str) -> list[str] | None:
        """Return the columns of a view. The default view exists until the account saves its own."""
        return self.columns_by_name.get(name) or (list(DEFAULT_COLUMNS) if name == DEFAULT else None)

    def shown(self) -> list[View]:
        names = sorted({DEFAULT, *self.columns_by_name})
        return [View(name=name, columns=self.columns(name) or []) for name in names]

    def saved(self, name: str, columns: list[str]) -> "Views":
        return Views(columns_by_name={**self.columns_by_name, name: columns}, version=self.version + 1)

    def without(self, name: str) -> "Views":
        remaining = {other_name: columns for other_name, columns in self.columns_by_name.items() if other_name != name}
        return Views(columns_by_name=remaining, version=self.version + 1)


def validate_view(name: str, columns: list[str], views: Views) -> None:
    """Raise RulesViolatedError for a view that can't be saved."""
    violations = Violations()
    if not _VIEW_NAME.fullmatch(name):
        detail = "Use 1 to 64 letters, digits, spaces, hyphens and underscores, beginning with a letter or digit."
        violations.add(RuleViolation("name_characters", "name", detail))
    if name not in views.columns_by_name and len(views.columns_by_name) >= MAX_VIEWS:
        violations.add(
            RuleViolation("too_many", "name", f"An account has at most {MAX_VIEWS} views. Remove one first.")
        )
    _check_columns(violations, columns, "/columns")
    violations.raise_if_any()


def validate_columns(columns: str) -> list[str]:
    """Parse 'name,customer' to ['name', 'customer']. Raises RulesViolatedError for an unknown column."""
    violations = Violations()
    names = [name.strip() for name in columns.split(",", len(COLUMNS))]
    _check_columns(violations, names, "columns")
    violations.raise_if_any()
    return names


def _check_columns(violations: Violations, columns: list[str], list_pointer: str) -> None:
    detail = f"Allowed columns: {', '.join(COLUMNS)}."
    if not columns:
        violations.add(RuleViolation("required", list_pointer, detail))
    for index, name in enumerate(columns):
        pointer = f"{list_pointer}/{index}" if list_pointer.startswith("/") else list_pointer
        if name not in COLUMNS:
            violations.add(RuleViolation("column_unknown", pointer, detail, values=list(COLUMNS)))
        elif name in columns[:index]:
            violations.add(RuleViolation("column_repeated", pointer, f"The column {name} is listed more than once."))


def row(device: Device, customer: CustomerResponse, columns: list[str]) -> dict[str, Any]:
    return {name: COLUMNS[name].value(device, customer) for name in columns}
