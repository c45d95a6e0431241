"""Helpers of the tests of use cases."""

from typing import Any

from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.customers.use_cases import add_customer
from shared.table.store import Store
from tests.builders import ROOT_ACCOUNT, a_lineage, caller, put


def a_tree(store: Store) -> dict[str, Customer]:
    """Store one customer of each level, each below the previous one."""
    lineage = a_lineage(end_customer={"in_trial": True})
    put(store, *lineage[1:])
    return {customer.level: customer for customer in lineage}


def add(store: Store, new: Any, account: Account = ROOT_ACCOUNT, key: str = "key", **options: Any) -> Any:
    as_caller = caller(account, operation="change_customers")
    return add_customer(store, as_caller, new, idempotency_key=key, **options)
