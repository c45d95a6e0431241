"""Tests: changing and removing accounts."""

from typing import Any

import pytest

from shared.accounts.records import account_item
from shared.accounts.sign_ins import record_sign_in
from shared.accounts.use_cases import AccountQuery, list_accounts
from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.errors import (
    ForbiddenError,
    KeyReusedError,
    LastSuperUserError,
    NoActiveAccountError,
    NotFoundError,
    RulesViolatedError,
    StaleVersionError,
)
from shared.table.keys import account_key, active_super_users_key, email_key
from shared.table.store import Put
from tests.accounts.helpers import Accounts
from tests.builders import NOW, an_account, caller, put
from tests.memory_store import MemoryStore


def test_administrator_cannot_change_a_super_user(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    administrator, super_user, other = (
        an_account("administrator", distributor),
        an_account("super_user", distributor),
        an_account("super_user", distributor, id="acc_other", email="other@example.com"),
    )
    put(store, administrator, super_user, other)
    before = dict(store.items)
    for act in (
        lambda: accounts.change(super_user.id, administrator, role="supporter"),
        lambda: accounts.change(super_user.id, administrator, display_name="x"),
        lambda: accounts.change(super_user.id, administrator, disabled=True),
        lambda: accounts.remove(super_user.id, administrator),
    ):
        with pytest.raises(ForbiddenError):
            act()
    assert store.items == before


LESS: list[dict[str, Any]] = [{"role": "administrator"}, {"disabled": True}, {}]


@pytest.mark.parametrize("less", LESS, ids=["lowered", "disabled", "removed"])
def test_last_active_super_user_cannot_be_removed_disabled_or_demoted(
    accounts: Accounts, store: MemoryStore, distributor: Customer, less: dict[str, Any]
) -> None:
    one, two = (
        an_account("super_user", distributor),
        an_account("super_user", distributor, id="acc_2", email="2@x.example"),
    )
    put(store, one, two)

    def act(account: Account) -> None:
        if less:
            accounts.change(account.id, **less)
        else:
            accounts.remove(account.id)

    act(one)
    assert store.items[active_super_users_key(distributor.id)]["count"] == 1
    before = dict(store.items)
    with pytest.raises(LastSuperUserError):
        act(two)
    assert store.items == before


@pytest.mark.parametrize("less", LESS, ids=["lowered", "disabled", "removed"])
def test_super_user_who_has_never_signed_in_neither_counts_nor_is_protected(
    accounts: Accounts, store: MemoryStore, distributor: Customer, less: dict[str, Any]
) -> None:
    active = an_account("super_user", distributor)
    put(store, active)
    invited = accounts.add(distributor, role="super_user").account
    with pytest.raises(LastSuperUserError):  # the invited one does not replace the active one
        accounts.change(active.id, **(less or {"role": "manager"}))
    assert store.items[active_super_users_key(distributor.id)]["count"] == 1
    if less:
        accounts.change(invited.id, **less)
    else:
        accounts.remove(invited.id)
    assert store.items[active_super_users_key(distributor.id)]["count"] == 1


def test_first_sign_in_makes_another_super_user_count(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    active = an_account("super_user", distributor)
    put(store, active)
    invited = accounts.add(distributor, role="super_user").account
    record_sign_in(store, invited.id, NOW, "api")
    assert store.items[active_super_users_key(distributor.id)]["count"] == 2
    accounts.change(active.id, role="manager")
    with pytest.raises(LastSuperUserError):
        accounts.remove(invited.id, version=2)


def test_changed_address_ends_the_protection_until_the_next_sign_in(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    active = an_account("super_user", distributor)
    put(store, active)
    accounts.change_email(active.id, "new@example.com")
    assert store.items[active_super_users_key(distributor.id)]["count"] == 0
    record_sign_in(store, active.id, NOW, "api")
    assert store.items[active_super_users_key(distributor.id)]["count"] == 1


def test_super_user_that_an_earlier_version_stored_is_protected_and_counted_at_the_next_sign_in(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    uncounted = an_account("super_user", distributor)
    store.write(Put(account_item(uncounted)))
    with pytest.raises(LastSuperUserError):
        accounts.change(uncounted.id, disabled=True)
    record_sign_in(store, uncounted.id, NOW, "api")
    assert store.items[active_super_users_key(distributor.id)]["count"] == 1
    put(store, an_account("super_user", distributor, id="acc_2", email="2@x.example"))
    accounts.change(uncounted.id, disabled=True)
    assert store.items[active_super_users_key(distributor.id)]["count"] == 1


def test_super_user_counts_again_after_being_enabled(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    one, two = (
        an_account("super_user", distributor),
        an_account("super_user", distributor, id="acc_2", email="2@x.example"),
    )
    put(store, one, two)
    accounts.change(one.id, disabled=True)
    accounts.change(one.id, version=2, disabled=False)
    accounts.change(two.id, role="manager")
    accounts.change(two.id, version=2, disabled=True)  # no super_user any more: not counted
    assert store.items[active_super_users_key(distributor.id)]["count"] == 1
    with pytest.raises(LastSuperUserError):
        accounts.change(one.id, version=3, disabled=True)


def test_changing_ones_own_role_or_disabling_oneself_is_refused(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    me, other = (
        an_account("super_user", distributor),
        an_account("super_user", distributor, id="acc_2", email="2@x.example"),
    )
    put(store, me, other)
    for change in ({"role": "supporter"}, {"disabled": True}):
        with pytest.raises(RulesViolatedError) as refused:
            accounts.change(me.id, me, **change)
        assert refused.value.errors[0]["code"] == "own_account"
    with pytest.raises(ForbiddenError):
        accounts.remove(me.id, me)
    assert accounts.change(me.id, me, display_name="My new name", role="super_user").version == 2


def test_change_of_role_and_disabling_apply_to_the_next_request(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    administrator = an_account("administrator", distributor)
    put(store, administrator)
    accounts.change(administrator.id, role="supporter")
    with pytest.raises(ForbiddenError):
        accounts.add(distributor, administrator)
    accounts.change(administrator.id, version=2, disabled=True)
    with pytest.raises(NoActiveAccountError):
        accounts.get(administrator.id, administrator)
    accounts.change(administrator.id, version=3, disabled=False)
    assert accounts.get(administrator.id, administrator).status == "active"


def test_change_of_a_stale_account_returns_412(accounts: Accounts, distributor: Customer) -> None:
    added = accounts.add(distributor).account
    assert accounts.change(added.id, display_name="Two").version == 2
    for act in (lambda: accounts.change(added.id, display_name="Three"), lambda: accounts.remove(added.id)):
        with pytest.raises(StaleVersionError) as refused:
            act()
        assert refused.value.extensions == {"version": 2}


def test_change_without_differences_writes_nothing(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    store.requests.clear()
    assert accounts.change(added.id, display_name="Ada", role="administrator", disabled=False).version == 1
    assert accounts.change(added.id).version == 1
    assert store.requests == ["get", "get"]


def test_concurrent_changes_let_one_win_and_return_412_to_the_other(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    read = store.get

    def get_then_someone_else_changes(*keys: Any) -> Any:
        found = read(*keys)
        store.get = read  # type: ignore[method-assign]
        accounts.change(added.id, display_name="First")
        return found

    store.get = get_then_someone_else_changes  # type: ignore[method-assign]
    with pytest.raises(StaleVersionError):
        accounts.change(added.id, display_name="Second")
    assert accounts.get(added.id).display_name == "First"


def test_removed_account_is_absent_and_leaves_no_personal_data(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    accounts.remove(added.id)
    for act in (
        lambda: accounts.get(added.id),
        lambda: accounts.change(added.id, version=2, display_name="x"),
        lambda: accounts.remove(added.id, version=2),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert list_accounts(store, caller(), AccountQuery(customer_id=distributor.id), limit=10).accounts == []
    assert email_key("ada@example.com") not in store.items
    assert "Ada" not in str(store.items[account_key(added.id)])
    assert accounts.add(distributor, key="again").account.email == "ada@example.com"


def test_machine_super_user_is_not_protected(accounts: Accounts, store: MemoryStore, distributor: Customer) -> None:
    person = an_account("super_user", distributor)
    put(store, person)
    machine = accounts.add(distributor, kind="api", email=None, role="super_user").account
    with pytest.raises(LastSuperUserError):
        accounts.remove(person.id)
    accounts.remove(machine.id, version=accounts.get(machine.id).version)


def test_nobody_can_confirm_an_address_by_a_removed_account(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    accounts.remove(added.id)
    removed = store.items[account_key(added.id)]
    assert removed["request_hash"] == ""
    for body in ({}, {"display_name": "Other"}):
        with pytest.raises(KeyReusedError, match="has been removed"):
            accounts.add(distributor, **body)


def test_removed_account_leaves_a_tombstone(accounts: Accounts, store: MemoryStore, distributor: Customer) -> None:
    added = accounts.add(distributor).account
    accounts.remove(added.id)
    record = store.items[account_key(added.id)]
    assert "email" not in record
    assert (record["removed"], record["display_name"], record["version"]) == (True, "removed", 2)
