"""Called by the table's stream: publishes changes as events on the event bus."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.aws.snapstart import primed
from shared.events.bus import open_bus
from shared.events.stream import publish_events


@primed
def lambda_handler(event: Any, _context: LambdaContext) -> dict[str, Any]:
    """Publish the events of a batch. The response reports the first record that failed."""
    return publish_events(event, open_bus())
