"""The edge of functions on the table's stream: one record after the other, the bad ones told apart."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.facts import flush, tell


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
