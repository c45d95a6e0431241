"""Fixtures for the tests of imports."""

import pytest

from shared.customers.customer import Customer
from tests.builders import a_lineage, put
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def lineage(store: MemoryStore) -> list[Customer]:
    lineage = a_lineage()
    put(store, *lineage[1:])
    return lineage
