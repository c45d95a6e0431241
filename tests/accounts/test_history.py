"""Tests: every change of an account is in its history, with who, when, from and to, and without names and addresses."""

from datetime import timedelta
from typing import Any

import pytest

from local.invariants import violations
from shared.accounts.credential_use_cases import add_credential, revoke_credential
from shared.accounts.credentials import NewCredential
from shared.accounts.history_use_cases import get_account_history
from shared.accounts.reconciliation import check_sign_ins
from shared.accounts.sign_ins import record_sign_in, sync_identity
from shared.accounts.use_cases import record_second_factor
from shared.auth.authorization import Account, Caller
from shared.customers.customer import Customer
from shared.errors import ForbiddenError, LastSuperUserError, NotFoundError
from shared.events.events import events_for_change
from shared.table.keys import account_key
from tests.accounts.helpers import Accounts
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, a_customer, an_account, caller, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore


def history(store: MemoryStore, account_id: str, by: Account = ROOT_ACCOUNT, **query: Any) -> Any:
    as_caller = caller(by, operation="change_accounts")
    return get_account_history(store, as_caller, account_id, **{"limit": 100, **query})


def entries(store: MemoryStore, account_id: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [(each.event, each.by, each.changes) for each in history(store, account_id).entries]


def test_every_change_of_a_person_has_one_entry(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    root = ROOT_ACCOUNT.id
    person = accounts.add(distributor).account.id
    sync_identity(store, identities, person, NOW)
    accounts.resend(person)
    record_sign_in(store, person, NOW, "api")
    accounts.change(person, version=3, role="manager", disabled=True)
    accounts.change(person, version=4, disabled=False, display_name="Grace")
    accounts.change(person, version=4, disabled=False, display_name="Grace")  # a repetition
    accounts.change_email(person, "grace@example.com", version=5)
    identities.factors.add(person)
    record_second_factor(store, identities, caller(Account.model_validate(store.items[account_key(person)])))
    accounts.remove(person, version=7)
    assert entries(store, person) == [
        ("account_added", root, {"role": {"from": None, "to": "administrator"}}),
        ("invitation_requested", root, {}),
        ("signed_in", person, {"app_client": {"to": "api"}}),
        (
            "account_changed", root,
            {"role": {"from": "administrator", "to": "manager"}, "disabled": {"from": None, "to": True}},
        ),
        ("account_changed", root, {"disabled": {"from": True, "to": None}, "display_name": {}}),
        ("email_changed", root, {"email": {}}),
        ("second_factor_changed", person, {"second_factor": {"from": None, "to": True}}),
        ("account_removed", root, {"removed": {"from": None, "to": True}, "email": {}, "display_name": {}}),
    ]  # fmt: skip
    assert [each.version for each in history(store, person).entries] == list(range(1, 9))
    for personal in ("ada", "Ada", "grace", "Grace"):
        assert personal not in str(history(store, person))
    assert violations(store.items) == []


def test_every_change_of_a_machine_has_one_entry(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    machine = accounts.add(distributor, kind="api", email=None).account
    first = machine.credentials.id
    as_caller = caller(operation="change_accounts")
    second = add_credential(store, identities, as_caller, machine.id, NewCredential(), idempotency_key="second")
    revoke_credential(store, identities, as_caller, machine.id, first)
    sync_identity(store, identities, machine.id, NOW)
    identities.users.clear()
    check_sign_ins(store, identities, NOW, lambda: False)
    root, both = ROOT_ACCOUNT.id, [first, second.credential.id]
    added = {"role": {"from": None, "to": "administrator"}, "credentials": {"from": None, "to": [first]}}
    assert entries(store, machine.id)[0] == ("account_added", root, added)
    assert entries(store, machine.id)[1:] == [
        ("credential_added", root, {"credentials": {"from": [first], "to": both}}),
        ("credential_revoked", root, {"credentials": {"from": both, "to": both[1:]}}),
        ("credential_revoked", "sign_in_check", {"credentials": {"from": both[1:], "to": None}}),
    ]


def test_history_names_no_account_of_another_tree(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    other = a_customer("distributor", ROOT, name="Another one")
    theirs = an_account("super_user", other)
    put(store, other, theirs)
    person = accounts.add(distributor).account.id
    accounts.add(other, theirs)
    assert entries(store, person)[-1] == ("address_lost", "another_customer", {"email": {}})
    assert theirs.id not in str(history(store, person))


def test_refused_change_has_no_entry(accounts: Accounts, store: MemoryStore, distributor: Customer) -> None:
    last = an_account("super_user", distributor)
    put(store, last)
    with pytest.raises(LastSuperUserError):
        accounts.change(last.id, role="manager")
    assert entries(store, last.id) == []


def test_history_has_pages_and_times_that_never_run_backwards(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    person = accounts.add(distributor, now=NOW + timedelta(seconds=1)).account.id
    for version, name in enumerate("abcd", 1):
        accounts.change(person, version=version, display_name=name)  # by a clock that is behind
    seen: list[Any] = []
    cursor = None
    for _ in range(3):
        page = history(store, person, limit=2, cursor=cursor)
        seen += page.entries
        cursor = page.next_cursor
    assert [each.version for each in seen] == [1, 2, 3, 4, 5]
    assert {each.at for each in seen} == {NOW + timedelta(seconds=1)}
    assert cursor is None


def test_entry_expires_at_its_very_second(accounts: Accounts, store: MemoryStore, distributor: Customer) -> None:
    person = accounts.add(distributor).account.id
    accounts.change(person, display_name="Grace")
    for item in store.items.values():
        if item["pk"] == f"account#{person}" and item.get("version") == 1 and item["sk"] != "account":
            item["expires_at"] -= 1  # DynamoDB has not deleted it yet
    for at, versions in ((399.9, [1, 2]), (400, [])):
        now = NOW + timedelta(days=at)
        page = get_account_history(store, caller(now=now, operation="read_audit"), person, limit=100)
        assert [each.version for each in page.entries] == versions


def test_only_who_may_change_accounts_reads_a_history(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    person = accounts.add(distributor).account.id
    outside = a_customer("distributor", ROOT, name="Outside")
    manager, stranger = an_account("manager", distributor), an_account("super_user", outside)
    put(store, outside, manager, stranger)
    for actor, account_id, error in (
        (manager, person, ForbiddenError), (stranger, person, NotFoundError), (stranger, "acc_absent", NotFoundError),
    ):  # fmt: skip
        with pytest.raises(error):
            history(store, account_id, actor)


def test_event_says_who_changed_what(accounts: Accounts, store: MemoryStore, distributor: Customer) -> None:
    person = accounts.add(distributor).account.id
    old = dict(store.items[account_key(person)])
    as_caller = Caller(ROOT_ACCOUNT.id, NOW, "change_accounts", "request 7")
    accounts.change(person, role="manager")
    (published,) = events_for_change(old, store.items[account_key(person)])
    event = published.event.model_dump()
    assert (published.type, event["changed_by"]) == ("account_changed", as_caller.account_id)
    assert event["changes"] == {"role": {"from": "administrator", "to": "manager"}}
