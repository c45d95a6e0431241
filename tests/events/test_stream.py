"""Tests: publishing the records of the table's stream."""

import itertools
from collections.abc import Sequence
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from shared.customers.records import customer_item
from shared.events.events import EventEnvelope
from shared.events.stream import publish_events
from tests.builders import a_customer


class MemoryBus:
    """A bus that rejects the events in `refused`, each the given number of times, and accepts all others."""

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


def records(count: int) -> list[dict[str, Any]]:
    """Return stream records of added end-customers. Each causes one event or two."""
    serializer = TypeSerializer()
    reseller = a_customer("reseller")
    created = []
    for n in range(count):
        customer = a_customer("end_customer", reseller, name=f"N{n}", in_trial=n % 2 == 0)
        item = customer_item(customer)
        image = {
            name: serializer.serialize(list(value) if isinstance(value, tuple) else value)
            for name, value in item.items()
        }
        created.append(
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
    return created


def a_new_customer(batch: list[dict[str, Any]]) -> list[str]:
    bus = MemoryBus()
    assert publish_events({"Records": batch}, bus) == {"batchItemFailures": []}
    return [event.event_id for _, event in bus.taken]


def deliver(batch: list[dict[str, Any]], bus: MemoryBus) -> list[str]:
    """Deliver a batch as Lambda does: retry from the first failed record on. Return the records that never passed."""
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


def test_publish_events_keeps_the_order_of_a_batch() -> None:
    batch = records(10)
    ids = a_new_customer(batch)
    assert len(ids) == 15
    assert len(set(ids)) == 15


def test_bad_record_alone_reaches_the_dead_letter_queue() -> None:
    for bad in range(10):
        batch = records(10)
        ids = a_new_customer(batch[:bad] + batch[bad + 1 :])
        del batch[bad]["dynamodb"]["NewImage"]["path"]
        bus = MemoryBus()
        assert deliver(batch, bus) == [str(bad)]
        assert list(dict.fromkeys(event.event_id for _, event in bus.taken)) == ids


@given(st.dictionaries(st.integers(0, 14), st.integers(1, 3), max_size=5))
def test_unpublished_events_are_retried_in_order(refused: dict[int, int]) -> None:
    batch = records(10)
    ids = a_new_customer(batch)
    bus = MemoryBus({ids[place]: times for place, times in refused.items()})
    assert deliver(batch, bus) == []
    last = {event.event_id: place for place, (_, event) in enumerate(bus.taken)}
    assert set(last) == set(ids)
    assert [event_id for event_id, _ in sorted(last.items(), key=lambda pair: pair[1])] == ids


def test_failed_record_does_not_hide_an_unpublished_event() -> None:
    batch = records(10)
    ids = a_new_customer(batch)
    del batch[5]["dynamodb"]["NewImage"]["path"]
    bus = MemoryBus({ids[1]: 1})
    assert publish_events({"Records": batch}, bus) == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_any_number_of_deliveries_gives_the_same_events() -> None:
    batch = records(4)
    ids = set(a_new_customer(batch))
    for order in itertools.permutations(batch):
        bus = MemoryBus()
        for record in order:
            for _ in range(2):
                publish_events({"Records": [record]}, bus)
        assert {event.event_id for _, event in bus.taken} == ids
        assert len(bus.taken) == 2 * len(ids)
