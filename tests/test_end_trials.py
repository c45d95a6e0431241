"""The schedule's work, early ends, and what there is to know of a trial."""

import itertools
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
from shared.customers.customer import Customer
from shared.customers.records import customer_item
from shared.customers.trial import STEPS, Due, next_due, parse_due, step_at
from shared.customers.use_cases import add_customer
from shared.errors import NotFoundError, RulesViolatedError, StaleVersionError, ThrottledError, UnavailableError
from shared.events.events import events_for_change
from shared.table.keys import INDEXES, customer_key, trial_shard
from shared.table.store import ItemTooLargeError, Page, Put, Store
from shared.trials.schedule import ScheduledRunError, run_scheduled
from shared.trials.use_cases import PAGE, end_trials, get_trial, start_production
from shared.values.timestamps import format_timestamp
from tests.builders import MICROSECOND, NOW, ROOT, ROOT_ACCOUNT, a_customer, a_line, asked, begin_in, caller, put
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore

END = NOW + timedelta(days=30)


@pytest.fixture
def store(memory: MemoryStore) -> MemoryStore:
    begin_in(memory)
    return memory


@pytest.fixture
def trial(store: MemoryStore) -> Customer:
    line = a_line(end_customer={"in_trial": True})
    put(store, *line[1:])
    return line[4]


def run(store: Store, now: datetime) -> Counter[Any]:
    return end_trials(store, now, time_is_up=lambda: False)


def stored(store: MemoryStore, customer: Customer) -> Customer:
    return Customer.model_validate(store.items[customer_key(customer.id)])


def produce(store: MemoryStore, customer: Customer, now: datetime, version: int = 1) -> Any:
    return start_production(store, caller(now=now, operation="change_customers"), customer.id, version=version)


# ---- what is due


def test_a_trial_that_ended_the_moment_it_began_is_still_answered_as_it_was_added(store: MemoryStore) -> None:
    new = asked("distributor", ROOT)
    distributor = add_customer(store, caller(operation="change_customers"), new, idempotency_key="d").customer
    parent = Customer.model_validate(store.items[customer_key(distributor.id or "")])
    new = asked("reseller", parent)
    reseller = add_customer(store, caller(operation="change_customers"), new, idempotency_key="r").customer
    parent = Customer.model_validate(store.items[customer_key(reseller.id or "")])
    new = asked("end_customer", parent, in_trial=True)
    first = add_customer(store, caller(operation="change_customers"), new, idempotency_key="e").customer
    start_production(store, caller(operation="change_customers"), first.id or "", version=1)  # by the same clock
    again = add_customer(store, caller(operation="change_customers"), new, idempotency_key="e").customer
    assert (again, again.state) == (first, "in_trial")


def test_what_is_due_is_written_and_read_back_and_sorts_by_time() -> None:
    due = next_due("cus_1", END)
    assert (due.at, due.step, due.ends_at) == (END - timedelta(days=7), 7, END)
    line = [due, *(next_due("cus_1", END, after=step) for step in STEPS[:-1])]
    assert [each.step for each in line] == list(STEPS)
    assert all(each.ends_at == END for each in line)
    assert [str(each) for each in line] == sorted(str(each) for each in line)
    assert [parse_due(str(each)) for each in line] == line


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-12-24T10:00:00Z#0#cus_1", "2026-12-24T10:00:00.000000Z#2#cus_1", "2026-12-24T10:00:00.000000Z#0"],
)
def test_what_is_no_due_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_due(text)


@pytest.mark.parametrize(
    ("now", "step"),
    [
        (END - timedelta(days=7), 7),
        (END - timedelta(days=3) - MICROSECOND, 7),
        (END - timedelta(days=3), 3),
        (END - timedelta(days=1), 1),
        (END - MICROSECOND, 1),
        (END, 0),
        (END + timedelta(days=45), 0),
    ],
)
def test_a_late_run_takes_the_last_step_that_is_due(now: datetime, step: int) -> None:
    assert step_at(next_due("cus_1", END), now) == step


# ---- the schedule


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        (END - timedelta(days=7) - MICROSECOND, {}),
        (END - timedelta(days=7), {"reminded": 1}),
        (END - timedelta(days=7) + MICROSECOND, {"reminded": 1}),
        (END - MICROSECOND, {"reminded": 1}),
        (END, {"ended": 1}),
        (END + MICROSECOND, {"ended": 1}),
        (END + timedelta(hours=1), {"ended": 1}),
        (END + timedelta(days=45), {"ended": 1}),
    ],
)
def test_what_a_run_does_at_the_boundaries(
    store: MemoryStore, trial: Customer, now: datetime, outcome: dict[str, int]
) -> None:
    assert run(store, now) == outcome
    after = stored(store, trial)
    if "ended" in outcome:
        assert (after.production_since, after.trial_ended_by, after.version) == (END, "schedule", 2)
        assert after.reminder_1_at is None  # none for a trial that has ended
        assert not {"trial_shard", "trial_due"} & set(store.items[customer_key(trial.id)])
    else:
        assert after.production_since is None
    assert run(store, now) == {}  # the same run again


@pytest.mark.parametrize("start", [datetime(2028, 2, 10, tzinfo=UTC), datetime(2026, 12, 15, 23, 59, tzinfo=UTC)])
def test_production_starts_at_the_end_of_the_trial_across_a_leap_day_and_a_years_end(
    store: MemoryStore, start: datetime
) -> None:
    customer = a_customer("end_customer", now=start, in_trial=True)
    put(store, customer)
    assert run(store, start + timedelta(days=31)) == {"ended": 1}
    assert stored(store, customer).production_since == start + timedelta(hours=720)


def test_each_reminder_is_sent_once_and_then_the_trial_ends(store: MemoryStore, trial: Customer) -> None:
    total: Counter[Any] = Counter()
    now = NOW
    while now <= END + timedelta(hours=1):
        total += run(store, now)
        now += timedelta(hours=1)
    assert total == {"reminded": 3, "ended": 1}
    after = stored(store, trial)
    assert [after.reminder_7_at, after.reminder_3_at, after.reminder_1_at] == [
        END - timedelta(days=days) for days in (7, 3, 1)
    ]
    assert (after.production_since, after.version) == (END, 5)


def test_a_run_of_a_schedule_that_was_off_sends_the_last_reminder_only(store: MemoryStore, trial: Customer) -> None:
    assert run(store, END - timedelta(days=2)) == {"reminded": 1}
    after = stored(store, trial)
    assert (after.reminder_7_at, after.reminder_3_at) == (None, END - timedelta(days=2))
    assert run(store, END - timedelta(days=1)) == {"reminded": 1}


@pytest.mark.parametrize("off", [timedelta(minutes=-5), timedelta(minutes=5)])
def test_a_clock_that_is_off_never_moves_the_start_of_invoicing(
    store: MemoryStore, trial: Customer, off: timedelta
) -> None:
    now = END - timedelta(minutes=30)
    while now <= END + timedelta(minutes=30):
        run(store, now + off)
        now += timedelta(minutes=5)
    assert stored(store, trial).production_since == END


def test_an_early_end_between_the_query_and_the_write_is_respected(store: MemoryStore, trial: Customer) -> None:
    query = store.query

    def query_then_someone_ends_it(*arguments: Any, **options: Any) -> Any:
        page = query(*arguments, **options)
        if page.items and stored(store, trial).production_since is None:
            produce(store, trial, END - timedelta(days=5))
        return page

    store.query = query_then_someone_ends_it  # type: ignore[method-assign]
    assert run(store, END - timedelta(days=4)) == {"skipped": 1}
    after = stored(store, trial)
    assert (after.production_since, after.reminder_7_at) == (END - timedelta(days=5), None)


def many(store: MemoryStore, count: int) -> list[Customer]:
    reseller = a_customer("reseller")
    trials = [a_customer("end_customer", reseller, name=f"T{n}", in_trial=True) for n in range(count)]
    for each in trials:
        store.place(Put(customer_item(each)))
    return trials


@pytest.mark.parametrize("customers", [1_000, 1_000_000])
def test_the_requests_follow_what_is_due_and_not_how_many_customers_there_are(
    store: MemoryStore, customers: int
) -> None:
    many(store, 300)
    record = {"level": "reseller"}  # none of them is in the index, so one record can stand for all
    store.items.update({(f"customer#{n}", "customer"): record for n in range(customers)})
    store.requests.clear()
    assert run(store, END) == {"ended": 300}
    assert Counter(store.requests) == {"query trials": 16, "change": 300}
    store.requests.clear()
    assert run(store, END) == {}
    assert Counter(store.requests) == {"query trials": 16}


def test_a_run_pages_to_the_end(store: MemoryStore) -> None:
    many(store, 4_000)
    assert run(store, END) == {"ended": 4_000}
    assert all(item.get("production_since") for item in store.items.values() if item.get("trial_ends_at"))


def test_a_run_stops_before_its_time_is_up_and_the_next_one_goes_on(store: MemoryStore) -> None:
    many(store, 200)
    calls = iter(range(10_000))
    outcomes = end_trials(store, END, time_is_up=lambda: next(calls) >= 50)
    assert outcomes["ended"] == 50
    assert outcomes["deferred"] == 150
    assert run(store, END) == {"ended": 150}


BROKEN: list[dict[str, Any]] = [
    *({name: None} for name in ("name", "path", "service_type", "device_country", "storage_location", "created_at")),
    {"trial_ends_at": None},
    {"trial_ends_at": "2026-12-24T10:00:00Z"},
    {"trial_ends_at": 7},
    {"trial_ends_at": "2027-01-01T00:00:00.000000Z"},
    {"level": "site"},
    {"level": None},
    {"version": None},
    {"version": "one"},
    {"production_since": "2026-12-01T00:00:00.000000Z"},
    {"production_since": ""},
    {"trial_due": "2026-12-17T10:00:00.000000Z#7"},
    {"trial_due": "2026-12-17T10:00:00.000000Z#5#cus_1"},
    {"trial_due": "2026-12-17T10:00:00.000000Z#7#cus_of_another"},
    {"trial_due": "0"},
]


def test_broken_records_are_set_aside_and_stop_nobody(store: MemoryStore) -> None:
    good, bad = many(store, 9_900), []
    for n, changes in enumerate(itertools.islice(itertools.cycle(BROKEN), 100)):
        customer = a_customer("end_customer", a_customer("reseller"), name=f"B{n}", in_trial=True)
        item = {**customer_item(customer), **changes}
        store.place(Put({name: value for name, value in item.items() if value is not None}))
        bad.append(customer)
    assert run(store, END) == {"ended": len(good), "quarantined": 100}
    for customer in bad:
        item = store.items[customer_key(customer.id)]
        assert item["trial_set_aside"] in {"index", "record"}
        assert "trial_shard" not in item
    assert run(store, END) == {}


def test_a_record_without_room_is_set_aside_all_the_same(store: MemoryStore, trial: Customer) -> None:
    change = store.change

    def no_room(*arguments: Any, put: Any, **options: Any) -> None:
        if put:
            raise ItemTooLargeError("Item size to update has exceeded the maximum allowed size")
        change(*arguments, put=put, **options)

    store.change = no_room  # type: ignore[method-assign]
    assert run(store, END) == {"quarantined": 1}
    assert run(store, END) == {}
    assert stored(store, trial).production_since is None


def test_what_fails_is_counted_and_tried_again_by_the_next_run(store: MemoryStore, trial: Customer) -> None:
    change, query = store.change, store.query

    def throttled(*_arguments: Any, **_options: Any) -> Any:
        raise ThrottledError("Too much at once.")

    store.change = throttled  # type: ignore[method-assign]
    assert run(store, END) == {"failed": 1}
    store.query = throttled  # type: ignore[method-assign]
    assert run(store, END) == {"failed": 16}
    store.change, store.query = change, query  # type: ignore[method-assign]
    assert run(store, END) == {"ended": 1}


def test_what_cannot_be_set_aside_now_is_tried_again(store: MemoryStore, trial: Customer) -> None:
    store.items[customer_key(trial.id)]["level"] = "site"
    change, calls = store.change, iter(range(100))

    def then(error: Exception) -> Any:
        def failing(*arguments: Any, **options: Any) -> None:
            if next(calls) % 2:
                raise error
            change(*arguments, **options)

        return failing

    store.change = then(ThrottledError("Too much at once."))  # type: ignore[method-assign]
    assert run(store, END) == {"failed": 1}

    def never_room(*_: Any, **__: Any) -> None:
        raise ItemTooLargeError("Item size to update has exceeded the maximum allowed size")

    store.change = never_room  # type: ignore[method-assign]
    assert run(store, END) == {"failed": 1}

    def someone_else(*arguments: Any, **options: Any) -> None:
        store.items[customer_key(trial.id)].pop("trial_due", None)
        change(*arguments, **options)

    item = dict(store.items[customer_key(trial.id)])
    item["trial_due"] = "broken, and set aside by another run at the same time"
    store.items[customer_key(trial.id)] = item | {"trial_due": "0 broken"}
    store.change = someone_else  # type: ignore[method-assign]
    assert run(store, END) == {"skipped": 1}


# ---- the time and the shards of a run


def test_a_spread_run_does_what_one_call_would_have_done(store: MemoryStore) -> None:
    many(store, 100)
    queue = MemoryQueue()

    def handle(event: Any) -> dict[str, int]:
        def work(now: datetime, shards: Any) -> Counter[Any]:
            return end_trials(store, now, time_is_up=lambda: False, shards=shards)

        return run_scheduled(event, work, lambda: queue)

    time = format_timestamp(NOW - timedelta(days=1))  # in the past, as the real clock has it
    assert handle({"time": time, "fan_out": True}) == {"spread": 16}
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
    """What SQS is sent: every shard under an id of its own, or it refuses them all."""
    first = 0 if size == 10 else 10
    return {
        "QueueUrl": "https://queue",
        "Entries": [{"Id": str(place), "MessageBody": json.dumps({"shard": first + place})} for place in range(size)],
    }


@pytest.mark.parametrize(
    ("asked", "shards"), [({}, 16), ({"shard": 3}, 1), ({"shard": 16}, 0), ({"shard": -1}, 0), ({"shard": True}, 0)]
)
def test_a_run_is_for_the_shards_it_is_asked_for(asked: dict[str, Any], shards: int) -> None:
    seen: list[int] = []

    def work(_now: datetime, theirs: Any) -> Counter[Any]:
        seen.extend(theirs)
        return Counter()

    run_scheduled(asked, work, MemoryQueue)
    assert len(seen) == shards


@pytest.mark.parametrize("entries", [[{}, {}], [{}, {"Failed": [{"Id": "12"}]}]])
def test_the_queue_takes_all_shards_in_two_requests_or_the_run_fails(entries: list[dict[str, Any]]) -> None:
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

    def __init__(self, left: int = 60_000) -> None:
        self.left = left

    def get_remaining_time_in_millis(self) -> int:
        return self.left


def time_of_run(event: Any) -> datetime:
    seen: list[datetime] = []

    def work(now: datetime, _shards: Any) -> Counter[Any]:
        seen.append(now)
        return Counter()

    run_scheduled(event, work, MemoryQueue)
    return seen[0]


def test_a_run_takes_its_time_from_the_event_but_never_from_the_future() -> None:
    assert time_of_run({"time": "2026-01-02T03:04:05Z"}) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for event in ({"time": "2999-01-01T00:00:00Z"}, {}, None, [], {"time": None}, {"time": "soon"}):
        before = datetime.now(UTC)
        assert before <= time_of_run(event) <= datetime.now(UTC)


@pytest.mark.parametrize(("left", "up"), [(RESERVE_MS, False), (RESERVE_MS - 1, True)])
def test_a_run_keeps_a_reserve_of_its_time(left: int, up: bool) -> None:
    assert time_is_up(Context(left)) is up  # type: ignore[arg-type]


def test_a_run_in_which_something_failed_says_so_at_its_end() -> None:
    with pytest.raises(ScheduledRunError, match="1 of 3"):
        run_scheduled({}, lambda *_: Counter(ended=2, failed=1), MemoryQueue)  # type: ignore[arg-type]
    assert run_scheduled({}, lambda *_: Counter(ended=2), MemoryQueue) == {"ended": 2}  # type: ignore[arg-type]


# ---- an early end


def test_a_trial_is_ended_early_once_and_for_good(store: MemoryStore, trial: Customer) -> None:
    early = NOW + timedelta(days=3)
    first = produce(store, trial, early)
    assert (first.ended_now, first.production_since, first.ended_by, first.version) == (True, early, ROOT_ACCOUNT.id, 2)
    item = store.items[customer_key(trial.id)]
    assert not set(INDEXES["trials"]) & set(item)
    for version in (1, 2, 99):
        again = produce(store, trial, early + timedelta(days=1), version)
        assert (again.ended_now, again.production_since, again.version) == (False, early, 2)
    assert store.items[customer_key(trial.id)] == item
    assert run(store, END) == {}


def test_an_early_end_is_made_on_the_version_that_was_read(store: MemoryStore, trial: Customer) -> None:
    with pytest.raises(StaleVersionError) as refused:
        produce(store, trial, NOW, version=7)
    assert refused.value.facts == {"version": 1}


def test_a_trial_that_is_over_is_not_ended_early_even_if_the_schedule_is_late(
    store: MemoryStore, trial: Customer
) -> None:
    answer = produce(store, trial, END)
    assert (answer.ended_now, answer.production_since, answer.ended_by) == (False, END, "schedule")
    assert run(store, END) == {"ended": 1}
    assert stored(store, trial).production_since == END


def test_an_early_end_against_the_schedule_has_one_winner(store: MemoryStore, trial: Customer) -> None:
    change = store.change

    def the_schedule_first(*arguments: Any, **options: Any) -> None:
        store.change = change  # type: ignore[method-assign]
        run(store, END)
        change(*arguments, **options)

    store.change = the_schedule_first  # type: ignore[method-assign]
    answer = produce(store, trial, END - MICROSECOND)
    assert (answer.ended_now, answer.production_since, answer.ended_by) == (False, END, "schedule")
    assert stored(store, trial).version == 2


def test_what_is_recorded_counts_even_by_a_clock_that_is_ahead(store: MemoryStore, trial: Customer) -> None:
    run(store, END)
    answer = produce(store, trial, END - timedelta(minutes=5))
    assert (answer.ended_now, answer.production_since) == (False, END)


def test_an_early_end_is_never_before_the_customer_was_added(store: MemoryStore, trial: Customer) -> None:
    assert produce(store, trial, NOW - timedelta(minutes=5)).production_since == NOW


def test_a_trial_that_was_set_aside_is_recorded_and_told_once_it_is_mended(store: MemoryStore, trial: Customer) -> None:
    key = customer_key(trial.id)
    good = dict(store.items[key])
    store.items[key]["trial_ends_at"] = "broken"
    assert run(store, END) == {"quarantined": 1}
    store.items[key]["trial_ends_at"] = good["trial_ends_at"]
    before = dict(store.items[key])
    answer = produce(store, trial, END + timedelta(days=2), version=9)
    assert (answer.production_since, answer.ended_by, answer.ended_now) == (END, "schedule", False)
    after = store.items[key]
    assert "trial_set_aside" not in after
    assert [kind for kind, _ in events_for_change(before, after)] == ["customer_entered_production"]


@pytest.mark.parametrize("meanwhile", ["changed", "gone"])
def test_an_early_end_meets_what_happened_meanwhile(store: MemoryStore, trial: Customer, meanwhile: str) -> None:
    change = store.change

    def something_first(*arguments: Any, **options: Any) -> None:
        if meanwhile == "gone":
            del store.items[customer_key(trial.id)]
        else:
            store.items[customer_key(trial.id)]["version"] = 5
        change(*arguments, **options)

    store.change = something_first  # type: ignore[method-assign]
    with pytest.raises(NotFoundError if meanwhile == "gone" else StaleVersionError):
        produce(store, trial, NOW)


def test_a_site_is_ended_by_its_end_customer_only(store: MemoryStore, trial: Customer) -> None:
    site = a_customer("site", trial, name="Another")
    put(store, site)
    with pytest.raises(RulesViolatedError) as refused:
        produce(store, site, NOW)
    assert refused.value.errors[0]["end_customer_id"] == trial.id


# ---- what there is to know


def test_a_trial_tells_when_it_ends_what_was_sent_and_how_it_ended(store: MemoryStore, trial: Customer) -> None:
    status = get_trial(store, caller(), trial.id)
    assert (status.state, status.started_at, status.ends_at, status.days_left) == ("in_trial", NOW, END, 30)
    assert (status.reminders, status.ended_at, status.ended_by) == ([], None, None)
    run(store, END - timedelta(days=7))
    status = get_trial(store, caller(now=END - timedelta(days=7)), trial.id)
    assert [(reminder.days_before, reminder.sent_at) for reminder in status.reminders] == [(7, END - timedelta(days=7))]
    for now, left in (
        (END - MICROSECOND, 1),
        (END - timedelta(days=1), 1),
        (END - timedelta(days=1, microseconds=1), 2),
    ):
        assert get_trial(store, caller(now=now), trial.id).days_left == left
    late = get_trial(store, caller(now=END), trial.id)
    assert (late.state, late.days_left, late.ended_at, late.ended_by) == ("in_production", 0, END, "schedule")
    produce(store, trial, END - timedelta(days=2), version=2)
    early = get_trial(store, caller(now=END), trial.id)
    assert (early.ended_at, early.ended_by) == (END - timedelta(days=2), ROOT_ACCOUNT.id)


def test_a_site_tells_the_trial_of_its_end_customer_and_others_have_none(store: MemoryStore, trial: Customer) -> None:
    site = next(item for item in store.items.values() if item.get("level") == "site")
    status = get_trial(store, caller(), site["id"])
    assert (status.inherited_from, status.ends_at, status.state) == (trial.id, END, "in_trial")
    none = get_trial(store, caller(), ROOT_ACCOUNT.customer_id)
    assert (none.state, none.started_at, none.days_left, none.ended_by) == ("in_production", None, 0, None)


def test_the_shards_are_sixteen() -> None:
    assert {trial_shard(n) for n in range(16)} == {f"trials#{n:02}" for n in range(16)}
    assert isinstance(next_due("c", END), Due)


def crowd(store: MemoryStore, count: int) -> None:
    """Trials that are all of one shard."""
    for customer in many(store, count):
        store.items[customer_key(customer.id)]["trial_shard"] = trial_shard(3)


def throttled(*_arguments: Any, **_options: Any) -> Any:
    raise ThrottledError("Too much at once.")


def test_a_shard_of_several_pages_is_counted_in_all(store: MemoryStore) -> None:
    crowd(store, 2 * PAGE + 50)
    assert end_trials(store, END, time_is_up=lambda: False, shards=[3]) == {"ended": 2 * PAGE + 50}


@pytest.mark.parametrize("shards", [range(16), [3]])
def test_what_fails_is_met_once_by_a_run(store: MemoryStore, shards: Any) -> None:
    crowd(store, PAGE + 50)
    store.change = throttled  # type: ignore[method-assign]
    calls = itertools.count()
    outcomes = end_trials(store, END, time_is_up=lambda: next(calls) >= 10 * PAGE, shards=shards)
    assert outcomes == {"failed": PAGE + 50}


def test_a_page_that_fails_is_counted_beside_what_failed_before(store: MemoryStore) -> None:
    crowd(store, PAGE + 50)
    query = store.query

    def first_page_only(*arguments: Any, **options: Any) -> Page:
        return throttled() if options["after"] else query(*arguments, **options)

    store.change, store.query = throttled, first_page_only  # type: ignore[method-assign]
    assert end_trials(store, END, time_is_up=lambda: False, shards=[3]) == {"failed": PAGE + 1}


@pytest.mark.parametrize("shards", [range(16), [3]])
@pytest.mark.parametrize(("count", "left"), [(PAGE + 50, PAGE + 1), (PAGE, PAGE), (50, 50)])
def test_when_the_time_is_up_no_further_page_is_read(store: MemoryStore, shards: Any, count: int, left: int) -> None:
    crowd(store, count)
    store.requests.clear()
    assert end_trials(store, END, time_is_up=lambda: True, shards=shards) == {"deferred": left}
    assert store.requests == ["query trials"] * len(shards)


def test_a_trial_that_is_gone_between_the_query_and_the_write_stops_nobody(store: MemoryStore, trial: Customer) -> None:
    query = store.query

    def query_then_gone(*arguments: Any, **options: Any) -> Page:
        page = query(*arguments, **options)
        if page.items:
            del store.items[customer_key(trial.id)]
        return page

    store.query = query_then_gone  # type: ignore[method-assign]
    assert run(store, END) == {"skipped": 1}


def test_an_early_end_without_a_request_id_keeps_none(store: MemoryStore, trial: Customer) -> None:
    produce(store, trial, NOW)
    assert "production_request_id" not in store.items[customer_key(trial.id)]


def test_an_early_end_that_is_stale_tells_the_version_there_is(store: MemoryStore, trial: Customer) -> None:
    change = store.change

    def something_first(*arguments: Any, **options: Any) -> None:
        store.items[customer_key(trial.id)]["version"] = 5
        change(*arguments, **options)

    store.change = something_first  # type: ignore[method-assign]
    with pytest.raises(StaleVersionError, match=r"^The customer is at version 5 now") as refused:
        produce(store, trial, NOW)
    assert refused.value.facts == {"version": 5}


@pytest.mark.parametrize("twice", [False, True])
def test_a_trial_that_is_mended_is_whole_and_mended_once(store: MemoryStore, trial: Customer, twice: bool) -> None:
    key = customer_key(trial.id)
    good = store.items[key]["trial_ends_at"]
    store.items[key]["trial_ends_at"] = "broken"
    run(store, END)
    store.items[key]["trial_ends_at"] = good
    change = store.change

    def somebody_first(*arguments: Any, **options: Any) -> None:
        change(*arguments, **options)
        if twice:
            change(*arguments, **options)

    store.change = somebody_first  # type: ignore[method-assign]
    answer = produce(store, trial, END + timedelta(days=2), version=9)
    kept = store.items[key]
    assert (kept["trial_ended_by"], kept["version"], answer.version) == ("schedule", 2, 2)
    assert not {"trial_shard", "trial_due", "trial_set_aside"} & set(kept)


def test_nobody_ended_a_trial_that_never_was(store: MemoryStore) -> None:
    customer = a_customer("end_customer")
    put(store, customer)
    answer = produce(store, customer, NOW + timedelta(days=1))
    assert (answer.ended_now, answer.production_since, answer.ended_by) == (False, NOW, None)
    status = get_trial(store, caller(now=NOW + timedelta(days=1)), customer.id)
    assert (status.ended_at, status.ended_by, status.days_left) == (None, None, 0)


def test_no_day_is_left_of_a_trial_that_has_ended(store: MemoryStore, trial: Customer) -> None:
    assert get_trial(store, caller(now=END + timedelta(days=5)), trial.id).days_left == 0
    produce(store, trial, NOW + timedelta(days=1))
    assert get_trial(store, caller(now=NOW + timedelta(days=2)), trial.id).days_left == 0


def test_each_outcome_of_a_run_is_a_count_among_the_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    run_scheduled({}, lambda *_: Counter(ended=2), MemoryQueue)  # type: ignore[arg-type]
    assert '{"Name":"trials_ended","Unit":"Count"}' in capsys.readouterr().out.replace(" ", "")


def test_a_message_that_asks_for_nothing_is_a_run_of_all_by_the_clock() -> None:
    for body in ("[]", "3", "null", "no json"):
        before = datetime.now(UTC)
        assert before <= time_of_run({"Records": [{"body": body}]}) <= datetime.now(UTC)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_the_time_of_a_run_is_read_with_any_offset_and_as_utc_without_one(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for text in ("2026-01-02T03:04:05Z", "2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05"):
            assert time_of_run({"time": text}) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_run_of_a_local_stack_is_as_far_ahead_as_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.aws.clock.clock_offset", lambda: timedelta(days=1))
    assert time_of_run({"time": "2026-01-02T03:04:05Z"}) == datetime(2026, 1, 3, 3, 4, 5, tzinfo=UTC)
