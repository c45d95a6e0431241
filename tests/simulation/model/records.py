"""The records of the model, in plain words, and its tables of levels and roles."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from shared.customers.fields import FIELDS
from shared.values.countries import COUNTRY_NAMES
from shared.values.timestamps import format_timestamp

DAY: Final = timedelta(days=1)
MONTH: Final = 30 * DAY
BOTH: Final = ("all_inclusive", "software_only")
BELOW: Final = {
    "root": ("distributor",),
    "distributor": ("sub_distributor", "reseller"),
    "sub_distributor": ("reseller",),
    "reseller": ("end_customer",),
    "end_customer": ("site",),
    "site": (),
}
ROLES: Final = ("super_user", "administrator", "manager", "operator", "supporter")  # the highest first
READING: Final = ("read", "read_invoicing")
MAY: Final = {
    "super_user": ("read", "read_invoicing", "change_customers", "change_accounts", "change_test_devices", "support"),
    "administrator": ("read", "read_invoicing", "change_customers", "change_accounts"),
    "manager": ("read", "change_test_devices"),
    "operator": ("read",),
    "supporter": ("read",),
}
# The fields that the history shows.
TOLD: Final = tuple(field for field, spec in FIELDS.items() if spec.in_history)
REFUSED: Final = {
    "root": ("service_type", "services_to_provide"),
    "end_customer": ("services_to_provide",),
    "site": ("service_type", "services_to_provide"),
}

Why = tuple[Any, ...] | None  # status and code of a refusal, and what else it says: (name, value)


def folded(name: str) -> str:
    """The names of the stories that count as one."""
    return {"STRASSE": "strasse", "Straße": "strasse", "e\u0301": "é"}.get(name, name.lower())


def country(code: str | None) -> dict[str, str] | None:
    return {"code": code, "name": COUNTRY_NAMES[code]} if code else None


class Entry(NamedTuple):
    """One change, as a history tells it."""

    at: datetime
    event: str
    by: str
    version: int | None
    changes: dict[str, Any]
    reason: str | None = None


@dataclass(eq=False)
class Company:
    """A customer."""

    id: str
    level: str
    parent: "Company | None"
    name: str
    service_type: str | None
    services_to_provide: tuple[str, ...]
    device_country: str
    storage_location: str
    references: dict[str, str]
    decided: dict[str, Any]  # how its storage location was
    created_at: datetime
    created_by: str
    trial_ends_at: datetime | None = None
    production_since: datetime | None = None  # where it is recorded
    ended_by: str | None = None
    reminders: dict[int, datetime] = field(default_factory=dict)
    archived_at: datetime | None = None
    archives: list[tuple[datetime, datetime]] = field(default_factory=list)
    version: int = 1
    changes: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.added = {name: {"from": None, "to": _plain(getattr(self, name))} for name in TOLD if getattr(self, name)}

    @property
    def path(self) -> str:
        return f"{self.parent.path}/{self.id}" if self.parent else self.id

    @property
    def source(self) -> "Company":
        """Whose service type and trial it has."""
        return self.parent if self.level == "site" and self.parent else self

    @property
    def needs(self) -> set[str]:
        return {*self.services_to_provide, *([self.service_type] if self.service_type else ())}

    def within(self, top: "Company") -> bool:
        """Whether it is `top` or stands below it."""
        return f"{self.path}/".startswith(f"{top.path}/")

    @property
    def tree(self) -> "Company":
        """In which the references of what stands below it are unique: its distributor's, or the root's own."""
        return self if self.parent is None or self.parent.parent is None else self.parent.tree


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, datetime):
        return format_timestamp(value)
    return list(value) if isinstance(value, tuple) else value


@dataclass(eq=False)
class Device:
    id: str
    customer: Company
    actual: str | None
    expected: str  # when it was added
    catalogue_version: int
    created_at: datetime
    created_by: str
    removed: bool = False


@dataclass(eq=False)
class Account:
    id: str
    customer: Company
    kind: str
    email: str | None
    display_name: str
    role: str
    created_at: datetime
    created_by: str
    disabled: bool = False
    signed_in_at: datetime | None = None
    version: int = 1
    synced: int = 0  # the version that the sign-in follows
    removed: bool = False

    @property
    def counts(self) -> bool:
        """As a super_user that its customer cannot be without."""
        return self.kind == "person" and self.role == "super_user" and not (self.disabled or self.removed)

    @property
    def status(self) -> str:
        if self.removed or self.disabled:
            return "removed" if self.removed else "disabled"
        return "active" if self.signed_in_at or (self.kind == "api" and self.synced) else "invited"

    def sees(self, of: Company) -> bool:
        return of.within(self.customer)

    def is_below(self, role: str) -> bool:
        return ROLES.index(role) < ROLES.index(self.role)

    def may(self, operation: str) -> bool:
        return operation in MAY[self.role] and (operation != "support" or self.customer.level == "root")


def why_not_active(by: Account) -> Why:
    return (403, "no_active_account") if by.disabled or by.removed else None


def stale(of: Company | Account) -> Why:
    return 412, "stale_version", ("version", of.version)


def merged(of: Company, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as they would be: references are given and taken away one by one."""
    if "references" not in fields:
        return fields
    references = {**of.references, **fields["references"]}
    return {**fields, "references": {name: value for name, value in references.items() if value is not None}}


def in_order(found: list[Company]) -> list[Company]:
    return sorted(found, key=lambda of: of.path)
