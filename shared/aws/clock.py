"""The clock of the functions. On a local stack it can be put forward, so that a trial can be watched to its end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.aws.settings import settings


def now() -> datetime:
    return datetime.now(UTC) + clock_offset()


def clock_offset() -> timedelta:
    """How far the local stack's clock was put forward; nothing on AWS, whatever the environment says."""
    file = settings.clock_file
    if file is None:
        return timedelta()
    try:
        return timedelta(seconds=max(0.0, float(Path(file).read_text(encoding="ascii"))))
    except (OSError, ValueError):
        return timedelta()
