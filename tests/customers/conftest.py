"""Fixtures for the tests of customers."""

import pytest

from shared.customers.customer import Customer
from tests.builders import (
    bootstrap_in,
)
from tests.customers.change_helpers import Meddling, a_tree
from tests.memory_store import MemoryStore


@pytest.fixture
def lineage(store: MemoryStore) -> list[Customer]:
    """A root, distributor, sub-distributor, reseller, end-customer and site."""
    return a_tree(store)


@pytest.fixture
def meddling() -> Meddling:
    store = Meddling()
    bootstrap_in(store)
    return store
