"""Called by a queue: processes imports until they are done."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.aws.clock import time_is_up
from shared.aws.queues import open_import_queue
from shared.aws.snapstart import primed
from shared.imports.consumer import consume_import_messages
from shared.imports.use_cases import run_import
from shared.table.dynamodb import open_store


@primed
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Resume the import of each message. The response reports the messages that failed, which are retried."""
    return consume_import_messages(
        event,
        lambda import_id, now, up: run_import(open_store(), open_import_queue(), import_id, now, up),
        time_is_up=lambda: time_is_up(context),
    )
