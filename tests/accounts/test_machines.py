"""Tests: accounts of machines and their credentials."""

from typing import Any

import pytest

from shared.accounts.identities import IdentityError
from shared.accounts.sign_ins import record_sign_in, sync_identity
from shared.accounts.use_cases import AccountQuery, list_accounts
from shared.customers.customer import Customer
from shared.errors import (
    ForbiddenError,
    UnavailableError,
)
from tests.accounts.helpers import Accounts
from tests.builders import NOW, ROOT, an_account, caller, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore


def test_machine_credentials_are_shown_only_in_the_response_to_its_addition(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    first = accounts.add(distributor, kind="api", email=None)
    assert first.account.credentials.client_id == first.account.id
    assert identities.secrets == {first.account.id: first.account.credentials.client_secret}
    assert (first.account.status, first.account.identity) == ("active", "ready")
    assert first.account.credentials.client_secret not in str(store.items)
    assert "credentials" not in accounts.get(first.account.id).model_dump()
    again = accounts.add(distributor, kind="api", email=None)
    assert (again.outcome, again.account) == ("replayed", first.account)
    assert identities.calls == ["provide", "enable"]
    for other in ({"key": "another"}, {"customer": ROOT}):
        customer = other.pop("customer", distributor)
        added = accounts.add(customer, kind="api", email=None, **other).account
        assert added.id != first.account.id
        assert added.customer_id == customer.id
        assert added.credentials.client_secret != first.account.credentials.client_secret


def test_repeated_request_completes_a_machine_without_credentials(
    accounts: Accounts, identities: MemoryIdentities, store: MemoryStore, distributor: Customer
) -> None:
    identities.failing = True
    with pytest.raises(UnavailableError, match="same Idempotency-Key"):
        accounts.add(distributor, kind="api", email=None)
    (listed,) = list_accounts(store, caller(), AccountQuery(customer_id=distributor.id), limit=10).accounts
    assert (listed.identity, listed.status) == ("failed", "invited")
    identities.failing = False
    sync_identity(store, identities, listed.id, NOW)  # there is no sign-in to update
    assert accounts.get(listed.id).identity == "failed"
    assert identities.users == {}
    again = accounts.add(distributor, kind="api", email=None)
    assert identities.secrets == {listed.id: again.account.credentials.client_secret}
    assert accounts.get(listed.id).identity == "ready"


def failed_machine(accounts: Accounts, identities: MemoryIdentities, customer: Customer, **body: Any) -> str:
    """A machine whose sign-in could not be created when it was added."""
    identities.failing = True
    with pytest.raises(UnavailableError):
        accounts.add(customer, kind="api", email=None, **body)
    identities.failing = False
    (found,) = list_accounts(accounts.store, caller(), AccountQuery(customer_id=customer.id), limit=10).accounts
    return str(found.id)


def test_disabled_machine_gets_no_credentials(
    accounts: Accounts, identities: MemoryIdentities, distributor: Customer
) -> None:
    machine = failed_machine(accounts, identities, distributor)
    accounts.change(machine, disabled=True)
    with pytest.raises(ForbiddenError, match="Enable it first"):
        accounts.add(distributor, kind="api", email=None)
    assert identities.users == {}
    accounts.change(machine, version=2, disabled=False)
    assert accounts.add(distributor, kind="api", email=None).account.credentials.client_id == machine
    assert (identities.users, accounts.get(machine).identity) == ({machine: True}, "ready")


@pytest.mark.parametrize("change", ["disabled", "removed"])
def test_change_of_a_machine_during_its_creation_is_applied_to_its_sign_in(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer, change: str
) -> None:
    create_machine_user = identities.create_machine_user

    def provide_and_meanwhile(account_id: str, secret: str) -> None:
        create_machine_user(account_id, secret)
        if change == "disabled":
            accounts.change(account_id, disabled=True)
        else:
            accounts.remove(account_id)

    identities.create_machine_user = provide_and_meanwhile  # type: ignore[method-assign]
    machine = accounts.add(distributor, kind="api", email=None).account.id
    assert identities.users == ({machine: False} if change == "disabled" else {})
    sync_identity(store, identities, machine, NOW)
    assert identities.users == ({machine: False} if change == "disabled" else {})


def test_failed_creation_does_not_overwrite_a_concurrent_success(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    create_machine_user, tries = identities.create_machine_user, iter([True, False])

    def overtaken(account_id: str, secret: str) -> None:
        if next(tries, False):
            accounts.add(distributor, kind="api", email=None)  # the same request again, which succeeds
            raise IdentityError("TooManyRequestsException")
        create_machine_user(account_id, secret)

    identities.create_machine_user = overtaken  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        accounts.add(distributor, kind="api", email=None)
    (machine,) = (item for item in store.items.values() if item.get("kind") == "api")
    assert (machine["identity_version"], machine["identity_failed"]) == (1, False)


def test_machine_that_signs_in_before_the_stream_message_stays_in_sync(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    machine = accounts.add(distributor, kind="api", email=None).account.id
    accounts.change(machine, display_name="Renamed")
    record_sign_in(store, machine, NOW)
    accounts.change(machine, version=3, disabled=True)
    sync_identity(store, identities, machine, NOW)
    assert (identities.users, accounts.get(machine).identity) == ({machine: False}, "ready")


def test_validate_only_with_a_used_key_creates_no_credentials(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    machine = failed_machine(accounts, identities, distributor)
    before = dict(store.items)
    tried = accounts.add(distributor, kind="api", email=None, validate_only=True)
    assert (tried.outcome, tried.account.id, tried.account.credentials) == ("validated", machine, None)
    assert (identities.users, store.items) == ({}, before)


def test_repeated_request_refuses_the_secret_of_a_role_above_ones_own(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    creator = an_account("super_user", distributor)
    put(store, creator, an_account("super_user", distributor, id="acc_2", email="2@x.example"))
    identities.failing = True
    with pytest.raises(UnavailableError):
        accounts.add(distributor, creator, kind="api", email=None, role="super_user")
    identities.failing = False
    accounts.change(creator.id, role="administrator")
    with pytest.raises(ForbiddenError):
        accounts.add(distributor, creator, kind="api", email=None, role="super_user")
    assert identities.users == {}
