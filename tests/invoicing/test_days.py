"""Tests: invoiced days."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RulesViolatedError
from shared.invoicing.days import Invoiceable, invoiceable, parse_month
from tests.builders import MICROSECOND
from tests.invoicing.helpers import NOVEMBER, at


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-1", "1999-01", "2026-11-01", "november", "20\u0662\u0666-11"]
)
def test_parse_month_accepts_only_a_year_and_a_month(text: str) -> None:
    with pytest.raises(RulesViolatedError):
        parse_month(text)


@pytest.mark.parametrize(
    ("begin", "stop", "days"),
    [
        (at(5), at(6), 29),  # one day, from its beginning to its end
        (at(5) + MICROSECOND, at(6), 30),
        (at(5), at(6) - MICROSECOND, 30),
        (at(4, 23), at(7, 1), 28),
        (at(1), at(1, month=12), None),
    ],
)
def test_day_archived_from_start_to_end_is_not_invoiced(begin: datetime, stop: datetime, days: int | None) -> None:
    part = invoiceable(at(1, month=10), NOVEMBER, after_trial=False, archives=[(begin, stop)])
    assert (part and len(part.days)) == days


@pytest.mark.parametrize(("text", "days"), [("2026-11", 30), ("2026-12", 31), ("2028-02", 29), ("2027-02", 28)])
def test_full_month_counts_all_its_days(text: str, days: int) -> None:
    month = parse_month(text)
    assert month.end - month.start == timedelta(days=days)


@pytest.mark.parametrize(
    ("invoice_from", "after_trial", "start", "days"),
    [
        (at(1, month=10), True, at(1), 30),
        (at(1), True, at(1), 30),
        (at(1) + MICROSECOND, True, at(1) + MICROSECOND, 29),  # some of the 1st was trial
        (at(1) + MICROSECOND, False, at(1) + MICROSECOND, 30),  # none of it was
        (at(10, 12), True, at(10, 12), 20),
        (at(10, 12), False, at(10, 12), 21),
        (at(30, 23), True, at(30, 23), 0),
        (at(30, 23), False, at(30, 23), 1),
    ],
)
def test_days_with_any_trial_are_not_counted(
    invoice_from: datetime, after_trial: bool, start: datetime, days: int
) -> None:
    part = invoiceable(invoice_from, NOVEMBER, after_trial=after_trial)
    first = NOVEMBER.end.date() - timedelta(days=days)
    assert part == Invoiceable(start, NOVEMBER.end, tuple(first + timedelta(days=n) for n in range(days)))


def test_nothing_is_invoiced_before_production() -> None:
    assert invoiceable(None, NOVEMBER, after_trial=True) is None
    assert invoiceable(NOVEMBER.end, NOVEMBER, after_trial=False) is None


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)), st.booleans())  # noqa: DTZ001
def test_months_of_a_year_add_up(invoice_from: datetime, after_trial: bool) -> None:
    months = [parse_month(f"{year}-{month:02}") for year in (2026, 2027) for month in range(1, 13)]
    parts = [part for month in months if (part := invoiceable(invoice_from, month, after_trial=after_trial))]
    assert parts[0].start == invoice_from
    whole = (months[-1].end - invoice_from) / timedelta(days=1)
    assert sum(len(part.days) for part in parts) == (int(whole) if after_trial else -int(-whole // 1))
