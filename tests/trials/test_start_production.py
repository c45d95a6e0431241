"""Tests: ending a trial early."""

from datetime import timedelta

import pytest

from shared.customers.customer import Customer
from shared.errors import NotFoundError, RulesViolatedError, StaleVersionError
from shared.table.keys import INDEXES, customer_key
from shared.table.store import Action
from tests.builders import MICROSECOND, NOW, ROOT_ACCOUNT, a_customer, put
from tests.memory_store import MemoryStore
from tests.trials.helpers import END, produce, run, stored


def test_start_production_ends_a_trial_once(store: MemoryStore, trial: Customer) -> None:
    early = NOW + timedelta(days=3)
    first = produce(store, trial, early)
    assert (first.ended_now, first.production_since, first.ended_by, first.version) == (True, early, ROOT_ACCOUNT.id, 2)
    item = store.items[customer_key(trial.id)]
    assert not set(INDEXES["trials"]) & set(item)
    for version in (1, 2, 99):
        again = produce(store, trial, early + timedelta(days=1), version)
        assert (again.ended_now, again.production_since, again.version) == (False, early, 2)
    assert store.items[customer_key(trial.id)] == item
    assert run(store, END) == {}


def test_start_production_of_a_stale_version_returns_412(store: MemoryStore, trial: Customer) -> None:
    with pytest.raises(StaleVersionError) as refused:
        produce(store, trial, NOW, version=7)
    assert refused.value.extensions == {"version": 1}


def test_start_production_after_the_end_reports_the_schedules_end(store: MemoryStore, trial: Customer) -> None:
    response = produce(store, trial, END)
    assert (response.ended_now, response.production_since, response.ended_by) == (False, END, "schedule")
    assert run(store, END) == {"ended": 1}
    assert stored(store, trial).production_since == END


def test_start_production_against_the_schedule_has_one_winner(store: MemoryStore, trial: Customer) -> None:
    write = store.write

    def the_schedule_first(*actions: Action) -> None:
        run(store, END)
        write(*actions)

    store.write = the_schedule_first  # type: ignore[method-assign]
    response = produce(store, trial, END - MICROSECOND)
    assert (response.ended_now, response.production_since, response.ended_by) == (False, END, "schedule")
    assert stored(store, trial).version == 2


def test_recorded_production_counts_even_with_a_clock_ahead(store: MemoryStore, trial: Customer) -> None:
    run(store, END)
    response = produce(store, trial, END - timedelta(minutes=5))
    assert (response.ended_now, response.production_since) == (False, END)


def test_start_production_is_never_before_creation(store: MemoryStore, trial: Customer) -> None:
    assert produce(store, trial, NOW - timedelta(minutes=5)).production_since == NOW


@pytest.mark.parametrize("meanwhile", ["changed", "gone"])
def test_start_production_reports_what_happened_concurrently(
    store: MemoryStore, trial: Customer, meanwhile: str
) -> None:
    write = store.write

    def something_first(*actions: Action) -> None:
        if meanwhile == "gone":
            del store.items[customer_key(trial.id)]
        else:
            store.items[customer_key(trial.id)]["version"] = 5
        write(*actions)

    store.write = something_first  # type: ignore[method-assign]
    with pytest.raises(NotFoundError if meanwhile == "gone" else StaleVersionError):
        produce(store, trial, NOW)


def test_start_production_of_a_site_is_refused(store: MemoryStore, trial: Customer) -> None:
    site = a_customer("site", trial, name="Another")
    put(store, site)
    with pytest.raises(RulesViolatedError) as refused:
        produce(store, site, NOW)
    assert refused.value.errors[0]["end_customer_id"] == trial.id


def test_start_production_without_a_request_id_stores_none(store: MemoryStore, trial: Customer) -> None:
    produce(store, trial, NOW)
    assert "production_request_id" not in store.items[customer_key(trial.id)]


def test_stale_start_production_reports_the_current_version(store: MemoryStore, trial: Customer) -> None:
    write = store.write

    def something_first(*actions: Action) -> None:
        store.items[customer_key(trial.id)]["version"] = 5
        write(*actions)

    store.write = something_first  # type: ignore[method-assign]
    with pytest.raises(StaleVersionError, match=r"^The customer has changed and is now at version 5") as refused:
        produce(store, trial, NOW)
    assert refused.value.extensions == {"version": 5}
