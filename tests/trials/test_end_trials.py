"""Tests: processing due trials."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.customers.customer import Customer
from shared.errors import ThrottledError
from shared.table.keys import customer_key, trial_shard
from shared.table.store import Page
from shared.trials.use_cases import PAGE, end_trials
from tests.builders import MICROSECOND, NOW, a_customer, put
from tests.memory_store import MemoryStore
from tests.trials.helpers import END, many, produce, run, stored


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        (END - timedelta(days=7) - MICROSECOND, {}),
        (END - timedelta(days=7), {"reminded": 1}),
        (END - timedelta(days=7) + MICROSECOND, {"reminded": 1}),
        (END - MICROSECOND, {"reminded": 1}),
        (END, {"ended": 1}),
        (END + MICROSECOND, {"ended": 1}),
        (END + timedelta(hours=1), {"ended": 1}),
        (END + timedelta(days=45), {"ended": 1}),
    ],
)
def test_end_trials_acts_at_each_boundary(
    store: MemoryStore, trial: Customer, now: datetime, outcome: dict[str, int]
) -> None:
    assert run(store, now) == outcome
    after = stored(store, trial)
    if "ended" in outcome:
        assert (after.production_since, after.trial_ended_by, after.version) == (END, "schedule", 2)
        assert after.reminder_1_at is None  # none for a trial that has ended
        assert not {"trial_shard", "trial_due"} & set(store.items[customer_key(trial.id)])
    else:
        assert after.production_since is None
    assert run(store, now) == {}  # the same run again


@pytest.mark.parametrize("start", [datetime(2028, 2, 10, tzinfo=UTC), datetime(2026, 12, 15, 23, 59, tzinfo=UTC)])
def test_production_since_is_the_trials_end_across_leap_days_and_years(store: MemoryStore, start: datetime) -> None:
    customer = a_customer("end_customer", now=start, in_trial=True)
    put(store, customer)
    assert run(store, start + timedelta(days=31)) == {"ended": 1}
    assert stored(store, customer).production_since == start + timedelta(hours=720)


@pytest.mark.slow
def test_end_trials_sends_each_reminder_once_and_then_ends_the_trial(store: MemoryStore, trial: Customer) -> None:
    total: Counter[Any] = Counter()
    now = NOW
    while now <= END + timedelta(hours=1):
        total += run(store, now)
        now += timedelta(hours=1)
    assert total == {"reminded": 3, "ended": 1}
    after = stored(store, trial)
    assert [after.reminder_7_at, after.reminder_3_at, after.reminder_1_at] == [
        END - timedelta(days=days) for days in (7, 3, 1)
    ]
    assert (after.production_since, after.version) == (END, 5)


def test_late_run_sends_only_the_last_reminder(store: MemoryStore, trial: Customer) -> None:
    assert run(store, END - timedelta(days=2)) == {"reminded": 1}
    after = stored(store, trial)
    assert (after.reminder_7_at, after.reminder_3_at) == (None, END - timedelta(days=2))
    assert run(store, END - timedelta(days=1)) == {"reminded": 1}


@pytest.mark.parametrize("off", [timedelta(minutes=-5), timedelta(minutes=5)])
def test_wrong_clock_never_moves_the_start_of_invoicing(store: MemoryStore, trial: Customer, off: timedelta) -> None:
    now = END - timedelta(minutes=30)
    while now <= END + timedelta(minutes=30):
        run(store, now + off)
        now += timedelta(minutes=5)
    assert stored(store, trial).production_since == END


def test_end_trials_skips_a_trial_ended_between_query_and_write(store: MemoryStore, trial: Customer) -> None:
    query = store.query

    def query_then_someone_ends_it(*arguments: Any, **options: Any) -> Any:
        page = query(*arguments, **options)
        if page.items and stored(store, trial).production_since is None:
            produce(store, trial, END - timedelta(days=5))
        return page

    store.query = query_then_someone_ends_it  # type: ignore[method-assign]
    assert run(store, END - timedelta(days=4)) == {"skipped": 1}
    after = stored(store, trial)
    assert (after.production_since, after.reminder_7_at) == (END - timedelta(days=5), None)


@pytest.mark.slow
@pytest.mark.parametrize("customers", [1_000, 1_000_000])
def test_requests_depend_on_due_trials_not_on_all_customers(store: MemoryStore, customers: int) -> None:
    many(store, 300)
    record = {"level": "reseller"}  # none of them is in the index, so one record represents all
    store.items.update({(f"customer#{n}", "customer"): record for n in range(customers)})
    store.requests.clear()
    assert run(store, END) == {"ended": 300}
    assert Counter(store.requests) == {"query trials": 16, "change": 300}
    store.requests.clear()
    assert run(store, END) == {}
    assert Counter(store.requests) == {"query trials": 16}


def test_end_trials_processes_every_page(store: MemoryStore) -> None:
    many(store, 4_000)
    assert run(store, END) == {"ended": 4_000}
    assert all(item.get("production_since") for item in store.items.values() if item.get("trial_ends_at"))


def test_end_trials_stops_in_time_and_the_next_run_continues(store: MemoryStore) -> None:
    many(store, 200)
    calls = iter(range(10_000))
    outcomes = end_trials(store, END, time_is_up=lambda: next(calls) >= 50)
    assert outcomes["ended"] == 50
    assert outcomes["deferred"] == 150
    assert run(store, END) == {"ended": 150}


def test_failures_are_counted_and_retried_by_the_next_run(store: MemoryStore, trial: Customer) -> None:
    change, query = store.change, store.query

    def throttled(*_arguments: Any, **_options: Any) -> Any:
        raise ThrottledError("Too much at once.")

    store.change = throttled  # type: ignore[method-assign]
    assert run(store, END) == {"failed": 1}
    store.query = throttled  # type: ignore[method-assign]
    assert run(store, END) == {"failed": 16}
    store.change, store.query = change, query  # type: ignore[method-assign]
    assert run(store, END) == {"ended": 1}


def crowd(store: MemoryStore, count: int) -> None:
    """Store trials that are all in one shard."""
    for customer in many(store, count):
        store.items[customer_key(customer.id)]["trial_shard"] = trial_shard(3)


def throttled(*_arguments: Any, **_options: Any) -> Any:
    raise ThrottledError("Too much at once.")


def test_outcomes_of_all_pages_of_a_shard_are_counted(store: MemoryStore) -> None:
    crowd(store, 2 * PAGE + 50)
    assert end_trials(store, END, time_is_up=lambda: False, shards=[3]) == {"ended": 2 * PAGE + 50}


@pytest.mark.parametrize("shards", [range(16), [3]])
def test_one_run_attempts_a_failing_trial_once(store: MemoryStore, shards: Any) -> None:
    crowd(store, PAGE + 50)
    store.change = throttled  # type: ignore[method-assign]
    calls = itertools.count()
    outcomes = end_trials(store, END, time_is_up=lambda: next(calls) >= 10 * PAGE, shards=shards)
    assert outcomes == {"failed": PAGE + 50}


def test_failed_page_is_counted_beside_earlier_failures(store: MemoryStore) -> None:
    crowd(store, PAGE + 50)
    query = store.query

    def first_page_only(*arguments: Any, **options: Any) -> Page:
        return throttled() if options["after"] else query(*arguments, **options)

    store.change, store.query = throttled, first_page_only  # type: ignore[method-assign]
    assert end_trials(store, END, time_is_up=lambda: False, shards=[3]) == {"failed": PAGE + 1}


@pytest.mark.parametrize("shards", [range(16), [3]])
@pytest.mark.parametrize(("count", "remaining"), [(PAGE + 50, PAGE + 1), (PAGE, PAGE), (50, 50)])
def test_no_further_page_is_read_when_the_time_is_up(
    store: MemoryStore, shards: Any, count: int, remaining: int
) -> None:
    crowd(store, count)
    store.requests.clear()
    assert end_trials(store, END, time_is_up=lambda: True, shards=shards) == {"deferred": remaining}
    assert store.requests == ["query trials"] * len(shards)


def test_trial_deleted_between_query_and_write_stops_no_other(store: MemoryStore, trial: Customer) -> None:
    query = store.query

    def query_then_gone(*arguments: Any, **options: Any) -> Page:
        page = query(*arguments, **options)
        if page.items:
            del store.items[customer_key(trial.id)]
        return page

    store.query = query_then_gone  # type: ignore[method-assign]
    assert run(store, END) == {"skipped": 1}
