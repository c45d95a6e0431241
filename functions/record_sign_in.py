"""Called by the user pool when it issues a token: sets its scopes, and records the first sign-in of the account."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.accounts.consumer import API_CLIENT, process_sign_in
from shared.accounts.sign_ins import record_sign_in
from shared.aws.clock import now
from shared.aws.settings import settings
from shared.aws.snapstart import primed
from shared.table.dynamodb import open_sign_in_store


@primed
def lambda_handler(event: Any, _context: LambdaContext) -> Any:
    """Record the sign-in and return the event with the token's scopes. A failure never blocks the sign-in."""
    clients = {settings.my_sign_in_client: "my_sign_in", settings.sign_in_client: API_CLIENT}
    return process_sign_in(
        event, clients, lambda sign_in, client: record_sign_in(open_sign_in_store(), sign_in, now(), client)
    )
