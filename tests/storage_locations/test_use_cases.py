"""Tests: reading and replacing the catalogue."""

from typing import Any

import pytest

from shared.customers.use_cases import get_customer
from shared.errors import (
    ForbiddenError,
    NotFoundError,
    StaleVersionError,
)
from shared.storage_locations.catalogue import FIRST_COUNTRIES, NewCatalogue
from shared.storage_locations.use_cases import get_storage_locations, replace_storage_locations
from shared.table.keys import CATALOGUE
from tests.builders import ROOT, ROOT_ACCOUNT, a_customer, a_new_customer, an_account, caller, put
from tests.customers.helpers import add
from tests.memory_store import MemoryStore


def a_catalogue(*countries: str) -> NewCatalogue:
    return NewCatalogue.model_validate({"locations": [{"country": country} for country in countries]})


def test_replaced_catalogue_is_effective_at_once_and_older_versions_remain(store: MemoryStore) -> None:
    before = get_storage_locations(store, caller())
    replace_storage_locations(store, caller(operation="support"), a_catalogue("DE", "FI"), version=1)
    assert [location.code for location in get_storage_locations(store, caller()).locations] == ["DE", "FI"]
    assert get_storage_locations(store, caller(), 1) == before
    assert get_storage_locations(store, caller(), 2) == get_storage_locations(store, caller())
    added = add(store, a_new_customer("distributor", ROOT, device_country="FI"))
    assert (added.customer.storage_location.decided, added.customer.storage_location.catalogue_version) == ("hosted", 2)


def test_same_locations_make_no_new_version(store: MemoryStore) -> None:
    same = {"locations": [{"country": code} for code in reversed(FIRST_COUNTRIES)]}
    before = dict(store.items)
    store.requests.clear()
    shown = replace_storage_locations(store, caller(operation="support"), NewCatalogue.model_validate(same), version=1)
    assert (shown.version, shown.created_by) == (1, ROOT_ACCOUNT.id)
    assert (store.items, store.requests) == (before, ["get"])


def test_replaced_catalogue_never_moves_a_customer(store: MemoryStore) -> None:
    first = add(store, a_new_customer("distributor", ROOT, device_country="FI", storage_location="SE")).customer
    replace_storage_locations(store, caller(operation="support"), a_catalogue("DE", "FI"), version=1)
    now = get_customer(store, caller(), first.id)
    assert now.storage_location == first.storage_location
    assert now.model_copy(update={"lands_in": first.lands_in, "notices": []}) == first


@pytest.mark.parametrize("version", [0, 3, 999_999])
def test_absent_catalogue_version_returns_404(store: MemoryStore, version: int) -> None:
    with pytest.raises(NotFoundError):
        get_storage_locations(store, caller(), version)


def test_replacing_a_version_that_is_not_current_returns_412(store: MemoryStore) -> None:
    replace_storage_locations(store, caller(operation="support"), a_catalogue("DE"), version=1)
    with pytest.raises(StaleVersionError) as refused:
        replace_storage_locations(store, caller(operation="support"), a_catalogue("FR"), version=1)
    assert refused.value.extensions == {"version": 2}
    assert store.items[CATALOGUE]["version"] == 2


def test_concurrent_replacements_let_one_win_and_return_412_to_the_other(store: MemoryStore) -> None:
    read = store.get

    def get_then_someone_else_writes(*keys: Any) -> Any:
        found = read(*keys)
        store.get = read  # type: ignore[method-assign]
        replace_storage_locations(store, caller(operation="support"), a_catalogue("DE"), version=1)
        return found

    store.get = get_then_someone_else_writes  # type: ignore[method-assign]
    with pytest.raises(StaleVersionError):
        replace_storage_locations(store, caller(operation="support"), a_catalogue("FR"), version=1)
    assert [location["country"] for location in store.items[CATALOGUE]["locations"]] == ["DE"]


def test_only_a_super_user_of_the_root_replaces_the_catalogue(store: MemoryStore) -> None:
    distributor = a_customer("distributor")
    put(store, distributor)
    for role in ("super_user", "administrator", "manager", "operator", "supporter"):
        for customer in (ROOT, distributor):
            account = an_account(role, customer)
            put(store, account)
            if (role, customer) != ("super_user", ROOT):
                with pytest.raises(ForbiddenError):
                    replace_storage_locations(store, caller(account, operation="support"), a_catalogue("DE"), version=1)
    assert replace_storage_locations(
        store, caller(an_account("super_user", ROOT), operation="support"), a_catalogue("DE"), version=1
    )
