"""Tests: finding and saving customers by reference."""

from typing import Any

import pytest

from shared.customers.customer import Customer, NewCustomer
from shared.customers.records import reference_items
from shared.customers.references import get_customer_by_reference, save_customer_by_reference
from shared.customers.use_cases import add_customer
from shared.errors import (
    ForbiddenError,
    NameExistsError,
    NotFoundError,
    ReferenceExistsError,
    RulesViolatedError,
    StaleVersionError,
    ThrottledError,
)
from shared.table.keys import (
    reference_key,
)
from shared.table.store import Put
from tests.builders import (
    a_customer,
    a_new_customer,
    an_account,
    caller,
    put,
)
from tests.customers.change_helpers import Meddling, a_caller, a_tree, assert_whole, change, codes
from tests.memory_store import MemoryStore


def test_change_of_references_merges_them_and_null_removes_one(store: MemoryStore, lineage: list[Customer]) -> None:
    change(store, lineage[4], references={"psa": "1", "crm": "2"})
    assert_whole(store)
    changed = change(store, lineage[4], version=2, references={"psa": None, "erp": "3"})
    assert changed.references == {"crm": "2", "erp": "3"}
    assert_whole(store)
    many = {f"s{n}": "1" for n in range(9)}
    with pytest.raises(RulesViolatedError) as refused:
        change(store, lineage[4], version=3, references=many)
    assert codes(refused) == [("too_many", "/references")]
    assert len(change(store, lineage[4], version=3, references={**many, "crm": None}).references) == 10


def test_reference_used_twice_in_a_distributors_tree_returns_409(store: MemoryStore, lineage: list[Customer]) -> None:
    change(store, lineage[5], references={"psa": "7"})
    other = a_customer("reseller", lineage[1], name="Other")
    put(store, other)
    for refused_by in (
        lambda: change(store, other, references={"psa": "7"}),
        lambda: add_customer(
            store,
            a_caller(),
            a_new_customer("site", lineage[4], name="S", references={"psa": "7"}),
            idempotency_key="s",
        ),
        lambda: add_customer(
            store,
            a_caller(),
            a_new_customer("site", lineage[4], name="S", references={"psa": "7"}),
            idempotency_key="s",
            validate_only=True,
        ),
    ):
        before = dict(store.items)
        with pytest.raises(ReferenceExistsError) as refused:
            refused_by()
        assert refused.value.extensions == {"customer_id": lineage[5].id}
        assert refused.value.errors[0]["pointer"] == "/references/psa"
        assert store.items == before
    # The reference is free in another system and in another distributor's tree.
    assert change(store, other, references={"crm": "7"}).version == 2
    elsewhere = a_customer("reseller", a_customer("distributor", name="Elsewhere"))
    put(store, elsewhere)
    assert change(store, elsewhere, references={"psa": "7"}).references == {"psa": "7"}
    assert_whole(store)


def test_reference_conflict_names_the_customer_only_to_those_who_can_see_it(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    change(store, lineage[5], references={"psa": "7"})
    other = a_customer("reseller", lineage[1], name="Other")
    account = an_account("administrator", other)
    put(store, other, account)
    with pytest.raises(ReferenceExistsError) as refused:
        change(store, other, as_caller=a_caller(account), references={"psa": "7"})
    assert refused.value.extensions == {}
    save = lambda: save_customer_by_reference(  # noqa: E731 - one call, twice
        store, a_caller(account), "psa", "7", a_new_customer("end_customer", other, name="E"), new_key="new"
    )
    with pytest.raises(ReferenceExistsError) as refused:
        save()
    assert refused.value.extensions == {}
    with pytest.raises(NotFoundError):
        get_customer_by_reference(store, a_caller(account), "psa", "7")


@pytest.mark.parametrize("value", ["a/b", "50%", ".", "..", "", " ", "a\u200bb", "x" * 129])
def test_reference_that_cannot_be_part_of_a_url_is_refused(
    store: MemoryStore, lineage: list[Customer], value: str
) -> None:
    with pytest.raises(RulesViolatedError):
        change(store, lineage[4], references={"psa": value})


def test_get_by_reference_returns_the_customer(store: MemoryStore, lineage: list[Customer]) -> None:
    change(store, lineage[4], references={"psa": "A 7"})
    change(store, lineage[1], references={"psa": "A 7"})
    account = an_account("supporter", lineage[3])
    put(store, account)
    assert get_customer_by_reference(store, caller(account), "psa", "A%207").id == lineage[4].id
    # By default the root finds only distributors. For another tree it sends `within`.
    assert get_customer_by_reference(store, caller(), "psa", "A 7").id == lineage[1].id
    assert get_customer_by_reference(store, caller(), "psa", "A 7", within=lineage[2].id).id == lineage[4].id
    with pytest.raises(NotFoundError) as nothing:
        get_customer_by_reference(store, caller(), "psa", "unknown")
    assert [(error["code"], error["parameter"]) for error in nothing.value.errors] == [("within_required", "within")]
    for system, value in (("crm", "A 7"), ("psa", "a 7"), ("psa", ""), ("x" * 100, "y" * 5000)):
        with pytest.raises(NotFoundError):
            get_customer_by_reference(store, caller(account), system, value)


def test_put_by_reference_adds_then_leaves_then_changes(store: MemoryStore, lineage: list[Customer]) -> None:
    def save(key: str, **fields: Any) -> Any:
        new = a_new_customer("end_customer", lineage[3], name="By reference", in_trial=True, **fields)
        return save_customer_by_reference(store, a_caller(), "psa", "77", new, new_key=key)

    added = save("one")
    assert (added.saved, added.customer.references, added.customer.state) == ("added", {"psa": "77"}, "in_trial")
    before = dict(store.items)
    again = save("two")
    assert (again.saved, again.customer) == ("unchanged", added.customer)
    assert store.items == before
    changed = save("three", device_country="FR", references={"crm": "5"})
    assert (changed.saved, changed.customer.id, changed.customer.version) == ("changed", added.customer.id, 2)
    assert changed.customer.references == {"psa": "77", "crm": "5"}
    assert changed.customer.storage_location.code == "DE"
    assert_whole(store)


def test_put_by_reference_refuses_what_cannot_be_changed(store: MemoryStore, lineage: list[Customer]) -> None:
    change(store, lineage[4], references={"psa": "7"})
    new = NewCustomer(parent_id=lineage[2].id, level="reseller", storage_location="NL", in_trial=True)
    with pytest.raises(RulesViolatedError) as refused:
        save_customer_by_reference(store, a_caller(), "psa", "7", new, new_key="k")
    assert codes(refused) == [
        ("parent_id_stays", "/parent_id"),
        ("level_stays", "/level"),
        ("in_trial_stays", "/in_trial"),
        ("storage_location_stays", "/storage_location"),
    ]
    same = NewCustomer(parent_id=lineage[3].id, level="end_customer", storage_location="Germany", in_trial=False)
    assert save_customer_by_reference(store, a_caller(), "psa", "7", same, new_key="k").saved == "unchanged"


def test_put_by_reference_with_a_stale_version_returns_412(store: MemoryStore, lineage: list[Customer]) -> None:
    new = a_new_customer("end_customer", lineage[3], name="N")
    with pytest.raises(StaleVersionError):
        save_customer_by_reference(store, a_caller(), "psa", "7", new, new_key="k", version=1)
    change(store, lineage[4], references={"psa": "7"})
    with pytest.raises(StaleVersionError):
        save_customer_by_reference(store, a_caller(), "psa", "7", new, new_key="k", version=1)
    assert save_customer_by_reference(store, a_caller(), "psa", "7", new, new_key="k", version=2).saved == "changed"


def test_put_by_reference_in_another_spelling_finds_the_same_customer(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    new = a_new_customer("end_customer", lineage[3], name="N")
    saved = [
        save_customer_by_reference(store, a_caller(), "psa", value, new, new_key=value).saved
        for value in ("B1%20", "B1", "%20B1")
    ]
    assert saved == ["added", "unchanged", "unchanged"]
    with pytest.raises(RulesViolatedError):
        save_customer_by_reference(store, a_caller(), "psa", "#1", new, new_key="k")
    with pytest.raises(NotFoundError):
        get_customer_by_reference(store, a_caller(), "psa", "B" * 130, within=lineage[1].id)


def test_distributor_cannot_change_its_own_references(store: MemoryStore, lineage: list[Customer]) -> None:
    account = an_account("super_user", lineage[1])
    put(store, account)
    with pytest.raises(ForbiddenError):
        change(store, lineage[1], as_caller=a_caller(account), references={"psa": "1"})
    assert change(store, lineage[1], references={"psa": "1"}).references == {"psa": "1"}
    assert change(store, lineage[3], as_caller=a_caller(account), references={"psa": "1"}).references == {"psa": "1"}


def test_put_by_reference_requires_the_body_to_agree_with_the_url(store: MemoryStore, lineage: list[Customer]) -> None:
    new = a_new_customer("end_customer", lineage[3], references={"psa": "8"})
    with pytest.raises(RulesViolatedError) as refused:
        save_customer_by_reference(store, a_caller(), "psa", "7", new, new_key="k")
    assert codes(refused) == [("reference_differs", "/references/psa")]


def test_concurrent_puts_by_one_reference_create_one_customer(meddling: Meddling) -> None:
    lineage = a_tree(meddling)

    def save(key: str) -> Any:
        new = a_new_customer("end_customer", lineage[3], name=f"By {key}")
        return save_customer_by_reference(meddling, a_caller(), "psa", "7", new, new_key=key)

    meddling.meddle = [lambda: save("first")]
    second = save("second")
    assert (second.saved, second.customer.name, second.customer.version) == ("changed", "By second", 2)
    assert_whole(meddling)


def test_put_without_a_version_is_decided_anew_when_another_change_is_first(meddling: Meddling) -> None:
    lineage = a_tree(meddling)

    def save(key: str, **options: Any) -> Any:
        new = a_new_customer("end_customer", lineage[3], name=f"By {key}")
        return save_customer_by_reference(meddling, a_caller(), "psa", "7", new, new_key=key, **options)

    save("first")
    meddling.meddle = [lambda: save("second")]
    third = save("third")
    assert (third.saved, third.customer.name, third.customer.version) == ("changed", "By third", 3)
    meddling.meddle = [lambda: save("fourth")]
    with pytest.raises(StaleVersionError):
        save("fifth", version=3)

    def busy() -> None:  # another caller always writes first
        save(f"busy {len(meddling.items)}")
        meddling.meddle = [busy]

    meddling.meddle = [busy]
    with pytest.raises(ThrottledError):
        save("sixth")
    assert_whole(meddling)


def test_same_put_at_the_same_moment_is_not_told_that_its_own_name_exists(meddling: Meddling) -> None:
    lineage = a_tree(meddling)

    def save(key: str) -> Any:
        new = a_new_customer("end_customer", lineage[3], name="One name")
        return save_customer_by_reference(meddling, a_caller(), "psa", "7", new, new_key=key)

    meddling.meddle = [lambda: save("first")]
    second = save("second")
    assert (second.saved, second.customer.name, second.customer.version) == ("unchanged", "One name", 1)
    with pytest.raises(NameExistsError):  # the name belongs to a customer without this reference
        save_customer_by_reference(
            meddling, a_caller(), "psa", "8", a_new_customer("end_customer", lineage[3], name="One name"), new_key="k"
        )


def test_reference_of_any_length_fits_a_dynamodb_key() -> None:
    pk, sk = reference_key("reference#" + "x" * 80, "s" * 5000, "\U0001f600" * 5000)
    assert len(pk.encode()) <= 2048
    assert len(sk.encode()) <= 1024
    assert Put(reference_items(a_customer("site", references={"psa": "1"}))[0]).key[1] == "reference"


def test_distributor_changing_its_own_references_learns_whom_to_ask(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    account = an_account("super_user", lineage[1])
    put(store, account)
    with pytest.raises(ForbiddenError) as refused:
        change(store, lineage[1], as_caller=a_caller(account), references={"psa": "1"})
    assert refused.value.detail == "Only the company above yours can change the references of your company. Ask there."
