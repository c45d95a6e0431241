"""Called by the schedule, once a day: cleans up after removed customers, and repairs sign-ins that were changed."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.accounts.identities import open_user_directory
from shared.accounts.reconciliation import check_sign_ins
from shared.accounts.removal import clean_up
from shared.aws.clock import now, time_is_up
from shared.aws.snapstart import primed
from shared.table.dynamodb import open_store


@primed
def lambda_handler(_event: Any, context: LambdaContext) -> dict[str, int]:
    """Return how many sign-ins of each kind were repaired, and how many removed customers have left nothing behind.

    Raises CheckIncompleteError, and whatever stops the first of the two jobs: the next day's run does the same.
    """
    store, moment = open_store(), now()
    removed = clean_up(store, moment, lambda: time_is_up(context))
    repaired = check_sign_ins(store, open_user_directory(), moment, lambda: time_is_up(context))
    return {**repaired, "removed_customers": removed}
