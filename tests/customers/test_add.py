"""Tests: adding customers."""

from datetime import timedelta

import pytest

from shared.customers.customer import Customer
from shared.customers.records import customer_item
from shared.customers.use_cases import add_customer
from shared.errors import (
    ArchivedError,
    KeyReusedError,
    NameExistsError,
    NotFoundError,
    RulesViolatedError,
    ThrottledError,
)
from shared.storage_locations.catalogue import NewCatalogue
from shared.storage_locations.use_cases import replace_storage_locations
from shared.table.keys import children_key, customer_key, name_key
from shared.table.store import Action, Increment, Put
from tests.builders import NOW, ROOT, a_customer, a_new_customer, an_account, bootstrap_in, caller, put
from tests.customers.helpers import a_tree, add
from tests.memory_store import MemoryStore


def test_add_customer_makes_one_read_and_one_write(store: MemoryStore) -> None:
    store.requests.clear()
    added = add(store, a_new_customer("distributor", ROOT))
    assert store.requests == ["get", "write"]
    assert (added.outcome, added.customer.level, added.customer.version) == ("added", "distributor", 1)
    assert store.items[customer_key(added.customer.id)]["name"] == added.customer.name
    assert store.items[name_key(ROOT.id, "a distributor")]["customer_id"] == added.customer.id


def test_add_customer_with_the_same_key_returns_the_first_response_and_writes_nothing(store: MemoryStore) -> None:
    reseller = a_tree(store)["reseller"]
    first = add(store, a_new_customer("end_customer", reseller, name="New", in_trial=True))
    before = dict(store.items)
    store.requests.clear()
    later = add_customer(
        store,
        caller(now=NOW + timedelta(days=100), operation="change_customers"),
        a_new_customer("end_customer", reseller, name="New", in_trial=True),
        idempotency_key="key",
    )
    assert (later.outcome, later.customer) == ("replayed", first.customer)
    assert store.requests == ["get"]
    assert store.items == before


def test_validate_only_with_a_used_key_shows_the_existing_customer(store: MemoryStore) -> None:
    first = add(store, a_new_customer("distributor", ROOT))
    tried = add(store, a_new_customer("distributor", ROOT), validate_only=True)
    assert (tried.outcome, tried.customer) == ("validated", first.customer)


def test_add_customer_again_succeeds_after_the_rules_changed(store: MemoryStore) -> None:
    first = add(store, a_new_customer("distributor", ROOT, device_country="FI", storage_location="SE"))
    new = NewCatalogue.model_validate({"locations": [{"country": "DE"}]})
    replace_storage_locations(store, caller(operation="support"), new, version=1)
    again = add(store, a_new_customer("distributor", ROOT, device_country="FI", storage_location="SE"))
    landing = {"lands_in": None, "notices": again.customer.notices}  # as it is today
    assert (again.outcome, again.customer) == ("replayed", first.customer.model_copy(update=landing))
    assert [each.code for each in again.customer.notices] == ["lands_elsewhere"]


def test_add_customer_with_a_used_key_and_another_body_returns_422(store: MemoryStore) -> None:
    add(store, a_new_customer("distributor", ROOT))
    with pytest.raises(KeyReusedError):
        add(store, a_new_customer("distributor", ROOT, name="Another"))


def test_idempotency_key_is_scoped_to_its_caller(store: MemoryStore) -> None:
    other = an_account("super_user", ROOT)
    put(store, other)
    first = add(store, a_new_customer("distributor", ROOT))
    second = add(store, a_new_customer("distributor", ROOT, name="Another"), account=other)
    assert first.customer.id != second.customer.id


@pytest.mark.parametrize("name", ["A distributor", "a  DISTRIBUTOR ", "\uff21 distributor"])
def test_add_customer_with_an_existing_name_returns_409_with_its_id(store: MemoryStore, name: str) -> None:
    first = add(store, a_new_customer("distributor", ROOT))
    for validate_only in (True, False):
        before = dict(store.items)
        with pytest.raises(NameExistsError) as refused:
            add(store, a_new_customer("distributor", ROOT, name=name), key="other", validate_only=validate_only)
        assert refused.value.extensions == {"customer_id": first.customer.id}
        assert store.items == before


def test_add_customer_allows_the_same_name_below_another_parent(store: MemoryStore) -> None:
    tree = a_tree(store)
    other = a_customer("reseller", tree["distributor"], name="Other")
    put(store, other)
    assert add(store, a_new_customer("end_customer", other, name=tree["end_customer"].name)).outcome == "added"


def test_validate_only_shows_the_customer_and_writes_nothing(store: MemoryStore) -> None:
    before = dict(store.items)
    store.requests.clear()
    tried = add(store, a_new_customer("distributor", ROOT), validate_only=True)
    assert tried.outcome == "validated"
    assert (tried.customer.storage_location.code, tried.customer.production_since) == ("DE", NOW)
    assert store.requests == ["get"]
    assert store.items == before


@pytest.mark.parametrize("validate_only", [True, False])
def test_add_customer_reports_every_violation_and_writes_nothing(store: MemoryStore, validate_only: bool) -> None:
    before = dict(store.items)
    with pytest.raises(RulesViolatedError) as refused:
        add(store, a_new_customer("distributor", ROOT, name="\u200b", device_country="FI"), validate_only=validate_only)
    assert [error["pointer"] for error in refused.value.errors] == ["/name", "/storage_location"]
    assert store.items == before


@pytest.mark.parametrize("parent_id", ["cus_absent", "", "x" * 5000, "acc_1", "../customers"])
def test_add_customer_below_an_absent_parent_returns_404(store: MemoryStore, parent_id: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        add(store, a_new_customer("distributor", ROOT).model_copy(update={"parent_id": parent_id}))
    assert refused.value.errors == [{"code": "not_found", "pointer": "/parent_id"}]


class Interfering(MemoryStore):
    """A store in which another caller writes between the read and the write, once or always."""

    def __init__(self, *interference: Put, times: int = 1) -> None:
        super().__init__()
        self.interference = interference
        self.times = times

    def write(self, *actions: Action) -> None:
        if self.times and len(actions) == 4:  # an addition
            self.times -= 1
            for action in self.interference:
                self.place(action)
        super().write(*actions)


def interfering(*interference: Put, times: int = 1) -> Interfering:
    store = Interfering(*interference, times=0)
    bootstrap_in(store)
    store.times, store.interference = times, interference
    return store


def revised(customer: Customer, revision: int = 1) -> list[Put]:
    """Return the actions of a change of the parent that withdraws a service from its children."""
    pk, sk = children_key(customer.id)
    return [Put(customer_item(customer)), Put({"pk": pk, "sk": sk, "revision": revision})]


def test_add_customer_fails_when_the_parent_removes_the_service_concurrently() -> None:
    distributor = a_customer("distributor")
    store = interfering(*revised(distributor.model_copy(update={"services_to_provide": ("software_only",)})))
    put(store, distributor)
    store.requests.clear()
    with pytest.raises(RulesViolatedError) as refused:
        add(store, a_new_customer("reseller", distributor, services_to_provide=["software_only"]))
    assert [error["code"] for error in refused.value.errors] == ["service_not_provided"]
    assert store.requests == ["get", "write", "get"]


def test_add_customer_succeeds_when_the_parent_changes_harmlessly() -> None:
    distributor = a_customer("distributor")
    store = interfering(*revised(distributor.model_copy(update={"services_to_provide": ("all_inclusive",)})))
    put(store, distributor)
    new = a_new_customer("reseller", distributor, services_to_provide=["all_inclusive"])
    assert add(store, new).outcome == "added"


def test_add_customer_fails_when_the_parent_is_archived_concurrently() -> None:
    distributor = a_customer("distributor")
    store = interfering(*revised(distributor.model_copy(update={"archived_at": NOW, "expires_at": 9999999999})))
    put(store, distributor)
    with pytest.raises(ArchivedError):
        add(store, a_new_customer("reseller", distributor))
    assert name_key(distributor.id, "a reseller") not in store.items


def test_add_customer_gives_up_with_429_after_three_conflicts() -> None:
    class Restless(MemoryStore):
        def write(self, *actions: Action) -> None:
            if isinstance(actions[-1], Increment):
                pk, sk = actions[-1].key
                self.items[actions[-1].key] = {"pk": pk, "sk": sk, "revision": len(self.requests)}
            super().write(*actions)

    store = Restless()
    bootstrap_in(store)
    with pytest.raises(
        ThrottledError, match=r"^The customer is being modified by another request. Retry after 1 second.$"
    ) as refused:
        add(store, a_new_customer("distributor", ROOT))
    assert refused.value.headers == {"Retry-After": "1"}


def test_concurrent_additions_with_one_key_create_one_customer() -> None:
    first = add(began := interfering(times=0), a_new_customer("distributor", ROOT))
    store = interfering(*(Put(item) for key, item in began.items.items() if key[0] != "catalogue"))
    second = add(store, a_new_customer("distributor", ROOT))
    assert (second.outcome, second.customer) == ("replayed", first.customer)
