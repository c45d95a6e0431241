"""Scheduled runs for trials: the time that a run is for, and the shards that it processes."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.aws import clock
from shared.aws.observability import count_metric, flush_metrics, log
from shared.aws.queues import Queue
from shared.table.keys import TRIAL_SHARDS
from shared.values.timestamps import format_timestamp

# Processes what is due at a time, for some shards, and returns the number of each outcome.
Work = Callable[[datetime, Iterable[int]], Counter[Any]]


class ScheduledRunError(Exception):
    """Some work of a run failed. All other work was done."""


def run_scheduled(event: Any, work: Work, open_queue: Callable[[], Queue]) -> dict[str, int]:
    """Call `work` with the event's time, or the clock's if that is earlier, so that a run can be replayed.

    The event comes from the schedule: `{"time": ...}` for all shards, or with `"fan_out": true` to send each shard to
    the queue. Or it comes from the queue, with one shard a message. Raises ScheduledRunError at the end if anything
    failed, so that the retry and the alarm of the schedule or the queue apply.
    """
    request = _parse_request(event)
    if request.get("fan_out") is True:
        # A shard may arrive twice, when the schedule retries a failed run. That is harmless.
        open_queue().send([{"time": str(request.get("time")), "shard": shard} for shard in range(TRIAL_SHARDS)])
        return {"fanned_out": TRIAL_SHARDS}
    shards = [shard for shard in range(TRIAL_SHARDS) if str(request.get("shard", shard)) == str(shard)]
    now = min(_time_of(request), clock.now())
    outcomes = work(now, shards)
    try:
        log.info("scheduled_run_finished", extra={"at": format_timestamp(now), "shards": len(shards), **outcomes})
        for outcome, number in outcomes.items():
            count_metric(f"trials_{outcome}", number)
    finally:
        flush_metrics()
    if outcomes["failed"]:
        raise ScheduledRunError(f"{outcomes['failed']} of {outcomes.total()} failed; the next run retries them")
    return dict(outcomes)


def _parse_request(event: Any) -> Mapping[str, Any]:
    """Return the request in the event, or an empty one for another kind of event."""
    if not isinstance(event, Mapping):
        return {}
    try:
        body = json.loads(event["Records"][0]["body"]) if "Records" in event else event
    except (LookupError, TypeError, ValueError):
        return {}
    return body if isinstance(body, Mapping) else {}


def _time_of(request: Mapping[str, Any]) -> datetime:
    """Return the requested `time`, RFC 3339, or the clock's."""
    try:
        moment = datetime.fromisoformat(str(request.get("time")))
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment + clock.clock_offset()
    except (ValueError, OverflowError):  # no time, or not a date of the calendar
        return clock.now()
