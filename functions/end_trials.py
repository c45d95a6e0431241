"""On a schedule: trials that are over go to production, reminders are sent."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.aws.queues import open_shard_queue
from shared.aws.snapstart import primed
from shared.table.dynamodb import open_store
from shared.trials.schedule import run_scheduled
from shared.trials.use_cases import end_trials


@primed
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, int]:
    """How many were ended, reminded, set aside, left. Raises at the end where some failed."""
    return run_scheduled(
        event,
        context,
        lambda now, up, shards: end_trials(open_store(), now, time_is_up=up, shards=shards),
        open_shard_queue,
    )
