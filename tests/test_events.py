"""Events follow from the change of a record alone; they reach the bus whatever goes wrong on the way."""

import itertools
import json
from collections.abc import Sequence
from copy import deepcopy
from datetime import timedelta
from typing import Any

import boto3
import jsonschema
import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from local.event_schemas import schemas
from local.paths import PROJECT
from shared.accounts.account import account_tombstone
from shared.accounts.records import account_item
from shared.auth.authorization import Caller
from shared.customers.changes import (
    CustomerChange,
    LocationChange,
    apply_change,
    archive,
    restore,
    with_storage_location,
)
from shared.customers.records import customer_item, name_item
from shared.devices.device import device_tombstone
from shared.devices.records import device_item
from shared.events.bus import EventBridgeBus
from shared.events.events import TYPES, EventEnvelope, events_for_change
from shared.events.stream import publish_events
from shared.storage_locations.records import catalogue_items
from shared.trials.use_cases import end_trials, start_production
from tests.builders import CATALOGUE, NOW, a_customer, a_device, a_line, an_account, begin_in, caller, put
from tests.memory_store import MemoryStore

END = NOW + timedelta(days=30)


class MemoryBus:
    """Takes every event but those of `refused`, by how often each is still refused."""

    def __init__(self, refused: dict[str, int] | None = None) -> None:
        self.taken: list[EventEnvelope] = []
        self.refused = refused or {}

    def publish(self, events: Sequence[EventEnvelope]) -> set[int]:
        failed = set()
        for place, (kind, event) in enumerate(events):
            if self.refused.get(event.event_id, 0) > 0:
                self.refused[event.event_id] -= 1
                failed.add(place)
            else:
                self.taken.append((kind, event))
        return failed


def kinds(old: Any, new: Any) -> list[str]:
    return [kind for kind, _ in events_for_change(old, new)]


def test_every_event_has_a_schema_that_is_committed_and_that_it_fits() -> None:
    committed = {path.name: json.loads(path.read_text()) for path in (PROJECT / "docs" / "events").glob("*.json")}
    assert committed == schemas(), "write them anew: make schemas"
    assert len(committed) == len(TYPES)
    for kind, event in all_events():
        jsonschema.validate(json.loads(event.model_dump_json()), committed[f"{kind}.v1.json"])


def all_events() -> list[EventEnvelope]:
    trial = a_customer("end_customer", in_trial=True)
    changes: list[tuple[Any, Any]] = [(None, customer_item(customer)) for customer in [*a_line(), trial]]
    device, account = a_device(trial), an_account("manager", trial)
    later = {"version": 2}
    support = Caller("acc_1", NOW, "support", "request 1")
    moved = with_storage_location(LocationChange(country="FR", reason="Why."), trial, CATALOGUE, support)
    renamed = apply_change(CustomerChange(name="Other"), trial, None, support)
    archived = archive(trial, support)
    restored = restore(archived, a_customer("reseller"), support)
    changes += [
        (customer_item(trial), customer_item(trial.model_copy(update={"reminder_7_at": NOW, **later}))),
        (customer_item(trial), customer_item(trial.model_copy(update={"production_since": END, **later}))),
        *((customer_item(trial), customer_item(after)) for after in (moved, renamed, archived)),
        (customer_item(archived), customer_item(restored)),
        (None, device_item(device)),
        (device_item(device), device_item(device_tombstone(device))),
        (None, account_item(account)),
        (account_item(account), account_item(account.model_copy(update={"role": "operator", **later}))),
        (account_item(account), account_item(account_tombstone(account))),
        (None, catalogue_items(CATALOGUE)[1]),
    ]
    return [told for old, new in changes for told in events_for_change(old, new)]


def test_every_type_of_event_is_told_by_something() -> None:
    assert {kind for kind, _ in all_events()} == set(TYPES)


@pytest.mark.parametrize("name", ["Customer", "account", "Current", "Device#1", "history#1"])
def test_a_name_is_never_taken_for_another_record(name: str) -> None:
    """The sort key of a name record is a name, and so may be any word."""
    assert events_for_change(None, name_item(a_customer("end_customer", name=name))) == []


def test_invoicing_starts_once_for_an_end_customer_with_or_without_a_trial() -> None:
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


def test_what_happens_once_has_one_id_whatever_the_version_of_the_record() -> None:
    trial = a_customer("end_customer", in_trial=True)
    ended = trial.model_copy(update={"production_since": END, "version": 2})
    first = events_for_change(customer_item(trial), customer_item(ended))
    again = events_for_change(None, customer_item(ended.model_copy(update={"version": 7})))
    assert first[0][1].event_id == again[1][1].event_id
    assert events_for_change(None, customer_item(trial))[0][1].event_id == again[0][1].event_id
    moved = ended.model_copy(update={"production_since": END + timedelta(days=1), "version": 3})
    assert kinds(customer_item(ended), customer_item(moved)) == []


def test_a_record_that_is_set_aside_or_mended_is_no_poison() -> None:
    item = customer_item(a_customer("end_customer", in_trial=True))
    broken = item | {"trial_ends_at": "garbage"}
    assert kinds(broken, broken | {"trial_set_aside": "record"}) == []
    assert kinds(broken, item) == []
    assert kinds(broken, item | {"production_since": "2026-12-24T10:00:00.000000Z"}) == ["customer_entered_production"]


def test_a_change_is_told_with_the_time_of_the_change() -> None:
    device = a_device(a_customer("distributor"))
    ((_, event),) = events_for_change(device_item(device), device_item(device_tombstone(device)), END)
    assert event.occurred_at == END


def test_no_event_holds_an_address_or_a_persons_name() -> None:
    for kind, event in all_events():
        text = event.model_dump_json()
        assert "@" not in text, kind
        assert '"manager@' not in text


def test_what_the_system_notes_itself_is_no_event() -> None:
    account = an_account("manager", a_customer("distributor"))
    noted = account.model_copy(update={"identity_version": 2, "version": 2, "display_name": "Other"})
    assert kinds(account_item(account), account_item(noted)) == []
    assert kinds(account_item(account), None) == []
    assert kinds(None, {"pk": "name#x", "sk": "a name"}) == []


def test_the_same_change_has_the_same_id_and_another_change_another_one() -> None:
    one, again = all_events(), all_events()
    assert [event.event_id for _, event in one] == [event.event_id for _, event in again]
    assert len({event.event_id for _, event in one}) == len(one)


# ---- a whole life, by the events alone


def test_the_life_of_a_trial_is_told_by_its_events(memory: MemoryStore) -> None:
    begin_in(memory)
    line = a_line(end_customer={"in_trial": True})
    put(memory, *line[1:])
    trial = line[4]
    early = a_customer("end_customer", line[3], name="Early", in_trial=True)
    put(memory, early)
    images: list[tuple[Any, Any]] = []
    change = memory.change

    def streamed(key: Any, *arguments: Any, **options: Any) -> None:
        old = deepcopy(memory.items.get(key))
        change(key, *arguments, **options)
        images.append((old, deepcopy(memory.items[key])))

    memory.change = streamed  # type: ignore[method-assign]
    who = caller(now=NOW + timedelta(days=2), operation="change_customers")
    start_production(memory, who, early.id, version=1)
    for days in range(32):
        end_trials(memory, NOW + timedelta(days=days), time_is_up=lambda: False)
    told = [told for old, new in images for told in events_for_change(old, new)]
    assert [(kind, event.sequence) for kind, event in told if event.customer_id == trial.id] == [
        ("trial_ending", 2),
        ("trial_ending", 3),
        ("trial_ending", 4),
        ("customer_entered_production", 5),
    ]
    starts = {e.customer_id: e.invoice_from for kind, e in told if kind == "customer_entered_production"}  # type: ignore[attr-defined]
    assert starts == {trial.id: END, early.id: NOW + timedelta(days=2)}


# ---- deliveries


def records(count: int) -> list[dict[str, Any]]:
    """Messages of the stream: end-customers that were added, each one event or two."""
    serializer = TypeSerializer()
    reseller = a_customer("reseller")
    made = []
    for n in range(count):
        customer = a_customer("end_customer", reseller, name=f"N{n}", in_trial=n % 2 == 0)
        item = customer_item(customer)
        image = {
            name: serializer.serialize(list(value) if isinstance(value, tuple) else value)
            for name, value in item.items()
        }
        made.append(
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "Keys": {},
                    "NewImage": image,
                    "SequenceNumber": str(n),
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
            }
        )
    return made


def expected(batch: list[dict[str, Any]]) -> list[str]:
    bus = MemoryBus()
    assert publish_events({"Records": batch}, bus) == {"batchItemFailures": []}
    return [event.event_id for _, event in bus.taken]


def deliver(batch: list[dict[str, Any]], bus: MemoryBus) -> list[str]:
    """As Lambda does: from the first record that failed on, again and again; the records that never passed."""
    dead, tries = [], 0
    while batch:
        failures = publish_events({"Records": batch}, bus)["batchItemFailures"]
        if not failures:
            return dead
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        batch, tries = batch[numbers.index(failures[0]["itemIdentifier"]) :], tries + 1
        if tries > 20:
            dead.append(batch[0]["dynamodb"]["SequenceNumber"])
            batch, tries = batch[1:], 0
    return dead


def test_a_batch_is_told_in_its_order() -> None:
    batch = records(10)
    ids = expected(batch)
    assert len(ids) == 15
    assert len(set(ids)) == 15


def test_one_bad_record_of_ten_loses_nothing_and_goes_to_the_dead_letters_alone() -> None:
    for bad in range(10):
        batch = records(10)
        ids = expected(batch[:bad] + batch[bad + 1 :])
        del batch[bad]["dynamodb"]["NewImage"]["path"]
        bus = MemoryBus()
        assert deliver(batch, bus) == [str(bad)]
        assert list(dict.fromkeys(event.event_id for _, event in bus.taken)) == ids


@given(st.dictionaries(st.integers(0, 14), st.integers(1, 3), max_size=5))
def test_what_the_bus_does_not_take_comes_again_in_its_order(refused: dict[int, int]) -> None:
    batch = records(10)
    ids = expected(batch)
    bus = MemoryBus({ids[place]: times for place, times in refused.items()})
    assert deliver(batch, bus) == []
    last = {event.event_id: place for place, (_, event) in enumerate(bus.taken)}
    assert set(last) == set(ids)
    assert [event_id for event_id, _ in sorted(last.items(), key=lambda pair: pair[1])] == ids


def test_a_record_that_cannot_be_told_does_not_hide_an_event_that_was_not_taken() -> None:
    batch = records(10)
    ids = expected(batch)
    del batch[5]["dynamodb"]["NewImage"]["path"]
    bus = MemoryBus({ids[1]: 1})
    assert publish_events({"Records": batch}, bus) == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_every_order_and_number_of_deliveries_gives_the_same_events() -> None:
    batch = records(4)
    ids = set(expected(batch))
    for order in itertools.permutations(batch):
        bus = MemoryBus()
        for record in order:
            for _ in range(2):
                publish_events({"Records": [record]}, bus)
        assert {event.event_id for _, event in bus.taken} == ids
        assert len(bus.taken) == 2 * len(ids)


# ---- the bus


def a_bus() -> tuple[EventBridgeBus, Stubber, list[float]]:
    client = boto3.client("events", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    stubber, waits = Stubber(client), []  # type: ignore[var-annotated]
    stubber.activate()
    return EventBridgeBus(client, "bus", wait=waits.append), stubber, waits


def test_ten_events_are_one_request_and_the_rest_another() -> None:
    bus, stubber, _ = a_bus()
    events = all_events()[:12]
    for size in (10, 2):
        stubber.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "x"}] * size})
    assert bus.publish(events) == set()
    stubber.assert_no_pending_responses()


def test_entries_that_were_not_taken_are_sent_again_alone() -> None:
    bus, stubber, waits = a_bus()
    events = all_events()[:3]
    failed, done = {"ErrorCode": "ThrottlingException"}, {"EventId": "x"}
    stubber.add_response("put_events", {"FailedEntryCount": 2, "Entries": [failed, done, failed]})
    stubber.add_response("put_events", {"FailedEntryCount": 1, "Entries": [done, failed]})
    stubber.add_response("put_events", {"FailedEntryCount": 1, "Entries": [failed]})
    assert bus.publish(events) == {2}
    assert len(waits) == 3


def test_one_event_that_is_refused_does_not_keep_the_others() -> None:
    bus, stubber, _ = a_bus()
    stubber.add_client_error("put_events", "ValidationException", http_status_code=400)
    done = {"FailedEntryCount": 0, "Entries": [{"EventId": "x"}]}
    stubber.add_response("put_events", done)
    stubber.add_client_error("put_events", "ValidationException", http_status_code=400)
    stubber.add_response("put_events", done)
    assert bus.publish(all_events()[:3]) == {1}
    assert bus.publish([]) == set()
