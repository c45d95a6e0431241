"""The queues that distribute work. Each message is processed by one call of a function."""

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from shared.aws import clients
from shared.aws.settings import settings
from shared.errors import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

Message = dict[str, Any]

_MAX_ENTRIES: Final = 10  # SQS's limit for one request


class Queue(Protocol):
    def send(self, messages: Sequence[Message]) -> None:
        """Send every message, at least once. Raises UnavailableError."""


class SqsQueue:
    """A queue on SQS."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), _MAX_ENTRIES):
            entries: Any = [
                {"Id": str(place), "MessageBody": json.dumps(message)}
                for place, message in enumerate(messages[start : start + _MAX_ENTRIES])
            ]
            try:
                failed = self._client.send_message_batch(QueueUrl=self._url, Entries=entries).get("Failed")
            except (BotoCoreError, ClientError) as error:
                raise _unavailable() from error
            if failed:
                raise _unavailable()


def _unavailable() -> UnavailableError:
    return UnavailableError("The queue is temporarily unavailable. Retry after some seconds.")


@cache
def open_shard_queue() -> SqsQueue:
    """Return the queue that SHARD_QUEUE_URL names: shards of the trials that are due."""
    return SqsQueue(clients.client("sqs"), settings.shard_queue_url)


@cache
def open_import_queue() -> SqsQueue:
    """Return the queue of imports, which IMPORT_QUEUE_URL names."""
    return SqsQueue(clients.client("sqs"), settings.import_queue_url)
