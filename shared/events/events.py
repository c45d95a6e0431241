"""The events that are published when a record of the table changes.

An event is built only from the record before and after the change. The same change therefore always gives the same
event with the same id, by which a consumer recognizes duplicates. An event is delivered at least once.
Within a customer, `sequence` is the record's version and gives the order.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from shared.auth.authorization import Account, Role, Status
from shared.customers.customer import Customer
from shared.customers.levels import Level, ServiceType
from shared.customers.trial import STEPS
from shared.devices.device import Device, DeviceKind
from shared.idempotency import id_from
from shared.location_requests.request import LocationRequest
from shared.storage_locations.catalogue import Catalogue
from shared.values.changes import Change
from shared.values.countries import CountryCode
from shared.values.timestamps import Timestamp


class Event(BaseModel):
    """The fields of every event. `customer_id` and `path` are those of the customer that it is about."""

    model_config = ConfigDict(frozen=True)

    event_id: str
    schema_version: Literal[1] = 1
    occurred_at: Timestamp
    sequence: int = Field(description="The version of the record: higher is later, for the same record and epoch.")
    epoch: int = Field(0, description="How often the table was restored from a backup. A higher epoch is later.")
    customer_id: str | None
    path: str | None = Field(description="The ids from the root to the customer, joined by '/'.")


class CustomerEvent(Event):
    """An event of a customer, with all that a billing system needs to act on it."""

    name: str
    level: Level
    service_type: ServiceType | None = Field(
        description="Null for a site, which shares the service type of its end-customer."
    )
    device_country: CountryCode
    storage_location: CountryCode
    references: dict[str, str]


class CustomerAdded(CustomerEvent):
    """A customer was added. `invoice_from` is null during a trial, and for every level except end_customer."""

    parent_id: str | None
    trial_ends_at: Timestamp | None
    invoice_from: Timestamp | None


class TrialEnding(CustomerEvent):
    """A trial ends in 7, 3 or 1 days."""

    trial_ends_at: Timestamp
    days_before: int


class CustomerChanged(CustomerEvent):
    """A customer's name, services, device country or references were changed. `changes`: by field, old and new."""

    changes: dict[str, dict[str, Any]]
    changed_by: str
    request_id: str | None


class CustomerArchived(CustomerEvent):
    """A customer was archived. From `archived_at` on, it can't be changed and is not invoiced."""

    archived_at: Timestamp
    removed_at: Timestamp = Field(description="The time until which the customer can be restored. Then it is removed.")
    changed_by: str
    request_id: str | None


class CustomerRestored(CustomerEvent):
    """An archived customer was restored. From `restored_at` on, it is invoiced as before."""

    archived_at: Timestamp
    restored_at: Timestamp
    changed_by: str
    request_id: str | None


class CustomerEnteredProduction(CustomerEvent):
    """Invoicing of an end-customer and its sites starts. Published once per end-customer, with or without a trial."""

    invoice_from: Timestamp
    ended_by: str | None = Field(
        description="Who ended the trial: the id of an account, or schedule. Null without a trial."
    )


class StorageLocationChanged(CustomerEvent):
    """Support has changed a customer's storage location. `storage_location` is the new one."""

    previous_location: CountryCode
    reason: str
    changed_by: str
    request_id: str | None


class LocationRequestEvent(Event):
    """A request for another storage location. `storage_location` is the one when the request was made."""

    location_request_id: str
    storage_location: CountryCode
    requested_location: CountryCode
    reason: str
    changed_by: str


class LocationRequested(LocationRequestEvent):
    """Support was asked for another storage location."""


class LocationRequestDecided(LocationRequestEvent):
    """Support has decided a request, for the `reason`. If it was accepted, storage_location_changed follows."""

    state: Literal["accepted", "declined"]


class TestDeviceEvent(Event):
    """A test device, which is never invoiced."""

    device_id: str
    expected_location: CountryCode
    storage_location: CountryCode | None = Field(
        description="Where the device's data lands. Null if the catalogue did not contain expected_location."
    )
    matches: bool
    invoiced: Literal[False] = False


class TestDeviceAdded(TestDeviceEvent):
    """A test device was added."""


class TestDeviceRemoved(TestDeviceEvent):
    """A test device was removed."""


class DeviceEvent(Event):
    """A device. It exists on the UTC day of its addition, on that of its removal, and on each day between.

    These days are invoiced on the days on which its end-customer is.
    """

    device_id: str
    device_kind: DeviceKind
    end_customer_id: str | None = Field(
        description="The end-customer in whose invoice its days are counted. Null for a reseller's, which is not "
        "invoiced."
    )
    expected_location: CountryCode
    storage_location: CountryCode | None = Field(
        description="Where the device's data lands. Null if the catalogue did not contain expected_location."
    )
    matches: bool


class DeviceAdded(DeviceEvent):
    """A device was added, at `occurred_at`."""


class DeviceRemoved(DeviceEvent):
    """A device was removed, at `occurred_at`."""


class AccountEvent(Event):
    """An account, identified by its id. Events contain neither its e-mail address nor its name."""

    account_id: str
    role: Role
    status: Status
    changes: dict[str, dict[str, Any]] = Field(
        {}, description="By field, the value before (from) and after (to). A name and an address have no values."
    )
    changed_by: str | None = Field(
        None,
        description="An account, sign_in_check, removal, erasure or another_customer. Null in an old record.",
    )
    request_id: str | None = None


class AccountAdded(AccountEvent):
    """An account was added."""


class AccountChanged(AccountEvent):
    """An account, its address, its credentials or its invitations have changed."""


class AccountRemoved(AccountEvent):
    """An account was removed."""


class StorageLocationsReplaced(Event):
    """The catalogue was replaced. `sequence` is its new version.

    `changes`: by location, where its data was stored and is stored now, by country. Null: there was or is none.
    """

    changes: dict[str, dict[str, Any]] = {}
    changed_by: str | None = None
    request_id: str | None = None


TYPES: Final[dict[str, type[Event]]] = {
    "customer_added": CustomerAdded,
    "customer_changed": CustomerChanged,
    "customer_archived": CustomerArchived,
    "customer_restored": CustomerRestored,
    "trial_ending": TrialEnding,
    "customer_entered_production": CustomerEnteredProduction,
    "storage_location_changed": StorageLocationChanged,
    "device_added": DeviceAdded,
    "device_removed": DeviceRemoved,
    "storage_location_requested": LocationRequested,
    "storage_location_request_decided": LocationRequestDecided,
    "test_device_added": TestDeviceAdded,
    "test_device_removed": TestDeviceRemoved,
    "account_added": AccountAdded,
    "account_changed": AccountChanged,
    "account_removed": AccountRemoved,
    "storage_locations_replaced": StorageLocationsReplaced,
}

Image = Mapping[str, Any]
_KINDS: Final = {
    ("customer", "customer"): "customer",
    ("customer", "device"): "device",
    ("customer", "location_request"): "location_request",
    ("account", "account"): "account",
    ("catalogue", "current"): "catalogue",
}


class EventEnvelope(NamedTuple):
    """An event with its type, which is the detail type on the bus."""

    type: str
    event: Event


def events_for_change(old: Image | None, new: Image | None, changed_at: datetime | None = None) -> list[EventEnvelope]:
    """Return the events for the change of one record. `changed_at` is the stream's time of the change.

    Raises ValueError for a record that should cause an event and can't be read.
    """
    if new is None:
        return []  # records are deleted only after they expire, long after they were removed
    # Check both keys: the sort key of a name record is a name, which can be any word.
    kind = _KINDS.get((str(new["pk"]).partition("#")[0], str(new["sk"]).partition("#")[0]))
    if kind == "customer":
        return _customer_events(old, new)
    if kind == "device":
        return _device_events(old, Device.model_validate(new), changed_at)
    if kind == "location_request":
        return _location_request_events(old, LocationRequest.model_validate(new))
    if kind == "account":
        return _account_events(old, Account.model_validate(new), changed_at)
    return _catalogue_events(old, Catalogue.model_validate(new)) if kind == "catalogue" else []


_REMINDERS: Final = {days: f"reminder_{days}_at" for days in STEPS if days}


def _customer_events(old: Image | None, image: Image) -> list[EventEnvelope]:
    # Compare the old record without parsing it: it may be a broken one that this change has repaired.
    watched = ("production_since", "last_change", *_REMINDERS.values())
    if old is not None and all(old.get(name) == image.get(name) for name in watched):
        return []
    new = Customer.model_validate(image)
    common_fields = {
        **new.model_dump(include={"path", "name", "level", "service_type", "device_country", "references"}),
        "storage_location": new.storage_location.country,
        "customer_id": new.id,
        "sequence": new.version,
    }
    invoiced = new.level == "end_customer" and new.production_since is not None
    events = []
    if old is None:
        events.append(
            _envelope(
                "customer_added",
                new.id,
                **common_fields,
                occurred_at=new.created_at,
                parent_id=new.parent_id,
                trial_ends_at=new.trial_ends_at,
                invoice_from=new.production_since if invoiced else None,
            )
        )
    for days, name in _REMINDERS.items():
        sent_at = getattr(new, name)
        if old and sent_at and not old.get(name):
            ending = {"trial_ends_at": new.trial_ends_at, "days_before": days}
            events.append(_envelope("trial_ending", f"{new.id} {days}", **common_fields, occurred_at=sent_at, **ending))
    if invoiced and (old is None or not old.get("production_since")):
        started = {"invoice_from": new.production_since, "ended_by": new.trial_ended_by}
        events.append(
            _envelope(
                "customer_entered_production", new.id, **common_fields, occurred_at=new.production_since, **started
            )
        )
    change = new.last_change
    if old and change and old.get("last_change") != image.get("last_change"):
        of_change = {"occurred_at": change.at, "changed_by": change.by, "request_id": change.request_id}
        events.append(
            _envelope(
                change.event, f"{new.id} {change.version}", **common_fields, **of_change, **_change_details(change, new)
            )
        )
    return events


def _change_details(change: Change, customer: Customer) -> dict[str, Any]:
    """Return the fields of a change event, besides those of the customer."""
    if change.event == "storage_location_changed":
        return {"previous_location": change.changes["storage_location"]["from"], "reason": change.reason}
    if change.event == "customer_archived":
        removed_at = datetime.fromtimestamp(customer.expires_at or 0, UTC)
        return {"archived_at": customer.archived_at, "removed_at": removed_at}
    if change.event == "customer_restored":
        times = customer.archives[-1]
        return {"archived_at": times.start, "restored_at": times.end}
    return {"changes": change.changes}


def _catalogue_events(old: Image | None, new: Catalogue) -> list[EventEnvelope]:
    if old is not None and old.get("version") == new.version:
        return []
    return [
        _envelope(
            "storage_locations_replaced",
            f"catalogue {new.version}",
            occurred_at=new.created_at,
            sequence=new.version,
            customer_id=None,
            path=None,
            **_what_changed(new.last_change),
        )
    ]


def _location_request_events(old: Image | None, new: LocationRequest) -> list[EventEnvelope]:
    if old is not None and old.get("state") == new.state:
        return []
    is_open = new.state == "open"
    return [
        _envelope(
            "storage_location_requested" if is_open else "storage_location_request_decided",
            new.id,
            occurred_at=new.created_at if is_open else new.decided_at,
            sequence=new.version,
            customer_id=new.customer_id,
            path=new.customer_path,
            location_request_id=new.id,
            storage_location=new.from_location,
            requested_location=new.location,
            reason=new.reason if is_open else new.decision_reason,
            changed_by=new.created_by if is_open else new.decided_by,
            **({} if is_open else {"state": new.state}),
        )
    ]


def _device_events(old: Image | None, new: Device, changed_at: datetime | None) -> list[EventEnvelope]:
    if old is not None and bool(old.get("removed")) == new.removed:
        return []
    removed_at = new.removed_at or changed_at or new.created_at
    of_kind = {} if new.is_test else {"device_kind": new.kind, "end_customer_id": new.end_customer_id}
    return [
        _envelope(
            f"{new.what}_removed" if new.removed else f"{new.what}_added",
            new.id,
            **of_kind,
            occurred_at=removed_at if new.removed else new.created_at,
            sequence=new.version,
            customer_id=new.customer_id,
            path=new.customer_path,
            device_id=new.id,
            expected_location=new.expected_location,
            storage_location=new.storage_location,
            matches=new.storage_location == new.expected_location,
        )
    ]


def _account_events(old: Image | None, new: Account, changed_at: datetime | None) -> list[EventEnvelope]:
    before = Account.model_validate(old) if old is not None else None
    change = new.last_change if before is None or before.last_change != new.last_change else None
    if before is not None and change is None and (before.role, before.status) == (new.role, new.status):
        return []  # only internal state has changed
    kind = "account_added" if old is None else "account_removed" if new.removed else "account_changed"
    return [
        _envelope(
            kind,
            f"{new.id} {new.version}" if kind == "account_changed" else new.id,
            occurred_at=changed_at if old and changed_at else new.created_at,
            sequence=new.version,
            customer_id=new.customer_id,
            path=new.customer_path,
            account_id=new.id,
            role=new.role,
            status=new.status,
            **_what_changed(change),
        )
    ]


def _what_changed(change: Change | None) -> dict[str, Any]:
    if change is None:
        return {}
    return {"changes": change.changes, "changed_by": change.by, "request_id": change.request_id}


def in_epoch(envelope: EventEnvelope, epoch: int) -> EventEnvelope:
    """Return the event with this epoch of the table, and with an id that no other epoch uses.

    After a restore, versions continue from those of the backup, so the same version of a record can occur twice. The
    epoch makes these two changes different events. In epoch 0, before any restore, ids are unchanged.
    """
    if not epoch:
        return envelope
    event_id = id_from("evt", envelope.event.event_id, str(epoch))
    return EventEnvelope(envelope.type, envelope.event.model_copy(update={"event_id": event_id, "epoch": epoch}))


def _envelope(type: str, subject: str, **fields: Any) -> EventEnvelope:
    """Build an event. Its id is derived from its type and `subject`, so the same change always has the same id."""
    event_id = id_from("evt", type, subject)
    return EventEnvelope(type, TYPES[type].model_validate({"event_id": event_id, **fields}))
