"""Tests: accounts of machines and their credentials, whose secrets are shown once."""

from datetime import timedelta
from typing import Any

import pytest

from shared.accounts.credential_use_cases import add_credential, list_credentials, revoke_credential
from shared.accounts.credentials import NewCredential
from shared.accounts.identities import IdentityError
from shared.accounts.sign_ins import record_sign_in, sync_identity
from shared.accounts.use_cases import AccountQuery, get_account, list_accounts
from shared.auth.authorization import Account, Caller, Credential, account_of
from shared.customers.customer import Customer
from shared.errors import (
    ForbiddenError,
    KeyReusedError,
    NoActiveAccountError,
    NotFoundError,
    RulesViolatedError,
    StaleVersionError,
    TooManyCredentialsError,
    UnavailableError,
)
from shared.table.keys import account_key, request_key
from tests.accounts.helpers import Accounts
from tests.builders import MICROSECOND, NOW, ROOT, ROOT_ACCOUNT, an_account, caller, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore


class Machines:
    """The use cases of credentials, with defaults for what a test does not vary."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts, self.store, self.identities = accounts, accounts.store, accounts.identities

    def add(self, customer: Customer, key: str = "key", **body: Any) -> Any:
        return self.accounts.add(customer, key=key, kind="api", email=None, **body)

    def add_credential(self, machine: str, key: str = "second", by: Account = ROOT_ACCOUNT, **body: Any) -> Any:
        as_caller = caller(by, operation="change_accounts")
        new = NewCredential.model_validate(body)
        return add_credential(self.store, self.identities, as_caller, machine, new, idempotency_key=key)

    def revoke(self, machine: str, credential: str, by: Account = ROOT_ACCOUNT) -> None:
        revoke_credential(self.store, self.identities, caller(by, operation="change_accounts"), machine, credential)

    def list(self, machine: str) -> Any:
        return list_credentials(self.store, caller(), machine).credentials

    def call_as(self, sign_in: str, now: Any = NOW) -> Any:
        """Read the machine's own account with a token of this sign-in."""
        as_caller = Caller(account_of(sign_in), now, "read", sign_in=sign_in)
        return get_account(self.store, as_caller, account_of(sign_in))


@pytest.fixture
def machines(accounts: Accounts) -> Machines:
    return Machines(accounts)


def test_secret_is_random_and_only_in_the_response_to_the_addition(
    machines: Machines, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    first = machines.add(distributor)
    credentials = first.account.credentials
    assert account_of(credentials.client_id) == first.account.id
    assert identities.secrets == {credentials.client_id: credentials.client_secret}
    assert (first.account.status, first.account.identity) == ("active", "ready")
    assert credentials.client_secret not in str(store.items)
    assert "credentials" not in machines.accounts.get(first.account.id).model_dump()
    again = machines.add(distributor)
    assert (again.outcome, again.account) == ("replayed", first.account.model_copy(update={"credentials": None}))
    assert identities.calls == ["provide"]
    for other in ({"key": "another"}, {"customer": ROOT}):
        customer = other.pop("customer", distributor)
        added = machines.add(customer, **other).account
        assert added.id != first.account.id
        assert added.credentials.client_secret != credentials.client_secret


def test_nothing_is_written_if_the_user_pool_fails(
    machines: Machines, identities: MemoryIdentities, store: MemoryStore, distributor: Customer
) -> None:
    before = dict(store.items)
    identities.failing = True
    with pytest.raises(UnavailableError, match="nothing was changed"):
        machines.add(distributor)
    assert store.items == before
    identities.failing = False
    added = machines.add(distributor)
    assert added.outcome == "added"
    assert machines.accounts.get(added.account.id).identity == "ready"


def test_of_two_identical_requests_at_once_one_gets_the_secret_and_it_works(
    machines: Machines, identities: MemoryIdentities, distributor: Customer
) -> None:
    create, tries, other = identities.create_machine_user, iter([True, False]), []

    def overtaken(client_id: str, secret: str) -> None:
        create(client_id, secret)
        if next(tries, False):
            other.append(machines.add(distributor))

    identities.create_machine_user = overtaken  # type: ignore[method-assign]
    slower, faster = machines.add(distributor), other[0]
    assert (faster.outcome, slower.outcome, slower.account.credentials) == ("added", "replayed", None)
    assert identities.secrets == {faster.account.credentials.client_id: faster.account.credentials.client_secret}
    assert machines.call_as(faster.account.credentials.client_id).id == faster.account.id


def test_second_credential_is_valid_beside_the_first_one_until_it_is_revoked(
    machines: Machines, identities: MemoryIdentities, distributor: Customer
) -> None:
    first = machines.add(distributor).account
    second = machines.add_credential(first.id).credential
    assert second.client_secret != first.credentials.client_secret
    assert identities.secrets[second.client_id] == second.client_secret
    for client_id in (first.credentials.client_id, second.client_id):
        assert machines.call_as(client_id).id == first.id
    assert [each.id for each in machines.list(first.id)] == [first.credentials.id, second.id]
    machines.revoke(first.id, first.credentials.id)
    with pytest.raises(NoActiveAccountError):
        machines.call_as(first.credentials.client_id)
    assert machines.call_as(second.client_id).id == first.id
    assert list(identities.users) == [second.client_id]
    with pytest.raises(NotFoundError):
        machines.revoke(first.id, first.credentials.id)


def test_machine_has_at_most_two_credentials(machines: Machines, distributor: Customer) -> None:
    machine = machines.add(distributor).account
    second = machines.add_credential(machine.id)
    with pytest.raises(TooManyCredentialsError, match="Revoke one first"):
        machines.add_credential(machine.id, "third")
    machines.revoke(machine.id, second.credential.id)
    assert machines.add_credential(machine.id, "third").outcome == "added"


def test_repeated_request_for_a_credential_has_no_secret(machines: Machines, distributor: Customer) -> None:
    machine = machines.add(distributor).account.id
    first = machines.add_credential(machine)
    again = machines.add_credential(machine)
    assert (again.outcome, again.credential.client_secret) == ("replayed", None)
    assert again.credential.id == first.credential.id
    with pytest.raises(KeyReusedError, match="different request"):
        machines.add_credential(machine, expires_at="2027-11-24T00:00:00Z")
    machines.revoke(machine, first.credential.id)
    with pytest.raises(KeyReusedError, match="revoked"):
        machines.add_credential(machine)


def test_concurrent_change_leaves_no_sign_in_without_a_credential(
    machines: Machines, identities: MemoryIdentities, distributor: Customer
) -> None:
    machine = machines.add(distributor).account.id
    create, tries = identities.create_machine_user, iter([True, False])

    def overtaken(client_id: str, secret: str) -> None:
        create(client_id, secret)
        if next(tries, False):
            machines.accounts.change(machine, display_name="Renamed")

    identities.create_machine_user = overtaken  # type: ignore[method-assign]
    added = machines.add_credential(machine).credential
    assert set(identities.users) == {each.client_id for each in machines.list(machine)}
    assert machines.call_as(added.client_id).display_name == "Renamed"


def test_credential_expires_at_its_very_second(machines: Machines, distributor: Customer) -> None:
    machine = machines.add(distributor).account.id
    added = machines.add_credential(machine, expires_at="2026-11-25T11:00:00+01:00").credential
    expires_at = NOW + timedelta(days=1)
    assert added.expires_at == expires_at
    assert machines.call_as(added.client_id, expires_at - MICROSECOND)
    with pytest.raises(NoActiveAccountError):
        machines.call_as(added.client_id, expires_at)


@pytest.mark.parametrize(
    "text", ["2026-11-24T10:00:00Z", "2027-11-24T10:00:00", "tomorrow", "", "0001-01-01T00:00:00+23:59"]
)
def test_expiry_must_be_a_time_in_the_future(machines: Machines, distributor: Customer, text: str) -> None:
    machine = machines.add(distributor).account.id
    with pytest.raises(RulesViolatedError) as violated:
        machines.add_credential(machine, expires_at=text)
    assert (violated.value.errors[0]["code"], violated.value.errors[0]["pointer"]) == ("time_invalid", "/expires_at")


def test_person_gets_no_credentials(machines: Machines, accounts: Accounts, distributor: Customer) -> None:
    person = accounts.add(distributor).account.id
    with pytest.raises(RulesViolatedError) as violated:
        machines.add_credential(person)
    assert violated.value.errors[0]["code"] == "not_a_machine"
    assert machines.list(person) == []


def test_disabled_machine_gets_no_credentials(machines: Machines, accounts: Accounts, distributor: Customer) -> None:
    machine = machines.add(distributor).account.id
    accounts.change(machine, disabled=True)
    with pytest.raises(RulesViolatedError) as violated:
        machines.add_credential(machine)
    assert violated.value.errors[0]["code"] == "account_disabled"


def test_credentials_of_a_role_above_ones_own_are_refused(
    machines: Machines, store: MemoryStore, distributor: Customer
) -> None:
    administrator = an_account("administrator", distributor)
    put(store, administrator)
    machine = machines.add(distributor, role="super_user").account
    with pytest.raises(ForbiddenError):
        machines.add_credential(machine.id, by=administrator)
    with pytest.raises(ForbiddenError):
        machines.revoke(machine.id, machine.credentials.id, by=administrator)


def test_last_used_day_is_recorded_once_a_day_for_the_credential_in_use(
    machines: Machines, store: MemoryStore, distributor: Customer
) -> None:
    machine = machines.add(distributor).account
    second = machines.add_credential(machine.id).credential
    assert [each.last_used_on for each in machines.list(machine.id)] == [None, None]
    for at in (NOW, NOW + timedelta(hours=1)):
        record_sign_in(store, second.client_id, at, "api")
        assert [each.last_used_on for each in machines.list(machine.id)] == [None, "2026-11-24"]
        version = store.items[account_key(machine.id)]["version"]
    record_sign_in(store, second.client_id, NOW + timedelta(days=1), "api")
    assert machines.list(machine.id)[1].last_used_on == "2026-11-25"
    assert store.items[account_key(machine.id)]["version"] == version


@pytest.mark.parametrize("change", ["disabled", "removed"])
def test_change_of_a_machine_is_applied_to_all_its_sign_ins(
    machines: Machines, accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer,
    change: str,
) -> None:  # fmt: skip
    machine = machines.add(distributor).account.id
    machines.add_credential(machine)
    both = set(identities.users)
    if change == "disabled":
        accounts.change(machine, version=2, disabled=True)
    else:
        accounts.remove(machine, version=2)
    sync_identity(store, identities, machine, NOW)
    assert identities.users == (dict.fromkeys(both, False) if change == "disabled" else {})


def test_revoked_sign_in_that_could_not_be_removed_is_removed_by_the_stream(
    machines: Machines, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    machine = machines.add(distributor).account
    identities.failing = True
    machines.revoke(machine.id, machine.credentials.id)
    assert list(identities.users) == [machine.credentials.client_id]
    with pytest.raises(IdentityError):
        sync_identity(store, identities, machine.id, NOW)
    identities.failing = False
    sync_identity(store, identities, machine.id, NOW)
    assert identities.users == {}
    assert machines.accounts.get(machine.id).identity == "ready"


def test_deleted_sign_in_of_a_machine_is_not_created_again(
    machines: Machines, accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    machine = machines.add(distributor).account
    identities.remove(machine.credentials.client_id)
    accounts.change(machine.id, display_name="Renamed")
    sync_identity(store, identities, machine.id, NOW)
    assert (identities.users, accounts.get(machine.id).identity) == ({}, "ready")


def test_machine_that_signs_in_before_the_stream_message_stays_in_sync(
    machines: Machines, accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    machine = machines.add(distributor).account
    accounts.change(machine.id, display_name="Renamed")
    record_sign_in(store, machine.credentials.client_id, NOW, "api")
    accounts.change(machine.id, version=3, disabled=True)
    sync_identity(store, identities, machine.id, NOW)
    assert identities.users == {machine.credentials.client_id: False}
    assert accounts.get(machine.id).identity == "ready"


def test_validate_only_creates_no_sign_in(
    machines: Machines, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    before = dict(store.items)
    tried = machines.add(distributor, validate_only=True)
    assert (tried.outcome, tried.account.credentials) == ("validated", None)
    assert (identities.users, store.items) == ({}, before)


class TestMachineFromBeforeCredentials:
    """A machine of an earlier version has one sign-in, whose name is the account's id."""

    @pytest.fixture
    def machine(self, store: MemoryStore, identities: MemoryIdentities, distributor: Customer) -> Account:
        found = an_account("administrator", distributor, kind="api", email=None)
        put(store, found)
        identities.create_machine_user(found.id, "an old secret")
        return found

    def test_it_keeps_its_access_and_can_change_to_another_secret(
        self, machines: Machines, identities: MemoryIdentities, machine: Account
    ) -> None:
        assert machines.call_as(machine.id).id == machine.id
        assert [each.client_id for each in machines.list(machine.id)] == [machine.id]
        second = machines.add_credential(machine.id).credential
        for sign_in in (machine.id, second.client_id):
            assert machines.call_as(sign_in)
        machines.revoke(machine.id, machine.id)
        with pytest.raises(NoActiveAccountError):
            machines.call_as(machine.id)
        assert list(identities.users) == [second.client_id]

    def test_without_a_sign_in_it_has_no_credential(
        self, store: MemoryStore, machines: Machines, machine: Account
    ) -> None:
        other = machine.model_copy(update={"id": "acc_without", "identity_version": 0})
        put(store, other)
        assert machines.list("acc_without") == []
        with pytest.raises(NoActiveAccountError):
            machines.call_as("acc_without")


def test_sign_in_of_a_person_is_the_account_itself(store: MemoryStore, machines: Machines) -> None:
    with pytest.raises(NoActiveAccountError):
        machines.call_as(f"{ROOT_ACCOUNT.id}.0011223344556677")
    assert machines.call_as(ROOT_ACCOUNT.id).id == ROOT_ACCOUNT.id


def test_credential_of_another_machine_is_not_accepted(machines: Machines, distributor: Customer) -> None:
    first, second = (machines.add(distributor, key=key).account for key in ("a", "b"))
    with pytest.raises(NoActiveAccountError):
        machines.call_as(f"{first.id}.{second.credentials.client_id.partition('.')[2]}")


def test_list_of_accounts_shows_a_machine_as_active(
    machines: Machines, store: MemoryStore, distributor: Customer
) -> None:
    machines.add(distributor)
    (listed,) = list_accounts(store, caller(), AccountQuery(customer_id=distributor.id), limit=10).accounts
    assert (listed.identity, listed.status) == ("ready", "active")


def test_request_of_a_credential_is_stored_with_it(
    machines: Machines, store: MemoryStore, distributor: Customer
) -> None:
    machine = machines.add(distributor).account.id
    added = machines.add_credential(machine).credential
    assert request_key(added.id) in store.items
    stored = Account.model_validate(store.items[account_key(machine)])
    assert isinstance(stored.credentials[1], Credential)
    assert added.client_secret not in str(store.items)
    with pytest.raises(StaleVersionError):  # the account has another version now
        machines.accounts.change(machine, version=1, display_name="Renamed")
