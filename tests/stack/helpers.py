"""Helpers of the tests of stack."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.conftest import RunningStack

BOTH = ["all_inclusive", "software_only"]


def add(stack: RunningStack, **body: Any) -> dict[str, Any]:
    answer = stack.call("POST", "/customers", json=body)
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


def eventually(check: Any, *, seconds: float = 20) -> Any:
    """What `check` gives once it gives something true: messages of the stream take a moment."""
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)
    return found


def subscribed(stack: RunningStack, *kinds: str) -> Callable[[], list[dict[str, Any]]]:
    """A subscriber to these events on the stack's bus; what it gets, all that has come so far."""
    sqs, events = stack.ministack.client("sqs"), stack.ministack.client("events")
    name = f"to-{kinds[0]}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"detail-type": kinds})
    events.put_rule(Name=name, EventBusName="backup-customers", EventPattern=pattern)
    events.put_targets(Rule=name, EventBusName="backup-customers", Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[dict[str, Any]] = []

    def told() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        seen.extend(json.loads(message["Body"]) for message in messages)
        return seen

    return told
