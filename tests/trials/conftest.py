"""Fixtures of this folder."""

import pytest

from shared.customers.customer import Customer
from tests.builders import a_lineage, put
from tests.memory_store import MemoryStore


@pytest.fixture
def trial(store: MemoryStore) -> Customer:
    line = a_lineage(end_customer={"in_trial": True})
    put(store, *line[1:])
    return line[4]
