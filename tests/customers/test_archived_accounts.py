"""Tests: accounts of archived and removed customers."""

from datetime import datetime
from typing import Any

import pytest

from shared.accounts.account import AccountChange, NewAccount
from shared.accounts.records import counted
from shared.accounts.use_cases import add_account, change_account, get_me, remove_account
from shared.auth.authorization import Account
from shared.customers.change_use_cases import (
    archive_customer,
)
from shared.customers.customer import Customer
from shared.devices.blocking import blocking_devices
from shared.errors import (
    EmailExistsError,
    LastSuperUserError,
    NotFoundError,
)
from shared.table.keys import (
    account_key,
    active_super_users_key,
    customer_key,
)
from tests.builders import (
    MICROSECOND,
    ROOT,
    a_customer,
    an_account,
    caller,
    put,
)
from tests.customers.change_helpers import DAY, LATER, Meddling, a_caller, a_tree, archive, restore
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore


def test_address_of_an_account_of_a_removed_customer_is_released(store: MemoryStore) -> None:
    distributor = a_customer("distributor")
    account = an_account("super_user", distributor, email="ada@example.com")
    put(store, distributor, account)
    archive(store, distributor)
    new = NewAccount(email="Ada@example.com", display_name="Ada", role="super_user")

    def invite(now: datetime) -> Any:
        as_caller = a_caller(now=now, operation="change_accounts")
        return add_account(
            store, MemoryIdentities(), as_caller, ROOT.id, new, idempotency_key="a", cursor_key="k", max_invitations=20
        )

    def tried(now: datetime) -> Any:
        as_caller = a_caller(now=now, operation="change_accounts")
        keys = {"idempotency_key": "a", "cursor_key": "k", "max_invitations": 20, "validate_only": True}
        return add_account(store, MemoryIdentities(), as_caller, ROOT.id, new, **keys)

    for ask in (invite, tried):
        with pytest.raises(EmailExistsError):
            ask(LATER + 30 * DAY - MICROSECOND)
    assert tried(LATER + 30 * DAY).outcome == "validated"
    assert invite(LATER + 30 * DAY).outcome == "added"
    assert store.items[account_key(account.id)]["removed"]
    assert store.items[active_super_users_key(distributor.id)]["count"] == 0


def test_last_super_user_of_an_archived_customer_can_be_removed(store: MemoryStore, lineage: list[Customer]) -> None:
    put(store, account := an_account("super_user", lineage[5]))
    as_caller, counter = a_caller(operation="change_accounts"), active_super_users_key(lineage[5].id)
    with pytest.raises(LastSuperUserError):
        change_account(store, as_caller, account.id, AccountChange(role="operator"), version=1)
    archive(store, lineage[5])
    change_account(store, as_caller, account.id, AccountChange(role="operator"), version=1)
    assert store.items[counter]["count"] == 0
    restore(store, lineage[5], version=2)
    change_account(store, as_caller, account.id, AccountChange(role="super_user"), version=2)  # it counts again
    assert store.items[counter]["count"] == 1
    with pytest.raises(LastSuperUserError):
        remove_account(store, as_caller, account.id, version=3)


def test_removing_the_last_super_user_fails_when_the_customer_is_restored_concurrently(
    meddling: Meddling,
) -> None:
    lineage = a_tree(meddling)
    put(meddling, account := an_account("super_user", lineage[5]))
    archive(meddling, lineage[5])
    meddling.meddle = [lambda: None, lambda: restore(meddling, lineage[5])]
    with pytest.raises(LastSuperUserError):
        remove_account(meddling, a_caller(operation="change_accounts"), account.id, version=1)
    assert meddling.meddle == []
    assert meddling.items[active_super_users_key(lineage[5].id)]["count"] == 1


def test_address_stays_taken_when_the_customer_is_restored_concurrently(meddling: Meddling) -> None:
    """By one clock, which is ahead, the customer is removed. Another caller's clock is behind, and restores it."""
    lineage = a_tree(meddling)
    put(meddling, account := an_account("super_user", lineage[5], email="ada@example.com"))
    archive(meddling, lineage[5])
    as_caller = a_caller(now=LATER + 30 * DAY, operation="change_accounts")
    new = NewAccount(email=account.email, display_name="Ada", role="super_user")
    meddling.meddle = [lambda: None, lambda: restore(meddling, lineage[5])]
    with pytest.raises(EmailExistsError):
        add_account(
            meddling,
            MemoryIdentities(),
            as_caller,
            ROOT.id,
            new,
            idempotency_key="a",
            cursor_key="k",
            max_invitations=20,
        )
    assert meddling.meddle == []
    assert Account.model_validate(meddling.items[account_key(account.id)]) == counted(account)


@pytest.mark.parametrize("again", [False, True])
def test_removing_the_last_super_user_succeeds_when_the_archive_changes_concurrently(
    meddling: Meddling, again: bool
) -> None:
    """The record is deleted, or the customer is restored and archived again."""
    lineage = a_tree(meddling)
    put(meddling, account := an_account("super_user", lineage[5]))
    archive(meddling, lineage[5])

    def another() -> None:
        if again:
            restore(meddling, lineage[5])
            archive_customer(
                meddling, a_caller(now=LATER + DAY), lineage[5].id, version=3, find_devices=blocking_devices
            )
        else:
            del meddling.items[customer_key(lineage[5].id)]

    meddling.meddle = [lambda: None, another]
    remove_account(meddling, a_caller(operation="change_accounts"), account.id, version=1)
    assert meddling.items[active_super_users_key(lineage[5].id)]["count"] == 0


def test_all_accounts_of_an_archived_customer_can_be_removed(store: MemoryStore) -> None:
    distributor = a_customer("distributor")
    account = an_account("super_user", distributor)
    put(store, distributor, account)
    as_caller = a_caller(operation="change_accounts")
    with pytest.raises(LastSuperUserError):
        remove_account(store, as_caller, account.id, version=1)
    archive(store, distributor)
    assert get_me(store, caller(account, now=LATER)).customer.archive
    with pytest.raises(NotFoundError):
        get_me(store, caller(account, now=LATER + 31 * DAY))
    remove_account(store, as_caller, account.id, version=1)
    assert not any(key[0].startswith("email#super_user@") for key in store.items)
