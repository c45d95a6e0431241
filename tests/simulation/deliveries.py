"""Deliveries: the records of the table's stream in any order, each one to five times, a bad one among them.

Whatever Lambda delivers, each event is told at least once, and always with the same id: whoever keeps the ids loses
nothing and doubles nothing. Lambda's own part is played as it is: a batch that names a record comes again from there
on, and after its tries the record goes into the dead-letter queue.
"""

import random
from functools import cache
from typing import Any, Final

from shared.events.events import EventEnvelope
from shared.events.stream import publish_events
from tests.simulation.fixtures import ACTS, World

_MOST: Final = 5
_TRIES: Final = 20


class Bus:
    """Takes what it is given, but for the calls that a seed lets fail."""

    def __init__(self, chosen: random.Random) -> None:
        self._random = chosen
        self.told: list[tuple[str, str]] = []

    def publish(self, events: Any) -> set[int]:
        failed = {place for place in range(len(events)) if self._random.random() < 0.2}
        self.told += [(kind, event.event_id) for place, (kind, event) in enumerate(events) if place not in failed]
        return failed


@cache
def changes() -> tuple[tuple[Any, Any], ...]:
    """What the acts of the world change, one after the other, as the stream tells it."""
    world = World.new()
    for name in (
        "add", "move", "give_a_reference", "end_trials", "invite", "add_the_last_device", "restore",
        "archive_the_empty_one",
    ):  # fmt: skip
        ACTS[name](world)
    return tuple(world.turns.dynamo.log)


def record(number: int, change: tuple[Any, Any]) -> dict[str, Any]:
    old, new = change
    keys = {name: (new or old)[name] for name in ("pk", "sk")}
    images = {"OldImage": old} if old else {}
    return {
        "eventID": str(number),
        "eventName": "MODIFY" if old else "INSERT",
        "dynamodb": {"Keys": keys, "SequenceNumber": str(number), "NewImage": new, **images},
    }


def _bad(number: int) -> dict[str, Any]:
    image = {"pk": {"S": "customer#bad"}, "sk": {"S": "customer"}, "last_change": {"S": "broken"}}
    return record(number, (None, image))


def wrong(seed: int) -> list[str]:
    """What is wrong after one delivery: up to five changes, or a batch of ten with a bad one."""
    chosen = random.Random(seed)
    every = changes()
    if seed % 2:
        some = chosen.sample(range(len(every)), k=chosen.randint(1, min(_MOST, len(every))))
        copies = [each for each in some for _ in range(chosen.randint(1, _MOST))]
        batch = [record(place, every[each]) for place, each in enumerate(copies)]  # each copy has a place of its own
        chosen.shuffle(batch)
    else:
        batch = [record(n, every[n % len(every)]) for n in range(9)]
        batch.insert(chosen.randrange(10), _bad(99))
    bus = Bus(chosen)
    lost = _delivered(batch, bus)
    expected: set[tuple[str, str]] = set()
    for each in batch:
        if each["eventID"] != "99":
            expected |= _told_of(each)
    found = []
    if missing := expected - set(bus.told):
        found.append(f"never told: {missing}")
    if more := set(bus.told) - expected:
        found.append(f"told, and never happened: {more}")
    if lost != ([] if seed % 2 else ["99"]):
        found.append(f"in the dead-letter queue: {lost}")
    return found


def _told_of(each: dict[str, Any]) -> set[tuple[str, str]]:
    bus = Bus(random.Random(0))
    told: list[EventEnvelope] = []
    bus.publish = lambda events: told.extend(events) or set()  # type: ignore[method-assign, func-returns-value]
    publish_events({"Records": [each]}, bus)
    return {(kind, event.event_id) for kind, event in told}


def _delivered(batch: list[dict[str, Any]], bus: Bus) -> list[str]:
    """As Lambda does it: again from the first failed record on; at last that record alone is given up."""
    lost: list[str] = []
    tries = 0
    while batch:
        answer = publish_events({"Records": batch}, bus)["batchItemFailures"]
        if not answer:
            return lost
        place = next(p for p, each in enumerate(batch) if each["eventID"] == answer[0]["itemIdentifier"])
        tries = 0 if place else tries + 1
        batch = batch[place:]
        if tries == _TRIES:
            lost.append(batch[0]["eventID"])
            batch, tries = batch[1:], 0
    return lost
