"""Use cases for existing customers: change, move the storage, archive, restore, list the history.

Each change is one transaction: the customer at the version that was read, the record of the change, and the name and
references that change.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final, Protocol

from pydantic import BaseModel, Field

from shared.auth.authorization import Account, Caller
from shared.auth.cursors import read_cursor, sign_cursor
from shared.customers.access import read_customer
from shared.customers.changes import (
    LocationChange,
    apply_change,
    archive,
    depends_on_parent,
    ensure_not_blocked,
    ensure_not_needed,
    ensure_not_own_customer,
    ensure_not_own_fields,
    entries_from_record,
    restore,
    with_storage_location,
)
from shared.customers.customer import Customer, CustomerChange, CustomerResponse, Notice, show
from shared.customers.records import customer_item, history_item, name_item, reference_items
from shared.customers.removal import removal_item
from shared.customers.use_cases import (
    MAX_ATTEMPTS,
    concurrent_modification,
    count_child,
    end_customer_of,
    ensure_unique,
)
from shared.errors import MAX_ERRORS, ArchivedError, NotFoundError, StaleVersionError
from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import (
    CATALOGUE,
    HISTORY,
    TABLE,
    Item,
    Key,
    children_key,
    counted_devices_key,
    counted_test_devices_key,
    customer_key,
    name_key,
)
from shared.table.queries import IncompleteRecord, get_live, parse_record, read_all
from shared.table.store import Action, ConditionFailedError, Delete, Increment, Put, Store, Update, update_between
from shared.values.changes import Change
from shared.values.timestamps import Timestamp, parse_timestamp

# The number of name records in one read.
_PAGE: Final = 1000


# A child or device that must be removed before a customer can be archived, as an entry of `errors`.
Blocker = dict[str, str]


class FindDevices(Protocol):
    """Finds up to `limit` devices that block archiving a customer, by name. A new one can be missing for a moment.

    Devices are a layer above customers and implement it.
    """

    def __call__(self, store: Store, customer: Customer, limit: int) -> Iterator[Blocker]: ...


class ChangedCustomerResponse(CustomerResponse):
    """The response to a change. Its notices also name what the change did not do, although a person might expect it."""


def change_customer(
    store: Store, caller: Caller, customer_id: str, change: CustomerChange, *, version: int
) -> ChangedCustomerResponse:
    """Change a customer that is at `version`. If nothing changes, nothing is written.

    A repeat of the request by the same account gets the first response, unless something else has changed since.
    Raises NotFoundError, ForbiddenError, ArchivedError, StaleVersionError, RulesViolatedError, NameExistsError,
    ReferenceExistsError.
    """
    actor, customer, records = read_customer(store, caller, customer_id, CATALOGUE)
    if _changed_before(customer, version, caller, "customer_changed"):
        parent, _ = _family(store, caller, customer) if depends_on_parent(change) else (None, {})
        if apply_change(change, customer, parent, caller) is not customer:
            raise StaleVersionError.of("customer", customer.version)
        changed = customer
    else:
        ensure_version(customer, version)
        changed = write_change(store, caller, actor, customer, change)
    shown = show_current(store, caller, changed, records)
    notices = list(shown.notices)
    if changed.version > version and changed.last_change and "device_country" in changed.last_change.changes:
        location = "The storage location has not changed. Only support can change it."
        notices.append(Notice(code="storage_location_unchanged", detail=location))
    return ChangedCustomerResponse(**{**dict(shown), "notices": notices})


def write_change(store: Store, caller: Caller, actor: Account, customer: Customer, change: CustomerChange) -> Customer:
    """Write the change, if it changes something. Return the customer after it. Raises as `change_customer` does."""
    ensure_not_own_fields(actor, customer, change)
    for _ in range(MAX_ATTEMPTS):
        parent, records = _family(store, caller, customer) if depends_on_parent(change) else (None, {})
        changed = apply_change(change, customer, parent, caller)
        if changed is customer:
            return customer
        actions: list[Action] = []
        removed_services = set(customer.services_to_provide) - set(changed.services_to_provide)
        if removed_services:
            ensure_not_needed(removed_services, _children(store, customer))
            actions.append(bump_revision(customer, records))
        if parent is not None:
            actions.append(count_child(parent.id, records))
        try:
            store.write(*update_actions(customer, changed, caller.now), *actions)
        except ConditionFailedError as failed:
            _raise_if_stale(failed, customer)
            ensure_unique(actor, changed, failed.records)
        else:
            return changed
    raise concurrent_modification()


def _family(store: Store, caller: Caller, customer: Customer) -> tuple[Customer | None, dict[Key, Item]]:
    """Return the parent, and the records that count the children of the parent and of the customer itself."""
    parent_id = customer.parent_id or ""
    records = get_live(store, caller.now, customer_key(parent_id), children_key(parent_id), children_key(customer.id))
    return parse_record(Customer, records, customer_key(parent_id)), records


def _changed_before(customer: Customer, version: int, caller: Caller, event: str) -> bool:
    """Return whether this caller made the last change, of the kind `event`, and it followed `version`.

    If so, the request may be a repeat of one whose response was lost.
    """
    last = customer.last_change
    return (
        last is not None
        and customer.version == version + 1 == last.version
        and (last.event, last.by) == (event, caller.account_id)
    )


def ensure_version(customer: Customer, version: int) -> None:
    if customer.version != version:
        raise StaleVersionError.of("customer", customer.version)


def _raise_if_stale(failed: ConditionFailedError, customer: Customer) -> None:
    """Raise StaleVersionError if the customer itself was changed meanwhile, NotFoundError if it was deleted."""
    key = customer_key(customer.id)
    if key in failed.records:
        now_there = failed.records[key]
        if now_there is None:
            raise NotFoundError from failed
        raise StaleVersionError.of("customer", now_there["version"]) from failed


def update_actions(before: Customer, after: Customer, now: datetime) -> list[Action]:
    """Return the change of a customer, the record of that change, and the changes of its name and references."""
    changed = update_between(customer_item(before), customer_item(after), {"version": before.version})
    actions: list[Action] = [changed, Put(history_item(after))]
    owned = {"customer_id": before.id}
    old_names = [name_item(before)] if before.parent_id else []
    new_names = [name_item(after)] if after.parent_id else []
    old = {(item["pk"], item["sk"]): item for item in [*old_names, *reference_items(before)]}
    new = {(item["pk"], item["sk"]): item for item in [*new_names, *reference_items(after)]}
    actions += [Delete(key, owned) for key in old if key not in new]
    actions += [Put(item, unless_expired_at=int(now.timestamp())) for key, item in new.items() if key not in old]
    actions += [update_between(old[key], item, owned) for key, item in new.items() if key in old and item != old[key]]
    return actions


def bump_revision(customer: Customer, records: dict[Key, Item]) -> Action:
    """Count in the customer's children record that it withdraws something. Fail if a child was added since the read."""
    pk, sk = key = children_key(customer.id)
    stored = records.get(key)
    if stored is None:
        return Put({"pk": pk, "sk": sk, "revision": 1})
    condition = {name: stored.get(name) for name in ("count", "revision")}
    return Update(key, {"revision": stored.get("revision", 0) + 1}, condition=condition)


def _children(store: Store, customer: Customer) -> Iterator[Item]:
    """Yield the name records of the children that are not archived, read strongly consistent."""
    pk, after = name_key(customer.id, "")[0], None
    while True:
        page = store.query(TABLE, pk, limit=_PAGE, after=after)
        yield from (item for item in page.items if "expires_at" not in item)
        after = page.next
        if after is None:
            return


def change_storage_location(
    store: Store, caller: Caller, customer_id: str, change: LocationChange, *, version: int
) -> CustomerResponse:
    """Change the storage location of a customer that is at `version`, and record the reason. For support only.

    Raises NotFoundError, ForbiddenError, ArchivedError, StaleVersionError, RulesViolatedError.
    """
    _, customer, records = read_customer(store, caller, customer_id, CATALOGUE)
    before = _changed_before(customer, version, caller, "storage_location_changed")
    if not before:
        ensure_version(customer, version)
    moved = with_storage_location(change, customer, Catalogue.model_validate(records[CATALOGUE]), caller)
    if moved is not customer:
        if before:
            raise StaleVersionError.of("customer", customer.version)
        try:
            store.write(*update_actions(customer, moved, caller.now))
        except ConditionFailedError as failed:
            _raise_if_stale(failed, customer)
            raise
    return show_current(store, caller, moved, records)


def archive_customer(
    store: Store, caller: Caller, customer_id: str, *, version: int, find_devices: FindDevices
) -> CustomerResponse:
    """Archive a customer that is at `version`. Return a customer that is archived already unchanged, at any version.

    Raises NotFoundError, ForbiddenError, StaleVersionError, ArchiveBlockedError with the children and devices.
    """
    key, children = customer_key(customer_id), children_key(customer_id)
    counters = (counted_test_devices_key(customer_id), counted_devices_key(customer_id))
    actor, customer, records = read_customer(store, caller, customer_id, children, *counters, CATALOGUE, archived=True)
    if customer.archived_at:
        return show_current(store, caller, customer, records)
    ensure_version(customer, version)
    ensure_not_own_customer(actor, customer)
    devices = sum(records.get(counter, {}).get("count", 0) for counter in counters)
    blocking = _blocking(store, customer, records, find_devices if devices else None)
    ensure_not_blocked(list(islice(blocking, MAX_ERRORS)), devices)
    archived = archive(customer, caller)
    try:
        # The write fails if a child was added since the read, or if there is a device.
        store.write(
            *update_actions(customer, archived, caller.now),
            bump_revision(customer, records),
            *(Increment(counter, 0, most=0) for counter in counters),
            Put(removal_item(archived)),
        )
    except ConditionFailedError as failed:
        now_there = parse_record(Customer, failed.records, key)
        if now_there and now_there.archived_at:
            return show_current(store, caller, now_there, records)
        _raise_if_stale(failed, customer)
        raise concurrent_modification() from failed
    return show_current(store, caller, archived, records)


def _blocking(
    store: Store, customer: Customer, records: dict[Key, Item], find_devices: FindDevices | None
) -> Iterator[Blocker]:
    """Yield the children and the devices that block archiving a customer. `find_devices`: None if it has no device."""
    if children_key(customer.id) in records:  # otherwise no child was ever added
        for child in _children(store, customer):
            yield {"code": "child", "customer_id": child["customer_id"], "detail": child["name"]}
    if find_devices:
        yield from find_devices(store, customer, MAX_ERRORS)


def restore_customer(store: Store, caller: Caller, customer_id: str, *, version: int) -> CustomerResponse:
    """Restore an archived customer. Return a customer that is not archived unchanged, at any version.

    Raises NotFoundError, ForbiddenError, StaleVersionError, ArchivedError for the parent, RulesViolatedError if the
    parent no longer provides what the customer needs.
    """
    key = customer_key(customer_id)
    actor, customer, first = read_customer(store, caller, customer_id, CATALOGUE, archived=True)
    if customer.archived_at is None:
        return show_current(store, caller, customer, first)
    ensure_version(customer, version)
    ensure_not_own_customer(actor, customer)
    for _ in range(MAX_ATTEMPTS):
        parent, records = _family(store, caller, customer)
        if parent is None or parent.archived_at:
            raise ArchivedError(what="The parent")
        restored = restore(customer, parent, caller)
        try:
            store.write(*update_actions(customer, restored, caller.now), count_child(parent.id, records))
        except ConditionFailedError as failed:
            now_there = parse_record(Customer, failed.records, key)
            if now_there and now_there.archived_at is None:
                return show_current(store, caller, now_there, first)
            _raise_if_stale(failed, customer)
        else:
            return show_current(store, caller, restored, first)
    raise concurrent_modification()


def show_current(store: Store, caller: Caller, customer: Customer, records: Mapping[Key, Item]) -> CustomerResponse:
    """Build the response for a customer as it is now. `records` contains the catalogue."""
    return show(customer, caller.now, Catalogue.model_validate(records[CATALOGUE]), end_customer_of(store, customer))


class HistoryEntry(BaseModel):
    """One change of a customer. The event with this name is built from the same record."""

    event: str
    at: Timestamp
    by: str = Field(
        description="The id of an account, or schedule, sign_in_check, removal, erasure or another_customer."
    )
    request_id: str | None = Field(description="The id of the request. Null for a change without a request.")
    version: int | None = Field(
        description="The version after the change. Null for the addition of a customer, reminders and production."
    )
    changes: dict[str, dict[str, Any]] = Field(description="By field: the value before (from) and after (to).")
    reason: str | None


class History(BaseModel):
    customer_id: str
    entries: list[HistoryEntry] = Field(description="The changes, oldest first.")
    incomplete: list[IncompleteRecord] = Field(description="Changes of this page whose record can't be read.")
    next_cursor: str | None = Field(description="The cursor of the next page. Null on the last page.")


def get_history(store: Store, caller: Caller, customer_id: str, *, limit: int, cursor: str | None = None) -> History:
    """List the changes of a customer. Two requests. Raises NotFoundError, MalformedRequestError for a cursor.

    Stored changes are merged with entries that are built from the customer's record: added, reminded, in production.
    """
    key = customer_key(customer_id)
    actor, customer, _ = read_customer(store, caller, customer_id)
    bound_to = {"list": "history", "customer_id": customer.id}
    position = read_cursor(actor, bound_to, cursor) or {"sk": HISTORY, "shown": "0"}
    page = store.query(TABLE, key[0], starts_with=HISTORY, after={"pk": key[0], "sk": position["sk"]}, limit=limit)
    from_record = entries_from_record(customer, caller.now)[int(position["shown"]) :]
    # Each entry: its time, the change (None if it can't be read), and the sort key if it is stored. Sorted by time.
    merged: list[tuple[datetime, Change | None, str]] = [(change.at, change, "") for change in from_record]
    for item, change in zip(page.items, read_all(Change, page.items, []), strict=True):
        merged.append((parse_timestamp(item["sk"].split("#")[1]), change, item["sk"]))
    merged.sort(key=lambda entry: entry[0])
    entries: list[HistoryEntry] = []
    incomplete: list[IncompleteRecord] = []
    for _, change, sk in merged[:limit]:
        if change is None:
            incomplete.append(IncompleteRecord(kind="change", id=sk.removeprefix(HISTORY)))
        else:
            entries.append(HistoryEntry.model_validate(dict(change)))
        position = {**position, "sk": sk} if sk else {**position, "shown": str(int(position["shown"]) + 1)}
    more = page.next is not None or len(merged) > limit
    return History(
        customer_id=customer.id,
        entries=entries,
        incomplete=incomplete,
        next_cursor=sign_cursor(actor, bound_to, position if more else None),
    )
