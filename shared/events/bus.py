"""The event bus: events are published in the order in which they happened."""

import random
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from shared.aws import clients
from shared.aws.settings import settings
from shared.events.events import EventEnvelope

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE: Final = "backup-customers"
_MAX_ENTRIES: Final = 10  # EventBridge's limit for one request
MAX_ATTEMPTS: Final = 3


class Bus(Protocol):
    def publish(self, events: Sequence[EventEnvelope]) -> set[int]:
        """Publish the events in their order. Return the indexes of those that were not published."""


class EventBridgeBus:
    """The bus on EventBridge."""

    def __init__(self, client: "EventBridgeClient", name: str, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._wait = wait

    def publish(self, events: Sequence[EventEnvelope]) -> set[int]:
        failed: set[int] = set()
        for start in range(0, len(events), _MAX_ENTRIES):
            failed |= self._put(events, list(range(start, min(start + _MAX_ENTRIES, len(events)))))
        return failed

    def _put(self, events: Sequence[EventEnvelope], indexes: list[int]) -> set[int]:
        """Publish the events with these indexes in one request, and resend those that EventBridge rejects temporarily.

        Return the indexes of those that were not published.
        """
        for attempt in range(MAX_ATTEMPTS):
            entries: Any = [self._entry(*events[index]) for index in indexes]
            try:
                results = self._client.put_events(Entries=entries)["Entries"]
            except BotoCoreError:
                return set(indexes)  # the SDK has retried already
            except ClientError:
                if len(indexes) == 1:
                    return set(indexes)
                # One event that EventBridge rejects must not block the others.
                return {failed for index in indexes for failed in self._put(events, [index])}
            indexes = [index for index, result in zip(indexes, results, strict=True) if result.get("ErrorCode")]
            if not indexes:
                return set()
            self._wait(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 - jitter, not a secret
        return set(indexes)

    def _entry(self, kind: str, event: Any) -> dict[str, Any]:
        return {
            "Source": SOURCE,
            "DetailType": kind,
            "Detail": event.model_dump_json(),
            "Time": event.occurred_at,
            "EventBusName": self._name,
        }


@cache
def open_bus() -> EventBridgeBus:
    """Return the event bus that EVENT_BUS names."""
    return EventBridgeBus(clients.client("events"), settings.event_bus)
