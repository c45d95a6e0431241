"""Tests: updating sign-ins after changes of accounts."""

from datetime import timedelta

import pytest

from shared.accounts.identities import IdentityError
from shared.accounts.mails import Invitation
from shared.accounts.sign_ins import record_sign_in, sync_identity
from shared.customers.customer import Customer
from tests.accounts.helpers import Accounts
from tests.builders import NOW
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore


def test_sync_identity_gives_the_same_result_in_any_order_of_messages(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    for _ in range(3):
        sync_identity(store, identities, added.id, NOW)
    assert identities.calls == ["invite", "enable"]
    assert accounts.get(added.id).identity == "ready"
    accounts.change(added.id, disabled=True)
    assert accounts.get(added.id).identity == "pending"
    sync_identity(store, identities, added.id, NOW)
    assert identities.users == {added.id: False}
    accounts.change(added.id, version=2, disabled=False)
    accounts.remove(added.id, version=3)
    for _ in range(2):
        sync_identity(store, identities, added.id, NOW)
    assert identities.users == {}
    sync_identity(store, identities, "acc_nobody", NOW)


def test_sync_identity_records_a_failure_and_a_retry_clears_it(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    identities.failing = True
    for _ in range(2):
        with pytest.raises(IdentityError):
            sync_identity(store, identities, added.id, NOW)
        assert accounts.get(added.id).identity == "failed"
    identities.failing = False
    sync_identity(store, identities, added.id, NOW)
    shown = accounts.get(added.id)
    assert (shown.identity, shown.version) == ("ready", 1)


def test_sync_identity_applies_a_concurrent_change_with_the_next_message(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    invite = identities.invite

    def invite_then_someone_disables(account_id: str, email: str, invitation: Invitation) -> bool:
        mailed = invite(account_id, email, invitation)
        identities.invite = invite  # type: ignore[method-assign]
        accounts.change(added.id, disabled=True)
        return mailed

    identities.invite = invite_then_someone_disables  # type: ignore[method-assign]
    sync_identity(store, identities, added.id, NOW)
    assert accounts.get(added.id).identity == "pending"
    sync_identity(store, identities, added.id, NOW)
    assert identities.users == {added.id: False}


def test_record_sign_in_makes_an_account_active(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    sync_identity(store, identities, added.id, NOW)
    record_sign_in(store, added.id, NOW, "api")
    shown = accounts.get(added.id)
    assert (shown.status, shown.signed_in_at, shown.version, shown.identity) == ("active", NOW, 2, "ready")
    record_sign_in(store, added.id, NOW + timedelta(days=1), "api")
    assert accounts.get(added.id) == shown
    record_sign_in(store, "acc_nobody", NOW, "api")


@pytest.mark.parametrize("signed_in", [False, True])
def test_sign_in_that_somebody_deleted_is_created_again_with_the_next_change(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer, signed_in: bool
) -> None:
    added = accounts.add(distributor).account
    sync_identity(store, identities, added.id, NOW)
    if signed_in:
        record_sign_in(store, added.id, NOW, "api")
    identities.users.clear()
    accounts.change(added.id, version=1 + signed_in, display_name="Ada L.")
    sync_identity(store, identities, added.id, NOW)
    assert identities.users == {added.id: True}
    assert identities.mails == [added.id] * 2
    assert accounts.get(added.id).identity == "ready"


def test_disabled_account_whose_sign_in_was_deleted_gets_one_when_it_is_enabled(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    sync_identity(store, identities, added.id, NOW)
    identities.users.clear()
    accounts.change(added.id, disabled=True)
    sync_identity(store, identities, added.id, NOW)
    assert (identities.users, accounts.get(added.id).identity) == ({}, "ready")
    accounts.change(added.id, version=2, disabled=False)
    sync_identity(store, identities, added.id, NOW)
    assert identities.users == {added.id: True}
