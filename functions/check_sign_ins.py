"""Called on a schedule, once a day: repairs sign-ins that were deleted or changed in the user pool."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.accounts.identities import open_user_directory
from shared.accounts.reconciliation import check_sign_ins
from shared.aws.clock import now, time_is_up
from shared.aws.snapstart import primed
from shared.table.dynamodb import open_store


@primed
def lambda_handler(_event: Any, context: LambdaContext) -> dict[str, int]:
    """Return how many sign-ins of each kind were repaired. Raises CheckIncompleteError."""
    return check_sign_ins(open_store(), open_user_directory(), now(), lambda: time_is_up(context))
