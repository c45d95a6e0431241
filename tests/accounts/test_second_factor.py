"""Tests: the second factor of a sign-in is recorded, and required of some roles if the system requires one."""

from typing import Any, get_args

import pytest

from functions import accounts as function
from shared.accounts.use_cases import get_account, record_second_factor
from shared.api import app
from shared.auth.authorization import Caller, Role
from shared.customers.customer import Customer
from shared.errors import SecondFactorRequiredError, UnavailableError
from tests.builders import NOW, an_account, bootstrap_in, caller, put
from tests.calls import call
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore


def record(store: MemoryStore, identities: MemoryIdentities, account: Any) -> Any:
    return record_second_factor(store, identities, caller(account)).account


def test_second_factor_is_recorded_as_the_user_pool_says(
    store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    ada = an_account("administrator", distributor)
    put(store, ada)
    identities.users[ada.id] = True
    assert (record(store, identities, ada).second_factor, record(store, identities, ada).version) == (False, 1)
    identities.factors.add(ada.id)
    for _ in range(2):
        recorded = record(store, identities, ada)
        assert (recorded.second_factor, recorded.version) == (True, 2)
    identities.factors.clear()
    assert record(store, identities, ada).second_factor is False


def test_machine_and_person_without_a_sign_in_have_none(
    store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    ada, machine = an_account("administrator", distributor), an_account("manager", distributor, kind="api", email=None)
    put(store, ada, machine)
    for account in (ada, machine):
        assert record(store, identities, account).second_factor is False


def test_user_pool_that_does_not_answer_changes_nothing(
    store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    ada = an_account("administrator", distributor)
    put(store, ada)
    identities.failing = True
    before = dict(store.items)
    with pytest.raises(UnavailableError):
        record(store, identities, ada)
    assert store.items == before


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("kind", ["person", "api"])
@pytest.mark.parametrize("second_factor", [True, False])
def test_only_people_of_the_highest_roles_need_one(
    store: MemoryStore, distributor: Customer, role: Role, kind: str, *, second_factor: bool
) -> None:
    email = {} if kind == "person" else {"email": None}
    account = an_account(role, distributor, kind=kind, second_factor=second_factor, **email)
    put(store, account)
    as_caller = Caller(account.id, NOW, "read", needs_second_factor=True)
    if kind == "person" and role in ("super_user", "administrator") and not second_factor:
        with pytest.raises(SecondFactorRequiredError):
            get_account(store, as_caller, account.id)
    else:
        assert get_account(store, as_caller, account.id).id == account.id


def test_parameter_closes_every_route_but_me(memory: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap_in(memory)
    monkeypatch.setattr(app, "open_store", lambda: memory)
    identities = MemoryIdentities()
    monkeypatch.setattr(function, "open_user_directory", lambda: identities)
    ada = call("get_me").body["account"]["id"]
    identities.users[ada] = True
    monkeypatch.setenv("REQUIRE_SECOND_FACTOR", "true")
    rejected = call("list_accounts", query={"customer_id": "cus_1"})
    assert (rejected.status, rejected.body["code"]) == (403, "second_factor_required")
    assert "My sign-in" in rejected.body["detail"]
    assert (call("get_me").status, call("get_me").body["account"]["second_factor"]) == (200, False)
    identities.factors.add(ada)
    assert call("record_second_factor").body["account"]["second_factor"] is True
    assert call("list_accounts", query={"customer_id": "cus_1"}).status == 404
