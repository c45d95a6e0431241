"""Helpers of the tests of trials."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from shared.customers.customer import Customer
from shared.customers.records import customer_item
from shared.table.keys import customer_key
from shared.table.store import Put, Store
from shared.trials.use_cases import end_trials, start_production
from tests.builders import NOW, a_customer, caller
from tests.memory_store import MemoryStore

END = NOW + timedelta(days=30)


def run(store: Store, now: datetime) -> Counter[Any]:
    return end_trials(store, now, time_is_up=lambda: False)


def stored(store: MemoryStore, customer: Customer) -> Customer:
    return Customer.model_validate(store.items[customer_key(customer.id)])


def produce(store: MemoryStore, customer: Customer, now: datetime, version: int = 1) -> Any:
    return start_production(store, caller(now=now, operation="change_customers"), customer.id, version=version)


def many(store: MemoryStore, count: int) -> list[Customer]:
    reseller = a_customer("reseller")
    trials = [a_customer("end_customer", reseller, name=f"T{n}", in_trial=True) for n in range(count)]
    for each in trials:
        store.place(Put(customer_item(each)))
    return trials
