"""On the table's stream: what a change means to others goes onto the event bus."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.bus import open_bus
from shared.starts import started
from shared.streams import publish_events


@started
def lambda_handler(event: Any, _context: LambdaContext) -> dict[str, Any]:
    """The answer names the first record that failed."""
    return publish_events(event, open_bus())
