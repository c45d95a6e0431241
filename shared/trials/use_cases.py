"""Use cases for trials: process those that are due, end one early, and show one."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from shared.auth.authorization import Caller
from shared.customers.access import read_customer
from shared.customers.customer import Customer, DaysLeft
from shared.customers.trial import SCHEDULE, STEPS, State, days_left, next_due, parse_due, step_at
from shared.customers.use_cases import end_customer_of
from shared.errors import ApiError, NotFoundError, RulesViolatedError, RuleViolation, StaleVersionError, require
from shared.table.audit import audit_item
from shared.table.keys import TRIAL_SHARDS, Item, Key, customer_key, trial_shard
from shared.table.queries import parse_record
from shared.table.store import ConditionFailedError, ItemTooLargeError, Put, Store, Update
from shared.values.changes import Change
from shared.values.timestamps import Timestamp, format_timestamp

PAGE: Final = 100

# The attributes that the event that starts invoicing needs. A record without one of them is quarantined.
_REQUIRED_ATTRIBUTES: Final = (
    "name",
    "path",
    "service_type",
    "device_country",
    "storage_location",
    "created_at",
    "created_by",
)

# The outcome of one due trial: moved to production, reminded, skipped because another run was first, quarantined
# because its record is broken, failed (the next run retries it), or deferred to the next run.
Outcome = Literal["ended", "reminded", "skipped", "quarantined", "failed", "deferred"]


def end_trials(
    store: Store, now: datetime, *, time_is_up: Callable[[], bool], shards: Iterable[int] = range(TRIAL_SHARDS)
) -> Counter[Outcome]:
    """Process what is due at `now` for the trials of these shards, each by one conditional update, in parallel.

    A late, duplicated or replayed run is harmless. A broken record does not stop the others. Trials that are
    `deferred` when the time is up are processed by the next run; only those that were read are counted.
    """
    theirs = list(shards)
    # The total number of threads is the same for a call with all shards and for a call with one.
    workers = TRIAL_SHARDS // max(len(theirs), 1)
    with ThreadPoolExecutor(TRIAL_SHARDS) as pool:
        done = pool.map(lambda shard: _process_shard(store, shard, now, time_is_up, workers), theirs)
        return sum(done, Counter())


def _process_shard(
    store: Store, shard: int, now: datetime, time_is_up: Callable[[], bool], workers: int
) -> Counter[Outcome]:
    outcomes: Counter[Outcome] = Counter()
    after = None

    def process(item: Item) -> Outcome:
        return "deferred" if time_is_up() else process_due_trial(store, item, now)

    while True:
        try:
            # "~" sorts after "#", so that steps that are due at exactly `now` are included.
            page = store.query("trials", trial_shard(shard), up_to=f"{format_timestamp(now)}~", limit=PAGE, after=after)
        except ApiError:
            outcomes["failed"] += 1
            return outcomes
        if workers == 1:
            outcomes += Counter(map(process, page.items))
        else:
            with ThreadPoolExecutor(workers) as pool:
                outcomes += Counter(pool.map(process, page.items))
        if outcomes["deferred"]:
            outcomes["deferred"] += bool(page.next)
            return outcomes
        after = page.next
        if after is None:
            return outcomes


def process_due_trial(store: Store, item: Item, now: datetime) -> Outcome:
    """Process what is due for one trial. `item` is its index entry: its key, its next step and the time of the step."""
    key, text = (item["pk"], item["sk"]), item["trial_due"]
    try:
        due = parse_due(text)
        if key != customer_key(due.customer_id):
            return _quarantine(store, key, text, "index")
        step = step_at(due, now)
        ends_at = format_timestamp(due.ends_at)
        put: dict[str, Any]
        remove: tuple[str, ...] = ()
        if step:
            following = str(next_due(due.customer_id, due.ends_at, after=step))
            put = {f"reminder_{step}_at": format_timestamp(now), "trial_due": following}
        else:
            put = {"production_since": ends_at, "trial_ended_by": SCHEDULE}
            remove = ("trial_shard", "trial_due")
        # Check again in the write: it is the same trial, it has not ended, and the step is still due.
        condition = {
            "trial_due": text,
            "trial_ends_at": ends_at,
            "level": "end_customer",
            "production_since": None,
            **dict.fromkeys(_REQUIRED_ATTRIBUTES, ...),
        }
        store.change(key, condition, put=put, remove=remove)
    except ConditionFailedError as failed:
        records = failed.records[key]
        if records is None or records.get("trial_due") != text:
            return "skipped"  # processed by another run, ended early, or removed
        return _quarantine(store, key, text, "record")
    except (ValueError, OverflowError, ItemTooLargeError):
        return _quarantine(store, key, text, "record")
    except ApiError:
        return "failed"
    return "reminded" if step else "ended"


def _quarantine(store: Store, key: Key, text: str, reason: str) -> Outcome:
    """Remove a broken record from the index, so that later runs skip it. A person must fix it."""
    for put in ({"trial_set_aside": reason}, {}):  # the second is for a record that is too large for the mark
        try:
            store.change(key, {"trial_due": text}, put=put, remove=("trial_shard",), versioned=False)
        except ItemTooLargeError:
            continue
        except ConditionFailedError:
            return "skipped"
        except ApiError:
            return "failed"
        return "quarantined"
    return "failed"


class ProductionResponse(BaseModel):
    """A customer in production. `ended_now`: whether this request has ended its trial."""

    customer_id: str
    state: State
    production_since: Timestamp
    ended_now: bool
    ended_by: str | None = Field(description="The id of an account, or schedule. Null without a trial.")
    version: int


def start_production(store: Store, caller: Caller, customer_id: str, *, version: int) -> ProductionResponse:
    """End the trial of an end-customer that is at `version`, now and permanently.

    A customer that is in production already does not change, whatever the version. The response contains since when.
    Raises NotFoundError, ForbiddenError, StaleVersionError, RulesViolatedError for a site.
    """
    key = customer_key(customer_id)
    actor, customer, records = read_customer(store, caller, customer_id)
    if customer.level == "site":
        detail = "A site shares the trial of its end-customer. End the trial of the end-customer instead."
        raise RulesViolatedError.of(
            RuleViolation("not_an_end_customer", "customer_id", detail, end_customer_id=customer.parent_id)
        )
    # The recorded time applies, even if a clock that is ahead of this one recorded it.
    now = max(caller.now, customer.production_since or caller.now)
    if customer.production_since_at(now) is not None:
        if "trial_set_aside" in records[key] and customer.trial and customer.production_since is None:
            customer = _mend(store, customer, customer.trial.ends_at)
        return _in_production(customer, now)
    if customer.version != version:
        raise StaleVersionError.of("customer", customer.version)
    moment = max(caller.now, customer.created_at)  # this clock can be behind the one at its creation
    put: dict[str, Any] = {"production_since": format_timestamp(moment), "trial_ended_by": actor.id}
    put |= {"production_request_id": caller.request_id} if caller.request_id else {}
    put["version"] = version + 1
    condition = {"version": version, "production_since": None, "archived_at": None}
    change = Change(
        event="customer_entered_production",
        at=moment,
        by=actor.id,
        request_id=caller.request_id,
        version=version + 1,
        changes={"production_since": {"from": None, "to": put["production_since"]}},
    )
    try:
        store.write(
            Update(key, put, ("trial_shard", "trial_due"), condition),
            Put(audit_item(customer.id, change, customer.path)),
        )
    except ConditionFailedError as failed:
        now_there = parse_record(Customer, failed.records, key)
        if now_there is None:
            raise NotFoundError from failed
        if now_there.production_since is None:
            raise StaleVersionError.of("customer", now_there.version) from failed
        return _in_production(now_there, now_there.production_since)
    ended = customer.model_copy(
        update={"production_since": moment, "trial_ended_by": actor.id, "version": customer.version + 1}
    )
    return _in_production(ended, moment).model_copy(update={"ended_now": True})


def _mend(store: Store, customer: Customer, ended_at: datetime) -> Customer:
    """Record the end of a trial that the schedule had quarantined, so that its event is published."""
    put = {"production_since": format_timestamp(ended_at), "trial_ended_by": SCHEDULE}
    with contextlib.suppress(ConditionFailedError):  # another request has repaired it
        store.change(
            customer_key(customer.id), {"production_since": None}, put=put, remove=("trial_due", "trial_set_aside")
        )
    return customer.model_copy(update={"production_since": ended_at, "version": customer.version + 1})


def _in_production(customer: Customer, now: datetime) -> ProductionResponse:
    since = require(customer.production_since_at(now))
    return ProductionResponse(
        customer_id=customer.id,
        state="in_production",
        production_since=since,
        ended_now=False,
        ended_by=_ended_by(customer),
        version=customer.version,
    )


def _ended_by(customer: Customer) -> str | None:
    """Return who ended the trial: the schedule, even before it has recorded the end."""
    return customer.trial_ended_by or (SCHEDULE if customer.trial else None)


class Reminder(BaseModel):
    days_before: int
    sent_at: Timestamp


class TrialStatus(BaseModel):
    """The trial of a customer. Times are null if it has no trial."""

    customer_id: str
    inherited_from: str | None = Field(
        description="For a site: the id of its end-customer, whose trial it shares. Otherwise null."
    )
    state: State
    started_at: Timestamp | None
    ends_at: Timestamp | None
    days_left: DaysLeft
    reminders: list[Reminder]
    ended_at: Timestamp | None
    ended_by: str | None = Field(description="The id of an account, or schedule. Null if no trial has ended.")


def get_trial(store: Store, caller: Caller, customer_id: str) -> TrialStatus:
    """Return the trial of an end-customer, or the one that a site shares. One request, two for a site."""
    _, customer, _ = read_customer(store, caller, customer_id)
    source = end_customer_of(store, customer) or customer
    trial, since = source.trial, source.production_since_at(caller.now)
    reminders = {days: getattr(source, f"reminder_{days}_at") for days in STEPS if days}
    return TrialStatus(
        customer_id=customer.id,
        inherited_from=source.id if source is not customer else None,
        state="in_trial" if since is None else "in_production",
        started_at=trial and trial.started_at,
        ends_at=trial and trial.ends_at,
        days_left=days_left(trial, since, caller.now),
        reminders=[Reminder(days_before=days, sent_at=at) for days, at in reminders.items() if at],
        ended_at=since if trial else None,
        ended_by=_ended_by(source) if trial and since else None,
    )
