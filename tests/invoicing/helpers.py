"""Helpers of the tests of invoicing."""

from datetime import UTC, datetime

from shared.invoicing.days import parse_month

NOVEMBER = parse_month("2026-11")


def at(day: int, hour: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)
