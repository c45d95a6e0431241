"""Tests: the invoicing report."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

from shared.customers.customer import Customer
from shared.events.events import CustomerEnteredProduction, events_for_change
from shared.invoicing.days import invoiceable, parse_month
from shared.invoicing.use_cases import get_invoicing
from shared.table.keys import customer_key
from shared.trials.use_cases import end_trials, start_production
from tests.builders import MICROSECOND, ROOT, a_customer, bootstrap_in, caller, put
from tests.events.helpers import stream_of
from tests.invoicing.helpers import NOVEMBER, at
from tests.memory_store import MemoryStore


def billed(store: MemoryStore, now: datetime, limit: int = 100, month: str = "2026-11") -> dict[str, tuple[Any, ...]]:
    rows, cursor = {}, None
    while True:
        as_caller = caller(now=now, operation="read_invoicing")
        page = get_invoicing(store, as_caller, ROOT.id, month=month, limit=limit, cursor=cursor)
        rows |= {row.customer_id: (row.start, row.end, row.days) for row in page.rows}
        cursor = page.next_cursor
        if cursor is None:
            return rows


def test_report_matches_the_figures_computed_from_events(memory: MemoryStore) -> None:
    """A subscriber that only receives customer_entered_production computes the same invoice."""
    bootstrap_in(memory)
    reseller = a_customer("reseller")
    put(memory, a_customer("distributor"), reseller)
    images = stream_of(memory)
    customers = []
    for n in range(40):
        created = at(1, month=10) + timedelta(hours=31 * n)
        customer = a_customer("end_customer", reseller, now=created, name=f"E{n}", in_trial=n % 3 != 0)
        put(memory, customer)
        put(memory, a_customer("site", customer, now=created))
        customers.append(customer)
    for customer in customers[1::6]:
        as_caller = caller(now=customer.created_at + timedelta(days=5, hours=7), operation="change_customers")
        start_production(memory, as_caller, customer.id, version=1)
    now = at(2, 3, month=12)
    end_trials(memory, now, time_is_up=lambda: False)

    published: dict[str, CustomerEnteredProduction] = {}
    for old, new in images:
        for kind, event in events_for_change(old, new):
            if kind == "customer_entered_production":
                assert isinstance(event, CustomerEnteredProduction)
                assert event.customer_id not in published, "invoicing started twice"
                published[str(event.customer_id)] = event

    for limit in (1, 7, 100):
        for month in ("2026-10", "2026-11", "2026-12"):
            from_events = {
                customer_id: (part.start, part.end, len(part.days))
                for customer_id, event in published.items()
                if (part := invoiceable(event.invoice_from, parse_month(month), after_trial=event.ended_by is not None))
            }
            assert billed(memory, now, limit, month) == from_events
    assert len(published) >= 30


def test_report_is_correct_when_the_schedule_is_late(memory: MemoryStore) -> None:
    bootstrap_in(memory)
    trial = a_customer("end_customer", now=at(10, 12, month=10), in_trial=True)
    put(memory, a_customer("distributor"), a_customer("reseller"), trial)
    end = at(9, 12)
    assert billed(memory, end - MICROSECOND) == {}
    assert billed(memory, end) == {trial.id: (end, NOVEMBER.end, 21)}
    end_trials(memory, at(25), time_is_up=lambda: False)
    assert Customer.model_validate(memory.items[customer_key(trial.id)]).production_since == end
    assert billed(memory, at(25)) == {trial.id: (end, NOVEMBER.end, 21)}


def test_broken_record_is_reported_and_the_others_are_listed(memory: MemoryStore) -> None:
    bootstrap_in(memory)
    good, bad = (a_customer("end_customer", now=at(10), name=name) for name in ("Good", "Bad"))
    put(memory, a_customer("distributor"), a_customer("reseller"), good, bad)
    del memory.items[customer_key(bad.id)]["storage_location"]
    as_caller = caller(now=at(20), operation="read_invoicing")
    page = get_invoicing(memory, as_caller, ROOT.id, month="2026-11", limit=10)
    assert ([row.customer_id for row in page.rows], [(each.kind, each.id) for each in page.incomplete]) == (
        [good.id],
        [("customer", bad.id)],
    )


def test_report_is_available_as_csv(memory: MemoryStore) -> None:
    bootstrap_in(memory)
    customer = a_customer("end_customer", now=at(10), name="=1+1", references={"psa": "7", "crm": "x"})
    put(memory, a_customer("distributor"), a_customer("reseller"), customer)
    as_caller = caller(now=at(20), operation="read_invoicing")
    (title, row) = csv.reader(
        io.StringIO(get_invoicing(memory, as_caller, ROOT.id, month="2026-11", limit=10).as_csv())
    )
    found = dict(zip(title, row, strict=True))
    assert (found["name"], found["references"], found["days"]) == ("'=1+1", "psa=7; crm=x", "21")
