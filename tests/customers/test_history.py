"""Tests: the history of a customer."""

from typing import Any

import pytest

from shared.customers.customer import Customer
from shared.customers.use_cases import add_customer
from shared.events.events import events_for_change
from shared.table.keys import (
    Item,
    customer_key,
)
from shared.table.store import Action
from shared.trials.use_cases import end_trials, start_production
from shared.values.timestamps import format_timestamp
from tests.builders import (
    MICROSECOND,
    NOW,
    ROOT_ACCOUNT,
    a_lineage,
    a_new_customer,
    put,
)
from tests.customers.change_helpers import DAY, LATER, a_caller, archive, change, entries, move, restore
from tests.memory_store import MemoryStore


def a_long_history(store: MemoryStore) -> Customer:
    lineage = a_lineage()
    put(store, *lineage[1:4])
    new = a_new_customer("end_customer", lineage[3], in_trial=True, references={"psa": "1"})
    added = add_customer(store, a_caller(now=NOW), new, idempotency_key="key").customer
    customer = Customer.model_validate(store.items[customer_key(added.id or "")])
    change(store, customer, name="B", as_caller=a_caller(now=NOW + 1 * DAY))
    end_trials(store, NOW + 23 * DAY, time_is_up=lambda: False)
    change(store, customer, version=3, name="C", references={"psa": None}, as_caller=a_caller(now=NOW + 24 * DAY))
    move(store, customer, version=4)  # with a clock that is behind
    end_trials(store, NOW + 30 * DAY, time_is_up=lambda: False)
    archive(store, customer, version=6, as_caller=a_caller(now=NOW + 31 * DAY))
    restore(store, customer, version=7, as_caller=a_caller(now=NOW + 32 * DAY))
    return customer


def test_history_lists_every_change_in_order_of_time(store: MemoryStore) -> None:
    customer = a_long_history(store)
    found = entries(store, customer, NOW + 33 * DAY)
    assert [(entry.event, (entry.at - NOW).days, entry.by, entry.version) for entry in found] == [
        ("customer_added", 0, ROOT_ACCOUNT.id, None),
        ("customer_changed", 1, ROOT_ACCOUNT.id, 2),
        ("trial_ending", 23, "schedule", None),
        ("customer_changed", 24, ROOT_ACCOUNT.id, 4),
        ("storage_location_changed", 24, ROOT_ACCOUNT.id, 5),
        ("customer_entered_production", 30, "schedule", None),
        ("customer_archived", 31, ROOT_ACCOUNT.id, 7),
        ("customer_restored", 32, ROOT_ACCOUNT.id, 8),
    ]
    assert [entry.request_id for entry in found] == ["request 1"] * 2 + [None] + ["request 1"] * 2 + [None] + [
        "request 1"
    ] * 2
    added = {field: values["to"] for field, values in found[0].changes.items()}
    assert added == {
        "name": "A end_customer",
        "service_type": "all_inclusive",
        "device_country": "DE",
        "storage_location": "DE",
        "references": {"psa": "1"},
    }
    assert found[1].changes == {"name": {"from": "A end_customer", "to": "B"}}
    assert found[3].changes == {
        "name": {"from": "B", "to": "C"},
        "references": {"from": {"psa": "1"}, "to": {}},
    }
    archived_at = format_timestamp(NOW + 31 * DAY)
    assert found[6].changes == {"archived_at": {"from": None, "to": archived_at}}
    assert found[7].changes == {"archived_at": {"from": archived_at, "to": None}}


@pytest.mark.parametrize("limit", range(1, 10))
def test_history_pages_contain_every_change_once(store: MemoryStore, limit: int) -> None:
    customer = a_long_history(store)
    later = NOW + 33 * DAY
    assert entries(store, customer, later, limit) == entries(store, customer, later)


def test_history_and_events_agree(store: MemoryStore) -> None:
    """Compare the events of every version of the record with the history."""
    versions: list[Item] = []
    write, alter = store.write, store.change

    def note() -> None:
        found = [item for item in store.items.values() if item.get("created_request_id")]
        versions.extend(dict(item) for item in found if item not in versions)

    def noting_write(*actions: Action) -> None:
        write(*actions)
        note()

    def noting_change(*arguments: Any, **options: Any) -> None:
        alter(*arguments, **options)
        note()

    store.write, store.change = noting_write, noting_change  # type: ignore[method-assign]
    customer = a_long_history(store)
    published = [
        envelope
        for old, new in zip([None, *versions], versions, strict=False)
        for envelope in events_for_change(old, new)
    ]
    found = entries(store, customer, NOW + 33 * DAY)
    assert [(kind, event.occurred_at) for kind, event in published] == [(entry.event, entry.at) for entry in found]
    assert len({event.event_id for _, event in published}) == len(published)
    for (kind, event), entry in zip(published, found, strict=True):
        if hasattr(event, "changed_by"):
            assert (event.changed_by, event.request_id) == (entry.by, entry.request_id)
            assert event.sequence == entry.version
        if kind == "customer_changed":
            assert event.model_dump()["changes"] == entry.changes
    again = [
        envelope
        for old, new in zip([None, *versions], versions, strict=False)
        for envelope in events_for_change(old, new)
    ]
    assert again == published


def test_history_shows_who_ended_a_trial_also_before_the_schedule_ran(store: MemoryStore) -> None:
    lineage = a_lineage(end_customer={"in_trial": True})
    put(store, *lineage[1:5])
    assert [entry.event for entry in entries(store, lineage[4], NOW + 30 * DAY - MICROSECOND)] == ["customer_added"]
    last = entries(store, lineage[4], NOW + 30 * DAY)[-1]
    assert (last.event, last.at, last.by) == ("customer_entered_production", NOW + 30 * DAY, "schedule")
    start_production(store, a_caller(), lineage[4].id, version=1)
    last = entries(store, lineage[4], NOW + 30 * DAY)[-1]
    assert (last.at, last.by, last.request_id) == (LATER, ROOT_ACCOUNT.id, "request 1")


def test_history_of_a_customer_without_a_trial_shows_production_from_creation(store: MemoryStore) -> None:
    lineage = a_lineage()
    put(store, *lineage[1:])
    found = entries(store, lineage[4])
    assert [(entry.event, entry.at) for entry in found] == [
        ("customer_added", NOW),
        ("customer_entered_production", NOW),
    ]
    assert [entry.event for entry in entries(store, lineage[3])] == ["customer_added"]
