"""The invariants of the table: what must always be true of its records, also after a restore."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from shared.accounts.account import counts_as_super_user
from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.customers.levels import ALLOWED_CHILDREN
from shared.customers.records import customer_item, name_item, reference_items
from shared.devices.days import added_on, removed_on
from shared.devices.device import Device
from shared.devices.records import MOST, counter_key, device_item
from shared.table.keys import Item, Key, history_key
from shared.values.changes import Change

# Attributes that a record of any kind can have.
_OF_ANY_KIND = ("schema", "of_newer_code")


def violations(items: Mapping[Key, Item]) -> list[str]:
    """Describe every invariant that these records violate."""
    customers = {item["id"]: Customer.model_validate(item) for (_, sk), item in items.items() if sk == "customer"}
    of_customers = [*_of_customers(customers, items), *_of_uniqueness(customers, items)]
    return [*of_customers, *_of_account_histories(items), *_of_counts(items), *_of_devices(items)]


def _of_customers(customers: dict[str, Customer], items: Mapping[Key, Item]) -> Iterable[str]:  # noqa: C901, PLR0912 - it is a list
    history: dict[str, list[Change]] = {}
    for (pk, sk), item in items.items():
        if sk.startswith("history#") and pk.startswith("customer#"):
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


def _of_uniqueness(customers: dict[str, Customer], items: Mapping[Key, Item]) -> Iterable[str]:
    names = Counter((each.parent_id, each.folded_name) for each in customers.values() if each.parent_id)
    yield from (f"two customers are named {name}" for name, number in names.items() if number > 1)
    expected: dict[Key, str] = {}
    for each in customers.values():
        for item in ([name_item(each)] if each.parent_id else []) + reference_items(each):
            expected[item["pk"], item["sk"]] = each.id
            found = items.get((item["pk"], item["sk"]), {})
            stored = {name: value for name, value in found.items() if name not in _OF_ANY_KIND}
            if stored != {name: list(v) if isinstance(v, tuple) else v for name, v in item.items()}:
                yield f"{each.name}: its record {item['pk']} {item['sk']} is {stored}"
    for (pk, sk), item in items.items():
        if pk.startswith(("name#", "reference#")) and expected.get((pk, sk)) != item["customer_id"]:
            yield f"the record {pk} {sk} has no customer"


def _of_account_histories(items: Mapping[Key, Item]) -> Iterable[str]:
    """Check that each version of an account has exactly one entry, and that the entries lead to the account."""
    entries: dict[str, list[Change]] = {}
    for (pk, sk), item in items.items():
        if pk.startswith("account#") and sk.startswith("history#"):
            entries.setdefault(pk.removeprefix("account#"), []).append(Change.model_validate(item))
    for (_, sk), item in items.items():
        if sk != "account":
            continue
        account = Account.model_validate(item)
        # The sign-ins of a day and changes of views have no version.
        found = sorted(
            (each for each in entries.get(account.id, []) if each.version), key=lambda each: each.version or 0
        )
        versions = [each.version for each in found]
        if versions != list(range(account.version + 1 - len(versions), account.version + 1)):
            yield f"{account.id}: its history has the versions {versions}, and it has {account.version}"
        if found and found[0].event == "account_added":
            role, disabled = (_folded(found, field) for field in ("role", "disabled"))
            if (role, bool(disabled)) != (account.role, account.disabled):
                yield f"{account.id}: its history leads to {role} and {disabled}"
        if account.last_change and found and found[-1] != account.last_change:
            yield f"{account.id}: its last change is not in its history"


def _folded(entries: list[Change], field: str) -> Any:
    """Return the value that a field has after all changes."""
    return next((each.changes[field]["to"] for each in reversed(entries) if field in each.changes), None)


def _of_counts(items: Mapping[Key, Item]) -> Iterable[str]:  # noqa: C901 - it is a list
    super_users: Counter[str] = Counter()
    emails: dict[str, str] = {}
    for (_, sk), item in items.items():
        if sk == "account":
            account = Account.model_validate(item)
            super_users[account.customer_id] += account.is_counted
            if account.is_counted and not counts_as_super_user(account):
                yield f"{account.id} is counted and is no active super_user"
            if account.email:
                if account.email.lower() in emails:
                    yield f"two accounts have the address {account.email}"
                emails[account.email.lower()] = account.id
                if items.get((f"email#{account.email.lower()}", "email"), {}).get("account_id") != account.id:
                    yield f"the address {account.email} has no record"
    for (pk, sk), item in items.items():
        if sk == "email" and emails.get(pk.removeprefix("email#")) != item["account_id"]:
            yield f"the record of the address {pk} has no account"
        if sk == "active_super_users":
            customer_id = pk.removeprefix("customer#")
            if item["count"] != super_users[customer_id]:
                yield f"{item['count']} super_users are counted at {customer_id}, not {super_users[customer_id]}"
    for customer_id, number in super_users.items():
        if number and (f"customer#{customer_id}", "active_super_users") not in items:
            yield f"the super_users of {customer_id} are not counted"


def _of_devices(items: Mapping[Key, Item]) -> Iterable[str]:
    """Check the positions of devices, their counts at their customers, and the days of their end-customers."""
    counts: Counter[Key] = Counter()
    days: dict[str, Counter[str]] = {}
    for (_, sk), item in items.items():
        if not sk.startswith("device#"):
            continue
        device = Device.model_validate(item)
        counts[counter_key(device.customer_id, device.is_test)] += not device.removed
        stored, expected = item.get("path"), device_item(device).get("path")
        # A position without the mark is older than the migration device_positions.
        if (stored is None) != device.removed or (stored and "/!" in stored and stored != expected):
            yield f"{device.id}: its position is {stored}"
        if device.kind and device.end_customer_id:
            of_tree = days.setdefault(device.end_customer_id, Counter())
            of_tree["count"] += not device.removed
            of_tree[added_on(device.kind, device.created_at)] += 1
            if device.removed_at:
                of_tree[removed_on(device.kind, device.removed_at)] += 1
    for key in {*counts, *(key for key in items if key[1] in ("devices", "device_count"))}:
        counted, is_test = items.get(key, {}).get("count", 0), key[1] == "devices"
        if not counted == counts[key] <= MOST[is_test]:
            yield f"{counted} devices are counted in {key}, and {counts[key]} exist"
    for customer_id in {*days, *(key[0].partition("#")[2] for key in items if key[1] == "device_days")}:
        stored = items.get((f"customer#{customer_id}", "device_days"), {})
        found = {name: int(stored[name]) for name in stored if name == "count" or name[-11:-10] in ("+", "-")}
        expected = {name: number for name, number in days.get(customer_id, Counter()).items() if number}
        if {name: number for name, number in found.items() if number} != expected:
            yield f"the device days of {customer_id} are {found}, not {expected}"
