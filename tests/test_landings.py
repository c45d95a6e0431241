"""A property: no response, text or event names another landing than that of today's routing.

Source: domain.md, "Storage location". A customer, its device country, its location and the routing are drawn, then the
routing is replaced. Whatever is asked afterwards, a country that is neither the device country, nor the location, nor
where its data lands today must not be named.
"""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.api import app
from shared.events.events import events_for_change
from shared.storage_locations.catalogue import FIRST_COUNTRIES, NewCatalogue
from shared.storage_locations.use_cases import replace_storage_locations
from shared.table.keys import CATALOGUE
from shared.values.countries import COUNTRY_NAMES
from tests.builders import a_customer, an_account, bootstrap_in, caller, put
from tests.calls import Called, call
from tests.events.helpers import stream_of
from tests.memory_store import MemoryStore

NAMES = {COUNTRY_NAMES[code]: code for code in FIRST_COUNTRIES}


@st.composite
def routings(draw: st.DrawFn) -> dict[str, str]:
    """Draw a routing: some countries have an open data centre, and the others are routed to one of them."""
    opened = draw(st.lists(st.sampled_from(FIRST_COUNTRIES), min_size=1, max_size=5, unique=True))
    return {code: code if code in opened else draw(st.sampled_from(opened)) for code in FIRST_COUNTRIES}


def countries_in(value: Any) -> Iterator[str]:
    """Yield every country that a response names: as an object, or in a text."""
    if isinstance(value, dict):
        if set(value) >= {"code", "name"} and value["code"] in COUNTRY_NAMES:
            yield value["code"]
        for each in value.values():
            yield from countries_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from countries_in(each)
    elif isinstance(value, str):
        yield from (code for name, code in NAMES.items() if name in value)


def asked(customer_id: str, account: Any, location: str) -> Iterator[Called]:
    """Send everything that says something about a customer and its devices."""
    path = f"/customers/{customer_id}"
    one = {"if-match": '"1"'}
    yield call("get_customer", path=path)
    yield call("list_customers", query={"ids": customer_id})
    yield call("list_customers", query={"within": customer_id})
    yield call("get_me", account=account)
    yield call("check_storage", path=f"{path}/storage-check")
    for kind in ("test-devices", "devices"):
        operation = {"test-devices": "add_test_device", "devices": "add_device"}[kind]
        yield call(operation, path=f"{path}/{kind}", query={"validate_only": "true"})
        added = call(operation, path=f"{path}/{kind}")
        yield added
        device = f"{path}/{kind}/{added.body['id']}"
        yield call(operation.replace("add", "get"), path=device)
        yield call(f"replace_{operation.removeprefix('add_')}_token", path=f"{device}/token")
        columns = {"columns": "storage_location,expected_storage_location,matches"}
        yield call("list_devices", path=f"{path}/devices", query=columns)
        yield call(operation.replace("add", "remove"), path=device)
    other = next(code for code in FIRST_COUNTRIES if code != location)
    refused = call("change_customer", path=path, body={"storage_location": other}, headers=one)
    assert refused.status == 400
    yield refused
    yield call("change_customer", path=path, body={"name": "Other"}, headers=one)
    yield call("archive_customer", path=path, headers={"if-match": '"2"'})
    yield call("restore_customer", path=f"{path}/restore", headers={"if-match": '"3"'})
    yield call("get_history", path=f"{path}/history")


@settings(max_examples=40, deadline=None)
@given(st.data(), routings(), routings())
def test_nothing_names_another_landing_than_todays(
    data: st.DataObject, before: dict[str, str], now: dict[str, str]
) -> None:
    country, location = data.draw(
        st.one_of(
            st.sampled_from(FIRST_COUNTRIES).map(lambda code: (code, code)),
            st.sampled_from(FIRST_COUNTRIES).map(lambda code: ("FI", code)),
        )
    )
    store = MemoryStore()
    bootstrap_in(store)
    own = {"device_country": country, "storage_location": location}
    lineage = [a_customer(level, **own) for level in ("distributor", "reseller", "end_customer")]  # type: ignore[arg-type]
    customer = lineage[-1]
    account = an_account("administrator", customer)
    put(store, *lineage, account)
    route(store, before)
    with patch.object(app, "open_store", lambda: store):
        call("add_test_device", path=f"/customers/{customer.id}/test-devices", headers={"idempotency-key": "earlier"})
        route(store, now)
        images = stream_of(store)
        lands_in = now[location]
        for called in asked(customer.id, account, location):
            if not called.text:
                continue
            named = set(countries_in(called.body)) - {country, location}
            assert named <= {lands_in}, called.text
            told = called.body.get("lands_in", called.body.get("actual"))
            if told:
                assert told["code"] == lands_in
            notices = [notice["code"] for notice in called.body.get("notices", [])]
            if "notices" in called.body:
                assert ("lands_elsewhere" in notices) == (lands_in != location)
            if called.status < 300 and "drift" in called.body:
                assert bool(called.body["drift"]) == (lands_in != location)
    events = [event for old, new in images for _, event in events_for_change(old, new)]
    of_devices = [event for event in events if "device_id" in type(event).model_fields]
    assert len(of_devices) == 4
    for event in of_devices:
        assert (event.storage_location, event.expected_location, event.matches) == (  # type: ignore[attr-defined]
            lands_in,
            location,
            lands_in == location,
        )


def route(store: MemoryStore, routes: dict[str, str]) -> None:
    """Replace the catalogue. The same routing makes no new version."""
    locations = [{"country": code, "routed_to": routed_to} for code, routed_to in routes.items()]
    new = NewCatalogue.model_validate({"locations": locations})
    replace_storage_locations(store, caller(operation="support"), new, version=store.items[CATALOGUE]["version"])
