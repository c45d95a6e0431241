"""Tests: changing customers."""

from typing import Any

import pytest

from shared.customers.change_use_cases import (
    archive_customer,
    change_storage_location,
    restore_customer,
)
from shared.customers.changes import LocationChange
from shared.customers.customer import Customer
from shared.customers.use_cases import add_customer, get_customer
from shared.devices.blocking import blocking_devices
from shared.errors import (
    NameExistsError,
    RulesViolatedError,
    StaleVersionError,
)
from shared.table.keys import (
    customer_key,
    name_key,
)
from shared.trials.use_cases import start_production
from tests.builders import (
    NOW,
    ROOT,
    a_customer,
    a_new_customer,
    an_account,
    caller,
    put,
)
from tests.customers.change_helpers import a_caller, assert_whole, change, codes, move, stored
from tests.memory_store import MemoryStore


def test_rename_moves_the_name_record_and_releases_the_old_name(store: MemoryStore, lineage: list[Customer]) -> None:
    store.requests.clear()
    changed = change(store, lineage[3], name=" Other  Name ")
    assert store.requests == ["get", "write"]
    assert (changed.name, changed.version) == ("Other  Name", 2)
    assert store.items[name_key(lineage[2].id, "other name")]["customer_id"] == lineage[3].id
    assert name_key(lineage[2].id, lineage[3].folded_name) not in store.items
    assert_whole(store)
    assert get_customer(store, caller(), lineage[3].id).name == "Other  Name"


def test_rename_to_another_spelling_updates_the_same_name_record(store: MemoryStore, lineage: list[Customer]) -> None:
    changed = change(store, lineage[3], name="A RESELLER")
    assert (changed.name, changed.version) == ("A RESELLER", 2)
    assert_whole(store)


def test_rename_to_a_siblings_name_returns_409_with_its_id(store: MemoryStore, lineage: list[Customer]) -> None:
    sibling = a_customer("reseller", lineage[2], name="Sibling")
    put(store, sibling)
    before = dict(store.items)
    with pytest.raises(NameExistsError) as refused:
        change(store, lineage[3], name="SIBLING ")
    assert refused.value.extensions == {"customer_id": sibling.id}
    assert store.items == before


def test_change_without_differences_writes_nothing(store: MemoryStore, lineage: list[Customer]) -> None:
    before = dict(store.items)
    customer = lineage[3]
    same = {
        "name": customer.name,
        "service_type": customer.service_type,
        "services_to_provide": [*customer.services_to_provide][::-1],
        "device_country": "Germany",
        "references": {"none": None},
    }
    assert change(store, customer, **same).version == 1
    assert change(store, customer).version == 1
    assert store.items == before


def test_change_reports_every_violation_at_once(store: MemoryStore, lineage: list[Customer]) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        change(
            store,
            lineage[3],
            name="",
            service_type="x",
            services_to_provide=[],
            device_country="XX",
            references={"9": ""},
        )
    assert [pointer for _, pointer in codes(refused)] == [
        "/name", "/service_type", "/services_to_provide", "/device_country", "/references",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("index", "fields"),
    [
        (0, ("service_type", "services_to_provide")),
        (4, ("services_to_provide",)),
        (5, ("service_type", "services_to_provide")),
    ],
)
def test_change_refuses_fields_that_the_level_does_not_have(
    store: MemoryStore, lineage: list[Customer], index: int, fields: tuple[str, ...]
) -> None:
    asked_for: dict[str, Any] = {"service_type": "all_inclusive", "services_to_provide": ["all_inclusive"]}
    with pytest.raises(RulesViolatedError) as refused:
        change(store, lineage[index], **{field: asked_for[field] for field in fields})
    assert codes(refused) == [("refused", f"/{field}") for field in fields]


def test_rename_of_the_root_succeeds(store: MemoryStore) -> None:
    assert change(store, ROOT, name="The service").name == "The service"
    assert_whole(store)


def test_change_of_service_requires_one_that_the_parent_provides(store: MemoryStore) -> None:
    distributor = a_customer("distributor", services_to_provide=["all_inclusive"])
    reseller = a_customer("reseller", distributor, services_to_provide=["all_inclusive"])
    put(store, distributor, reseller)
    with pytest.raises(RulesViolatedError) as refused:
        change(store, reseller, service_type="software_only", services_to_provide=["software_only"])
    assert codes(refused) == [
        ("service_not_provided", "/service_type"),
        ("service_not_provided", "/services_to_provide/0"),
    ]


def test_removing_a_service_that_children_use_returns_422_with_their_ids(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    needing = a_customer("end_customer", lineage[3], name="Needs it", service_type="software_only")
    put(store, needing)
    with pytest.raises(RulesViolatedError) as refused:
        change(store, lineage[3], services_to_provide=["all_inclusive"])
    assert codes(refused) == [("needed_below", "/services_to_provide")]
    assert refused.value.errors[0]["customer_id"] == needing.id
    with pytest.raises(RulesViolatedError) as refused:
        change(store, lineage[2], services_to_provide=["software_only"])
    assert [error["customer_id"] for error in refused.value.errors] == [lineage[3].id]
    assert change(store, needing, service_type="all_inclusive").service_type == "all_inclusive"
    assert change(store, lineage[3], services_to_provide=["all_inclusive"]).services_to_provide == ["all_inclusive"]
    with pytest.raises(RulesViolatedError):
        add_customer(
            store,
            a_caller(),
            a_new_customer("end_customer", lineage[3], name="x", service_type="software_only"),
            idempotency_key="k",
        )


def test_removing_a_service_checks_children_beyond_the_first_page(store: MemoryStore) -> None:
    reseller = a_customer("reseller")
    children = [a_customer("end_customer", reseller, name=f"{n:04}") for n in range(1001)]
    put(store, reseller, *children, a_customer("end_customer", reseller, name="z", service_type="software_only"))
    with pytest.raises(RulesViolatedError) as refused:
        change(store, reseller, services_to_provide=["all_inclusive"])
    assert len(refused.value.errors) == 1


def test_removing_a_service_ignores_archived_children_until_they_are_restored(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    needing = a_customer("end_customer", lineage[3], name="Needs it", service_type="software_only")
    put(store, needing)
    archive_customer(store, a_caller(), needing.id, version=1, find_devices=blocking_devices)
    change(store, lineage[3], services_to_provide=["all_inclusive"])
    with pytest.raises(RulesViolatedError) as refused:
        restore_customer(store, a_caller(), needing.id, version=2)
    assert codes(refused) == [("service_not_provided", "/service_type")]


def test_change_of_a_stale_version_returns_412(store: MemoryStore, lineage: list[Customer]) -> None:
    change(store, lineage[3], name="One")
    with pytest.raises(StaleVersionError) as refused:
        change(store, lineage[3], name="Two")
    assert refused.value.extensions == {"version": 2}
    assert change(store, lineage[3], version=2, name="Two").version == 3


def test_change_of_device_country_leaves_the_storage_location_and_adds_a_notice(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    changed = change(store, lineage[4], device_country="France")
    assert (changed.device_country.code, changed.storage_location.code) == ("FR", "DE")
    assert [notice.code for notice in changed.notices] == ["storage_location_unchanged"]
    assert change(store, lineage[4], version=2, name="x").notices == []


def test_repeated_addition_after_changes_returns_the_first_response(store: MemoryStore) -> None:
    new = a_new_customer("distributor", ROOT, references={"psa": "1"})
    first = add_customer(store, a_caller(now=NOW), new, idempotency_key="key").customer
    customer = stored(store, Customer.model_validate(store.items[customer_key(first.id or "")]))
    change(store, customer, name="B", device_country="FR", references={"psa": "2", "crm": "3"})
    change(store, customer, version=2, name="C", services_to_provide=["all_inclusive"])
    support = a_caller(operation="support")
    change_storage_location(store, support, customer.id, LocationChange(country="NL", reason="r"), version=3)
    for version in (4, 5):
        again = add_customer(store, a_caller(), new, idempotency_key="key")
        assert (again.outcome, again.customer) == ("replayed", first)
        if version == 4:
            archive_customer(store, a_caller(), customer.id, version=4, find_devices=blocking_devices)


@pytest.mark.parametrize("trial", [True, False])
def test_repeated_addition_of_a_site_shows_what_it_inherited_then(store: MemoryStore, trial: bool) -> None:
    reseller = a_customer("reseller")
    end_customer = a_customer("end_customer", reseller, in_trial=trial)
    put(store, reseller, end_customer)
    new = a_new_customer("site", end_customer)
    first = add_customer(store, a_caller(now=NOW), new, idempotency_key="key").customer
    assert (first.service_type, first.state) == ("all_inclusive", "in_trial" if trial else "in_production")
    start_production(store, a_caller(now=NOW), end_customer.id, version=1)  # at the same microsecond as the addition
    change(store, end_customer, version=1 + trial, service_type="software_only")
    for validate_only in (False, True):
        again = add_customer(store, a_caller(), new, idempotency_key="key", validate_only=validate_only)
        assert again.customer == first
    assert get_customer(store, a_caller(), first.id or "").service_type == "software_only"


def test_repeated_change_after_a_lost_response_returns_it_again(store: MemoryStore, lineage: list[Customer]) -> None:
    first = change(store, lineage[3], name="Once", device_country="FR")
    before = dict(store.items)
    assert change(store, lineage[3], name="Once", device_country="FR") == first
    assert store.items == before
    with pytest.raises(StaleVersionError):
        change(store, lineage[3], name="Twice")
    other = an_account("super_user", lineage[1])
    put(store, other)
    with pytest.raises(StaleVersionError):
        change(store, lineage[3], as_caller=a_caller(other), name="Once")
    moved = move(store, lineage[3], version=2)
    assert move(store, lineage[3], version=2) == moved
    with pytest.raises(StaleVersionError):
        move(store, lineage[3], version=2, country="SE")


@pytest.mark.parametrize("country", ["FI", "Nowhere"])
def test_change_of_location_to_an_unknown_country_reports_the_pointer(
    store: MemoryStore, lineage: list[Customer], country: str
) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        move(store, lineage[4], country=country)
    assert [error["pointer"] for error in refused.value.errors] == ["/country"]


@pytest.mark.parametrize("services", [[], ["x"]])
def test_change_of_services_at_the_root_is_refused_once(store: MemoryStore, services: list[str]) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        change(store, ROOT, services_to_provide=services)
    assert codes(refused) == [("refused", "/services_to_provide")]
