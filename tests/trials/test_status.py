"""Tests: the status of a trial."""

from datetime import timedelta

from shared.customers.customer import Customer, show
from shared.trials.use_cases import get_trial
from tests.builders import CATALOGUE, MICROSECOND, NOW, ROOT_ACCOUNT, a_customer, caller, put
from tests.memory_store import MemoryStore
from tests.trials.helpers import END, produce, run


def test_trial_status_shows_end_reminders_and_who_ended_it(store: MemoryStore, trial: Customer) -> None:
    status = get_trial(store, caller(), trial.id)
    assert (status.state, status.started_at, status.ends_at, status.days_left) == ("in_trial", NOW, END, 30)
    assert (status.reminders, status.ended_at, status.ended_by) == ([], None, None)
    run(store, END - timedelta(days=7))
    status = get_trial(store, caller(now=END - timedelta(days=7)), trial.id)
    assert [(reminder.days_before, reminder.sent_at) for reminder in status.reminders] == [(7, END - timedelta(days=7))]
    for now, remaining in (
        (END - MICROSECOND, 1),
        (END - timedelta(days=1), 1),
        (END - timedelta(days=1, microseconds=1), 2),
        (NOW + MICROSECOND, 30),
        (NOW, 30),
        (NOW - MICROSECOND, 30),  # with a clock that is behind
        (NOW - timedelta(days=2), 30),
    ):
        assert get_trial(store, caller(now=now), trial.id).days_left == remaining
        shown = show(trial, now, CATALOGUE).trial
        assert shown
        assert shown.days_left == remaining
    late = get_trial(store, caller(now=END), trial.id)
    assert (late.state, late.days_left, late.ended_at, late.ended_by) == ("in_production", 0, END, "schedule")
    produce(store, trial, END - timedelta(days=2), version=2)
    early = get_trial(store, caller(now=END), trial.id)
    assert (early.ended_at, early.ended_by) == (END - timedelta(days=2), ROOT_ACCOUNT.id)


def test_trial_status_of_a_site_is_its_end_customers(store: MemoryStore, trial: Customer) -> None:
    site = next(item for item in store.items.values() if item.get("level") == "site")
    status = get_trial(store, caller(), site["id"])
    assert (status.inherited_from, status.ends_at, status.state) == (trial.id, END, "in_trial")
    none = get_trial(store, caller(), ROOT_ACCOUNT.customer_id)
    assert (none.state, none.started_at, none.days_left, none.ended_by) == ("in_production", None, 0, None)


def test_trial_status_without_a_trial_has_no_ended_by(store: MemoryStore) -> None:
    customer = a_customer("end_customer")
    put(store, customer)
    response = produce(store, customer, NOW + timedelta(days=1))
    assert (response.ended_now, response.production_since, response.ended_by) == (False, NOW, None)
    status = get_trial(store, caller(now=NOW + timedelta(days=1)), customer.id)
    assert (status.ended_at, status.ended_by, status.days_left) == (None, None, 0)


def test_days_left_is_zero_after_the_end(store: MemoryStore, trial: Customer) -> None:
    assert get_trial(store, caller(now=END + timedelta(days=5)), trial.id).days_left == 0
    produce(store, trial, NOW + timedelta(days=1))
    assert get_trial(store, caller(now=NOW + timedelta(days=2)), trial.id).days_left == 0
