"""Tests: a removed customer leaves nothing behind for ever, and nobody in it can be recognized."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.accounts.removal import clean_up
from shared.accounts.sign_ins import sync_identity
from shared.accounts.use_cases import get_account
from shared.auth.authorization import Account
from shared.customers.change_use_cases import archive_customer, change_customer, restore_customer
from shared.customers.customer import Customer, CustomerChange
from shared.customers.use_cases import add_customer
from shared.devices.blocking import blocking_devices
from shared.devices.view_use_cases import save_view
from shared.devices.views import NewView
from shared.errors import NotFoundError, UnavailableError
from shared.table.keys import account_key, customer_key, email_key, views_key
from tests.accounts.helpers import Accounts
from tests.builders import MICROSECOND, NOW, a_customer, a_new_customer, caller, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore

DAY = timedelta(days=1)
REMOVED = NOW + 30 * DAY
EXPIRED = int((REMOVED + 400 * DAY).timestamp())


def archive(store: MemoryStore, customer_id: str, now: datetime = NOW) -> None:
    version = store.items[customer_key(customer_id)]["version"]
    as_caller = caller(now=now, operation="change_customers")
    archive_customer(store, as_caller, customer_id, version=version, find_devices=blocking_devices)


def run(store: MemoryStore, now: datetime) -> int:
    return clean_up(store, now, lambda: False)


def delete_expired(store: MemoryStore, now: datetime) -> None:
    """Delete what has expired, as DynamoDB does within days."""
    for key, item in list(store.items.items()):
        if item.get("expires_at", now.timestamp() + 1) <= now.timestamp():
            del store.items[key]


def of_customer(store: MemoryStore, customer_id: str) -> dict[str, dict[str, Any]]:
    return {sk: item for (pk, sk), item in store.items.items() if pk == f"customer#{customer_id}"}


@pytest.fixture
def reseller(store: MemoryStore) -> str:
    distributor = a_customer("distributor")
    put(store, distributor)
    new = a_new_customer("reseller", distributor, references={"psa": "7"})
    return str(add_customer(store, caller(operation="change_customers"), new, idempotency_key="r").customer.id)


def test_remnants_expire_after_the_removal_and_not_a_microsecond_before(store: MemoryStore, reseller: str) -> None:
    renamed = CustomerChange(name="Another name")
    change_customer(store, caller(operation="change_customers"), reseller, renamed, version=1)
    archive(store, reseller)
    assert run(store, REMOVED - MICROSECOND) == 0
    before = {sk: item.get("expires_at") for sk, item in of_customer(store, reseller).items()}
    assert {sk for sk, at in before.items() if at is None and sk != "removal#000003"} >= {"children"}
    assert run(store, REMOVED) == 1
    assert run(store, REMOVED + 30 * DAY) == 0
    after = {sk: item.get("expires_at") for sk, item in of_customer(store, reseller).items()}
    assert None not in after.values()
    assert {at for sk, at in after.items() if sk.startswith(("history#", "children"))} == {EXPIRED}
    assert after["customer"] == before["customer"] == REMOVED.timestamp()
    delete_expired(store, REMOVED + 400 * DAY)
    assert "Another name" not in str(store.items)
    assert reseller not in str([key for key in store.items if key[0] != "name#"])


def test_removal_of_a_deleted_record_is_found_too(store: MemoryStore, reseller: str) -> None:
    archive(store, reseller)
    delete_expired(store, REMOVED + 2 * DAY)
    assert customer_key(reseller) not in store.items
    assert run(store, REMOVED + 2 * DAY) == 1
    assert {item["expires_at"] for sk, item in of_customer(store, reseller).items() if sk == "children"} == {EXPIRED}


def test_restored_customer_keeps_everything(store: MemoryStore, reseller: str) -> None:
    archive(store, reseller)
    restore_customer(store, caller(now=NOW + DAY, operation="change_customers"), reseller, version=2)
    assert run(store, REMOVED) == 0
    assert [sk for sk, item in of_customer(store, reseller).items() if "expires_at" in item] == [
        sk for sk in of_customer(store, reseller) if sk.startswith(("audit#", "removal#"))
    ]
    archive(store, reseller, NOW + 40 * DAY)  # archived again: it has another entry
    assert run(store, NOW + 70 * DAY - MICROSECOND) == 0
    assert run(store, NOW + 70 * DAY) == 1


def test_interrupted_job_is_finished_by_the_next_one(
    store: MemoryStore, reseller: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(store, reseller)
    records = len([sk for sk, item in of_customer(store, reseller).items() if "expires_at" not in item])
    change, before = store.change, deepcopy(store.items)
    for calls in range(records):
        store.items = deepcopy(before)
        left = iter(range(calls))

        def failing(*arguments: Any, left: Any = left, **options: Any) -> None:
            if next(left, None) is None:
                raise UnavailableError("Down.")
            change(*arguments, **options)

        monkeypatch.setattr(store, "change", failing)
        with pytest.raises(UnavailableError):
            run(store, REMOVED)
    monkeypatch.setattr(store, "change", change)
    assert run(store, REMOVED) == 1
    assert all("expires_at" in item for item in of_customer(store, reseller).values())
    assert run(store, REMOVED) == 0


def test_job_stops_when_the_time_is_up(store: MemoryStore, reseller: str) -> None:
    archive(store, reseller)
    assert clean_up(store, REMOVED, lambda: True) == 0
    assert run(store, REMOVED) == 1


@pytest.mark.parametrize("is_deleted", [False, True])
def test_accounts_of_a_removed_customer_are_removed_with_their_sign_ins_and_views(
    store: MemoryStore, reseller: str, *, is_deleted: bool
) -> None:
    identities = MemoryIdentities()
    customer = Customer.model_validate(store.items[customer_key(reseller)])
    person = Accounts(store, identities).add(customer, email="marker@example.com", display_name="Marker").account.id
    account = Account.model_validate(store.items[account_key(person)])
    save_view(store, caller(account), "Marker view", NewView(columns=["name"]))
    archive(store, reseller)
    run(store, REMOVED - MICROSECOND)
    assert get_account(store, caller(), person).status == "invited"
    if is_deleted:  # DynamoDB was faster than the daily job
        delete_expired(store, REMOVED)
    assert run(store, REMOVED) == 1
    with pytest.raises(NotFoundError):
        get_account(store, caller(now=REMOVED), person)
    assert store.items[account_key(person)]["expires_at"] == EXPIRED
    assert store.items[account_key(person)]["last_change"]["by"] == "removal"
    assert email_key("marker@example.com") not in store.items
    assert views_key(person) not in store.items
    assert "marker" not in str(store.items).lower()
    assert sync_identity(store, identities, person, REMOVED) is None
    assert identities.users == {}


def test_removed_person_leaves_no_view_and_no_hash(store: MemoryStore, reseller: str) -> None:
    accounts = Accounts(store, MemoryIdentities())
    customer = Customer.model_validate(store.items[customer_key(reseller)])
    person = accounts.add(customer, email="marker@example.com", display_name="Marker").account.id
    save_view(
        store, caller(Account.model_validate(store.items[account_key(person)])), "Marker", NewView(columns=["id"])
    )
    accounts.remove(person)
    assert "marker" not in str(store.items).lower()
    tombstone = store.items[account_key(person)]
    assert tombstone["request_hash"] == ""
    assert tombstone["expires_at"] == (NOW + 400 * DAY).timestamp()


def test_account_that_cannot_be_read_keeps_the_removal_open(store: MemoryStore, reseller: str) -> None:
    customer = Customer.model_validate(store.items[customer_key(reseller)])
    person = Accounts(store, MemoryIdentities()).add(customer).account.id
    archive(store, reseller)
    role, store.items[account_key(person)]["role"] = store.items[account_key(person)]["role"], "nonsense"
    assert run(store, REMOVED) == 0
    store.items[account_key(person)]["role"] = role
    assert run(store, REMOVED + DAY) == 1
