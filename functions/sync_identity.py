"""On the table's stream: makes, disables and removes sign-ins as the accounts in the table say."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.account_use_cases import sync_identity
from shared.identities import open_identities
from shared.starts import started
from shared.store import open_store
from shared.streams import each_account


@started
def lambda_handler(event: Any, _context: LambdaContext) -> dict[str, Any]:
    """The answer names the records that failed."""
    return each_account(event, lambda account: sync_identity(open_store(), open_identities(), account))
