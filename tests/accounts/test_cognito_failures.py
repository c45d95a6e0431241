"""Tests: Cognito fails in every documented way, at every call and in every order. The stream repeats until it succeeds.

`test_invitations.py` does the same for invitations alone.
"""

import itertools
from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from local.invariants import violations
from shared.accounts.credential_use_cases import add_credential, revoke_credential
from shared.accounts.credentials import NewCredential
from shared.accounts.identities import CognitoUserDirectory, IdentityError
from shared.accounts.sign_ins import sync_identity
from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.errors import UnavailableError
from shared.table.keys import account_key
from tests.accounts.helpers import Accounts
from tests.builders import NOW, ROOT, a_customer, caller, put
from tests.memory_store import MemoryStore
from tests.simulation.fake_aws import FakeCognito

FAILURES = [None, "TooManyRequestsException", "InternalErrorException", "lost before", "lost after"]
ORDERS = list(itertools.product(FAILURES, repeat=3))


class FailingCognito:
    """A user pool whose calls fail in this order. `lost after`: the call has had its effect."""

    def __init__(self, pool: FakeCognito) -> None:
        self.pool = pool
        self.failures: list[str | None] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            failure = self.failures.pop(0) if self.failures else None
            if failure == "lost before":
                raise ConnectTimeoutError(endpoint_url="https://cognito")
            if failure and failure != "lost after":
                raise ClientError({"Error": {"Code": failure}}, operation)  # type: ignore[arg-type]
            response = getattr(self.pool, operation)(**request)
            if failure:
                raise ReadTimeoutError(endpoint_url="https://cognito")
            return response

        return call


class Scenario:
    """Two customers and a user pool that fails."""

    def __init__(self, store: MemoryStore, distributor: Customer) -> None:
        self.store, self.distributor = store, distributor
        self.other = a_customer("distributor", ROOT, name="Another one")
        put(store, self.other)
        self.cognito = FailingCognito(FakeCognito())
        self.directory = CognitoUserDirectory(cast(Any, self.cognito), "pool")
        self.accounts = Accounts(store, self.directory)  # type: ignore[arg-type]

    def sync(self, *account_ids: str) -> None:
        """Deliver the change of each account until it succeeds, as the stream does, in this order."""
        for account_id in account_ids:
            for _ in range(len(self.cognito.failures) + 1):
                try:
                    sync_identity(self.store, self.directory, account_id, NOW)
                    break
                except IdentityError:
                    assert self.store.items[account_key(account_id)]["identity_failed"]

    def check(self) -> None:
        """Check that each sign-in agrees with its account, and that nothing needs a hand."""
        stored = [Account.model_validate(item) for key, item in self.store.items.items() if key[1] == "account"]
        expected = {}
        for account in stored:
            names = [each.client_id for each in account.usable_credentials] if account.kind == "api" else [account.id]
            if not account.removed and (account.email or account.kind == "api") and account.created_by != account.id:
                expected |= dict.fromkeys(names, not account.disabled)
                assert account.identity_version == account.version
        assert self.cognito.pool.users == expected
        assert violations(self.store.items) == []

    def version(self, account_id: str) -> int:
        version: int = self.store.items[account_key(account_id)]["version"]
        return version


@pytest.mark.parametrize("failures", ORDERS)
def test_disabled_enabled_and_removed_accounts(
    failures: tuple[str | None, ...], store: MemoryStore, distributor: Customer
) -> None:
    scenario = Scenario(store, distributor)
    person = scenario.accounts.add(distributor).account.id
    scenario.sync(person)
    for disabled in (True, False):
        scenario.accounts.change(person, version=scenario.version(person), disabled=disabled)
        scenario.cognito.failures = list(failures)
        scenario.sync(person)
        scenario.check()
    scenario.accounts.remove(person, version=scenario.version(person))
    scenario.cognito.failures = list(failures)
    scenario.sync(person)
    scenario.check()


@pytest.mark.parametrize("failures", ORDERS)
def test_address_that_another_customer_takes(
    failures: tuple[str | None, ...], store: MemoryStore, distributor: Customer
) -> None:
    before = dict(store.items)
    for order in (0, 1):
        store.items = dict(before)
        scenario = Scenario(store, distributor)
        first = scenario.accounts.add(distributor).account.id
        scenario.sync(first)
        second = scenario.accounts.add(scenario.other).account.id
        scenario.cognito.failures = list(failures)
        scenario.sync(*((first, second) if order else (second, first)))
        scenario.check()
        assert scenario.cognito.pool.emails == {"ada@example.com": second}
        assert scenario.accounts.get(second).identity == "ready"


@pytest.mark.parametrize("failures", ORDERS)
def test_credentials_of_a_machine(failures: tuple[str | None, ...], store: MemoryStore, distributor: Customer) -> None:
    scenario = Scenario(store, distributor)
    as_caller = caller(operation="change_accounts")
    machine = scenario.accounts.add(distributor, kind="api", email=None).account
    scenario.cognito.failures = list(failures)
    for _ in range(len(failures) + 1):
        try:
            add_credential(store, scenario.directory, as_caller, machine.id, NewCredential(), idempotency_key="second")
            break
        except UnavailableError:
            scenario.cognito.pool.users = {  # what the daily check does: no account has these
                name: enabled
                for name, enabled in scenario.cognito.pool.users.items()
                if name == machine.credentials.client_id
            }
    scenario.cognito.failures = list(failures)
    revoke_credential(store, scenario.directory, as_caller, machine.id, machine.credentials.id)
    scenario.sync(machine.id)
    scenario.check()
    assert len(scenario.cognito.pool.users) == 1
