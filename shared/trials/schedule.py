"""The edge of functions on a schedule: which time it is for them, which shards are theirs, what to tell of a run."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.aws import clock
from shared.aws.observability import flush_metrics, log, metrics
from shared.aws.queues import Queue
from shared.table.keys import TRIAL_SHARDS
from shared.values.timestamps import format_timestamp

# What is not begun this long before the function's time is up is left for the next run.
RESERVE_MS: Final = 10_000

# Do what is due at a time for some shards, until the time is up.
Work = Callable[[datetime, Callable[[], bool], Iterable[int]], Counter[Any]]


class ScheduledRunError(Exception):
    """Some of the work of a run failed; all else was done."""


def run_scheduled(event: Any, context: LambdaContext, work: Work, open_queue: Callable[[], Queue]) -> dict[str, int]:
    """Call `work` with the event's time, never later than the clock's, so that a run can be replayed.

    The event is the schedule's: `{"time": ...}` for all shards, with `"fan_out": true` to spread them over the queue;
    or the queue's, with one shard a message. Raises ScheduledRunError at the end where something failed, so that the
    schedule's or the queue's own retry and alarm see it.
    """
    asked = _asked(event)
    if asked.get("fan_out") is True:
        # A shard that comes twice, when the schedule tries a failed run again, is harmless.
        open_queue().send([{"time": str(asked.get("time")), "shard": shard} for shard in range(TRIAL_SHARDS)])
        return {"spread": TRIAL_SHARDS}
    shards = [shard for shard in range(TRIAL_SHARDS) if str(asked.get("shard", shard)) == str(shard)]
    now = min(_time_of(asked), clock.now())
    outcomes = work(now, lambda: context.get_remaining_time_in_millis() < RESERVE_MS, shards)
    try:
        log.info("run_ended", extra={"at": format_timestamp(now), "shards": len(shards), **outcomes})
        for outcome, number in outcomes.items():
            metrics.add_metric(name=f"trials_{outcome}", unit=MetricUnit.Count, value=number)
    finally:
        flush_metrics()
    if outcomes["failed"]:
        raise ScheduledRunError(f"{outcomes['failed']} of {outcomes.total()} failed; the next run tries them again")
    return dict(outcomes)


def _asked(event: Any) -> Mapping[str, Any]:
    """What a run is asked for; nothing where the event is of another kind."""
    if not isinstance(event, Mapping):
        return {}
    try:
        body = json.loads(event["Records"][0]["body"]) if "Records" in event else event
    except (LookupError, TypeError, ValueError):
        return {}
    return body if isinstance(body, Mapping) else {}


def _time_of(asked: Mapping[str, Any]) -> datetime:
    """The `time` asked for, RFC 3339; the clock's where there is none."""
    try:
        moment = datetime.fromisoformat(str(asked.get("time")))
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment + clock.clock_offset()
    except (ValueError, OverflowError):  # none, or none of this calendar
        return clock.now()
