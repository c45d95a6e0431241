"""Tests: publishing on the event bus."""

import boto3
from botocore.stub import Stubber

from shared.events.bus import EventBridgeBus
from tests.events.helpers import all_events


def a_bus() -> tuple[EventBridgeBus, Stubber, list[float]]:
    client = boto3.client("events", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    stubber, waits = Stubber(client), []  # type: ignore[var-annotated]
    stubber.activate()
    return EventBridgeBus(client, "bus", wait=waits.append), stubber, waits


def test_publish_sends_ten_events_in_each_request() -> None:
    bus, stubber, _ = a_bus()
    events = all_events()[:12]
    for size in (10, 2):
        stubber.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "x"}] * size})
    assert bus.publish(events) == set()
    stubber.assert_no_pending_responses()


def test_publish_retries_only_the_failed_entries() -> None:
    bus, stubber, waits = a_bus()
    events = all_events()[:3]
    failed, done = {"ErrorCode": "ThrottlingException"}, {"EventId": "x"}
    stubber.add_response("put_events", {"FailedEntryCount": 2, "Entries": [failed, done, failed]})
    stubber.add_response("put_events", {"FailedEntryCount": 1, "Entries": [done, failed]})
    stubber.add_response("put_events", {"FailedEntryCount": 1, "Entries": [failed]})
    assert bus.publish(events) == {2}
    assert len(waits) == 3


def test_refused_event_does_not_stop_the_others() -> None:
    bus, stubber, _ = a_bus()
    stubber.add_client_error("put_events", "ValidationException", http_status_code=400)
    done = {"FailedEntryCount": 0, "Entries": [{"EventId": "x"}]}
    stubber.add_response("put_events", done)
    stubber.add_client_error("put_events", "ValidationException", http_status_code=400)
    stubber.add_response("put_events", done)
    assert bus.publish(all_events()[:3]) == {1}
    assert bus.publish([]) == set()
