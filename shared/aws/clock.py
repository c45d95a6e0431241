"""The clock of the functions, and the time that a call has left.

On a local stack the clock can be moved forward, for example to the end of a trial.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.aws.settings import settings

# A function starts no work in the last 10 seconds before its timeout. The next call does that work.
RESERVE_MS: Final = 10_000


def now() -> datetime:
    return datetime.now(UTC) + clock_offset()


def clock_offset() -> timedelta:
    """Return how far the clock of a local stack was moved forward. On AWS it is always zero."""
    file = settings.clock_file
    if file is None:
        return timedelta()
    try:
        return timedelta(seconds=max(0.0, float(Path(file).read_text(encoding="ascii"))))
    except (OSError, ValueError):
        return timedelta()


def time_is_up(context: LambdaContext) -> bool:
    """Return whether a call must start no more work, because its function times out soon."""
    return context.get_remaining_time_in_millis() < RESERVE_MS
