"""The stream of the table: changes become events on the event bus."""

from datetime import UTC, datetime
from typing import Any

from shared.aws.batch import SEQUENCE_NUMBER, batch_response, id_of, images_of, records_of
from shared.aws.observability import count_metric, flush_metrics, log_event
from shared.aws.settings import settings
from shared.events.bus import Bus
from shared.events.events import EventEnvelope, events_for_change, in_epoch


def publish_events(event: Any, bus: Bus) -> dict[str, Any]:
    """Publish the events of a batch of stream records, in the order of the records.

    The response reports the first record that failed. Lambda sends that record and all later ones again, which keeps
    the order, and finally moves only that record to the dead-letter queue. Events that were published before are then
    published again with the same ids.
    """
    envelopes: list[EventEnvelope] = []
    record_of: list[str] = []  # for each envelope, the sequence number of its record
    failed: list[str] = []
    try:
        for record in records_of(event):
            number = id_of(record, *SEQUENCE_NUMBER)
            try:
                changed = events_for_change(*images_of(record), _changed_at(record))
                events = [in_epoch(envelope, settings.restore_epoch) for envelope in changed]
                for envelope in events:
                    envelope.event.model_dump_json()  # an event that cannot be serialized fails alone
            except Exception as error:  # noqa: BLE001 - publish what precedes the record; Lambda sends it again
                log_event("event_creation_failed", error=type(error).__name__, record=number)
                failed = [number]
                break
            envelopes += events
            record_of += [number] * len(events)
        not_published = bus.publish(envelopes)
        if not_published:
            failed = [record_of[min(not_published)]]
            log_event("event_publishing_failed", record=failed[0])
        for place, envelope in enumerate(envelopes):
            if place not in not_published:
                count_metric(f"event_{envelope.type}")
        return batch_response(failed)
    finally:
        flush_metrics()


def _changed_at(record: dict[str, Any]) -> datetime | None:
    seconds = record["dynamodb"].get("ApproximateCreationDateTime")
    return datetime.fromtimestamp(float(seconds), UTC) if seconds else None
