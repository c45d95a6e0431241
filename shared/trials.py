"""Trials: 30 times 24 hours from creation, then production by itself. Source: domain.md, "Trial".

Everything here is computed from the clock, so it is true between two runs of the schedule as well.
"""

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

TRIAL_PERIOD: Final = timedelta(hours=30 * 24)

State = Literal["in_trial", "in_production"]


class Trial(NamedTuple):
    started_at: datetime
    ends_at: datetime


def trial_from(start: datetime) -> Trial:
    return Trial(start, start + TRIAL_PERIOD)


def production_since(
    trial: Trial | None, created_at: datetime, recorded: datetime | None, now: datetime
) -> datetime | None:
    """When production began as seen at `now`, `None` during the trial. At its very end the trial is over.

    `recorded` is what stands in the table once somebody or the schedule moved the customer to production.
    """
    if recorded is not None and recorded <= now:
        return recorded
    if trial is None:
        return created_at
    return trial.ends_at if now >= trial.ends_at else None
