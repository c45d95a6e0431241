"""On a schedule: trials that are over go to production, reminders are sent."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.queues import open_shard_queue
from shared.schedules import scheduled_run
from shared.starts import started
from shared.store import open_store
from shared.trial_use_cases import end_trials


@started
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, int]:
    """How many were ended, reminded, set aside, left. Raises at the end where some failed."""
    return scheduled_run(
        event,
        context,
        lambda now, up, shards: end_trials(open_store(), now, time_is_up=up, shards=shards),
        open_shard_queue,
    )
