"""Fixtures of this folder."""

import pytest

from shared.customers.customer import Customer
from tests.builders import a_line, put
from tests.memory_store import MemoryStore


@pytest.fixture
def trial(store: MemoryStore) -> Customer:
    line = a_line(end_customer={"in_trial": True})
    put(store, *line[1:])
    return line[4]
