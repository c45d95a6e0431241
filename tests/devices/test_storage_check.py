"""Tests: the storage check."""

import pytest

from shared.customers.customer import Customer
from shared.devices.dashboard import check_storage
from shared.errors import (
    MalformedRequestError,
)
from tests.builders import ROOT, a_lineage, caller, put
from tests.devices.helpers import route
from tests.memory_store import MemoryStore


def drift(store: MemoryStore, customer: Customer, limit: int) -> list[tuple[str, str, str | None]]:
    found, cursor = [], None
    while True:
        page = check_storage(store, caller(), customer.id, limit=limit, cursor=cursor)
        assert len(page.drift) <= limit
        found += [(d.customer_id, d.expected.code, d.actual and d.actual.code) for d in page.drift]
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_storage_check_lists_customers_whose_data_lands_elsewhere(store: MemoryStore, limit: int) -> None:
    lineage = a_lineage(reseller={"device_country": "FR"}, site={"device_country": "SE"})
    put(store, *lineage[1:])
    everyone = sorted(lineage, key=lambda customer: customer.path)
    assert drift(store, ROOT, limit) == []
    route(store, 1, FR="BE", SE="gone")
    assert drift(store, ROOT, limit) == [(lineage[3].id, "FR", "BE"), (lineage[5].id, "SE", None)]
    assert drift(store, lineage[4], limit) == [(lineage[5].id, "SE", None)]
    assert drift(store, lineage[5], limit) == [(lineage[5].id, "SE", None)]
    route(store, 2, DE="FR")
    assert [customer_id for customer_id, _, _ in drift(store, ROOT, limit)] == [
        customer.id for customer in everyone if customer.device_country == "DE"
    ]


def test_storage_check_refuses_the_cursor_of_another_customer(store: MemoryStore) -> None:
    lineage = a_lineage()
    put(store, *lineage[1:])
    route(store, 1, DE="FR")
    cursor = check_storage(store, caller(), lineage[1].id, limit=1).next_cursor
    assert cursor
    with pytest.raises(MalformedRequestError):
        check_storage(store, caller(), lineage[2].id, limit=1, cursor=cursor)
