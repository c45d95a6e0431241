"""Trials: 30 times 24 hours from creation, then production automatically. Source: domain.md, "Trial".

Whether a trial is over is computed from the clock, so the result is also correct between two runs of the schedule. The
schedule only records the end and sends the reminders. `trial_due` of a record is the next step and its time.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from shared.values.timestamps import format_timestamp, parse_timestamp

TRIAL_PERIOD: Final = timedelta(hours=30 * 24)
# Days before the end on which a reminder is due; 0 is the end itself.
STEPS: Final = (7, 3, 1, 0)

# The recorded actor of reminders, and of a trial that no account ended early.
SCHEDULE: Final = "schedule"

State = Literal["in_trial", "in_production"]


class Trial(NamedTuple):
    started_at: datetime
    ends_at: datetime


_STARTED: Final = "trial+"


def started_on(at: datetime) -> str:
    """Return the attribute of a reseller's `children` record that counts the trials of this day (UTC)."""
    return f"{_STARTED}{at.date()}"


def trial_starts(children: Mapping[str, Any]) -> dict[date, int]:
    """Return by day the number of trials that began, from a reseller's `children` record."""
    return {
        date.fromisoformat(name.removeprefix(_STARTED)): int(number)
        for name, number in children.items()
        if name.startswith(_STARTED)
    }


def trial_from(start: datetime) -> Trial:
    return Trial(start, start + TRIAL_PERIOD)


def production_since(
    trial: Trial | None, created_at: datetime, recorded: datetime | None, now: datetime
) -> datetime | None:
    """Return when production began as of `now`, or `None` during the trial. At exactly its end, a trial is over.

    `recorded` is the stored time, once an account or the schedule has moved the customer to production.
    """
    if recorded is not None and recorded <= now:
        return recorded
    if trial is None:
        return created_at
    return trial.ends_at if now >= trial.ends_at else None


def days_left(trial: Trial | None, since: datetime | None, now: datetime) -> int:
    """Return the days of 24 hours until the end, rounded up: 0 without a trial or after it, never above 30.

    `since` is when production began as of `now`. With a clock that is behind, the result is the whole trial, not more.
    """
    if trial is None or since is not None:
        return 0
    return -((max(now, trial.started_at) - trial.ends_at) // timedelta(days=1))


class Due(NamedTuple):
    """The next step of a trial and its time. As text it sorts by time and contains the end of the trial."""

    at: datetime
    step: int  # days before the end
    customer_id: str

    @property
    def ends_at(self) -> datetime:
        return self.at + timedelta(days=self.step)

    def __str__(self) -> str:
        return f"{format_timestamp(self.at)}#{self.step}#{self.customer_id}"


def next_due(customer_id: str, ends_at: datetime, after: int | None = None) -> Due:
    """Return the first step of a trial, or the step after `after`."""
    step = STEPS[0] if after is None else STEPS[STEPS.index(after) + 1]
    return Due(ends_at - timedelta(days=step), step, customer_id)


def parse_due(text: str) -> Due:
    """Parse the text of a Due. Raises ValueError."""
    at, step, customer_id = text.split("#")
    if int(step) not in STEPS:
        raise ValueError(text)
    return Due(parse_timestamp(at), int(step), customer_id)


def step_at(due: Due, now: datetime) -> int:
    """Return the last step that is due, so that a late run sends one reminder, and none after the end."""
    left = due.ends_at - now
    return min(step for step in STEPS if left <= timedelta(days=step) and step <= due.step)
