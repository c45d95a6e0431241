"""Whose turn it is: actors that run one AWS call at a time, in an order and with faults that a seed chooses.

Every call of every client goes through `Turns.call`. There its actor stops, and goes on when it is chosen. So a history
is decided by its seed alone, and the same seed plays it again.
"""

import random
from collections.abc import Callable
from typing import Any, Final, Literal

from botocore.exceptions import ConnectionClosedError
from greenlet import greenlet

from shared.table.dynamodb import DynamoStore
from tests.simulation.fake_dynamo import FakeDynamo, error

# What can become of a call. `lost`: carried out, and the answer does not come; `lost_and_sent_again`: neither does the
# SDK's caller notice, as it sends the same again; a crash ends the actor, before or after the call.
Fault = Literal[
    "none", "crash_before", "crash_after", "lost", "lost_and_sent_again", "throttled", "conflict", "server_error"
]
FAULTS: Final[tuple[Fault, ...]] = (
    "crash_before", "crash_after", "lost", "lost_and_sent_again", "throttled", "conflict", "server_error",
)  # fmt: skip


class Crashed(BaseException):
    """The function's process is gone; no code of the function sees it."""


class Turns:
    """Actors over one fake table. `faults`: how often, of a hundred calls, something goes wrong."""

    def __init__(self, dynamo: FakeDynamo, seed: int = 0, faults: int = 0) -> None:
        self.dynamo = dynamo
        self._random = random.Random(seed)
        self._faults = faults
        self._hub = greenlet.getcurrent()
        self.calls: list[str] = []
        self.plan: dict[int, Fault] = {}  # place of a call -> what becomes of it, where it is not left to the seed

    @property
    def store(self) -> DynamoStore:
        return DynamoStore(_Client(self), "table", wait=lambda _: None)  # type: ignore[arg-type]

    def call(self, name: str, act: Callable[[], Any], *, conflict: Callable[[], Exception] | None = None) -> Any:
        """One call of a client: wait for the turn, then do it, or let something go wrong."""
        if greenlet.getcurrent() is not self._hub:
            self._hub.switch()
        place = len(self.calls)
        self.calls.append(name)
        fault = self.plan.get(place) or self._chosen()
        if fault == "conflict" and conflict is None:
            fault = "throttled"
        if fault == "crash_before":
            raise Crashed
        if fault == "throttled":
            raise error(name, "ProvisionedThroughputExceededException")
        if fault == "server_error":
            raise error(name, "InternalServerError", 500)
        if fault == "conflict" and conflict:
            raise conflict()
        answer = act()
        if fault == "crash_after":
            raise Crashed
        if fault == "lost":
            raise ConnectionClosedError(endpoint_url="http://dynamodb")
        return act() if fault == "lost_and_sent_again" else answer

    def _chosen(self) -> Fault:
        if self._random.randrange(100) >= self._faults:
            return "none"
        return self._random.choice(FAULTS)

    def play(self, actors: list[Callable[[], Any]]) -> list[Any]:
        """What becomes of each actor: its result, or the exception that ended it."""
        results: list[Any] = [None] * len(actors)

        def run(place: int) -> None:
            try:
                results[place] = actors[place]()
            except (Exception, Crashed) as ended:  # noqa: BLE001 - a refusal, or a crash, is a result here
                results[place] = ended

        running = [greenlet(lambda place=place: run(place), self._hub) for place in range(len(actors))]
        while running:
            self._random.choice(running).switch()
            running = [each for each in running if not each.dead]
        return results


class _Client:
    """The client of DynamoDB, each call a turn."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def batch_get_item(self, **request: Any) -> Any:
        return self._turns.call("BatchGetItem", lambda: self._turns.dynamo.batch_get_item(**request))

    def query(self, **request: Any) -> Any:
        return self._turns.call("Query", lambda: self._turns.dynamo.query(**request))

    def update_item(self, **request: Any) -> Any:
        return self._turns.call(
            "UpdateItem",
            lambda: self._turns.dynamo.update_item(**request),
            conflict=lambda: error("UpdateItem", "TransactionConflictException"),
        )

    def transact_write_items(self, **request: Any) -> Any:
        reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in request["TransactItems"][1:])]
        return self._turns.call(
            "TransactWriteItems",
            lambda: self._turns.dynamo.transact_write_items(**request),
            conflict=lambda: error("TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons),
        )
