"""Tests: scheduled runs."""

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from shared.aws.clock import RESERVE_MS, time_is_up
from shared.aws.queues import SqsQueue
from shared.customers.trial import Due, next_due
from shared.errors import UnavailableError
from shared.table.keys import trial_shard
from shared.trials.schedule import ScheduledRunError, run_scheduled
from shared.trials.use_cases import end_trials
from shared.values.timestamps import format_timestamp
from tests.builders import NOW
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore
from tests.trials.helpers import END, many


def test_fan_out_run_has_the_outcomes_of_one_run(store: MemoryStore) -> None:
    many(store, 100)
    queue = MemoryQueue()

    def handle(event: Any) -> dict[str, int]:
        def work(now: datetime, shards: Any) -> Counter[Any]:
            return end_trials(store, now, time_is_up=lambda: False, shards=shards)

        return run_scheduled(event, work, lambda: queue)

    time = format_timestamp(NOW - timedelta(days=1))  # in the past, as the real clock has it
    assert handle({"time": time, "fan_out": True}) == {"fanned_out": 16}
    assert queue.messages == [{"time": time, "shard": shard} for shard in range(16)]
    for each in store.items.values():
        if "trial_due" in each:
            each["trial_ends_at"] = format_timestamp(NOW - timedelta(days=2))
            each["trial_due"] = str(Due(NOW - timedelta(days=2), 0, each["id"]))
    outcomes: Counter[str] = Counter()
    for body in map(json.dumps, queue.messages * 2):  # each twice
        store.requests.clear()
        outcomes += Counter(handle({"Records": [{"body": body}]}))
        assert store.requests.count("query trials") == 1
    assert outcomes == {"ended": 100}


def sent(size: int) -> dict[str, Any]:
    """Return the expected request to SQS for a batch of `size` shards."""
    first = 0 if size == 10 else 10
    return {
        "QueueUrl": "https://queue",
        "Entries": [{"Id": str(index), "MessageBody": json.dumps({"shard": first + index})} for index in range(size)],
    }


@pytest.mark.parametrize(
    ("expected", "shards"), [({}, 16), ({"shard": 3}, 1), ({"shard": 16}, 0), ({"shard": -1}, 0), ({"shard": True}, 0)]
)
def test_run_processes_only_the_requested_shards(expected: dict[str, Any], shards: int) -> None:
    seen: list[int] = []

    def work(_now: datetime, theirs: Any) -> Counter[Any]:
        seen.extend(theirs)
        return Counter()

    run_scheduled(expected, work, MemoryQueue)
    assert len(seen) == shards


@pytest.mark.parametrize("entries", [[{}, {}], [{}, {"Failed": [{"Id": "12"}]}]])
def test_fan_out_sends_all_shards_in_two_requests_or_fails(entries: list[dict[str, Any]]) -> None:
    client = boto3.client("sqs", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    stubber = Stubber(client)
    for size, extra in zip((10, 6), entries, strict=True):
        taken = [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": "x"}] * size
        failed = [{**each, "SenderFault": False, "Code": "c"} for each in extra.get("Failed", [])]
        stubber.add_response("send_message_batch", {"Successful": taken, "Failed": failed}, sent(size))
    stubber.activate()
    queue = SqsQueue(client, "https://queue")
    if any(entries):
        with pytest.raises(UnavailableError):
            queue.send([{"shard": shard} for shard in range(16)])
    else:
        queue.send([{"shard": shard} for shard in range(16)])
        stubber.assert_no_pending_responses()


class Context:
    aws_request_id = "request"
    function_name = "EndTrials"

    def __init__(self, remaining: int = 60_000) -> None:
        self.remaining = remaining

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


def time_of_run(event: Any) -> datetime:
    seen: list[datetime] = []

    def work(now: datetime, _shards: Any) -> Counter[Any]:
        seen.append(now)
        return Counter()

    run_scheduled(event, work, MemoryQueue)
    return seen[0]


def test_run_uses_the_events_time_but_never_a_future_one() -> None:
    assert time_of_run({"time": "2026-01-02T03:04:05Z"}) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for event in ({"time": "2999-01-01T00:00:00Z"}, {}, None, [], {"time": None}, {"time": "soon"}):
        before = datetime.now(UTC)
        assert before <= time_of_run(event) <= datetime.now(UTC)


@pytest.mark.parametrize(("remaining", "up"), [(RESERVE_MS, False), (RESERVE_MS - 1, True)])
def test_time_is_up_at_the_reserve(remaining: int, up: bool) -> None:
    assert time_is_up(Context(remaining)) is up  # type: ignore[arg-type]


def test_run_with_failures_raises_at_its_end() -> None:
    with pytest.raises(ScheduledRunError, match="1 of 3"):
        run_scheduled({}, lambda *_: Counter(ended=2, failed=1), MemoryQueue)  # type: ignore[arg-type]
    assert run_scheduled({}, lambda *_: Counter(ended=2), MemoryQueue) == {"ended": 2}  # type: ignore[arg-type]


def test_there_are_sixteen_shards() -> None:
    assert {trial_shard(n) for n in range(16)} == {f"trials#{n:02}" for n in range(16)}
    assert isinstance(next_due("c", END), Due)


def test_each_outcome_of_a_run_is_a_metric(capsys: pytest.CaptureFixture[str]) -> None:
    run_scheduled({}, lambda *_: Counter(ended=2), MemoryQueue)  # type: ignore[arg-type]
    assert '{"Name":"trials_ended","Unit":"Count"}' in capsys.readouterr().out.replace(" ", "")


def test_empty_message_runs_all_shards_by_the_clock() -> None:
    for body in ("[]", "3", "null", "no json"):
        before = datetime.now(UTC)
        assert before <= time_of_run({"Records": [{"body": body}]}) <= datetime.now(UTC)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_time_of_a_run_accepts_any_offset_and_defaults_to_utc(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for text in ("2026-01-02T03:04:05Z", "2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05"):
            assert time_of_run({"time": text}) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_run_on_a_local_stack_adds_the_clock_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.aws.clock.clock_offset", lambda: timedelta(days=1))
    assert time_of_run({"time": "2026-01-02T03:04:05Z"}) == datetime(2026, 1, 3, 3, 4, 5, tzinfo=UTC)
