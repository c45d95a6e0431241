"""Tests: reading one customer."""

from datetime import timedelta

import pytest

from shared.accounts.use_cases import get_me
from shared.customers.use_cases import CustomerQuery, get_customer, get_options, list_customers
from shared.errors import (
    NoActiveAccountError,
)
from shared.storage_locations.use_cases import get_storage_locations
from tests.builders import NOW, ROOT, a_new_customer, an_account, caller, put
from tests.customers.helpers import a_tree, add
from tests.memory_store import MemoryStore


def test_get_customer_makes_one_request_and_two_for_a_site(store: MemoryStore) -> None:
    tree = a_tree(store)
    for level, requests in {"reseller": 1, "end_customer": 1, "site": 2}.items():
        store.requests.clear()
        found = get_customer(store, caller(), tree[level].id)
        assert (found.id, store.requests) == (tree[level].id, ["get"] * requests)
    assert found.inherited_from == tree["end_customer"].id
    assert found.state == "in_trial"


def test_get_customer_shows_the_state_by_the_clock(store: MemoryStore) -> None:
    tree = a_tree(store)
    end = NOW + timedelta(days=30)
    for level in ("end_customer", "site"):
        assert get_customer(store, caller(now=end), tree[level].id).production_since == end


def test_get_options_makes_one_request(store: MemoryStore) -> None:
    tree = a_tree(store)
    store.requests.clear()
    options = get_options(store, caller(), tree["reseller"].id)
    assert store.requests == ["get"]
    assert [option.level for option in options.levels] == ["end_customer"]
    assert len(options.device_countries) == 250
    assert sum(country.storage_location is not None for country in options.device_countries) == 17
    assert len(options.storage_locations) == 17


def test_get_me_shows_the_account_its_customer_and_its_permissions(store: MemoryStore) -> None:
    tree = a_tree(store)
    manager = an_account("manager", tree["site"])
    put(store, manager)
    store.requests.clear()
    me = get_me(store, caller(manager))
    assert store.requests == ["get", "get"]
    assert me.may == ["change_devices", "read"]
    assert (me.customer.id, me.customer.inherited_from) == (tree["site"].id, tree["end_customer"].id)
    assert "support" in get_me(store, caller()).may


@pytest.mark.parametrize("status", ["disabled", "removed", None])
def test_disabled_removed_and_absent_accounts_are_refused(store: MemoryStore, status: str | None) -> None:
    account = an_account("super_user", ROOT, disabled=status == "disabled", removed=status == "removed")
    if status:
        put(store, account)
    for use in (
        lambda: get_me(store, caller(account)),
        lambda: get_customer(store, caller(account), ROOT.id),
        lambda: get_options(store, caller(account), ROOT.id),
        lambda: list_customers(store, caller(account), CustomerQuery(parent_id=ROOT.id), limit=1),
        lambda: get_storage_locations(store, caller(account)),
        lambda: add(store, a_new_customer("distributor", ROOT), account=account),
    ):
        with pytest.raises(NoActiveAccountError):
            use()
