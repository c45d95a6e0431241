"""The edge of functions on the table's stream: one record after the other, the bad ones told apart."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.bus import Bus
from shared.events import Told, events_of
from shared.facts import count, flush, tell


def each_account(event: dict[str, Any], context: LambdaContext, act: Callable[[str], None]) -> Any:
    """Calls `act` with the id of each account that was changed; the answer names the records that failed.

    Lambda brings those again, and at last puts them into the dead-letter queue.
    """

    def one(record: DynamoDBRecord) -> None:
        account_id = record.dynamodb.keys["pk"].removeprefix("account#")  # type: ignore[union-attr]
        try:
            act(account_id)
        except Exception as error:
            tell("account_message_failed", account_id=account_id, error=type(error).__name__)
            raise

    processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
    try:
        return process_partial_response(event=event, record_handler=one, processor=processor, context=context)
    finally:
        flush()


def publish_events(event: dict[str, Any], bus: Bus) -> dict[str, Any]:
    """Publish what the records of a batch mean to others, in their order.

    The answer names the first record that failed: Lambda brings it and all after it again, so the order is kept, and at
    last puts it alone into the dead-letter queue. What was published before comes again with the same ids.
    """
    told: list[Told] = []
    record_of: list[str] = []  # the record of each event
    failed: str | None = None
    try:
        for raw in event["Records"]:
            record = DynamoDBRecord(raw)
            number = str(raw["dynamodb"]["SequenceNumber"])
            try:
                events = events_of(*_images(record), _changed_at(raw))
            except Exception as error:  # noqa: BLE001 - whatever it is, those before it are told and it comes again
                tell("event_not_made", error=type(error).__name__, record=number)
                failed = number
                break
            told += events
            record_of += [number] * len(events)
        not_taken = bus.publish(told)
        if not_taken:
            failed = record_of[min(not_taken)]
            tell("event_not_taken", record=failed)
        for place, (kind, _) in enumerate(told):
            if place not in not_taken:
                count(f"event_{kind}")
        return {"batchItemFailures": [{"itemIdentifier": failed}] if failed else []}
    finally:
        flush()


def _changed_at(raw: dict[str, Any]) -> datetime | None:
    seconds = raw["dynamodb"].get("ApproximateCreationDateTime")
    return datetime.fromtimestamp(float(seconds), UTC) if seconds else None


def _images(record: DynamoDBRecord) -> tuple[Any, Any]:
    assert record.dynamodb is not None  # noqa: S101 - every record of a stream has it
    return record.dynamodb.old_image or None, record.dynamodb.new_image or None
