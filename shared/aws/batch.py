"""Batches of records from a stream or a queue.

A record that fails is reported in the response instead of raised: Lambda retries it, and finally sends it to the
dead-letter queue.
"""

from collections.abc import Callable
from typing import Any, Final

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from shared.aws.observability import flush_metrics, log_event
from shared.errors import require

# Reported for a failed record without an id. Lambda then retries the whole batch.
WHOLE_BATCH: Final = ""
# The path to the id in a stream record, and in a queue message.
SEQUENCE_NUMBER: Final = ("dynamodb", "SequenceNumber")
MESSAGE_ID: Final = ("messageId",)


def records_of(event: Any) -> list[Any]:
    """Return the records of an event. Log an event that is not a batch, and return an empty list for it."""
    records = event.get("Records") if isinstance(event, dict) else None
    if isinstance(records, list):
        return records
    log_event("event_malformed")
    return []


def id_of(record: Any, *path: str) -> str:
    """Return the ASCII text at `path` in a record, or WHOLE_BATCH."""
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record if path and isinstance(record, str) and record.isascii() else WHOLE_BATCH


def images_of(record: Any) -> tuple[Any, Any]:
    """Return the item before and after the change of a stream record, or None."""
    change = require(DynamoDBRecord(record).dynamodb)
    return change.old_image or None, change.new_image or None


def process_batch(
    event: Any, path: tuple[str, ...], act: Callable[[Any], None], *, failed_as: str, about: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Call `act` with each record of a batch and return the response for Lambda.

    A record that fails is reported by the id at `path`. The failure is logged and counted as `failed_as`. The log entry
    contains the text at the path `about`.
    """
    failed = []
    try:
        for record in records_of(event):
            try:
                act(record)
            except Exception as error:  # noqa: BLE001 - the record is retried and must not stop the others
                failed.append(id_of(record, *path))
                log_event(failed_as, record=failed[-1], about=id_of(record, *about), error=type(error).__name__)
        return batch_response(failed)
    finally:
        flush_metrics()


def batch_response(failed_ids: list[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed_ids]}
