"""Called by the user pool when it gives a token: an account is active from its first sign-in on."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.accounts.use_cases import record_sign_in
from shared.aws.batch import id_of
from shared.aws.clock import now
from shared.aws.snapstart import primed
from shared.table.dynamodb import open_store


@primed
def lambda_handler(event: Any, _context: LambdaContext) -> Any:
    """The event is the answer: the token stays as it is."""
    record_sign_in(open_store(), id_of(event, "userName"), now())
    return event
