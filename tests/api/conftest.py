"""Fixtures: functions on moto, without a user pool."""

from collections.abc import Iterator

import boto3
import pytest

from shared.accounts.identities import open_user_directory
from shared.aws.queues import open_import_queue, open_shard_queue
from shared.events.bus import open_bus
from shared.table.dynamodb import DynamoStore, open_sign_in_store, open_store
from tests.builders import bootstrap_in


@pytest.fixture(autouse=True)
def store(moto_store: DynamoStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoStore]:
    monkeypatch.setenv("USER_POOL_ID", "eu-west-1_none")
    monkeypatch.setenv("USER_POOL_CLIENT_ID", "exampleclient")
    monkeypatch.setenv("IMPORT_QUEUE_URL", boto3.client("sqs").create_queue(QueueName="imports")["QueueUrl"])
    opened = (open_store, open_sign_in_store, open_user_directory, open_bus, open_shard_queue, open_import_queue)
    for each in opened:
        each.cache_clear()
    bootstrap_in(moto_store)
    yield moto_store
    for each in opened:
        each.cache_clear()
