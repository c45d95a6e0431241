"""On a queue: imports are carried on until they are done."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.import_use_cases import run_import
from shared.messages import each_import
from shared.queues import open_import_queue
from shared.starts import started
from shared.store import open_store


@started
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Carries each import of the messages on. The answer names the messages that failed: they come again."""
    return each_import(
        event, context, lambda import_id, now, up: run_import(open_store(), open_import_queue(), import_id, now, up)
    )
