"""Tests: how a storage location was decided stays true after a change of the device country."""

import pytest

from shared.customers.change_use_cases import change_customer, change_storage_location
from shared.customers.changes import LocationChange
from shared.customers.customer import CustomerChange
from shared.customers.use_cases import add_customer, get_customer
from tests.builders import a_customer, a_new_customer, caller, put
from tests.memory_store import MemoryStore

CHANGES, SUPPORT = caller(operation="change_customers"), caller(operation="support")


@pytest.mark.parametrize(
    ("country", "choice", "decided", "explanation"),
    [
        ("GB", None, "hosted", "Set at creation by the device country then, United Kingdom."),
        ("FI", "SE", "chosen", "Chosen at creation: the device country then, Finland, hosted no storage."),
    ],
)
def test_decision_names_the_device_country_of_the_creation(
    store: MemoryStore, country: str, choice: str | None, decided: str, explanation: str
) -> None:
    distributor = a_customer("distributor")
    put(store, distributor)
    new = a_new_customer("reseller", distributor, device_country=country, storage_location=choice)
    first = add_customer(store, CHANGES, new, idempotency_key="k").customer
    for version, other in enumerate(("FR", "JP", country), start=1):
        location = get_customer(store, caller(), first.id).storage_location
        assert (location.decided, location.explanation) == (decided, explanation)
        assert location.decided_for
        assert location.decided_for.code == country
        change_customer(store, CHANGES, first.id, CustomerChange(device_country=other), version=version)
    move = LocationChange(country="NO", reason="Why.")
    moved = change_storage_location(store, SUPPORT, first.id, move, version=4).storage_location
    assert (moved.decided, moved.decided_for) == ("support", None)
    assert moved.explanation == "Changed by support. The history has the reason."
    assert add_customer(store, CHANGES, new, idempotency_key="k").customer == first
