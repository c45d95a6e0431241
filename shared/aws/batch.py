"""The edge of functions that are brought records in batches, from a stream or a queue.

Nothing is raised for what a record holds: the answer names those that failed. Lambda brings them again, and at last
puts them into the dead-letter queue.
"""

from collections.abc import Callable
from typing import Any

from shared.aws.observability import flush_metrics, log_event

# What an answer names where a failed record has no id: to Lambda, the whole batch.
WHOLE_BATCH = ""


def records_of(event: Any) -> list[Any]:
    """The records that an event brings; none, and told so, where it is of another kind."""
    records = event.get("Records") if isinstance(event, dict) else None
    if isinstance(records, list):
        return records
    log_event("event_not_read")
    return []


def id_of(record: Any, *path: str) -> str:
    """What stands at `path` in a record, or WHOLE_BATCH."""
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record if path and isinstance(record, str) and record.isascii() else WHOLE_BATCH


def process_batch(
    event: Any, path: tuple[str, ...], act: Callable[[Any], None], *, failed_as: str, about: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Calls `act` with each record. One that fails is named by the id at `path`.

    It is told as the fact `failed_as`, with what stands at `about`.
    """
    failed = []
    try:
        for record in records_of(event):
            try:
                act(record)
            except Exception as error:  # noqa: BLE001 - it comes again, and the others are not kept
                failed.append(id_of(record, *path))
                log_event(failed_as, record=failed[-1], about=id_of(record, *about), error=type(error).__name__)
        return batch_response(failed)
    finally:
        flush_metrics()


def batch_response(ids: list[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}
