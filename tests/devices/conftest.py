"""Fixtures for the tests of devices."""

import pytest

from shared.customers.customer import Customer
from tests.builders import ROOT, a_customer, put
from tests.memory_store import MemoryStore


@pytest.fixture
def finnish(store: MemoryStore) -> Customer:
    """A customer in Finland, which hosts no storage. It has chosen Sweden."""
    found = a_customer("distributor", ROOT, name="Finnish", device_country="FI", storage_location="SE")
    put(store, found)
    return found
