"""Deliveries of the stream's records: in any order, each one to five times, and with a malformed record.

Each event is published at least once, and always with the same id, so that a subscriber can drop duplicates. Lambda is
simulated: it retries a batch from the first failed record on, and sends a record to the dead-letter queue after its
last attempt.
"""

import random
from functools import cache
from typing import Any, Final

from shared.events.events import EventEnvelope
from shared.events.stream import publish_events
from tests.simulation.fixtures import USE_CASES, System

_MAX_CHANGES: Final = 5
_MAX_COPIES: Final = 5
_MAX_ATTEMPTS: Final = 20


class Bus:
    """An event bus in memory. A fifth of the events, chosen by the seed, are rejected."""

    def __init__(self, chosen: random.Random) -> None:
        self._random = chosen
        self.published: list[tuple[str, str]] = []

    def publish(self, events: Any) -> set[int]:
        failed = {index for index in range(len(events)) if self._random.random() < 0.2}
        self.published += [(kind, event.event_id) for index, (kind, event) in enumerate(events) if index not in failed]
        return failed


@cache
def changes() -> tuple[tuple[Any, Any], ...]:
    """Return the stream records of the changes that the use cases make, one after another."""
    system = System.new()
    for name in (
        "add", "move", "give_a_reference", "end_trials", "invite", "add_the_last_device", "restore",
        "archive_the_empty_one",
    ):  # fmt: skip
        USE_CASES[name](system)
    return tuple(system.turns.dynamo.log)


def record(number: int, change: tuple[Any, Any]) -> dict[str, Any]:
    old, new = change
    keys = {name: (new or old)[name] for name in ("pk", "sk")}
    images = {"OldImage": old} if old else {}
    return {
        "eventID": str(number),
        "eventName": "MODIFY" if old else "INSERT",
        "dynamodb": {"Keys": keys, "SequenceNumber": str(number), "NewImage": new, **images},
    }


def _malformed(number: int) -> dict[str, Any]:
    image = {"pk": {"S": "customer#bad"}, "sk": {"S": "customer"}, "last_change": {"S": "broken"}}
    return record(number, (None, image))


def findings(seed: int) -> list[str]:
    """Describe what is wrong after one delivery of up to five changes, or of a batch of ten with a malformed record."""
    chosen = random.Random(seed)
    every = changes()
    if seed % 2:
        some = chosen.sample(range(len(every)), k=chosen.randint(1, min(_MAX_CHANGES, len(every))))
        copies = [each for each in some for _ in range(chosen.randint(1, _MAX_COPIES))]
        batch = [record(number, every[each]) for number, each in enumerate(copies)]  # a sequence number for each
        chosen.shuffle(batch)
    else:
        batch = [record(n, every[n % len(every)]) for n in range(9)]
        batch.insert(chosen.randrange(10), _malformed(99))
    bus = Bus(chosen)
    lost = _deliver(batch, bus)
    expected: set[tuple[str, str]] = set()
    for each in batch:
        if each["eventID"] != "99":
            expected |= _expected_events(each)
    found = []
    if missing := expected - set(bus.published):
        found.append(f"not published: {missing}")
    if more := set(bus.published) - expected:
        found.append(f"published without a change: {more}")
    if lost != ([] if seed % 2 else ["99"]):
        found.append(f"in the dead-letter queue: {lost}")
    return found


def _expected_events(each: dict[str, Any]) -> set[tuple[str, str]]:
    bus = Bus(random.Random(0))
    published: list[EventEnvelope] = []
    bus.publish = lambda events: published.extend(events) or set()  # type: ignore[method-assign, func-returns-value]
    publish_events({"Records": [each]}, bus)
    return {(kind, event.event_id) for kind, event in published}


def _deliver(batch: list[dict[str, Any]], bus: Bus) -> list[str]:
    """Deliver a batch as Lambda does: retry from the first failed record on, up to the last attempt."""
    lost: list[str] = []
    attempts = 0
    while batch:
        response = publish_events({"Records": batch}, bus)["batchItemFailures"]
        if not response:
            return lost
        index = next(p for p, each in enumerate(batch) if each["eventID"] == response[0]["itemIdentifier"])
        attempts = 0 if index else attempts + 1
        batch = batch[index:]
        if attempts == _MAX_ATTEMPTS:
            lost.append(batch[0]["eventID"])
            batch, attempts = batch[1:], 0
    return lost
