"""On a queue: imports are carried on until they are done."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.import_use_cases import run_import
from shared.messages import each_import
from shared.queues import open_import_queue
from shared.store import open_store


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Carries each import of the messages on. Raises where DynamoDB or the queue does not serve: it comes again."""
    each_import(
        event, context, lambda import_id, now, up: run_import(open_store(), open_import_queue(), import_id, now, up)
    )
