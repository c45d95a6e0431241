"""The records of the model, and its tables of levels, roles and fields."""

from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from shared.customers.fields import FIELDS
from shared.customers.levels import Level
from shared.values.countries import COUNTRY_NAMES
from shared.values.timestamps import format_timestamp

DAY: Final = timedelta(days=1)
MONTH: Final = 30 * DAY
LEVELS: Final[tuple[Level, ...]] = ("root", "distributor", "sub_distributor", "reseller", "end_customer", "site")
BOTH: Final = ("all_inclusive", "software_only")
ALLOWED_CHILDREN: Final = {
    "root": ("distributor",),
    "distributor": ("sub_distributor", "reseller"),
    "sub_distributor": ("reseller",),
    "reseller": ("end_customer",),
    "end_customer": ("site",),
    "site": (),
}
ROLES: Final = ("super_user", "administrator", "manager", "operator", "supporter")  # the highest first
READ_OPERATIONS: Final = ("read", "read_invoicing", "read_audit")
PERMISSIONS: Final = {
    "super_user": (
        "read",
        "read_invoicing",
        "read_audit",
        "change_customers",
        "change_accounts",
        "change_devices",
        "support",
    ),
    "administrator": (
        "read",
        "read_invoicing",
        "read_audit",
        "change_customers",
        "change_accounts",
        "change_devices",
    ),
    "manager": ("read", "change_devices"),
    "operator": ("read",),
    "supporter": ("read",),
}
HISTORY_FIELDS: Final = tuple(name for name, spec in FIELDS.items() if spec.in_history)
CHANGEABLE_FIELDS: Final = tuple(name for name, spec in FIELDS.items() if spec.changeable)
_FIELDS_WITH_RULES: Final = ("name", "service_type", "services_to_provide", "device_country", "references")
# Fields without a rule in the model: optional texts that are stored and shown unchanged.
PLAIN_FIELDS: Final = tuple(name for name in CHANGEABLE_FIELDS if name not in _FIELDS_WITH_RULES)
# Of these, the history says only that they have changed.
PERSONAL_FIELDS: Final = ("account_manager", "contact_email")
_REJECTED: Final = {
    "root": ("service_type", "services_to_provide"),
    "end_customer": ("services_to_provide",),
    "site": ("service_type", "services_to_provide"),
}
# The fields that a customer of a level cannot have.
REJECTED_FIELDS: Final = {
    level: (*_REJECTED.get(level, ()), *(name for name in PLAIN_FIELDS if FIELDS[name].rule(level) == "refused"))
    for level in LEVELS
}

# None for success, or the status and the code of an error response, and further members as pairs (name, value).
ExpectedError = tuple[Any, ...] | None


def fold_name(name: str) -> str:
    """Normalize a name for comparison. Only correct for the names that the steps use."""
    return {"STRASSE": "strasse", "Straße": "strasse", "e\u0301": "é"}.get(name, name.lower())


def country_response(code: str | None) -> dict[str, str] | None:
    return {"code": code, "name": COUNTRY_NAMES[code]} if code else None


class Entry(NamedTuple):
    """One entry of a customer's history."""

    at: datetime
    event: str
    by: str
    version: int | None
    changes: dict[str, Any]
    reason: str | None = None


@dataclass(eq=False)
class Customer:
    """A customer. Each of PLAIN_FIELDS is an attribute too, None unless a request sets it."""

    id: str
    level: str
    parent: "Customer | None"
    name: str
    service_type: str | None
    services_to_provide: tuple[str, ...]
    device_country: str
    storage_location: str
    references: dict[str, str]
    location_decision: dict[str, Any]  # how its storage location was decided
    created_at: datetime
    created_by: str
    trial_ends_at: datetime | None = None
    production_since: datetime | None = None  # as stored: None until the trial's end is recorded
    ended_by: str | None = None
    reminders: dict[int, datetime] = field(default_factory=dict)
    archived_at: datetime | None = None
    archives: list[tuple[datetime, datetime]] = field(default_factory=list)
    version: int = 1
    changes: list[Entry] = field(default_factory=list)

    plain: InitVar[dict[str, Any] | None] = None

    def __post_init__(self, plain: dict[str, Any] | None) -> None:
        for name in PLAIN_FIELDS:
            setattr(self, name, (plain or {}).get(name))
        self.added = {
            name: {"from": None, "to": to_json(getattr(self, name))}
            for name in HISTORY_FIELDS
            if getattr(self, name) and name not in PERSONAL_FIELDS
        }

    @property
    def path(self) -> str:
        return f"{self.parent.path}/{self.id}" if self.parent else self.id

    @property
    def source(self) -> "Customer":
        """Return the customer that has its service type and trial: for a site, its parent."""
        return self.parent if self.level == "site" and self.parent else self

    @property
    def needs(self) -> set[str]:
        return {*self.services_to_provide, *([self.service_type] if self.service_type else ())}

    def within(self, top: "Customer") -> bool:
        """Return whether this is `top` or a descendant of it."""
        return f"{self.path}/".startswith(f"{top.path}/")

    @property
    def tree(self) -> "Customer":
        """Return the customer in whose tree a reference is unique: the distributor, or the root for distributors."""
        return self if self.parent is None or self.parent.parent is None else self.parent.tree


def to_json(value: Any) -> Any:
    """Return the value as it is in JSON."""
    if isinstance(value, datetime):
        return format_timestamp(value)
    return list(value) if isinstance(value, tuple) else value


@dataclass(eq=False)
class Device:
    id: str
    customer: Customer
    kind: str | None  # None: a test device
    created_at: datetime
    created_by: str
    name: str = "Device"
    version: int = 1
    removed_at: datetime | None = None

    @property
    def removed(self) -> bool:
        return self.removed_at is not None

    @property
    def what(self) -> str:
        return "device" if self.kind else "test_device"

    @property
    def path(self) -> str:
        return f"/customers/{self.customer.id}/{'devices' if self.kind else 'test-devices'}/{self.id}"

    @property
    def end_customer(self) -> Customer | None:
        """Return the end-customer in whose invoice its days are counted."""
        source = self.customer.source
        return source if self.kind and source.level == "end_customer" else None


@dataclass(eq=False)
class Account:
    id: str
    customer: Customer
    kind: str
    email: str | None
    display_name: str
    role: str
    created_at: datetime
    created_by: str
    disabled: bool = False
    signed_in_at: datetime | None = None
    version: int = 1
    synced: int = 0  # the version up to which the user pool is updated
    invited_at: datetime | None = None
    has_lost_address: bool = False
    client_id: str | None = None  # of a machine's credential
    removed: bool = False

    @property
    def counts(self) -> bool:
        """Return whether it counts as one of its customer's active super_users."""
        return self.kind == "person" and self.role == "super_user" and self.status == "active"

    @property
    def status(self) -> str:
        if self.removed or self.disabled:
            return "removed" if self.removed else "disabled"
        return "active" if self.signed_in_at or (self.kind == "api" and self.synced) else "invited"

    def can_see(self, customer: Customer) -> bool:
        return customer.within(self.customer)

    def is_below(self, role: str) -> bool:
        return ROLES.index(role) < ROLES.index(self.role)

    def has_permission(self, operation: str) -> bool:
        return operation in PERMISSIONS[self.role] and (operation != "support" or self.customer.level == "root")


def inactive_error(actor: Account) -> ExpectedError:
    return (403, "no_active_account") if actor.disabled or actor.removed else None


def stale_version(customer: Customer | Account) -> ExpectedError:
    return 412, "stale_version", ("version", customer.version)


def merge_references(customer: Customer, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields after a change. In a change, references are added and removed one by one."""
    if "references" not in fields:
        return fields
    references = {**customer.references, **fields["references"]}
    return {**fields, "references": {name: value for name, value in references.items() if value is not None}}


def sorted_by_path(found: list[Customer]) -> list[Customer]:
    return sorted(found, key=lambda customer: customer.path)
