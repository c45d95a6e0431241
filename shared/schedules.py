"""The edge of functions on a schedule: which time it is for them, when to stop, what to tell of a run."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared import clock
from shared.facts import flush, log, metrics
from shared.times import to_text

# What is not begun this long before the function's time is up is left for the next run.
RESERVE_MS: Final = 10_000


class RunFailedError(Exception):
    """Some of the work of a run failed; all else was done."""


def scheduled_run(
    event: Any, context: LambdaContext, work: Callable[[datetime, Callable[[], bool]], Counter[Any]]
) -> dict[str, int]:
    """Call `work` with the event's time, never later than the real clock, so that a run can be replayed.

    Raises RunFailedError at the end where something failed, so that the schedule's own retry and alarm see it.
    """
    now = min(_time_of(event), clock.now())
    outcomes = work(now, lambda: context.get_remaining_time_in_millis() < RESERVE_MS)
    try:
        log.info("run_ended", extra={"at": to_text(now), **outcomes})
        for outcome, number in outcomes.items():
            metrics.add_metric(name=f"trials_{outcome}", unit=MetricUnit.Count, value=number)
    finally:
        flush()
    if outcomes["failed"]:
        raise RunFailedError(f"{outcomes['failed']} of {outcomes.total()} failed; the next run tries them again")
    return dict(outcomes)


def _time_of(event: Any) -> datetime:
    """The event's `time`, RFC 3339; the real clock's for an event without one."""
    text = event.get("time") if isinstance(event, Mapping) else None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return clock.now()
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) + clock.put_forward()
