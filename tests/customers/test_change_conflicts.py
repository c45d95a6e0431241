"""Tests: changes of customers that conflict with other requests."""

from typing import Any

import pytest

from shared.customers import changes
from shared.customers.customer import Customer, show_as_created
from shared.customers.use_cases import add_customer
from shared.errors import (
    RulesViolatedError,
    StaleVersionError,
    ThrottledError,
)
from shared.table.keys import (
    TABLE,
    customer_key,
)
from tests.builders import (
    CATALOGUE,
    a_new_customer,
)
from tests.customers.change_helpers import LATER, Meddling, a_caller, a_tree, assert_whole, change, codes, stored
from tests.memory_store import MemoryStore


def test_removing_a_service_fails_when_a_child_that_uses_it_is_added_concurrently(meddling: Meddling) -> None:
    lineage = a_tree(meddling)
    new = a_new_customer("end_customer", lineage[3], name="New", service_type="software_only")
    meddling.meddle = [lambda: add_customer(meddling, a_caller(), new, idempotency_key="new")]
    with pytest.raises(RulesViolatedError) as refused:
        change(meddling, lineage[3], services_to_provide=["all_inclusive"])
    assert codes(refused) == [("needed_below", "/services_to_provide")]


def test_removing_a_service_fails_when_a_child_takes_it_concurrently(meddling: Meddling) -> None:
    lineage = a_tree(meddling)
    meddling.meddle = [lambda: change(meddling, lineage[4], service_type="software_only")]
    with pytest.raises(RulesViolatedError):
        change(meddling, lineage[3], services_to_provide=["all_inclusive"])
    assert stored(meddling, lineage[3]).services_to_provide == lineage[3].services_to_provide


def test_taking_a_service_fails_when_the_parent_removes_it_concurrently(meddling: Meddling) -> None:
    lineage = a_tree(meddling)
    meddling.meddle = [lambda: change(meddling, lineage[3], services_to_provide=["all_inclusive"])]
    with pytest.raises(RulesViolatedError):
        change(meddling, lineage[4], service_type="software_only")
    assert stored(meddling, lineage[4]).service_type == "all_inclusive"


def test_change_of_a_concurrently_changed_customer_returns_412(meddling: Meddling) -> None:
    lineage = a_tree(meddling)
    meddling.meddle = [lambda: change(meddling, lineage[3], name="First")]
    with pytest.raises(StaleVersionError) as refused:
        change(meddling, lineage[3], name="Second")
    assert refused.value.extensions == {"version": 2}
    assert stored(meddling, lineage[3]).name == "First"
    assert_whole(meddling)


def test_change_gives_up_with_429_after_three_conflicts(meddling: Meddling) -> None:
    lineage = a_tree(meddling)

    def add(n: int) -> Any:
        return lambda: add_customer(
            meddling, a_caller(), a_new_customer("end_customer", lineage[3], name=f"{n}"), idempotency_key=f"{n}"
        )

    nothing: Any = lambda: None  # noqa: E731 - before the write of the one who meddles
    meddling.meddle = [add(1), nothing, add(2), nothing, add(3), nothing]
    with pytest.raises(ThrottledError):
        change(meddling, lineage[3], services_to_provide=["all_inclusive"])


def test_change_writes_its_history_record_in_the_same_transaction(meddling: Meddling) -> None:
    lineage = a_tree(meddling)
    meddling.meddle = [lambda: change(meddling, lineage[3], name="First")]
    with pytest.raises(StaleVersionError):
        change(meddling, lineage[3], name="Second")
    record = meddling.query(TABLE, customer_key(lineage[3].id)[0], starts_with="history#", limit=10).items
    assert [item["changes"]["name"]["to"] for item in record] == ["First"]


def test_repeated_addition_shows_initial_values_that_the_history_does_not_have(
    store: MemoryStore, lineage: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "HISTORY_FIELDS", changes.HISTORY_FIELDS - {"device_country"})
    customer = lineage[3]
    changed = change(store, customer, device_country="FR")
    record = stored(store, customer)
    assert (changed.device_country.code, record.device_country) == ("FR", "FR")
    assert show_as_created(record, lineage[2], CATALOGUE).device_country.code == customer.device_country
    assert all("device_country" not in entry.changes for entry in changes.entries_from_record(record, LATER))
