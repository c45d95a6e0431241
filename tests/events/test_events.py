"""Tests: the events of each change."""

import json
from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from local.event_schemas import schemas
from local.paths import PROJECT
from shared.accounts.records import account_item
from shared.customers.records import customer_item, name_item
from shared.devices.device import device_tombstone
from shared.devices.records import device_item
from shared.events.events import TYPES, events_for_change
from shared.trials.use_cases import end_trials, start_production
from tests.builders import CATALOGUE, NOW, a_customer, a_device, a_lineage, an_account, bootstrap_in, caller, put
from tests.events.helpers import END, all_events, stream_of
from tests.memory_store import MemoryStore


def kinds(old: Any, new: Any) -> list[str]:
    return [kind for kind, _ in events_for_change(old, new)]


def test_every_event_matches_its_committed_schema() -> None:
    committed = {path.name: json.loads(path.read_text()) for path in (PROJECT / "docs" / "events").glob("*.json")}
    assert committed == schemas(), "write them anew: make schemas"
    assert len(committed) == len(TYPES)
    for kind, event in all_events():
        jsonschema.validate(json.loads(event.model_dump_json()), committed[f"{kind}.v1.json"])


def test_every_event_type_is_published_by_some_change() -> None:
    assert {kind for kind, _ in all_events()} == set(TYPES)


@pytest.mark.parametrize("name", ["Customer", "account", "Current", "Device#1", "history#1"])
def test_name_record_is_never_mistaken_for_another_kind(name: str) -> None:
    """The sort key of a name record is a name, so it can be any word."""
    assert events_for_change(None, name_item(a_customer("end_customer", name=name))) == []


def test_invoicing_starts_once_with_or_without_a_trial() -> None:
    without = a_customer("end_customer")
    assert kinds(None, customer_item(without)) == ["customer_added", "customer_entered_production"]
    trial = a_customer("end_customer", in_trial=True)
    assert kinds(None, customer_item(trial)) == ["customer_added"]
    ended = trial.model_copy(update={"production_since": END, "trial_ended_by": "schedule", "version": 2})
    ((kind, event),) = events_for_change(customer_item(trial), customer_item(ended))
    assert kind == "customer_entered_production"
    assert (event.invoice_from, event.occurred_at, event.sequence) == (END, END, 2)  # type: ignore[attr-defined]
    again = ended.model_copy(update={"version": 3})
    assert kinds(customer_item(ended), customer_item(again)) == []
    for level in ("distributor", "reseller", "site"):
        assert kinds(None, customer_item(a_customer(level))) == ["customer_added"]


def test_single_occurrence_has_one_event_id_at_any_version() -> None:
    trial = a_customer("end_customer", in_trial=True)
    ended = trial.model_copy(update={"production_since": END, "version": 2})
    first = events_for_change(customer_item(trial), customer_item(ended))
    again = events_for_change(None, customer_item(ended.model_copy(update={"version": 7})))
    assert first[0][1].event_id == again[1][1].event_id
    assert events_for_change(None, customer_item(trial))[0][1].event_id == again[0][1].event_id
    moved = ended.model_copy(update={"production_since": END + timedelta(days=1), "version": 3})
    assert kinds(customer_item(ended), customer_item(moved)) == []


def test_quarantined_or_repaired_record_does_not_block_the_stream() -> None:
    item = customer_item(a_customer("end_customer", in_trial=True))
    broken = item | {"trial_ends_at": "garbage"}
    assert kinds(broken, broken | {"trial_set_aside": "record"}) == []
    assert kinds(broken, item) == []
    assert kinds(broken, item | {"production_since": "2026-12-24T10:00:00.000000Z"}) == ["customer_entered_production"]


def test_change_event_has_the_time_of_the_change() -> None:
    customer = a_customer("distributor")
    device = a_device(customer)
    removed = device_tombstone(device, customer, CATALOGUE, END)
    ((_, event),) = events_for_change(device_item(device), device_item(removed), END + timedelta(seconds=1))
    assert event.occurred_at == END
    older = removed.model_copy(update={"removed_at": None})  # as it was stored before
    ((_, event),) = events_for_change(device_item(device), device_item(older), END + timedelta(seconds=1))
    assert event.occurred_at == END + timedelta(seconds=1)


def test_events_contain_no_address_and_no_persons_name() -> None:
    for kind, event in all_events():
        text = event.model_dump_json()
        assert "@" not in text, kind
        assert '"manager@' not in text


def test_internal_updates_publish_no_event() -> None:
    account = an_account("manager", a_customer("distributor"))
    noted = account.model_copy(update={"identity_version": 2, "version": 2, "display_name": "Other"})
    assert kinds(account_item(account), account_item(noted)) == []
    assert kinds(account_item(account), None) == []
    assert kinds(None, {"pk": "name#x", "sk": "a name"}) == []


def test_event_id_identifies_the_change() -> None:
    one, again = all_events(), all_events()
    assert [event.event_id for _, event in one] == [event.event_id for _, event in again]
    assert len({event.event_id for _, event in one}) == len(one)


def test_events_alone_describe_the_life_of_a_trial(memory: MemoryStore) -> None:
    bootstrap_in(memory)
    lineage = a_lineage(end_customer={"in_trial": True})
    put(memory, *lineage[1:])
    trial = lineage[4]
    early = a_customer("end_customer", lineage[3], name="Early", in_trial=True)
    put(memory, early)
    images = stream_of(memory)
    as_caller = caller(now=NOW + timedelta(days=2), operation="change_customers")
    start_production(memory, as_caller, early.id, version=1)
    for days in range(32):
        end_trials(memory, NOW + timedelta(days=days), time_is_up=lambda: False)
    published = [envelope for old, new in images for envelope in events_for_change(old, new)]
    assert [(kind, event.sequence) for kind, event in published if event.customer_id == trial.id] == [
        ("trial_ending", 2),
        ("trial_ending", 3),
        ("trial_ending", 4),
        ("customer_entered_production", 5),
    ]
    starts = {e.customer_id: e.invoice_from for kind, e in published if kind == "customer_entered_production"}  # type: ignore[attr-defined]
    assert starts == {trial.id: END, early.id: NOW + timedelta(days=2)}
