"""Tests: broken records of trials."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from shared.customers.customer import Customer
from shared.customers.records import customer_item
from shared.errors import ThrottledError
from shared.events.events import events_for_change
from shared.table.keys import customer_key
from shared.table.store import ItemTooLargeError, Put
from tests.builders import a_customer
from tests.memory_store import MemoryStore
from tests.trials.helpers import END, many, produce, run, stored

BROKEN: list[dict[str, Any]] = [
    *({name: None} for name in ("name", "path", "service_type", "device_country", "storage_location", "created_at")),
    {"trial_ends_at": None},
    {"trial_ends_at": "2026-12-24T10:00:00Z"},
    {"trial_ends_at": 7},
    {"trial_ends_at": "2027-01-01T00:00:00.000000Z"},
    {"level": "site"},
    {"level": None},
    {"version": None},
    {"version": "one"},
    {"production_since": "2026-12-01T00:00:00.000000Z"},
    {"production_since": ""},
    {"trial_due": "2026-12-17T10:00:00.000000Z#7"},
    {"trial_due": "2026-12-17T10:00:00.000000Z#5#cus_1"},
    {"trial_due": "2026-12-17T10:00:00.000000Z#7#cus_of_another"},
    {"trial_due": "0"},
]


@pytest.mark.slow
def test_end_trials_quarantines_broken_records_and_processes_the_others(store: MemoryStore) -> None:
    good, bad = many(store, 9_900), []
    for n, changes in enumerate(itertools.islice(itertools.cycle(BROKEN), 100)):
        customer = a_customer("end_customer", a_customer("reseller"), name=f"B{n}", in_trial=True)
        item = {**customer_item(customer), **changes}
        store.place(Put({name: value for name, value in item.items() if value is not None}))
        bad.append(customer)
    assert run(store, END) == {"ended": len(good), "quarantined": 100}
    for customer in bad:
        item = store.items[customer_key(customer.id)]
        assert item["trial_set_aside"] in {"index", "record"}
        assert "trial_shard" not in item
    assert run(store, END) == {}


def test_end_trials_quarantines_a_record_that_is_too_large_to_annotate(store: MemoryStore, trial: Customer) -> None:
    change = store.change

    def no_room(*arguments: Any, put: Any, **options: Any) -> None:
        if put:
            raise ItemTooLargeError("Item size to update has exceeded the maximum allowed size")
        change(*arguments, put=put, **options)

    store.change = no_room  # type: ignore[method-assign]
    assert run(store, END) == {"quarantined": 1}
    assert run(store, END) == {}
    assert stored(store, trial).production_since is None


def test_failed_quarantine_is_retried_by_the_next_run(store: MemoryStore, trial: Customer) -> None:
    store.items[customer_key(trial.id)]["level"] = "site"
    change, calls = store.change, iter(range(100))

    def then(error: Exception) -> Any:
        def failing(*arguments: Any, **options: Any) -> None:
            if next(calls) % 2:
                raise error
            change(*arguments, **options)

        return failing

    store.change = then(ThrottledError("Too much at once."))  # type: ignore[method-assign]
    assert run(store, END) == {"failed": 1}

    def never_room(*_: Any, **__: Any) -> None:
        raise ItemTooLargeError("Item size to update has exceeded the maximum allowed size")

    store.change = never_room  # type: ignore[method-assign]
    assert run(store, END) == {"failed": 1}

    def someone_else(*arguments: Any, **options: Any) -> None:
        store.items[customer_key(trial.id)].pop("trial_due", None)
        change(*arguments, **options)

    item = dict(store.items[customer_key(trial.id)])
    item["trial_due"] = "broken, and set aside by another run at the same time"
    store.items[customer_key(trial.id)] = item | {"trial_due": "0 broken"}
    store.change = someone_else  # type: ignore[method-assign]
    assert run(store, END) == {"skipped": 1}


def test_repaired_quarantined_trial_is_recorded_and_published_once(store: MemoryStore, trial: Customer) -> None:
    key = customer_key(trial.id)
    good = dict(store.items[key])
    store.items[key]["trial_ends_at"] = "broken"
    assert run(store, END) == {"quarantined": 1}
    store.items[key]["trial_ends_at"] = good["trial_ends_at"]
    before = dict(store.items[key])
    response = produce(store, trial, END + timedelta(days=2), version=9)
    assert (response.production_since, response.ended_by, response.ended_now) == (END, "schedule", False)
    after = store.items[key]
    assert "trial_set_aside" not in after
    assert [kind for kind, _ in events_for_change(before, after)] == ["customer_entered_production"]


@pytest.mark.parametrize("twice", [False, True])
def test_start_production_repairs_a_quarantined_trial_once(store: MemoryStore, trial: Customer, twice: bool) -> None:
    key = customer_key(trial.id)
    good = store.items[key]["trial_ends_at"]
    store.items[key]["trial_ends_at"] = "broken"
    run(store, END)
    store.items[key]["trial_ends_at"] = good
    change = store.change

    def somebody_first(*arguments: Any, **options: Any) -> None:
        change(*arguments, **options)
        if twice:
            change(*arguments, **options)

    store.change = somebody_first  # type: ignore[method-assign]
    response = produce(store, trial, END + timedelta(days=2), version=9)
    record = store.items[key]
    assert (record["trial_ended_by"], record["version"], response.version) == ("schedule", 2, 2)
    assert not {"trial_shard", "trial_due", "trial_set_aside"} & set(record)
