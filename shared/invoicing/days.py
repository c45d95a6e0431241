"""The invoiced days of an end-customer in a month.

A day that is partly in a trial is not invoiced, nor is a day on which the customer was archived all day. Days and
months are in UTC. Sites and test devices are never invoiced themselves; the days of other devices are counted by kind.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from shared.errors import RulesViolatedError, RuleViolation

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_DAY = timedelta(days=1)


class Month(NamedTuple):
    start: datetime
    end: datetime  # the start of the next month


class Invoiceable(NamedTuple):
    start: datetime
    end: datetime
    days: tuple[date, ...]  # the invoiced ones


def parse_month(text: str) -> Month:
    """Parse '2026-11' to its start and its end. Raises RulesViolatedError."""
    match = _MONTH.fullmatch(text)
    if not match:
        raise RulesViolatedError.of(
            RuleViolation("month_invalid", "month", f"{text[:32]} is not a month. Use the form 2026-11.")
        )
    start = datetime(int(match[1]), int(match[2]), 1, tzinfo=UTC)
    return Month(start, (start + 31 * _DAY).replace(day=1))


def invoiceable(
    invoice_from: datetime | None,
    month: Month,
    *,
    after_trial: bool,
    archives: Sequence[tuple[datetime, datetime]] = (),
    until: datetime | None = None,
) -> Invoiceable | None:
    """Return the invoiced part of the month, or `None`. `after_trial`: a trial ended when invoicing started.

    `archives`: the earlier periods in which the customer was archived. `until`: when it was archived, if it still is.
    """
    if invoice_from is None:
        return None
    start, end = max(invoice_from, month.start), min(until or month.end, month.end)
    if start >= end:
        return None
    first_day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    if after_trial and first_day < invoice_from:  # part of that day was in the trial
        first_day += _DAY
    days = [first_day + number * _DAY for number in range(-((first_day - end) // _DAY))]
    invoiced = [day for day in days if not any(begin <= day and day + _DAY <= stop for begin, stop in archives)]
    if days and not invoiced:
        return None
    return Invoiceable(start, end, tuple(day.date() for day in invoiced))
