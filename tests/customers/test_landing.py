"""Tests: every representation of a customer says where its data lands, by today's routing and no other.

Source: domain.md, "Storage location": the guide warns that a selection could route data to another region.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from shared.accounts.use_cases import get_me
from shared.customers.change_use_cases import (
    archive_customer,
    change_customer,
    change_storage_location,
    restore_customer,
)
from shared.customers.changes import LocationChange
from shared.customers.customer import Customer, CustomerChange
from shared.customers.existing import add_or_find_customer
from shared.customers.references import get_customer_by_reference, save_customer_by_reference
from shared.customers.use_cases import CustomerQuery, add_customer, get_customer, get_options, list_customers
from shared.devices.blocking import blocking_devices
from shared.storage_locations.catalogue import FIRST_COUNTRIES, NewCatalogue
from shared.storage_locations.use_cases import replace_storage_locations
from tests.builders import ROOT, a_customer, a_new_customer, an_account, caller, put
from tests.imports.helpers import results, run, send
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore

CHANGES, SUPPORT = caller(operation="change_customers"), caller(operation="support")


def reroute(store: MemoryStore, routes: dict[str, str], version: int = 1) -> None:
    """Replace the catalogue. A location that `routes` does not name is open."""
    locations = [
        {"country": code, "routed_to": routes.get(code, code)} for code in FIRST_COUNTRIES if routes.get(code) != ""
    ]
    new = NewCatalogue.model_validate({"locations": locations})
    replace_storage_locations(store, SUPPORT, new, version=version)


def every_representation(store: MemoryStore, distributor: Customer) -> Iterator[Any]:
    """Do everything that returns a customer. The responses are of customers with different storage locations."""
    new = a_new_customer("reseller", distributor, device_country="DK", references={"psa": "7"})
    yield add_customer(store, CHANGES, new, idempotency_key="r", validate_only=True).customer
    reseller = add_customer(store, CHANGES, new, idempotency_key="r").customer
    yield reseller
    yield add_customer(store, CHANGES, new, idempotency_key="r").customer
    yield add_or_find_customer(store, CHANGES, new, idempotency_key="other").customer
    yield get_customer(store, caller(), reseller.id)
    for query in ({"parent_id": distributor.id}, {"within": distributor.id}, {"ids": reseller.id}):
        yield from list_customers(store, caller(), CustomerQuery(**query), limit=10).customers
    yield change_customer(store, CHANGES, reseller.id, CustomerChange(name="Other"), version=1)
    yield change_storage_location(store, SUPPORT, reseller.id, LocationChange(country="NO", reason="Why"), version=2)
    yield archive_customer(store, CHANGES, reseller.id, version=3, find_devices=blocking_devices)
    yield archive_customer(store, CHANGES, reseller.id, version=3, find_devices=blocking_devices)
    yield restore_customer(store, CHANGES, reseller.id, version=4)
    yield restore_customer(store, CHANGES, reseller.id, version=4)
    yield get_customer_by_reference(store, caller(), "psa", "7", within=distributor.id)
    again = a_new_customer("reseller", distributor, name="Another", device_country="DK")
    yield save_customer_by_reference(store, CHANGES, "psa", "7", again, new_key="n").customer
    user = an_account("administrator", Customer.model_validate(store.items[f"customer#{reseller.id}", "customer"]))
    put(store, user)
    yield get_me(store, caller(user)).customer


@pytest.mark.parametrize("routes", [{}, {"DK": "SE"}, {"NO": "SE", "DE": "FR"}, {"DK": "SE", "NO": "SE", "DE": "SE"}])
def test_every_representation_says_where_data_lands(store: MemoryStore, routes: dict[str, str]) -> None:
    distributor = a_customer("distributor")
    put(store, distributor)
    if routes:
        reroute(store, routes)
    shown = list(every_representation(store, distributor))
    assert len(shown) > 15
    for each in shown:
        location = each.storage_location.code
        lands_in = routes.get(location, location)
        assert each.lands_in.code == lands_in, each
        codes = [notice.code for notice in each.notices]
        assert codes == ([] if lands_in == location else ["lands_elsewhere"])
        for notice in each.notices:
            assert notice.detail == (
                f"Today the data of the storage location {each.storage_location.name} lands in {each.lands_in.name}."
            )


def test_location_without_a_route_lands_nowhere(store: MemoryStore) -> None:
    distributor = a_customer("distributor", device_country="DK")
    put(store, distributor)
    reroute(store, {"DK": ""})
    shown = get_customer(store, caller(), distributor.id)
    assert (shown.lands_in, [each.code for each in shown.notices]) == (None, ["lands_elsewhere"])
    assert "Contact support" in shown.notices[0].detail


def test_landing_follows_the_routing_of_today(store: MemoryStore) -> None:
    """Also for what was recorded before: a repeated addition, and the results of an import."""
    distributor = a_customer("distributor")
    put(store, distributor)
    new, queue = a_new_customer("reseller", distributor, device_country="DK"), MemoryQueue()
    add_customer(store, CHANGES, new, idempotency_key="r")
    rows = f"name,parent_id,level,device_country\nOne,{distributor.id},reseller,DK\nOne,{distributor.id},reseller,XX\n"
    import_id = send(store, queue, rows).response.id
    run(store, queue)
    for version, (to, elsewhere) in enumerate((("DK", []), ("SE", ["lands_elsewhere"]), ("DK", [])), 1):
        if version > 1:
            reroute(store, {"DK": to}, version=version - 1)
        replayed = add_customer(store, CHANGES, new, idempotency_key="r").customer
        assert (replayed.lands_in.code, [each.code for each in replayed.notices]) == (to, elsewhere)
        created, refused = sorted(results(store, import_id), key=lambda each: each.row)
        assert (created.lands_in, [each.code for each in created.notices]) == (to, elsewhere)
        assert (refused.status, refused.lands_in, refused.notices) == ("refused", None, [])


def test_dry_run_of_an_import_says_where_data_would_land(store: MemoryStore) -> None:
    distributor = a_customer("distributor")
    put(store, distributor)
    reroute(store, {"DK": "SE"})
    rows = f"name,parent_id,level,device_country\nOne,{distributor.id},reseller,DK\nTwo,{distributor.id},reseller,DE\n"
    tried = send(store, MemoryQueue(), rows, validate_only=True).response
    assert [(each.code, "Denmark" in each.detail) for each in tried.notices if each.code == "lands_elsewhere"] == [
        ("lands_elsewhere", True)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_options_say_where_each_country_and_location_lands(store: MemoryStore, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - not for secrets
    closed = random.sample(FIRST_COUNTRIES, 5)
    opened = [code for code in FIRST_COUNTRIES if code not in closed]
    routes = {code: random.choice(["", *opened]) for code in closed}
    reroute(store, routes)
    expected = {code: routes.get(code, code) or None for code in FIRST_COUNTRIES}
    options = get_options(store, caller(), ROOT.id)
    assert {each.code: each.lands_in for each in options.storage_locations} == {
        code: lands for code, lands in expected.items() if lands
    }
    for each in options.device_countries:
        assert each.lands_in == expected.get(each.code)


def test_it_takes_no_further_request(store: MemoryStore) -> None:
    distributor = a_customer("distributor")
    put(store, distributor)
    store.requests.clear()
    get_customer(store, caller(), distributor.id)
    list_customers(store, caller(), CustomerQuery(parent_id=ROOT.id), limit=10)
    assert store.requests == ["get", "get", "query children"]
