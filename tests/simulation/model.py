"""What should be there and what should be answered: the rules once more, in the simplest words, on a dictionary.

Nothing here calls the API or its rules. `tests.simulation.stateful` asks the API and holds each answer to this.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

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
# What a customer's history tells of.
TOLD: Final = ("name", "service_type", "services_to_provide", "device_country", "storage_location", "references")
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


class Model:
    """`customers`, `accounts` and `devices` are what is there, by id; `catalogues` all versions, the last in force."""

    def __init__(self, root: Company, account: Account, hosted: dict[str, str]) -> None:
        self.now = root.created_at
        self.root = root
        self.customers = {root.id: root}
        self.accounts = {account.id: account}
        self.devices: dict[str, Device] = {}
        self.views: dict[str, dict[str, list[str]]] = {}  # by account, by name
        self.catalogues = [hosted]  # a country -> where its data lands
        self.replaced_by = [account.id]
        self.told: dict[tuple[str, str | None, int], dict[str, Any]] = {}  # events: kind, of whom, sequence -> facts
        self.tell_of(root, "customer_added", parent_id=None, trial_ends_at=None, invoice_from=None)
        self.tell_of_account(account, "account_added")
        self.told["storage_locations_replaced", None, 1] = {}

    @property
    def hosted(self) -> dict[str, str]:
        return self.catalogues[-1]

    # ---- who stands where

    def gone(self, of: Company) -> bool:
        """Archived for thirty days: it counts as removed."""
        return of.archived_at is not None and self.now >= of.archived_at + MONTH

    def children(self, parent: Company, *, archived: bool = False) -> list[Company]:
        return [
            each
            for each in self.customers.values()
            if each.parent is parent and (archived or each.archived_at is None) and not self.gone(each)
        ]

    def subtree(self, top: Company, *, archived: bool = False) -> list[Company]:
        """What stands at and below a customer and is not archived, or is."""
        return [
            each
            for each in self.customers.values()
            if each.within(top) and (each.archived_at is not None) == archived and not self.gone(each)
        ]

    def devices_of(self, of: Company) -> list[Device]:
        return [device for device in self.devices.values() if device.customer is of]

    def taken(self, parent: Company, name: str, but: Company | None = None) -> Company | None:
        kin = (each for each in self.children(parent, archived=True) if each is not but)
        return next((each for each in kin if folded(each.name) == folded(name)), None)

    def holder(self, at: Company, system: str, value: str) -> Company | None:
        """Who has the reference, in the tree in which what stands at or below `at` has its own."""
        for each in self.customers.values():
            same = each.references.get(system) == value
            if same and each.parent and each.parent.tree is at.tree and not self.gone(each):
                return each
        return None

    def since(self, of: Company) -> datetime | None:
        """In production since when."""
        source = of.source
        since = source.production_since
        if since is None and source.trial_ends_at and self.now >= source.trial_ends_at:
            since = source.trial_ends_at
        return since and max(since, of.created_at)

    # ---- why a request is refused

    def why_not(self, by: Account, of: Company, operation: str, *, archived: bool = False) -> Why:
        """Refuses for who asks, and for the customer it is about."""
        if why := why_not_active(by):
            return why
        if self.gone(of) or not by.sees(of):
            return 404, "not_found"
        if not by.may(operation):
            return 403, "forbidden"
        if of.archived_at and not archived and operation not in READING:
            return 409, "archived"
        return None

    def decided(self, device_country: str, wanted: str | None) -> str | None:
        """Where the data goes, `None` where the request is wrong."""
        if device_country in self.hosted:
            return device_country if wanted in (None, device_country) else None
        return wanted if wanted in self.hosted else None

    def why_not_added(self, by: Account, body: dict[str, Any]) -> Why:
        above = self.customers[body["parent_id"]]
        if why := self.why_not(by, above, "change_customers"):
            return why
        given = {name for name, value in body.items() if value is not None}
        refused = {*REFUSED.get(body["level"], ()), *(() if body["level"] == "end_customer" else ("in_trial",))}
        required = {"service_type", "services_to_provide"} - refused
        needs = {*body.get("services_to_provide", ()), *([body["service_type"]] if "service_type" in body else ())}
        if (
            body["level"] not in BELOW[above.level]
            or given & refused
            or required - given
            or self.decided(body["device_country"], body.get("storage_location")) is None
            or not needs <= set(above.services_to_provide)
        ):
            return 422, "broken_rules"
        if other := self.taken(above, body["name"]):
            return 409, "name_exists", ("customer_id", other.id)
        return self.why_not_referred(by, above, body.get("references", {}), None)

    def why_not_referred(self, by: Account, at: Company, references: dict[str, Any], but: Company | None) -> Why:
        """Who has the reference is told to those who see that customer."""
        for system, value in references.items():
            other = self.holder(at, system, value)
            if other not in (None, but):
                return 409, "reference_exists", ("customer_id", other.id if other and by.sees(other) else None)
        return None

    def why_not_changed(self, by: Account, of: Company, fields: dict[str, Any], version: int | None) -> Why:
        if why := self.why_not(by, of, "change_customers"):
            return why
        if version is not None and self.repeated(by, of, "customer_changed", version):
            same = all(value == getattr(of, name) for name, value in merged(of, fields).items())
            return self.why_not_served(of, fields) or (None if same else stale(of))
        if version not in (None, of.version):
            return stale(of)
        if "references" in fields and of.level == "distributor" and by.customer is of:
            return 403, "forbidden"
        return self.why_not_served(of, fields) or self.why_not_free(by, of, fields)

    def repeated(self, by: Account, of: Company, event: str, version: int) -> bool:
        """Whether this may be the request that made the last change, sent again."""
        last = of.changes[-1] if of.changes else None
        return bool(last) and (event, by.id, version + 1, version + 1) == (
            last.event,
            last.by,
            last.version,
            of.version,
        )

    def why_not_free(self, by: Account, of: Company, fields: dict[str, Any]) -> Why:
        """The name among its siblings, the references in its tree."""
        if of.parent is None:
            return None
        if "name" in fields and (other := self.taken(of.parent, fields["name"], but=of)):
            return 409, "name_exists", ("customer_id", other.id)
        references = merged(of, fields)["references"] if "references" in fields else {}
        return self.why_not_referred(by, of.parent, references, of)

    def why_not_served(self, of: Company, fields: dict[str, Any]) -> Why:
        """What the level takes, what the parent provides, and what children need."""
        if set(REFUSED.get(of.level, ())) & set(fields):
            return 422, "broken_rules"
        above = set(of.parent.services_to_provide) if of.parent else set()
        wanted = {
            *fields.get("services_to_provide", ()),
            *([fields["service_type"]] if "service_type" in fields else ()),
        }
        taken = set(of.services_to_provide) - set(fields.get("services_to_provide", of.services_to_provide))
        if not wanted <= above or any(taken & child.needs for child in self.children(of)):
            return 422, "broken_rules"
        return None

    def why_not_moved(self, by: Account, of: Company, code: str, version: int) -> Why:
        if why := self.why_not(by, of, "support"):
            return why
        repeated = self.repeated(by, of, "storage_location_changed", version)
        if version != of.version and not repeated:
            return stale(of)
        if code not in self.hosted:
            return 422, "broken_rules"
        return stale(of) if repeated and code != of.storage_location else None

    def why_not_archived(self, by: Account, of: Company, version: int) -> Why:
        """Nothing is wrong with archiving what is archived."""
        why = self.why_not(by, of, "change_customers", archived=True)
        if why or of.archived_at:
            return why
        if version != of.version:
            return stale(of)
        if by.customer is of:
            return 403, "forbidden"
        children = sorted(self.children(of), key=lambda each: folded(each.name))
        blocking = [each.id for each in children] + sorted(device.id for device in self.devices_of(of))
        return (409, "archive_blocked", ("blocking", tuple(blocking))) if blocking else None

    def why_not_restored(self, by: Account, of: Company, version: int) -> Why:
        why = self.why_not(by, of, "change_customers", archived=True)
        if why or not of.archived_at:
            return why
        if version != of.version:
            return stale(of)
        if by.customer is of:
            return 403, "forbidden"
        if of.parent is None or of.parent.archived_at:
            return 409, "archived"
        return None if of.needs <= set(of.parent.services_to_provide) else (422, "broken_rules")

    def why_no_production(self, by: Account, of: Company, version: int) -> Why:
        if why := self.why_not(by, of, "change_customers"):
            return why
        if of.level == "site":
            return 422, "broken_rules"
        return stale(of) if self.since(of) is None and version != of.version else None

    def why_no_device(self, by: Account, of: Company) -> Why:
        if why := self.why_not(by, of, "change_test_devices"):
            return why
        return (409, "too_many_test_devices") if len(self.devices_of(of)) == 10 else None

    def why_no_account(self, by: Account, of: Company, body: dict[str, Any]) -> Why:
        """The address of a removed customer's account comes free: it is to be asked again."""
        if why := self.why_not(by, of, "change_accounts"):
            return why
        if (body.get("email") is None) == (body["kind"] == "person"):
            return 422, "broken_rules"
        if by.is_below(body["role"]):
            return 403, "forbidden"
        other = self.with_address(body.get("email"))
        if other is None:
            return None
        return (429, "throttled") if self.gone(other.customer) else (409, "email_exists")

    def with_address(self, email: str | None) -> Account | None:
        found = (each for each in self.accounts.values() if email and (each.email or "").lower() == email.lower())
        return next(found, None)

    def why_not_touched(self, by: Account, account: Account) -> Why:
        """Refuses to change or remove an account; whether its customer is still there does not matter."""
        if why := why_not_active(by):
            return why
        if account.removed or not by.sees(account.customer):
            return 404, "not_found"
        if not by.may("change_accounts") or by.is_below(account.role):
            return 403, "forbidden"
        return None

    def why_not_changed_account(self, by: Account, account: Account, fields: dict[str, Any], version: int) -> Why:
        if why := self.why_not_touched(by, account):
            return why
        fields = {name: value for name, value in fields.items() if value != getattr(account, name)}
        if account is by and {"role", "disabled"} & set(fields):
            return 422, "broken_rules"
        if "role" in fields and by.is_below(fields["role"]):
            return 403, "forbidden"
        if version != account.version and (fields or version + 1 != account.version):
            return stale(account)
        stays = fields.get("role", "super_user") == "super_user" and not fields.get("disabled")
        return self.why_needed(account) if not stays else None

    def why_not_removed_account(self, by: Account, account: Account, version: int) -> Why:
        if why := self.why_not_touched(by, account):
            return why
        if version != account.version:
            return stale(account)
        return (403, "forbidden") if account is by else self.why_needed(account)

    def why_needed(self, account: Account) -> Why:
        """Refuses where it is the last super_user of a customer that is not archived."""
        kin = [each for each in self.accounts.values() if each.customer is account.customer and each.counts]
        return (409, "last_super_user") if kin == [account] and not account.customer.archived_at else None

    # ---- what becomes of it

    def add(self, id: str, by: Account, body: dict[str, Any]) -> Company:
        """The customer of a request that is not refused."""
        location = self.decided(body["device_country"], body.get("storage_location"))
        assert location
        trial, site = body.get("in_trial"), body["level"] == "site"
        self.customers[id] = Company(
            id, body["level"], self.customers[body["parent_id"]], body["name"], body.get("service_type"),
            tuple(sorted(body.get("services_to_provide", ()))), body["device_country"], location,
            body.get("references", {}),
            self.decision("hosted" if body["device_country"] in self.hosted else "chosen"), self.now, by.id,
            trial_ends_at=self.now + MONTH if trial else None, production_since=None if trial or site else self.now,
        )  # fmt: skip
        of = self.customers[id]
        since = of.production_since if of.level == "end_customer" else None
        facts = {"parent_id": of.parent and of.parent.id, "trial_ends_at": of.trial_ends_at, "invoice_from": since}
        self.tell_of(of, "customer_added", **facts)
        if since:
            self.tell_of(of, "customer_entered_production", invoice_from=since, ended_by=None)
        return of

    def tell_of(self, of: Company, kind: str, **facts: Any) -> None:
        """Expect an event of a customer, with what it holds of the customer now."""
        names = ("name", "path", "level", "service_type", "device_country", "storage_location", "references")
        known = {"customer_id": of.id, **{name: getattr(of, name) for name in names}}
        self.told[kind, of.id, of.version] = {**known, **{name: _plain(value) for name, value in facts.items()}}

    def tell_of_account(self, account: Account, kind: str) -> None:
        facts = {"customer_id": account.customer.id, "role": account.role, "status": account.status}
        self.told[kind, account.id, account.version] = facts

    def tell_of_device(self, device: Device, kind: str, sequence: int) -> None:
        locations = {"expected_location": device.expected, "storage_location": device.actual}
        facts = {"customer_id": device.customer.id, "matches": device.actual == device.expected, **locations}
        self.told[kind, device.id, sequence] = facts

    def start_production(self, of: Company, by: Account) -> None:
        self._in_production(of, self.now, by.id)

    def _in_production(self, of: Company, since: datetime, by: str) -> None:
        of.production_since, of.ended_by, of.version = since, by, of.version + 1
        self.tell_of(of, "customer_entered_production", invoice_from=since, ended_by=by)

    def replace_catalogue(self, by: Account, routes: dict[str, str]) -> None:
        self.catalogues.append(routes)
        self.replaced_by.append(by.id)
        self.told["storage_locations_replaced", None, len(self.catalogues)] = {}

    def decision(self, decided: str) -> dict[str, Any]:
        return {"decided": decided, "catalogue_version": len(self.catalogues), "decided_at": format_timestamp(self.now)}

    def add_device(self, id: str, by: Account, of: Company) -> Device:
        actual = self.hosted.get(of.storage_location)
        self.devices[id] = Device(id, of, actual, of.storage_location, len(self.catalogues), self.now, by.id)
        self.tell_of_device(self.devices[id], "test_device_added", 1)
        return self.devices[id]

    def remove_device(self, device: Device) -> None:
        device.removed = True
        self.tell_of_device(device, "test_device_removed", 2)
        del self.devices[device.id]

    def add_account(self, id: str, by: Account, of: Company, body: dict[str, Any]) -> Account:
        new = Account(id, of, body["kind"], body.get("email"), body["display_name"], body["role"], self.now, by.id)
        self.accounts[id] = new
        self.tell_of_account(new, "account_added")
        if new.kind == "api":  # its sign-in is made at once
            new.synced = 1
            self.tell_of_account(new, "account_changed")
        return new

    def change_account(self, account: Account, **fields: Any) -> None:
        before = account.role, account.status
        for name, value in fields.items():
            setattr(account, name, value)
        account.version += 1
        if before != (account.role, account.status):
            self.tell_of_account(account, "account_changed")

    def sign_in(self, account: Account) -> None:
        """The first time counts."""
        if account.signed_in_at is None:
            follows = account.synced >= account.version
            self.change_account(account, signed_in_at=self.now)
            account.synced = account.version if follows else account.synced

    def remove_account(self, account: Account) -> None:
        account.removed, account.version = True, account.version + 1
        del self.accounts[account.id]
        self.tell_of_account(account, "account_removed")

    def change(self, of: Company, event: str, by: Account, reason: str | None = None, **fields: Any) -> bool:
        """Whether anything is another than before."""
        changed = {name: value for name, value in fields.items() if value != getattr(of, name)}
        if not changed:
            return False
        of.version += 1
        told = {name: {"from": _plain(getattr(of, name)), "to": _plain(value)} for name, value in changed.items()}
        of.changes.append(Entry(self.now, event, by.id, of.version, told, reason))
        before = of.storage_location
        for name, value in changed.items():
            setattr(of, name, value)
        facts: dict[str, Any] = {
            "customer_changed": {"changes": told},
            "storage_location_changed": {"previous_location": before, "reason": reason},
            "customer_archived": {"archived_at": of.archived_at, "removed_at": self.now + MONTH},
            "customer_restored": dict(zip(("archived_at", "restored_at"), (of.archives or [()])[-1], strict=False)),
        }
        self.tell_of(of, event, changed_by=by.id, **facts[event])
        return True

    def run_schedule(self) -> None:
        for of in self.customers.values():
            ends = of.trial_ends_at
            if of.archived_at or not ends or of.production_since:
                continue
            if ends <= self.now:
                self._in_production(of, ends, "schedule")
                continue
            due = min((days for days in (7, 3, 1) if ends - days * DAY <= self.now), default=7)
            if ends - due * DAY <= self.now and due < min(of.reminders, default=99):
                of.reminders[due], of.version = self.now, of.version + 1
                self.tell_of(of, "trial_ending", trial_ends_at=ends, days_before=due)

    # ---- what is shown

    def shown(self, of: Company) -> dict[str, Any]:
        source, since = of.source, self.since(of)
        ends = source.trial_ends_at
        return {
            "id": of.id,
            "name": of.name,
            "level": of.level,
            "parent_id": of.parent.id if of.parent else None,
            "path": of.path,
            "service_type": source.service_type,
            "inherited_from": None if source is of else source.id,
            "services_to_provide": list(of.services_to_provide),
            "device_country": country(of.device_country),
            "storage_location": {**(country(of.storage_location) or {}), **of.decided},
            "state": "in_production" if since else "in_trial",
            "trial": {"started_at": format_timestamp(ends - MONTH), "ends_at": format_timestamp(ends)}
            if ends
            else None,
            "production_since": format_timestamp(since) if since else None,
            "references": of.references,
            "archive": of.archived_at
            and {
                "archived_at": format_timestamp(of.archived_at),
                "removed_at": format_timestamp(of.archived_at + MONTH),
            },
            "version": of.version,
            "created_at": format_timestamp(of.created_at),
            "created_by": of.created_by,
        }

    def shown_trial(self, of: Company) -> dict[str, Any]:
        source = of.source
        since, ends = self.since(source), source.trial_ends_at
        left = 0
        while ends and since is None and self.now + left * DAY < ends:
            left += 1
        return {
            "customer_id": of.id,
            "inherited_from": None if source is of else source.id,
            "state": "in_production" if since else "in_trial",
            "started_at": format_timestamp(ends - MONTH) if ends else None,
            "ends_at": format_timestamp(ends) if ends else None,
            "days_left": left,
            "reminders": [
                {"days_before": days, "sent_at": format_timestamp(at)} for days, at in source.reminders.items()
            ],
            "ended_at": format_timestamp(since) if ends and since else None,
            "ended_by": (source.ended_by or "schedule") if ends and since else None,
        }

    def shown_history(self, of: Company) -> list[dict[str, Any]]:
        told = [Entry(of.created_at, "customer_added", of.created_by, None, of.added)]
        for days, at in of.reminders.items():
            told.append(Entry(at, "trial_ending", "schedule", None, {"days_before": {"from": None, "to": days}}))
        since = self.since(of)
        if of.level == "end_customer" and since and (of.production_since or not of.archived_at):
            by = (of.ended_by or "schedule") if of.trial_ends_at else of.created_by
            into = {"production_since": {"from": None, "to": format_timestamp(since)}}
            told.append(Entry(since, "customer_entered_production", by, None, into))
        entries = sorted([*told, *of.changes], key=lambda entry: entry.at)
        return [{**entry._asdict(), "at": format_timestamp(entry.at)} for entry in entries]

    def shown_device(self, device: Device) -> dict[str, Any]:
        expected = device.customer.storage_location
        return {
            "id": device.id,
            "customer_id": device.customer.id,
            "name": "Device",
            "test": True,
            "invoiced": False,
            "expected": country(expected),
            "actual": country(device.actual),
            "matches": device.actual == expected,
            "catalogue_version": device.catalogue_version,
            "created_at": format_timestamp(device.created_at),
            "created_by": device.created_by,
        }

    def shown_account(self, account: Account) -> dict[str, Any]:
        return {
            "id": account.id,
            "kind": account.kind,
            "customer_id": account.customer.id,
            "email": account.email,
            "display_name": account.display_name,
            "role": account.role,
            "status": account.status,
            "identity": "ready" if account.synced >= account.version else "pending",
            "signed_in_at": format_timestamp(account.signed_in_at) if account.signed_in_at else None,
            "version": account.version,
            "created_at": format_timestamp(account.created_at),
            "created_by": account.created_by,
        }

    def shown_drift(self, top: Company) -> list[dict[str, Any]]:
        """Whose data lands elsewhere than it should, by the catalogue in force."""
        return [
            {
                "customer_id": of.id,
                "name": of.name,
                "level": of.level,
                "path": of.path,
                "expected": country(of.storage_location),
                "actual": country(self.hosted.get(of.storage_location)),
            }
            for of in in_order(self.subtree(top))
            if self.hosted.get(of.storage_location) != of.storage_location
        ]

    def shown_invoicing(self, top: Company, month: datetime, *, archived: bool) -> list[dict[str, Any]]:
        """Who is invoiced in the month that starts then."""
        after = (month + 31 * DAY).replace(day=1)
        rows = []
        for of in in_order(self.subtree(top, archived=archived)):
            since, end = self.since(of), min(of.archived_at or after, after)
            if of.level != "end_customer" or since is None or max(since, month) >= end:
                continue
            days = [month + number * DAY for number in range((after - month).days)]
            days = [day for day in days if day < end and day + DAY > since and not (of.trial_ends_at and day < since)]
            left = [day for day in days if not any(begin <= day and day + DAY <= stop for begin, stop in of.archives)]
            if days and not left:
                continue
            row = {name: getattr(of, name) for name in ("name", "path", "service_type", "references")}
            times = {
                "invoice_from": format_timestamp(since),
                "start": format_timestamp(max(since, month)),
                "end": format_timestamp(end),
            }
            rows.append({"customer_id": of.id, **row, **times, "days": len(left)})
        return rows
