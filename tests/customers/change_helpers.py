"""Helpers of the tests of changes."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.auth.authorization import Account, Caller
from shared.customers.change_use_cases import (
    archive_customer,
    change_customer,
    change_storage_location,
    get_history,
    restore_customer,
)
from shared.customers.changes import LocationChange
from shared.customers.customer import Customer, CustomerChange
from shared.customers.records import name_item, reference_items
from shared.customers.use_cases import CustomerQuery, list_customers
from shared.devices.blocking import blocking_devices
from shared.table.keys import (
    Item,
    Key,
    children_key,
    customer_key,
)
from shared.table.store import Action, Increment
from tests.builders import (
    NOW,
    ROOT_ACCOUNT,
    a_lineage,
    caller,
    put,
)
from tests.memory_store import MemoryStore

DAY = timedelta(days=1)


LATER = NOW + DAY


def a_tree(store: MemoryStore) -> list[Customer]:
    lineage = a_lineage()
    for customer in lineage[1:]:
        put(store, customer)
        store.write(Increment(children_key(customer.parent_id or ""), 1))
    return lineage


def a_caller(account: Account = ROOT_ACCOUNT, now: datetime = LATER, operation: Any = "change_customers") -> Caller:
    return Caller(account.id, now, operation, "request 1")


def change(
    store: MemoryStore, customer: Customer, version: int = 1, as_caller: Caller | None = None, **fields: Any
) -> Any:
    return change_customer(store, as_caller or a_caller(), customer.id, CustomerChange(**fields), version=version)


def stored(store: MemoryStore, customer: Customer) -> Customer:
    return Customer.model_validate(store.items[customer_key(customer.id)])


def codes(refused: pytest.ExceptionInfo[Any]) -> list[tuple[str, str]]:
    return [(error["code"], error["pointer"]) for error in refused.value.errors]


def assert_whole(store: MemoryStore) -> None:
    """Assert that every name and reference record has its customer, and every customer its records."""
    live = {k: Customer.model_validate(i) for k, i in store.items.items() if k[1] == "customer" and i.get("parent_id")}
    expected: dict[Key, Item] = {}
    for customer in live.values():
        for item in (name_item(customer), *reference_items(customer)):
            expected[item["pk"], item["sk"]] = item
    found = {k: i for k, i in store.items.items() if k[0].startswith(("name#", "reference#"))}
    assert {k: i["customer_id"] for k, i in found.items()} == {k: i["customer_id"] for k, i in expected.items()}
    assert {k for k, i in found.items() if "expires_at" in i} == {k for k, i in expected.items() if "expires_at" in i}


class Meddling(MemoryStore):
    """A store in which another caller acts right before a write."""

    def __init__(self) -> None:
        super().__init__()
        self.meddle: list[Any] = []

    def write(self, *actions: Action) -> None:
        if self.meddle:
            self.meddle.pop(0)()
        super().write(*actions)


def move(store: MemoryStore, customer: Customer, account: Account = ROOT_ACCOUNT, version: int = 1, **body: str) -> Any:
    asked_for = LocationChange(**{"country": "Netherlands", "reason": "By its contract.", **body})
    return change_storage_location(
        store, a_caller(account, operation="support"), customer.id, asked_for, version=version
    )


def archive(store: MemoryStore, customer: Customer, version: int = 1, as_caller: Caller | None = None) -> Any:
    return archive_customer(store, as_caller or a_caller(), customer.id, version=version, find_devices=blocking_devices)


def restore(store: MemoryStore, customer: Customer, version: int = 2, as_caller: Caller | None = None) -> Any:
    return restore_customer(store, as_caller or a_caller(), customer.id, version=version)


def listed(store: MemoryStore, now: datetime = LATER, **query: Any) -> list[str]:
    page = list_customers(store, caller(now=now), CustomerQuery(**query), limit=100)
    return [customer.id or "" for customer in page.customers]


def entries(store: MemoryStore, customer: Customer, now: datetime = LATER, limit: int = 100) -> list[Any]:
    found, cursor = [], None
    while True:
        page = get_history(store, caller(now=now), customer.id, limit=limit, cursor=cursor)
        assert len(page.entries) <= limit
        found += page.entries
        cursor = page.next_cursor
        if cursor is None:
            return found
