"""On a queue: imports are carried on until they are done."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.aws.queues import open_import_queue
from shared.aws.snapstart import primed
from shared.imports.consumer import consume_import_messages
from shared.imports.use_cases import run_import
from shared.table.dynamodb import open_store


@primed
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Carries each import of the messages on. The answer names the messages that failed: they come again."""
    return consume_import_messages(
        event, context, lambda import_id, now, up: run_import(open_store(), open_import_queue(), import_id, now, up)
    )
