"""The queue over which a run of the schedule is spread: one message a shard, each for a call of its own."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from shared.aws import aws_client
from shared.environment import shard_queue_url
from shared.errors import UnavailableError
from shared.keys import TRIAL_SHARDS

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MOST_ENTRIES: Final = 10  # SQS's limit for one request


class ShardQueue(Protocol):
    def spread(self, time: str) -> int:
        """One message for each shard, for the run of this time; how many. Raises UnavailableError."""


class SqsShardQueue:
    """The queue on SQS."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def spread(self, time: str) -> int:
        for start in range(0, TRIAL_SHARDS, _MOST_ENTRIES):
            shards = range(start, min(start + _MOST_ENTRIES, TRIAL_SHARDS))
            entries: Any = [
                {"Id": str(shard), "MessageBody": json.dumps({"time": time, "shard": shard})} for shard in shards
            ]
            # A shard that comes twice, when the schedule tries a failed run again, is harmless.
            if self._client.send_message_batch(QueueUrl=self._url, Entries=entries).get("Failed"):
                raise UnavailableError("The queue did not take every shard.")
        return TRIAL_SHARDS


@cache
def open_shard_queue() -> SqsShardQueue:
    """The queue of this function: the one that SHARD_QUEUE_URL names."""
    return SqsShardQueue(aws_client("sqs"), shard_queue_url())
