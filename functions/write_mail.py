"""Called by the user pool before it sends a mail: writes the text of an invitation."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.accounts.consumer import process_mail
from shared.aws.snapstart import primed


@primed
def lambda_handler(event: Any, _context: LambdaContext) -> Any:
    """Return the event with the text. A failure leaves the user pool's own text and never blocks the mail."""
    return process_mail(event)
