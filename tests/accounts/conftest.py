"""Fixtures for the tests of accounts."""

import pytest

from shared.customers.customer import Customer
from tests.accounts.helpers import Accounts
from tests.builders import a_customer, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore


@pytest.fixture
def identities() -> MemoryIdentities:
    return MemoryIdentities()


@pytest.fixture
def distributor(store: MemoryStore) -> Customer:
    found = a_customer("distributor")
    put(store, found)
    return found


@pytest.fixture
def accounts(store: MemoryStore, identities: MemoryIdentities) -> Accounts:
    return Accounts(store, identities)
