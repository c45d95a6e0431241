"""Fixtures: functions on moto, with every request to AWS recorded."""

from collections.abc import Iterator
from typing import Any

import boto3
import botocore.client
import pytest

from shared.accounts.identities import open_user_directory
from shared.aws.queues import open_import_queue, open_shard_queue
from shared.events.bus import open_bus
from shared.table.dynamodb import DynamoStore, open_sign_in_store, open_store
from tests import calls
from tests.architecture.helpers import Recorded
from tests.builders import bootstrap_in


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """Record each call of a function with its requests to AWS, in their order."""
    found: Recorded = []
    open_calls: list[Any] = []
    invoke, send = calls.invoke, botocore.client.BaseClient._make_api_call

    def recording_invoke(name: str, event: Any) -> Any:
        open_calls.append((name, []))
        found.append(open_calls[-1])
        try:
            return invoke(name, event)
        finally:
            open_calls.pop()

    def recording_send(client: Any, operation: str, request: Any) -> Any:
        if open_calls:
            open_calls[-1][1].append((client.meta.service_model.signing_name, operation, request))
        return send(client, operation, request)

    monkeypatch.setattr(calls, "invoke", recording_invoke)
    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", recording_send)
    return found


@pytest.fixture
def store(moto_store: DynamoStore, moto_user_pool: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoStore]:
    assert moto_user_pool
    for name, queue in (("IMPORT_QUEUE_URL", "imports"), ("SHARD_QUEUE_URL", "shards")):
        monkeypatch.setenv(name, boto3.client("sqs").create_queue(QueueName=queue)["QueueUrl"])
    boto3.client("events").create_event_bus(Name="bus")
    for name, value in {
        "EVENT_BUS": "bus",
        "SIGN_IN_ENDPOINT": "https://cognito.example",
        "USER_POOL_CLIENT_ID": "client",
        "MY_SIGN_IN_CLIENT_ID": "my_sign_in",
    }.items():
        monkeypatch.setenv(name, value)
    opened = (open_store, open_sign_in_store, open_user_directory, open_bus, open_shard_queue, open_import_queue)
    for each in opened:
        each.cache_clear()
    bootstrap_in(moto_store)
    yield moto_store
    for each in opened:
        each.cache_clear()
