"""Tests: an address at which nobody has signed in does not block the invitation of another customer."""

import pytest

from local.invariants import violations
from shared.accounts.sign_ins import record_sign_in, sync_identity
from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.errors import EmailExistsError, RulesViolatedError
from shared.table.keys import account_key, email_key
from tests.accounts.helpers import Accounts
from tests.builders import NOW, ROOT, a_customer, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore

ADDRESS = "ada@example.com"


@pytest.fixture
def other(store: MemoryStore) -> Customer:
    found = a_customer("distributor", ROOT, name="Another distributor")
    put(store, found)
    return found


def sync(store: MemoryStore, identities: MemoryIdentities, *account_ids: str) -> None:
    for account_id in account_ids:
        sync_identity(store, identities, account_id, NOW)


@pytest.mark.parametrize("order", ["the one that lost it first", "the new one first"])
def test_invitation_of_another_customer_takes_an_unconfirmed_address(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer, other: Customer,
    order: str,
) -> None:  # fmt: skip
    first = accounts.add(distributor).account
    sync(store, identities, first.id)
    second = accounts.add(other).account
    both = (first.id, second.id) if order == "the one that lost it first" else (second.id, first.id)
    sync(store, identities, *both)
    assert identities.emails == {ADDRESS: second.id}
    assert identities.mails == [first.id, second.id]
    assert (accounts.get(second.id).identity, accounts.get(second.id).email) == ("ready", ADDRESS)
    lost = accounts.get(first.id)
    assert (lost.status, lost.identity, lost.invitation_failure) == ("undeliverable", "failed", "email_taken")
    assert lost.email is None
    assert first.id not in identities.users
    assert store.items[email_key(ADDRESS)]["account_id"] == second.id
    assert violations(store.items) == []


def test_confirmed_address_is_refused_to_another_customer(
    accounts: Accounts, store: MemoryStore, distributor: Customer, other: Customer
) -> None:
    first = accounts.add(distributor).account
    assert accounts.add(other, validate_only=True).outcome == "validated"
    record_sign_in(store, first.id, NOW, "api")
    for validate_only in (True, False):
        with pytest.raises(EmailExistsError):
            accounts.add(other, validate_only=validate_only)


def test_customer_does_not_invite_an_address_twice(accounts: Accounts, distributor: Customer) -> None:
    accounts.add(distributor)
    for validate_only in (True, False):
        with pytest.raises(EmailExistsError):
            accounts.add(distributor, key="again", validate_only=validate_only)


def test_account_that_has_lost_its_address_can_be_given_one_but_not_invited_again(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer, other: Customer
) -> None:
    first = accounts.add(distributor).account
    second = accounts.add(other).account
    with pytest.raises(RulesViolatedError) as violated:
        accounts.resend(first.id)
    assert violated.value.errors[0]["code"] == "email_taken"
    version = accounts.get(first.id).version
    accounts.change_email(first.id, ADDRESS, version=version)  # nobody has signed in at the other customer either
    sync(store, identities, first.id, second.id)
    assert accounts.get(second.id).email is None
    record_sign_in(store, first.id, NOW, "api")
    with pytest.raises(EmailExistsError):
        accounts.change_email(second.id, ADDRESS, version=accounts.get(second.id).version)
    accounts.change_email(second.id, "another@example.com", version=accounts.get(second.id).version)
    sync(store, identities, second.id)
    assert (accounts.get(second.id).identity, accounts.get(second.id).status) == ("ready", "invited")
    assert violations(store.items) == []


def test_sign_in_that_was_used_before_it_was_removed_keeps_the_address(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer, other: Customer
) -> None:
    """The person signs in after the other invitation was stored, and before the stream's function has handled it."""
    first = accounts.add(distributor).account
    sync(store, identities, first.id)
    second = accounts.add(other).account
    identities.used.add(first.id)
    sync(store, identities, second.id)
    assert identities.emails == {ADDRESS: first.id}
    assert accounts.get(second.id).invitation_failure == "email_taken"


def test_late_sign_in_at_a_lost_address_is_not_recorded(
    accounts: Accounts, store: MemoryStore, distributor: Customer, other: Customer
) -> None:
    first = accounts.add(distributor).account
    accounts.add(other)
    record_sign_in(store, first.id, NOW, "api")
    assert accounts.get(first.id).signed_in_at is None


def test_lost_address_leaves_the_other_attributes_of_the_account(
    accounts: Accounts, store: MemoryStore, distributor: Customer, other: Customer
) -> None:
    first = accounts.add(distributor).account
    key = account_key(first.id)
    store.items[key]["of_newer_code"] = "kept"
    accounts.add(other)
    assert store.items[key]["of_newer_code"] == "kept"
    assert Account.model_validate(store.items[key]).version == 2
