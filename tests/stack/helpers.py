"""Helpers of the tests on the running stack."""

import base64
import json
from collections.abc import Callable
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.conftest import RunningStack, eventually

BOTH = ["all_inclusive", "software_only"]


def signed(stack: RunningStack, **changes: Any) -> str:
    """Return the root's access token with other claims, signed with the pool's own key."""
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in stack.token.split(".")[:2])
    (key,) = stack.directory.glob(f"state/cognito-pool-keys/{stack.stack['user_pool_id']}-access.pem")
    return jwt.encode(head, claims | changes, RSAKey.import_key(key.read_text()))


def add(stack: RunningStack, **body: Any) -> dict[str, Any]:
    response = stack.call("POST", "/customers", json=body)
    assert response.status_code == 201, response.text
    added: dict[str, Any] = response.json()
    return added


def await_invitation(stack: RunningStack, account_id: str) -> None:
    """Wait until the mail of an invitation was accepted. Resend it if it was not.

    A user pool gives the function that writes the mail 5 seconds, which a busy machine may need to start it.
    """

    def accepted() -> bool:
        found = stack.call("GET", f"/accounts/{account_id}").json()
        if found["identity"] == "failed":
            stack.call("POST", f"/accounts/{account_id}/invitation")
        return found["invited_at"] is not None

    eventually(accepted)


def subscribed(stack: RunningStack, *kinds: str) -> Callable[[], list[dict[str, Any]]]:
    """Subscribe to these events on the stack's bus. Return a function that returns all events so far."""
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
