"""The invariants of a history: those of the table, and those of all changes in the log."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from local.invariants import violations as violations_of_the_table
from shared.customers.customer import Customer
from shared.customers.trial import SCHEDULE
from shared.events.events import events_for_change
from shared.table.audit import AUDIT
from shared.table.dynamodb import deserialize
from shared.table.keys import Item, Key, tree_below
from tests.simulation.fake_dynamo import FakeDynamo


def violations(dynamo: FakeDynamo) -> list[str]:
    """Describe every violated invariant."""
    items: dict[Key, Item] = {key: deserialize(item) for key, item in dynamo.records.items()}
    customers = {item["id"]: Customer.model_validate(item) for (_, sk), item in items.items() if sk == "customer"}
    found = violations_of_the_table(items)
    return [*found, *_of_super_users(dynamo, items), *_of_events(dynamo, customers), *_of_the_audit(dynamo)]


def _of_super_users(dynamo: FakeDynamo, items: dict[Key, Item]) -> Iterable[str]:
    """Check that a customer lost its last super_user only while it was archived or removed. Reads the log backwards."""
    is_live = {pk: "archived_at" not in item for (pk, sk), item in items.items() if sk == "customer"}
    for old, new in reversed(dynamo.log):
        image = new or old
        pk, sk = image["pk"]["S"], image["sk"]["S"]
        if sk == "customer":
            is_live[pk] = old is not None and "archived_at" not in old
        if sk == "active_super_users" and int(image["count"]["N"]) < 1 and is_live.get(pk):
            yield f"{pk} has no super_user left"


def _of_the_audit(dynamo: FakeDynamo) -> Iterable[str]:
    """Check that each change of the log has exactly one entry in the audit, in the partition of its tree."""
    expected: Counter[tuple[str, str, Any]] = Counter()
    entries: Counter[tuple[str, str, Any]] = Counter()
    for old, new in dynamo.log:
        before, after = (deserialize(image) if image else {} for image in (old, new))
        if "event" in after and not before:
            entries[after["pk"], after["event"], after.get("version")] += 1
            if after.get("tree") != tree_below(AUDIT, after["customer_path"]):
                yield f"{after['pk']}: a change is in the partition {after.get('tree')} of the audit"
        expected.update(_changes_between(before, after))
    # A sign-in of a day has no change of its own, and an old record may have none at all.
    for what in expected.keys() | {
        each for each in entries if each[1] not in ("signed_in", "view_saved", "view_removed")
    }:
        if expected[what] != entries[what]:
            yield f"{what}: {entries[what]} entries in the audit for {expected[what]} changes"


def _changes_between(before: Item, after: Item) -> Iterable[tuple[str, str, Any]]:
    """Yield the changes that have led from one image of a record to the next: key, event and version."""
    kind, pk, version = after.get("sk", "").partition("#")[0], after.get("pk", ""), after.get("version")
    change = after.get("last_change")
    if change and change != before.get("last_change") and kind != "version":  # the current catalogue has it too
        yield pk, change["event"], change["version"]
    if kind == "customer" and not before and "parent_id" in after:  # the root is there before anybody
        yield pk, "customer_added", version
    ended_by = after.get("trial_ended_by")
    if kind == "customer" and ended_by not in (None, SCHEDULE, before.get("trial_ended_by")):
        yield pk, "customer_entered_production", version
    what = "device" if "kind" in after else "test_device"
    if kind == "device" and not before:
        yield pk, f"{what}_added", version
    elif kind == "device" and after["token_hash"] != before["token_hash"]:
        yield pk, f"{what}_removed" if after["removed"] else "token_replaced", version
    elif kind == "device" and after["name"] != before["name"]:
        yield pk, "device_renamed", version
    if kind == "location_request" and after["state"] != before.get("state"):
        yield pk, "storage_location_request_decided" if before else "storage_location_requested", version


def published_events(dynamo: FakeDynamo) -> list[tuple[str, str, str | None]]:
    """Return the events of the log: kind, id, customer."""
    found = []
    for old, new in dynamo.log:
        images: list[Any] = [deserialize(image) if image else None for image in (old, new)]
        found += [(kind, event.event_id, event.customer_id) for kind, event in events_for_change(*images)]
    return found


def _of_events(dynamo: FakeDynamo, customers: dict[str, Customer]) -> Iterable[str]:
    """Check that each change has one event, and each end-customer in production exactly one that starts invoicing."""
    every = [*dynamo.earlier_events, *published_events(dynamo)]
    published = Counter((kind, event_id) for kind, event_id, _ in every)
    started = Counter(customer_id for kind, _, customer_id in every if kind == "customer_entered_production")
    yield from (f"{kind} was published {number} times" for (kind, _), number in published.items() if number > 1)
    for each in customers.values():
        expected = int(each.level == "end_customer" and each.production_since is not None)
        if started[each.id] != expected:
            yield f"{each.name}: the start of its production was published {started[each.id]} times, not {expected}"
