"""Called on a schedule: moves trials that are over to production, and sends reminders."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.aws.clock import time_is_up
from shared.aws.queues import open_shard_queue
from shared.aws.snapstart import primed
from shared.table.dynamodb import open_store
from shared.trials.schedule import run_scheduled
from shared.trials.use_cases import end_trials


@primed
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, int]:
    """Return how many trials were ended, reminded, quarantined, deferred. Raises ScheduledRunError if some failed."""
    return run_scheduled(
        event,
        lambda now, shards: end_trials(open_store(), now, time_is_up=lambda: time_is_up(context), shards=shards),
        open_shard_queue,
    )
