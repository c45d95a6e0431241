"""Fixtures of this folder."""

import pytest

from shared.customers.customer import Customer
from tests.builders import a_lineage, put
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def line(store: MemoryStore) -> list[Customer]:
    line = a_lineage()
    put(store, *line[1:])
    return line
