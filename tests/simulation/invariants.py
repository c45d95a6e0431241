"""The invariants: what must be true of the table after every history."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from shared.accounts.account import counts_as_super_user
from shared.auth.authorization import Account
from shared.customers.customer import Change, Customer
from shared.customers.levels import ALLOWED_CHILDREN
from shared.customers.records import customer_item, name_item, reference_items
from shared.devices.device import MAX_TEST_DEVICES, Device
from shared.events.events import events_for_change
from shared.table.dynamodb import _deserialize
from shared.table.keys import Item, Key, history_key
from tests.simulation.fake_dynamo import FakeDynamo


def violations(dynamo: FakeDynamo) -> list[str]:
    """Return every invariant that does not hold, in words."""
    items: dict[Key, Item] = {key: _deserialize(item) for key, item in dynamo.records.items()}
    customers = {item["id"]: Customer.model_validate(item) for (_, sk), item in items.items() if sk == "customer"}
    found = [*_of_customers(customers, items), *_of_uniqueness(customers, items), *_of_counts(items)]
    return [*found, *_of_super_users(dynamo, items), *_of_events(dynamo, customers)]


def _of_customers(customers: dict[str, Customer], items: dict[Key, Item]) -> Iterable[str]:
    history: dict[str, list[Change]] = {}
    for (pk, sk), item in items.items():
        if sk.startswith("history#"):
            history.setdefault(pk.removeprefix("customer#"), []).append(Change.model_validate(item))
    for each in customers.values():
        label = f"{each.level} {each.name}"
        stored = {name: value for name, value in items[f"customer#{each.id}", "customer"].items() if value is not None}
        expected = {**customer_item(each)}
        for name in ("folded_name", "tree", "trial_shard", "trial_due"):
            if stored.get(name) != expected.get(name):
                yield f"{label}: its index key {name} is {stored.get(name)}, not {expected.get(name)}"
        changes = history.get(each.id, [])
        if each.last_change and (
            (f"customer#{each.id}", history_key(each.id, each.last_change.at, each.last_change.version or 1)[1])
            not in items
        ):
            yield f"{label}: its last change is not in its history"
        versions = [change.version for change in changes]
        if len(set(versions)) != len(versions):
            yield f"{label}: its history has a version twice"
        moved = [change for change in changes if change.event == "storage_location_changed"]
        location, initial = each.storage_location.country, each.initial_values.get("storage_location")
        if (
            (initial and not moved)
            or (not initial and moved)
            or (moved and moved[-1].changes["storage_location"]["to"] != location)
        ):
            yield f"{label}: its storage location differs from its history"
        if each.parent_id is None:
            continue
        parent = customers.get(each.parent_id)
        if parent is None:
            yield f"{label}: its parent does not exist"
            continue
        if each.path != f"{parent.path}/{each.id}":
            yield f"{label}: its path is not the path of its parent and its own id"
        if each.level not in ALLOWED_CHILDREN[parent.level]:
            yield f"{label}: its parent is a {parent.level}"
        if each.archived_at:
            continue
        if parent.archived_at:
            yield f"{label}: its parent is archived"
        needs = {each.service_type, *each.services_to_provide} - {None}
        if not needs <= set(parent.services_to_provide):
            yield f"{label}: its parent does not provide {needs}"


def _of_uniqueness(customers: dict[str, Customer], items: dict[Key, Item]) -> Iterable[str]:
    names = Counter((each.parent_id, each.folded_name) for each in customers.values() if each.parent_id)
    yield from (f"two customers are named {name}" for name, number in names.items() if number > 1)
    expected: dict[Key, str] = {}
    for each in customers.values():
        for item in ([name_item(each)] if each.parent_id else []) + reference_items(each):
            expected[item["pk"], item["sk"]] = each.id
            stored = dict(items.get((item["pk"], item["sk"]), {}))
            for of_newer_code in ("schema", "of_newer_code"):
                stored.pop(of_newer_code, None)
            if stored != {name: list(v) if isinstance(v, tuple) else v for name, v in item.items()}:
                yield f"{each.name}: its record {item['pk']} {item['sk']} is {stored}"
    for (pk, sk), item in items.items():
        if pk.startswith(("name#", "reference#")) and expected.get((pk, sk)) != item["customer_id"]:
            yield f"the record {pk} {sk} has no customer"


def _of_counts(items: dict[Key, Item]) -> Iterable[str]:
    super_users: Counter[str] = Counter()
    devices: Counter[str] = Counter()
    emails: dict[str, str] = {}
    for (pk, sk), item in items.items():
        if sk == "account":
            account = Account.model_validate(item)
            super_users[account.customer_id] += counts_as_super_user(account)
            if account.email:
                if account.email.lower() in emails:
                    yield f"two accounts have the address {account.email}"
                emails[account.email.lower()] = account.id
                if items.get((f"email#{account.email.lower()}", "email"), {}).get("account_id") != account.id:
                    yield f"the address {account.email} has no record"
        if sk.startswith("device#"):
            devices[pk] += not Device.model_validate(item).removed
    for (pk, sk), item in items.items():
        if sk == "email" and emails.get(pk.removeprefix("email#")) != item["account_id"]:
            yield f"the record of the address {pk} has no account"
        if sk == "super_users":
            customer_id = pk.removeprefix("customer#")
            if item["count"] != super_users[customer_id]:
                yield f"{item['count']} super_users are counted at {customer_id}, not {super_users[customer_id]}"
        if sk == "devices" and not item["count"] == devices[pk] <= MAX_TEST_DEVICES:
            yield f"{item['count']} devices are counted at {pk}, and {devices[pk]} exist"


def _of_super_users(dynamo: FakeDynamo, items: dict[Key, Item]) -> Iterable[str]:
    """A customer without a super_user was archived or removed when it lost the last one. Reads the log backwards."""
    is_live = {pk: "archived_at" not in item for (pk, sk), item in items.items() if sk == "customer"}
    for old, new in reversed(dynamo.log):
        image = new or old
        pk, sk = image["pk"]["S"], image["sk"]["S"]
        if sk == "customer":
            is_live[pk] = old is not None and "archived_at" not in old
        if sk == "super_users" and int(image["count"]["N"]) < 1 and is_live.get(pk):
            yield f"{pk} has no super_user left"


def published_events(dynamo: FakeDynamo) -> list[tuple[str, str, str | None]]:
    """Return the events of the log: kind, id, customer."""
    found = []
    for old, new in dynamo.log:
        images: list[Any] = [_deserialize(image) if image else None for image in (old, new)]
        found += [(kind, event.event_id, event.customer_id) for kind, event in events_for_change(*images)]
    return found


def _of_events(dynamo: FakeDynamo, customers: dict[str, Customer]) -> Iterable[str]:
    """Each change has one event, and each end-customer in production exactly one for the start of invoicing."""
    every = [*dynamo.earlier_events, *published_events(dynamo)]
    published = Counter((kind, event_id) for kind, event_id, _ in every)
    started = Counter(customer_id for kind, _, customer_id in every if kind == "customer_entered_production")
    yield from (f"{kind} was published {number} times" for (kind, _), number in published.items() if number > 1)
    for each in customers.values():
        expected = int(each.level == "end_customer" and each.production_since is not None)
        if started[each.id] != expected:
            yield f"{each.name}: the start of its production was published {started[each.id]} times, not {expected}"
