"""A queue in memory for tests of use cases."""

from collections.abc import Sequence

from shared.aws.queues import Message
from shared.errors import UnavailableError


class MemoryQueue:
    """Stores the messages that are sent to it. Raises UnavailableError while it is `down`."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.down = False

    def send(self, messages: Sequence[Message]) -> None:
        if self.down:
            raise UnavailableError("The queue is down.")
        self.messages += messages
