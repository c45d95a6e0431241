"""What is invoiced in a month, by the table and by the events alone."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.customers.customer import Customer
from shared.customers.records import customer_item
from shared.errors import RulesViolatedError
from shared.events.events import CustomerEnteredProduction, events_for_change
from shared.invoicing.days import Invoiceable, invoiceable, parse_month
from shared.invoicing.use_cases import get_invoicing
from shared.table.keys import customer_key
from shared.trials.use_cases import end_trials, start_production
from tests.builders import MICROSECOND, ROOT, a_customer, begin_in, caller, put
from tests.memory_store import MemoryStore

NOVEMBER = parse_month("2026-11")


def at(day: int, hour: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-1", "1999-01", "2026-11-01", "november", "20\u0662\u0666-11"]
)
def test_a_month_is_a_year_and_a_month(text: str) -> None:
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
def test_a_day_that_was_spent_archived_from_its_beginning_to_its_end_is_not_invoiced(
    begin: datetime, stop: datetime, days: int | None
) -> None:
    part = invoiceable(at(1, month=10), NOVEMBER, after_trial=False, archives=[(begin, stop)])
    assert (part and part.days) == days


@pytest.mark.parametrize(("text", "days"), [("2026-11", 30), ("2026-12", 31), ("2028-02", 29), ("2027-02", 28)])
def test_a_month_has_its_days(text: str, days: int) -> None:
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
def test_days_on_which_any_of_the_trial_lies_are_not_counted(
    invoice_from: datetime, after_trial: bool, start: datetime, days: int
) -> None:
    part = invoiceable(invoice_from, NOVEMBER, after_trial=after_trial)
    assert part == Invoiceable(start, NOVEMBER.end, days)


def test_nothing_is_invoiced_before_production() -> None:
    assert invoiceable(None, NOVEMBER, after_trial=True) is None
    assert invoiceable(NOVEMBER.end, NOVEMBER, after_trial=False) is None


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)), st.booleans())  # noqa: DTZ001
def test_the_months_of_a_year_add_up(invoice_from: datetime, after_trial: bool) -> None:
    months = [parse_month(f"{year}-{month:02}") for year in (2026, 2027) for month in range(1, 13)]
    parts = [part for month in months if (part := invoiceable(invoice_from, month, after_trial=after_trial))]
    assert parts[0].start == invoice_from
    whole = (months[-1].end - invoice_from) / timedelta(days=1)
    assert sum(part.days for part in parts) == (int(whole) if after_trial else -int(-whole // 1))


def billed(store: MemoryStore, now: datetime, limit: int = 100, month: str = "2026-11") -> dict[str, tuple[Any, ...]]:
    rows, cursor = {}, None
    while True:
        who = caller(now=now, operation="read_invoicing")
        page = get_invoicing(store, who, ROOT.id, month=month, limit=limit, cursor=cursor)
        rows |= {row.customer_id: (row.start, row.end, row.days) for row in page.rows}
        cursor = page.next_cursor
        if cursor is None:
            return rows


def test_the_same_figures_follow_from_the_events_alone(memory: MemoryStore) -> None:
    """A subscriber who has only ever seen customer_entered_production bills the same."""
    begin_in(memory)
    reseller = a_customer("reseller")
    put(memory, a_customer("distributor"), reseller)
    told: dict[str, CustomerEnteredProduction] = {}

    def hear(old: Any, new: Any) -> None:
        for kind, event in events_for_change(old, new):
            if kind == "customer_entered_production":
                assert isinstance(event, CustomerEnteredProduction)
                assert event.customer_id not in told, "invoicing started twice"
                told[str(event.customer_id)] = event

    change = memory.change

    def streamed(key: Any, *arguments: Any, **options: Any) -> None:
        old = dict(memory.items[key])
        change(key, *arguments, **options)
        hear(old, memory.items[key])

    memory.change = streamed  # type: ignore[method-assign]
    customers = []
    for n in range(40):
        created = at(1, month=10) + timedelta(hours=31 * n)
        customer = a_customer("end_customer", reseller, now=created, name=f"E{n}", in_trial=n % 3 != 0)
        put(memory, customer)
        hear(None, customer_item(customer))
        put(memory, a_customer("site", customer, now=created))
        customers.append(customer)
    for customer in customers[1::6]:
        who = caller(now=customer.created_at + timedelta(days=5, hours=7), operation="change_customers")
        start_production(memory, who, customer.id, version=1)
    now = at(2, 3, month=12)
    end_trials(memory, now, time_is_up=lambda: False)

    for limit in (1, 7, 100):
        for month in ("2026-10", "2026-11", "2026-12"):
            from_events = {
                customer_id: tuple(part)
                for customer_id, event in told.items()
                if (part := invoiceable(event.invoice_from, parse_month(month), after_trial=event.ended_by is not None))
            }
            assert billed(memory, now, limit, month) == from_events
    assert len(told) >= 30


def test_the_figures_are_true_though_the_schedule_is_late(memory: MemoryStore) -> None:
    begin_in(memory)
    trial = a_customer("end_customer", now=at(10, 12, month=10), in_trial=True)
    put(memory, a_customer("distributor"), a_customer("reseller"), trial)
    end = at(9, 12)
    assert billed(memory, end - MICROSECOND) == {}
    assert billed(memory, end) == {trial.id: (end, NOVEMBER.end, 21)}
    end_trials(memory, at(25), time_is_up=lambda: False)
    assert Customer.model_validate(memory.items[customer_key(trial.id)]).production_since == end
    assert billed(memory, at(25)) == {trial.id: (end, NOVEMBER.end, 21)}


def test_a_broken_record_is_named_and_keeps_nobody_from_billing_the_others(memory: MemoryStore) -> None:
    begin_in(memory)
    good, bad = (a_customer("end_customer", now=at(10), name=name) for name in ("Good", "Bad"))
    put(memory, a_customer("distributor"), a_customer("reseller"), good, bad)
    del memory.items[customer_key(bad.id)]["storage_location"]
    who = caller(now=at(20), operation="read_invoicing")
    page = get_invoicing(memory, who, ROOT.id, month="2026-11", limit=10)
    assert ([row.customer_id for row in page.rows], page.incomplete) == ([good.id], [bad.id])


def test_invoicing_as_csv(memory: MemoryStore) -> None:
    begin_in(memory)
    customer = a_customer("end_customer", now=at(10), name="=1+1", references={"psa": "7", "crm": "x"})
    put(memory, a_customer("distributor"), a_customer("reseller"), customer)
    who = caller(now=at(20), operation="read_invoicing")
    (title, row) = csv.reader(io.StringIO(get_invoicing(memory, who, ROOT.id, month="2026-11", limit=10).as_csv()))
    found = dict(zip(title, row, strict=True))
    assert (found["name"], found["references"], found["days"]) == ("'=1+1", "psa=7; crm=x", "21")
