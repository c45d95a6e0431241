"""The columns of the dashboard, and views: named lists of columns that an account saves.

The default view does not contain the column storage_location. It can be added, as the source document says.
"""

import re
from collections.abc import Callable
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared.customers.customer import CustomerResponse
from shared.devices.device import Device
from shared.errors import RuleViolation, Violations
from shared.values.timestamps import format_timestamp

DEFAULT: Final = "default"
MAX_VIEWS: Final = 20
# Characters that need no encoding in a URL, except the space (%20).
_VIEW_NAME: Final = re.compile(r"\w(?:[\w -]{0,62}\w)?")


class Row(NamedTuple):
    """What the columns of a device are computed from. `customer` is shown as it is now, by today's routing."""

    device: Device
    customer: CustomerResponse
    catalogue_version: int

    @property
    def invoiced(self) -> bool:
        """Whether the days of the device are invoiced now, as `shared.devices.device.is_invoiced` says."""
        return self.device.end_customer_id is not None and self.customer.state == "in_production"

    @property
    def matches(self) -> bool:
        lands_in = self.customer.lands_in
        return lands_in is not None and lands_in.code == self.customer.storage_location.code


class Column(NamedTuple):
    """A column: its heading, and its value in a row."""

    title: str
    value: Callable[[Row], str | bool | int | None]


COLUMNS: Final[dict[str, Column]] = {
    "name": Column("Device name", lambda row: row.device.name),
    "id": Column("Device id", lambda row: row.device.id),
    "device_kind": Column("Device kind", lambda row: row.device.kind),
    "is_test": Column("Test device", lambda row: row.device.is_test),
    "invoiced": Column("Invoiced", lambda row: row.invoiced),
    "customer": Column("Customer", lambda row: row.customer.name),
    "customer_id": Column("Customer id", lambda row: row.customer.id),
    "level": Column("Level", lambda row: row.customer.level),
    "state": Column("State", lambda row: row.customer.state),
    "service_type": Column("Service type", lambda row: row.customer.service_type),
    "country": Column("Country", lambda row: row.customer.device_country.name),
    "storage_location": Column(
        "Storage location", lambda row: row.customer.lands_in.name if row.customer.lands_in else None
    ),
    "expected_storage_location": Column("Expected storage location", lambda row: row.customer.storage_location.name),
    "matches": Column("Matches", lambda row: row.matches),
    "catalogue_version": Column("Catalogue version", lambda row: row.catalogue_version),
    "created_at": Column("Created", lambda row: format_timestamp(row.device.created_at)),
    "created_by": Column("Created by", lambda row: row.device.created_by),
}
DEFAULT_COLUMNS: Final = ("name", "device_kind", "is_test", "customer", "level", "country", "created_at")
_OLDER_COLUMNS: Final = {"test": "is_test"}  # as saved views can contain them


def _newer_column(name: str) -> str:
    return _OLDER_COLUMNS.get(name, name)


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

    columns_by_name: dict[str, list[Annotated[str, BeforeValidator(_newer_column)]]] = {}
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
