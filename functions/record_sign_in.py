"""Called by the user pool when it gives a token: an account is active from its first sign-in on."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.account_use_cases import record_sign_in
from shared.clock import now
from shared.store import open_store


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """The event is the answer: the token stays as it is."""
    record_sign_in(open_store(), event["userName"], now())
    return event
