"""Called by the table's stream: creates, enables, disables and removes sign-ins to match the accounts in the table."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.accounts.consumer import process_account_changes
from shared.accounts.identities import open_user_directory
from shared.accounts.sign_ins import sync_identity
from shared.aws.clock import now
from shared.aws.settings import settings
from shared.aws.snapstart import primed
from shared.table.dynamodb import open_store


@primed
def lambda_handler(event: Any, _context: LambdaContext) -> dict[str, Any]:
    """Update the sign-ins of the changed accounts. The response reports the records that failed."""
    return process_account_changes(
        event, lambda account: sync_identity(open_store(), open_user_directory(), account, now(), settings.console_url)
    )
