"""Turns: actors that make one AWS call at a time. A seed chooses the order and the faults.

Every call of every client uses `Turns.call`, which blocks its actor until it is chosen. A history depends only on its
seed, so the same seed repeats it.
"""

import random
from collections.abc import Callable
from typing import Any, Final, Literal

from botocore.exceptions import ConnectionClosedError
from greenlet import greenlet

from shared.table.dynamodb import DynamoStore
from tests.simulation.fake_dynamo import FakeDynamo, error

# How a call can fail. `lost`: it succeeds, but the response is lost. `lost_and_sent_again`: the SDK then retries it. A
# crash ends the actor, before or after the call.
Fault = Literal[
    "none", "crash_before", "crash_after", "lost", "lost_and_sent_again", "throttled", "conflict", "server_error"
]
FAULTS: Final[tuple[Fault, ...]] = (
    "crash_before", "crash_after", "lost", "lost_and_sent_again", "throttled", "conflict", "server_error",
)  # fmt: skip


class Crashed(BaseException):
    """The process of the function ended. No code of the function can catch this."""


class Turns:
    """Actors on one table in memory. `faults`: the percentage of calls that fail."""

    def __init__(self, dynamo: FakeDynamo, seed: int = 0, faults: int = 0) -> None:
        self.dynamo = dynamo
        self._random = random.Random(seed)
        self._faults = faults
        self._hub = greenlet.getcurrent()
        self.calls: list[str] = []
        self.plan: dict[int, Fault] = {}  # number of a call -> its fault, instead of one chosen by the seed

    @property
    def store(self) -> DynamoStore:
        return DynamoStore(_Client(self), "table", wait=lambda _: None)  # type: ignore[arg-type]

    def call(self, name: str, make: Callable[[], Any], *, conflict: Callable[[], Exception] | None = None) -> Any:
        """Wait for the actor's turn, then make the call or fail."""
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
        response = make()
        if fault == "crash_after":
            raise Crashed
        if fault == "lost":
            raise ConnectionClosedError(endpoint_url="http://dynamodb")
        return make() if fault == "lost_and_sent_again" else response

    def _chosen(self) -> Fault:
        if self._random.randrange(100) >= self._faults:
            return "none"
        return self._random.choice(FAULTS)

    def run(self, actors: list[Callable[[], Any]]) -> list[Any]:
        """Run the actors. Return the result of each, or the exception that ended it."""
        results: list[Any] = [None] * len(actors)

        def run_actor(index: int) -> None:
            try:
                results[index] = actors[index]()
            except (Exception, Crashed) as ended:  # noqa: BLE001 - an exception is a result here
                results[index] = ended

        running = [greenlet(lambda index=index: run_actor(index), self._hub) for index in range(len(actors))]
        while running:
            self._random.choice(running).switch()
            running = [each for each in running if not each.dead]
        return results


class _Client:
    """A client of DynamoDB. Each call waits for its turn."""

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
