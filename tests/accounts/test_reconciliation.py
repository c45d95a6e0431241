"""Tests: sign-ins that were deleted or changed in the user pool are found, reported and repaired."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.accounts import reconciliation
from shared.accounts.reconciliation import CheckIncompleteError, check_sign_ins
from shared.accounts.sign_ins import record_sign_in, sync_identity
from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.table.keys import account_key, active_super_users_key
from tests.accounts.helpers import Accounts
from tests.builders import MICROSECOND, NOW, a_customer, put
from tests.memory_identities import CREATED
from tests.memory_store import MemoryStore

ADDRESS = "ada@example.com"


class Pool:
    """A distributor with an active person and a machine, whose sign-ins agree with their accounts."""

    def __init__(self, accounts: Accounts, customer: Customer) -> None:
        self.accounts, self.store, self.identities = accounts, accounts.store, accounts.identities
        self.person = accounts.add(customer).account.id
        self.sync(self.person)
        record_sign_in(self.store, self.person, NOW, "api")
        self.identities.used.add(self.person)
        machine = accounts.add(customer, key="machine", kind="api", email=None).account
        self.machine, self.client_id = machine.id, machine.credentials.client_id
        self.root = next(item["id"] for item in self.store.items.values() if item.get("created_by") == item.get("id"))
        self.sync(self.root)

    def sync(self, account_id: str) -> None:
        sync_identity(self.store, self.identities, account_id, NOW)

    def check(self, time_is_up: Callable[[], bool] = lambda: False) -> dict[str, int]:
        return dict(check_sign_ins(self.store, self.identities, NOW, time_is_up))

    def stored(self, account_id: str) -> Account:
        return Account.model_validate(self.store.items[account_key(account_id)])


@pytest.fixture
def pool(accounts: Accounts, distributor: Customer) -> Pool:
    return Pool(accounts, distributor)


def test_pool_that_agrees_is_not_changed(pool: Pool) -> None:
    before, users = dict(pool.store.items), dict(pool.identities.users)
    assert pool.check() == {}
    assert (pool.store.items, pool.identities.users) == (before, users)


def test_deleted_sign_in_of_a_person_is_replaced_with_an_invitation(pool: Pool, distributor: Customer) -> None:
    pool.accounts.change(pool.person, version=2, role="super_user")
    pool.sync(pool.person)
    assert pool.store.items[active_super_users_key(distributor.id)]["count"] == 1
    pool.identities.remove(pool.person)
    assert pool.check() == {"missing": 1}
    account = pool.accounts.get(pool.person)
    assert (account.status, account.identity, account.signed_in_at) == ("invited", "pending", None)
    assert pool.store.items[active_super_users_key(distributor.id)]["count"] == 0
    mails = len(pool.identities.mails)
    pool.sync(pool.person)
    assert (pool.identities.users[pool.person], pool.identities.mails[mails:]) == (True, [pool.person])
    assert pool.check() == {}


def test_deleted_sign_in_of_a_machine_revokes_its_credential(pool: Pool) -> None:
    pool.identities.remove(pool.client_id)
    assert pool.check() == {"missing": 1}
    assert pool.stored(pool.machine).usable_credentials == ()
    pool.sync(pool.machine)
    assert pool.check() == {}


@pytest.mark.parametrize("disabled", [True, False])
def test_sign_in_that_was_enabled_or_disabled_is_set_back(pool: Pool, *, disabled: bool) -> None:
    for account_id in (pool.person, pool.machine):
        if disabled:
            pool.accounts.change(account_id, version=pool.stored(account_id).version, disabled=True)
            pool.sync(account_id)
    for sign_in in (pool.person, pool.client_id):
        pool.identities.users[sign_in] = disabled
    assert pool.check() == {"enabled" if disabled else "disabled": 2}
    assert {pool.identities.users[each] for each in (pool.person, pool.client_id)} == {not disabled}
    assert pool.check() == {}


def test_changed_address_replaces_the_sign_in(pool: Pool) -> None:
    del pool.identities.emails[ADDRESS]
    pool.identities.emails["mallory@example.com"] = pool.person
    assert pool.check() == {"other_address": 1}
    pool.sync(pool.person)
    assert pool.identities.emails == {ADDRESS: pool.person, "root@example.com": pool.root}
    assert pool.person not in pool.identities.used  # the password that Mallory knows is gone
    assert pool.check() == {}


def test_spelling_of_an_address_makes_no_difference(pool: Pool) -> None:
    del pool.identities.emails[ADDRESS]
    pool.identities.emails["Ada@Example.com"] = pool.person
    assert pool.check() == {}


def test_sign_in_without_an_account_is_removed_when_it_is_not_new(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    pool.identities.create_machine_user("acc_unknown.0011", "a secret")
    pool.identities.users["somebody"] = True
    for age, expected in ((timedelta(hours=1), {}), (timedelta(hours=1) + MICROSECOND, {"unknown": 2})):
        monkeypatch.setattr(reconciliation, "_NEW", NOW - CREATED - age + timedelta(hours=1))
        assert pool.check() == expected
    assert set(pool.identities.users) == {pool.person, pool.client_id, pool.root}


def test_second_factor_that_was_removed_is_no_longer_recorded(pool: Pool) -> None:
    item = pool.store.items[account_key(pool.person)]
    item["second_factor"] = True
    pool.identities.factors.add(pool.person)
    assert pool.check() == {}
    pool.identities.factors.clear()
    assert pool.check() == {"no_second_factor": 1}
    assert pool.stored(pool.person).second_factor is False


def test_account_that_the_stream_still_updates_is_left_to_it(pool: Pool, distributor: Customer) -> None:
    pool.accounts.add(distributor, key="new", email="new@example.com")
    pool.accounts.change(pool.person, version=pool.stored(pool.person).version, disabled=True)
    assert pool.check() == {}


def test_disabled_account_gets_no_new_sign_in(pool: Pool) -> None:
    pool.accounts.change(pool.person, version=pool.stored(pool.person).version, disabled=True)
    pool.sync(pool.person)
    pool.identities.remove(pool.person)
    assert pool.check() == {}


def test_account_whose_address_was_taken_needs_no_sign_in(pool: Pool, store: MemoryStore) -> None:
    other = a_customer("distributor", name="Another one")
    put(store, other)
    invited = pool.accounts.add(other, email="eve@example.com").account.id
    pool.sync(invited)
    pool.accounts.add(a_customer("distributor"), key="takes it", email="eve@example.com")
    pool.sync(invited)
    assert pool.check() == {}


def test_outdated_list_of_sign_ins_repairs_nothing(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool.identities, "list_all", lambda: iter(()))
    before = dict(pool.store.items)
    pool.check()
    assert pool.store.items == before


def test_failing_repair_does_not_stop_the_others_and_fails_the_check(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = list(pool.identities.list_all())
    monkeypatch.setattr(pool.identities, "list_all", lambda: iter(listed))
    pool.identities.remove(pool.client_id)
    for sign_in in (pool.person, pool.root):
        pool.identities.users[sign_in] = False
    listed[:] = [each._replace(is_enabled=False) for each in listed]
    with pytest.raises(CheckIncompleteError, match="1 sign-ins"):
        pool.check()
    assert (pool.identities.users[pool.person], pool.identities.users[pool.root]) == (True, True)


def test_check_that_runs_out_of_time_fails(pool: Pool) -> None:
    with pytest.raises(CheckIncompleteError, match="time was up"):
        pool.check(lambda: True)


def test_every_page_of_accounts_is_compared(pool: Pool, distributor: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "_PAGE", 1)
    added = [pool.accounts.add(distributor, key=f"{n}", email=f"{n}@example.com").account.id for n in range(3)]
    for account_id in added:
        pool.sync(account_id)
        pool.identities.remove(account_id)
    assert pool.check() == {"missing": 3}


def test_log_names_the_account_and_no_address(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(reconciliation, "log_event", lambda event, **fields: lines.append({"event": event, **fields}))
    pool.identities.remove(pool.person)
    pool.check()
    assert lines == [{"event": "sign_in_repaired", "account_id": pool.person, "found": "missing"}]
    assert ADDRESS not in json.dumps(lines)
