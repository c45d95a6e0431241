"""Fixtures for the tests of trials."""

import pytest

from shared.customers.customer import Customer
from tests.builders import a_lineage, put
from tests.memory_store import MemoryStore


@pytest.fixture
def trial(store: MemoryStore) -> Customer:
    lineage = a_lineage(end_customer={"in_trial": True})
    put(store, *lineage[1:])
    return lineage[4]
