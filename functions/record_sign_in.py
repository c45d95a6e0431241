"""Called by the user pool when it issues a token: records the first sign-in, which makes the account active."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.accounts.consumer import process_sign_in
from shared.accounts.sign_ins import record_sign_in
from shared.aws.clock import now
from shared.aws.snapstart import primed
from shared.table.dynamodb import open_sign_in_store


@primed
def lambda_handler(event: Any, _context: LambdaContext) -> Any:
    """Record the sign-in and return the event. A failure never blocks the sign-in."""
    return process_sign_in(event, lambda account_id: record_sign_in(open_sign_in_store(), account_id, now()))
