"""The edge of functions on the table's stream."""

from datetime import UTC, datetime
from typing import Any, Final

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from shared.aws.batch import batch_response, id_of, records_of
from shared.aws.observability import count_metric, flush_metrics, log_event
from shared.events.bus import Bus
from shared.events.events import EventEnvelope, events_for_change

_NUMBER: Final = ("dynamodb", "SequenceNumber")
_KEY: Final = ("dynamodb", "Keys", "pk", "S")


def publish_events(event: Any, bus: Bus) -> dict[str, Any]:
    """Publish what the records of a batch mean to others, in their order.

    The answer names the first record that failed: Lambda brings it and all after it again, so the order is kept, and at
    last puts it alone into the dead-letter queue. What was published before comes again with the same ids.
    """
    told: list[EventEnvelope] = []
    record_of: list[str] = []  # the record of each event
    failed: list[str] = []
    try:
        for raw in records_of(event):
            number = id_of(raw, *_NUMBER)
            try:
                events = events_for_change(*_images(raw), _changed_at(raw))
                for _, each in events:
                    each.model_dump_json()  # what cannot be told fails here, by itself
            except Exception as error:  # noqa: BLE001 - whatever it is, those before it are told and it comes again
                log_event("event_not_made", error=type(error).__name__, record=number)
                failed = [number]
                break
            told += events
            record_of += [number] * len(events)
        not_taken = bus.publish(told)
        if not_taken:
            failed = [record_of[min(not_taken)]]
            log_event("event_not_taken", record=failed[0])
        for place, (kind, _) in enumerate(told):
            if place not in not_taken:
                count_metric(f"event_{kind}")
        return batch_response(failed)
    finally:
        flush_metrics()


def _changed_at(raw: dict[str, Any]) -> datetime | None:
    seconds = raw["dynamodb"].get("ApproximateCreationDateTime")
    return datetime.fromtimestamp(float(seconds), UTC) if seconds else None


def _images(raw: dict[str, Any]) -> tuple[Any, Any]:
    record = DynamoDBRecord(raw).dynamodb
    assert record is not None  # noqa: S101 - every record of a stream has it
    return record.old_image or None, record.new_image or None
