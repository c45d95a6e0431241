"""Tests: the dashboard of devices."""

import csv
import io
from typing import Any

import pytest

from shared.customers.customer import Customer
from shared.devices.dashboard import list_devices
from shared.devices.view_use_cases import save_view
from shared.devices.views import COLUMNS, DEFAULT_COLUMNS, NewView
from shared.errors import (
    MalformedRequestError,
    NotFoundError,
    RulesViolatedError,
)
from shared.table.keys import customer_key
from tests.builders import ROOT, a_customer, a_device, a_lineage, caller, put
from tests.devices.helpers import add, route
from tests.memory_store import MemoryStore


def test_dashboard_compares_with_the_customers_present_location(store: MemoryStore, finnish: Customer) -> None:
    add(store, finnish)
    store.items[customer_key(finnish.id)]["storage_location"]["country"] = "DE"  # as support would
    (row,) = rows(store, finnish, columns="storage_location,expected_storage_location,matches")
    assert row == {"storage_location": "Germany", "expected_storage_location": "Germany", "matches": True}


def rows(store: MemoryStore, customer: Customer, limit: int = 100, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = list_devices(store, caller(), customer.id, limit=limit, cursor=cursor, **options)
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_default_view_omits_the_storage_location_which_can_be_added(store: MemoryStore, finnish: Customer) -> None:
    add(store, finnish)
    (row,) = rows(store, finnish)
    assert list(row) == list(DEFAULT_COLUMNS)
    assert "storage_location" not in row
    save_view(store, caller(), "storage", NewView(columns=["name", "storage_location"]))
    assert rows(store, finnish, view="storage") == [{"name": "Laptop", "storage_location": "Sweden"}]
    assert rows(store, finnish, columns="storage_location, name") == [{"storage_location": "Sweden", "name": "Laptop"}]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_dashboard_shows_the_devices_of_the_subtree(store: MemoryStore, limit: int) -> None:
    lineage = a_lineage()
    put(store, *lineage[1:])
    put(store, *(a_device(customer, name=f"{customer.level} {n}") for customer in lineage for n in range(2)))
    for index, customer in enumerate(lineage):
        names = [row["name"] for row in rows(store, customer, limit)]
        assert sorted(names) == sorted(f"{c.level} {n}" for c in lineage[index:] for n in range(2))


def test_every_column_has_a_value(store: MemoryStore, finnish: Customer) -> None:
    route(store, 1, SE="DK")
    add(store, finnish)
    (row,) = rows(store, finnish, columns=",".join(COLUMNS))
    assert {name: value for name, value in row.items() if name not in ("id", "created_at", "created_by")} == {
        "name": "Laptop",
        "customer": "Finnish",
        "customer_id": finnish.id,
        "level": "distributor",
        "state": "in_production",
        "service_type": "all_inclusive",
        "country": "Finland",
        "device_kind": None,
        "is_test": True,
        "invoiced": False,
        "storage_location": "Denmark",
        "expected_storage_location": "Sweden",
        "matches": False,
        "catalogue_version": 2,
    }


def test_dashboard_page_makes_one_query(store: MemoryStore) -> None:
    lineage = a_lineage()
    put(store, *lineage[1:])
    put(store, *(a_device(customer, name=f"{n}") for customer in lineage[1:] for n in range(30)))
    cursor, pages = None, 0
    while True:
        store.requests.clear()
        page = list_devices(store, caller(), lineage[1].id, limit=25, cursor=cursor)
        # A fourth one where sites are shown without their end-customer.
        assert store.requests[:3] == ["get", "query subtree", "get"]
        assert store.requests[3:] in ([], ["get"])
        pages, cursor = pages + 1, page.next_cursor
        if cursor is None:
            break
    assert pages == 6


@pytest.mark.parametrize("level", ["end_customer", "site"])
def test_dashboard_page_reads_the_customer_of_each_row(store: MemoryStore, level: Any) -> None:
    reseller = a_customer("reseller")
    put(store, a_customer("distributor"), reseller)
    for n in range(120):
        end_customer = a_customer("end_customer", reseller, name=f"E{n}")
        put(store, end_customer)
        customer = end_customer if level == "end_customer" else a_customer("site", end_customer)
        if level == "site":
            put(store, customer)
        put(store, a_device(customer))
    page = list_devices(store, caller(), reseller.id, columns="customer,state", limit=100)
    assert len(page.rows) == 100
    assert {row["state"] for row in page.rows} == {"in_production"}


@pytest.mark.parametrize("columns", ["colour", "name,colour", "name,,customer", "", "name,name"])
def test_unknown_column_returns_422_with_the_allowed_columns(
    store: MemoryStore, finnish: Customer, columns: str
) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        list_devices(store, caller(), finnish.id, columns=columns, limit=10)
    (error,) = refused.value.errors
    assert error["parameter"] == "columns"
    assert error.get("values", list(COLUMNS)) == list(COLUMNS)


def test_columns_with_view_return_422_and_an_unknown_view_404(store: MemoryStore, finnish: Customer) -> None:
    with pytest.raises(RulesViolatedError):
        list_devices(store, caller(), finnish.id, columns="name", view="default", limit=10)
    with pytest.raises(NotFoundError):
        list_devices(store, caller(), finnish.id, view="nobody's", limit=10)


def test_dashboard_refuses_the_cursor_of_another_customer(store: MemoryStore, finnish: Customer) -> None:
    put(store, a_device(finnish, name="1"), a_device(finnish, name="2"), a_device(ROOT, name="3"))
    cursor = list_devices(store, caller(), finnish.id, limit=1).next_cursor
    assert cursor
    with pytest.raises(MalformedRequestError):
        list_devices(store, caller(), ROOT.id, limit=1, cursor=cursor)


def test_csv_has_titles_and_guards_formulas(store: MemoryStore, finnish: Customer) -> None:
    names = {
        '=HYPERLINK("x")': '\'=HYPERLINK("x")', "+1": "'+1", "-1": "'-1", "@a": "'@a",
        'a "quoted", one': 'a "quoted", one',
        "a;=1+1": "a;'=1+1", "a| @b": "a|' @b", "\uff1d1": "'\uff1d1", "a-b; c": "a-b; c",
    }  # fmt: skip
    for n, name in enumerate(names):
        add(store, finnish, name=name, key=str(n))
    page = list_devices(store, caller(), finnish.id, columns="name,storage_location,matches", limit=10)
    assert page.as_csv().startswith('"Device name","Storage location","Matches"\r\n"')
    found = list(csv.reader(io.StringIO(page.as_csv())))
    assert found[0] == ["Device name", "Storage location", "Matches"]
    assert sorted(row[0] for row in found[1:]) == sorted(names.values())
    assert {tuple(row[1:]) for row in found[1:]} == {("Sweden", "True")}
