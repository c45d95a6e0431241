"""Tests: sixteen concurrent callers on ministack, with real transactions."""

import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from shared.accounts.account import NewAccount
from shared.accounts.use_cases import AccountQuery, add_account, list_accounts, remove_account
from shared.customers.change_use_cases import archive_customer, change_customer
from shared.customers.customer import Customer, CustomerChange
from shared.customers.records import customer_item
from shared.customers.references import SavedCustomer, save_customer_by_reference
from shared.customers.use_cases import CustomerQuery, add_customer, list_customers
from shared.devices.blocking import blocking_devices
from shared.devices.dashboard import list_devices
from shared.devices.device import MAX_DEVICES, MAX_TEST_DEVICES, NewDevice, NewTestDevice
from shared.devices.use_cases import add_device
from shared.errors import (
    ApiError,
    EmailExistsError,
    LastSuperUserError,
    NameExistsError,
    OpenRequestError,
    StaleVersionError,
    ThrottledError,
    TooManyDevicesError,
    TooManyTestDevicesError,
)
from shared.location_requests.request import NewLocationRequest
from shared.location_requests.use_cases import add_location_request, list_customers_requests
from shared.table.dynamodb import DynamoStore
from shared.table.keys import (
    TABLE,
    Key,
    active_super_users_key,
    counted_devices_key,
    counted_test_devices_key,
    customer_key,
    device_days_key,
    email_key,
    name_key,
)
from shared.table.store import Increment, Put
from shared.trials.use_cases import end_trials, start_production
from shared.values.timestamps import format_timestamp
from tests.builders import MICROSECOND, NOW, ROOT, a_customer, a_new_customer, an_account, bootstrap_in, caller, put
from tests.memory_identities import MemoryIdentities

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]


THREADS = 16


# `make prove` runs a thousand rounds of each. Otherwise the slow tests have fewer rounds than the others.
FULL = "ROUNDS" in os.environ


ROUNDS = int(os.environ.get("ROUNDS", "100"))


@pytest.fixture
def store(ministack_store: DynamoStore) -> DynamoStore:
    bootstrap_in(ministack_store)
    return ministack_store


def at_once(pool: ThreadPoolExecutor, act: Callable[[int], Any]) -> list[Any]:
    """Run `act` for sixteen callers at once. Return their results; a raised ApiError is a result."""
    start = threading.Barrier(THREADS)

    def one(caller_number: int) -> Any:
        start.wait()
        try:
            return act(caller_number)
        except ApiError as refused:
            return refused

    return list(pool.map(one, range(THREADS)))


@pytest.mark.parametrize("same_key", [False, True])
def test_of_sixteen_additions_of_one_name_one_wins(store: DynamoStore, same_key: bool) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(ROUNDS):
            new = a_new_customer("distributor", ROOT, name=f"Round {turn}")
            results = at_once(
                pool,
                lambda number, new=new, turn=turn: add_customer(
                    store,
                    caller(operation="change_customers"),
                    new,
                    idempotency_key=f"{turn} {'' if same_key else number}",
                ),
            )
            won = [result for result in results if not isinstance(result, NameExistsError)]
            lost = [result for result in results if isinstance(result, NameExistsError)]
            winner = won[0].customer
            if same_key:
                assert not lost
                assert all(result.customer == winner for result in won)
            else:
                assert len(won) == 1
                assert {refused.extensions["customer_id"] for refused in lost} == {winner.id}
            assert [result.outcome for result in won].count("added") == 1
            found = store.get(customer_key(winner.id), name_key(ROOT.id, new.name.casefold()))
            assert {item.get("customer_id", winner.id) for item in found.values()} == {winner.id}
            assert len(found) == 2
    listed, cursor = 0, None
    while True:
        page = list_customers(store, caller(), CustomerQuery(parent_id=ROOT.id), limit=100, cursor=cursor)
        listed, cursor = listed + len(page.customers), page.next_cursor
        if cursor is None:
            break
    assert listed == ROUNDS


@pytest.mark.parametrize("same_body", [True, False])
def test_sixteen_puts_by_one_reference_add_one_customer(store: DynamoStore, same_body: bool) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(ROUNDS if same_body else ROUNDS // 4 or 1):
            name = f"Put {turn} {same_body}"

            def save(number: int, turn: int = turn, name: str = name) -> SavedCustomer:
                new = a_new_customer("distributor", ROOT, name=name if same_body else f"{name} by {number}")
                return save_customer_by_reference(
                    store, caller(operation="change_customers"), "psa", name, new, new_key=f"{turn} {number}"
                )

            results = at_once(pool, save)
            saved = [result for result in results if isinstance(result, SavedCustomer)]
            assert [result.saved for result in saved].count("added") == 1
            assert len({result.customer.id for result in saved}) == 1
            others = [result for result in results if not isinstance(result, SavedCustomer)]
            assert [type(each) for each in others if not isinstance(each, ThrottledError)] == []
            if same_body:
                assert others == []
                assert [result.saved for result in saved].count("unchanged") == THREADS - 1
            else:
                changed = [result.customer.version for result in saved if result.saved == "changed"]
                assert sorted(changed) == list(range(2, 2 + len(changed)))


def test_of_sixteen_invitations_of_one_address_one_wins(store: DynamoStore) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(ROUNDS):
            new = NewAccount(email=f"Person{turn}@example.com", display_name="Person", role="supporter")
            results = at_once(
                pool,
                lambda number, new=new, turn=turn: add_account(
                    store,
                    MemoryIdentities(),
                    caller(operation="change_accounts"),
                    ROOT.id,
                    new,
                    idempotency_key=f"{turn} {number}",
                    cursor_key="key",
                    max_invitations=10_000,
                ),
            )
            (winner,) = [result for result in results if not isinstance(result, ApiError)]
            assert sum(isinstance(result, EmailExistsError) for result in results) == THREADS - 1
            item = store.get(email_key(new.email or ""))
            assert [found["account_id"] for found in item.values()] == [winner.account.id]


def test_of_sixteen_super_users_removed_at_once_one_stays(store: DynamoStore) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(ROUNDS if FULL else 20):
            customer = a_customer("distributor", ROOT, name=f"Turn {turn}")
            put(store, customer)
            crowd = [
                an_account("super_user", customer, id=f"acc_{turn}_{n}", email=f"{turn}.{n}@x.example")
                for n in range(THREADS)
            ]
            put(store, *crowd)
            results = at_once(
                pool,
                lambda number, crowd=crowd: remove_account(
                    store, caller(operation="change_accounts"), crowd[number].id, version=1
                ),
            )
            refused = [result for result in results if result is not None]
            # Some callers may get a 429. The last super_user is never removed.
            assert sum(isinstance(result, LastSuperUserError) for result in refused) >= 1
            remaining = list_accounts(store, caller(), AccountQuery(customer_id=customer.id), limit=100).accounts
            assert len(remaining) == len(refused) >= 1
            assert store.get(active_super_users_key(customer.id))[active_super_users_key(customer.id)]["count"] == len(
                remaining
            )


@pytest.mark.parametrize(
    ("new", "counter", "most", "refusal"),
    [
        (NewTestDevice(name="Last"), counted_test_devices_key, MAX_TEST_DEVICES, TooManyTestDevicesError),
        (NewDevice(name="Last", kind="server"), counted_devices_key, MAX_DEVICES, TooManyDevicesError),
    ],
    ids=["test_device", "device"],
)
def test_of_sixteen_additions_of_the_last_device_one_wins(
    store: DynamoStore, new: NewTestDevice, counter: Callable[[str], Key], most: int, refusal: type[ApiError]
) -> None:
    reseller = a_customer("reseller")
    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(ROUNDS if FULL else 100):
            customer = a_customer("end_customer", reseller, name=f"Turn {turn}")
            put(store, customer)
            key = counter(customer.id)
            store.write(Increment(key, most - 1))
            results = at_once(
                pool,
                lambda number, customer=customer, turn=turn: add_device(
                    store, caller(operation="change_devices"), customer.id, new, idempotency_key=f"{turn} {number}"
                ),
            )
            (winner,) = [result for result in results if not isinstance(result, ApiError)]
            assert sum(isinstance(result, refusal) for result in results) == THREADS - 1
            rows = list_devices(store, caller(), customer.id, columns="id", limit=100).rows
            assert rows == [{"id": winner.device.id}]
            assert store.get(key)[key]["count"] == most
            days = store.get(device_days_key(customer.id))
            assert [each["count"] for each in days.values()] == ([1] if isinstance(new, NewDevice) else [])


def test_of_sixteen_requests_for_another_location_one_is_open(store: DynamoStore) -> None:
    reseller = a_customer("reseller")
    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(ROUNDS if FULL else 100):
            customer = a_customer("end_customer", reseller, name=f"Turn {turn}")
            put(store, customer)
            results = at_once(
                pool,
                lambda number, customer=customer, turn=turn: add_location_request(
                    store,
                    caller(operation="change_customers"),
                    customer.id,
                    NewLocationRequest(location="SE", reason=f"{number}"),
                    idempotency_key=f"{turn} {number}",
                ),
            )
            (winner,) = [result.request for result in results if not isinstance(result, ApiError)]
            refused = [result for result in results if isinstance(result, OpenRequestError)]
            assert {each.extensions["location_request_id"] for each in refused} == {winner.id}
            # A caller may get a 429 instead, and has added nothing.
            others = [result for result in results if isinstance(result, ApiError)]
            assert all(isinstance(each, OpenRequestError | ThrottledError) for each in others)
            found = list_customers_requests(store, caller(), customer.id, limit=100).requests
            assert [each.id for each in found] == [winner.id]


def test_two_runs_and_an_early_end_end_each_trial_once(store: DynamoStore) -> None:
    reseller = a_customer("reseller")
    trials = [a_customer("end_customer", reseller, name=f"T{n}", in_trial=True) for n in range(ROUNDS)]
    for start in range(0, ROUNDS, 50):
        store.write(*(Put(customer_item(trial)) for trial in trials[start : start + 50]))
    end = NOW + timedelta(days=30)
    early = caller(now=end - MICROSECOND, operation="change_customers")

    def act(number: int) -> Any:
        if number < 2:
            return end_trials(store, end, time_is_up=lambda: False)
        return [start_production(store, early, trial.id, version=1) for trial in trials[number::14]]

    with ThreadPoolExecutor(THREADS) as pool:
        results = at_once(pool, act)
    ended_early = [response for result in results[2:] for response in result if response.ended_now]
    outcomes = results[0] + results[1]
    assert outcomes["ended"] + len(ended_early) == ROUNDS
    assert set(outcomes) <= {"ended", "skipped"}
    by_id = {response.customer_id: response.production_since for response in ended_early}
    for start in range(0, ROUNDS, 50):
        for item in store.get(*(customer_key(trial.id) for trial in trials[start : start + 50])).values():
            assert item["version"] == 2
            assert item["production_since"] == format_timestamp(by_id.get(item["id"], end))
            assert not {"trial_shard", "trial_due"} & set(item)


def changes(store: DynamoStore, customer: Customer, version: int = 1, **fields: Any) -> Any:
    as_caller = caller(operation="change_customers")
    return change_customer(store, as_caller, customer.id, CustomerChange(**fields), version=version)


def names_below(store: DynamoStore, parent: Customer) -> dict[str, str]:
    """Return the name records below a parent: folded name -> the customer's id."""
    found, after = {}, None
    while True:
        page = store.query(TABLE, name_key(parent.id, "")[0], limit=1000, after=after)
        found |= {item["sk"]: item["customer_id"] for item in page.items}
        after = page.next
        if after is None:
            return found


def test_of_sixteen_changes_of_one_customer_one_wins(store: DynamoStore) -> None:
    distributor = a_customer("distributor")
    put(store, distributor)
    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(ROUNDS):
            version = turn + 1
            results = at_once(
                pool,
                lambda number, turn=turn, version=version: changes(
                    store, distributor, version, name=f"Round {turn} of {number}"
                ),
            )
            (winner,) = [result for result in results if not isinstance(result, ApiError)]
            assert sum(isinstance(result, StaleVersionError) for result in results) == THREADS - 1
            assert winner.version == version + 1
            assert names_below(store, ROOT) == {winner.name.casefold(): distributor.id}
    record = store.query(TABLE, customer_key(distributor.id)[0], starts_with="history#", limit=1000).items
    assert [item["version"] for item in record] == [*range(2, ROUNDS + 2)]


def test_rename_against_an_addition_of_the_same_name_has_one_winner(store: DynamoStore) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(ROUNDS):
            parent = a_customer("distributor", name=f"Turn {turn}")
            old = a_customer("reseller", parent, name="Old")
            put(store, parent, old)

            def act(number: int, parent: Customer = parent, old: Customer = old) -> Any:
                if number % 2:  # each has its own spelling, or the request would count as repeated and succeed
                    spelt = [c.upper() if number >> bit & 1 else c for bit, c in enumerate("wanted")]
                    return changes(store, old, name="".join(spelt))
                new = a_new_customer("reseller", parent, name="wanted")
                as_caller = caller(operation="change_customers")
                return add_customer(store, as_caller, new, idempotency_key=f"{parent.id} {number}").customer

            results = at_once(pool, act)
            (winner,) = [result for result in results if not isinstance(result, ApiError)]
            lost = [result for result in results if isinstance(result, ApiError)]
            assert all(isinstance(each, NameExistsError | StaleVersionError) for each in lost)
            expected = {"wanted": winner.id} if winner.id == old.id else {"wanted": winner.id, "old": old.id}
            assert names_below(store, parent) == expected


def test_archive_against_an_addition_below_has_one_winner(store: DynamoStore) -> None:
    """An archived parent never has a child, whichever request is first."""
    won: Counter[str] = Counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(ROUNDS):
            parent = a_customer("distributor", name=f"Turn {turn}")
            put(store, parent)

            def act(number: int, parent: Customer = parent) -> Any:
                as_caller = caller(operation="change_customers")
                if number % 2:
                    return archive_customer(store, as_caller, parent.id, version=1, find_devices=blocking_devices)
                new = a_new_customer("reseller", parent, name=f"Child {number}")
                return add_customer(store, as_caller, new, idempotency_key=f"{parent.id} {number}").customer

            at_once(pool, act)
            children = names_below(store, parent)
            archived = "archived_at" in store.get(customer_key(parent.id))[customer_key(parent.id)]
            assert not (children and archived)
            won["archived" if archived else "child" if children else "nobody"] += 1
    assert won["nobody"] <= ROUNDS // 10
    assert won["child"] > 0


def test_service_removal_against_an_addition_that_needs_it_has_one_winner(store: DynamoStore) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(ROUNDS if FULL else 50):
            parent = a_customer("distributor", name=f"Turn {turn}")
            put(store, parent)

            def act(number: int, parent: Customer = parent) -> Any:
                if number % 4 == 0:
                    return changes(store, parent, services_to_provide=["all_inclusive"])
                services = {"service_type": "software_only", "services_to_provide": ["software_only"]}
                new = a_new_customer("reseller", parent, name=f"Child {number}", **services)
                as_caller = caller(operation="change_customers")
                return add_customer(store, as_caller, new, idempotency_key=f"{parent.id} {number}").customer

            at_once(pool, act)
            item = store.get(customer_key(parent.id))[customer_key(parent.id)]
            assert "software_only" in item["services_to_provide"] or not names_below(store, parent)
