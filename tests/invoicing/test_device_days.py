"""Tests: the device days of the invoicing report are those that follow from the events, on any story.

Source: domain.md, "Devices": a device day is a UTC day on which the device existed at any moment. It is invoiced on the
invoiced days of its end-customer.
"""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from local.invariants import violations
from shared.auth.authorization import Caller
from shared.customers.change_use_cases import archive_customer, restore_customer
from shared.customers.customer import Customer
from shared.devices.blocking import blocking_devices
from shared.devices.device import NewDevice, NewTestDevice
from shared.devices.use_cases import DeviceId, add_device, remove_device
from shared.events.events import EventEnvelope, events_for_change
from shared.invoicing.use_cases import InvoicingRow, get_invoicing
from shared.table.keys import customer_key
from shared.trials.use_cases import end_trials, start_production
from tests.builders import ROOT, ROOT_ACCOUNT, a_customer, bootstrap_in, caller, put
from tests.events.helpers import stream_of
from tests.invoicing.helpers import at
from tests.memory_store import MemoryStore

BEGINNING = at(20, 9, month=10)
DAY = timedelta(days=1)
MONTHS = ("2026-10", "2026-11", "2026-12", "2027-01", "2027-02")


class Story:
    """An end-customer with two sites below a reseller, and what happens to them and their devices."""

    def __init__(self, *, in_trial: bool) -> None:
        self.store, self.now, self.number = MemoryStore(), BEGINNING, 0
        bootstrap_in(self.store)
        self.images = stream_of(self.store)
        self.reseller = a_customer("reseller", now=BEGINNING)
        self.end_customer = a_customer("end_customer", self.reseller, now=BEGINNING, in_trial=in_trial)
        self.sites = [a_customer("site", self.end_customer, now=BEGINNING, name=f"Site {n}") for n in range(2)]
        put(self.store, a_customer("distributor", now=BEGINNING), self.reseller, self.end_customer, *self.sites)
        self.places = [self.end_customer, *self.sites, self.reseller]
        self.devices: list[DeviceId] = []

    def does(self, operation: Any) -> Caller:
        return Caller(ROOT_ACCOUNT.id, self.now, operation)

    def add(self, place: int, kind: str | None) -> None:
        self.number += 1
        customer = self.places[place]
        new = NewDevice(name="D", kind=kind) if kind else NewTestDevice(name="T")
        key = f"{self.number}"
        added = add_device(self.store, self.does("change_devices"), customer.id, new, idempotency_key=key).device
        self.devices.append(DeviceId(customer.id, added.id, is_test=kind is None))

    def remove(self, number: int) -> None:
        if self.devices:
            remove_device(self.store, self.does("change_devices"), self.devices.pop(number % len(self.devices)))

    def end_trial(self) -> None:
        version = self._version(self.end_customer)
        start_production(self.store, self.does("change_customers"), self.end_customer.id, version=version)

    def archive_for(self, hours: int) -> None:
        """Archive the end-customer with its sites, and restore them after some hours."""
        for device in [each for each in self.devices if each.customer_id != self.reseller.id]:
            self.remove(self.devices.index(device))
        everyone = [*self.sites, self.end_customer]
        for customer in everyone:
            by, version = self.does("change_customers"), self._version(customer)
            archive_customer(self.store, by, customer.id, version=version, find_devices=blocking_devices)
        self.now += timedelta(hours=hours)
        for customer in reversed(everyone):
            by, version = self.does("change_customers"), self._version(customer)
            restore_customer(self.store, by, customer.id, version=version)

    def _version(self, customer: Customer) -> int:
        return int(self.store.items[customer_key(customer.id)]["version"])

    def events(self) -> list[EventEnvelope]:
        end_trials(self.store, self.now, time_is_up=lambda: False)
        return [event for old, new in self.images for event in events_for_change(old, new)]

    def reported(self, month: str) -> dict[str, InvoicingRow]:
        by = caller(now=self.now, operation="read_invoicing")
        page = get_invoicing(self.store, by, ROOT.id, month=month, limit=100)
        return {row.customer_id: row for row in page.rows}


def days_from(events: list[EventEnvelope], customer_id: str, month: str, now: datetime) -> dict[str, int]:
    """Compute the device days of a month as a subscriber of the events would, day by day and device by device."""
    devices: dict[str, Any] = {}
    started, after_trial, archived = None, False, list[tuple[datetime, datetime]]()
    for kind, event in events:
        fields = dict(event)
        if kind == "device_added" and fields["end_customer_id"] == customer_id:
            devices[fields["device_id"]] = [fields["device_kind"], event.occurred_at, now]
        elif kind == "device_removed" and fields["device_id"] in devices:
            devices[fields["device_id"]][2] = event.occurred_at
        elif kind == "customer_entered_production" and event.customer_id == customer_id:
            started, after_trial = fields["invoice_from"], fields["ended_by"] is not None
        elif kind == "customer_restored" and event.customer_id == customer_id:
            archived.append((fields["archived_at"], fields["restored_at"]))
    found = {"workstation": 0, "server": 0}
    for day in _days_of(month):
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        if started is None or not (begin >= started if after_trial else begin + DAY > started):
            continue
        if any(start <= begin and begin + DAY <= end for start, end in archived):
            continue
        for kind, added_at, removed_at in devices.values():
            found[kind] += added_at.date() <= day <= removed_at.date()
    return found


def _days_of(month: str) -> Iterator[date]:
    year, number = map(int, month.split("-"))
    day = date(year, number, 1)
    while day.month == number:
        yield day
        day += DAY


STEPS = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 3), st.sampled_from(["workstation", "server", None])),
    st.tuples(st.just("add"), st.integers(0, 2), st.sampled_from(["workstation", "server"])),
    st.tuples(st.just("remove"), st.integers(0, 9)),
    st.tuples(st.just("end_trial")),
    st.tuples(st.just("archive_for"), st.integers(0, 80)),
)


@settings(max_examples=60, deadline=None)
@given(st.booleans(), st.lists(st.tuples(st.integers(0, 200), STEPS), max_size=14))
def test_device_days_of_the_report_equal_the_sum_over_the_events(
    in_trial: bool, story: list[tuple[int, tuple[Any, ...]]]
) -> None:
    told = Story(in_trial=in_trial)
    for hours, (action, *arguments) in story:
        told.now += timedelta(hours=hours)
        if not (action == "end_trial" and not in_trial):
            getattr(told, action)(*arguments)
    told.now += timedelta(hours=30)
    events = told.events()
    for month in MONTHS:
        rows = told.reported(month)
        expected = days_from(events, told.end_customer.id, month, told.now)
        row = rows.pop(told.end_customer.id, None)
        assert (row.device_days.model_dump() if row else {"workstation": 0, "server": 0}) == expected, month
        assert not rows  # a reseller and a site are never invoiced themselves
    assert violations(told.store.items) == []


def test_device_that_is_added_and_removed_on_a_day_has_one_device_day() -> None:
    told = Story(in_trial=False)
    told.now = at(3, 23)
    told.add(0, "server")
    told.now += timedelta(minutes=59)
    told.remove(0)
    told.now = at(30)
    assert told.reported("2026-11")[told.end_customer.id].device_days.model_dump() == {"workstation": 0, "server": 1}
    told.now = at(5)
    told.add(1, "server")
    told.now = at(6) + timedelta(microseconds=-1)
    told.remove(0)
    told.now = at(30)
    assert told.reported("2026-11")[told.end_customer.id].device_days.server == 2


def test_open_month_counts_device_days_until_today_only() -> None:
    told = Story(in_trial=False)
    told.now = at(10)
    told.add(0, "workstation")
    for now, days in ((at(10), 1), (at(11) - timedelta(microseconds=1), 1), (at(11), 2), (at(20, month=12), 21)):
        told.now = now
        row = told.reported("2026-11")[told.end_customer.id]
        assert (row.device_days.workstation, row.days) == (days, 30)


def test_devices_during_a_trial_are_not_invoiced() -> None:
    told = Story(in_trial=True)
    told.add(0, "server")
    told.now = at(25)  # the trial ends on the 19th at 9:00
    assert told.reported("2026-10") == {}
    row = told.reported("2026-11")[told.end_customer.id]
    assert row.device_days.server == 6  # from the 20th to the 25th


def test_report_reads_the_device_days_of_a_page_in_one_request() -> None:
    told = Story(in_trial=False)
    others = [a_customer("end_customer", told.reseller, now=BEGINNING, name=f"E{n}") for n in range(99)]
    put(told.store, *others)
    told.add(0, "server")
    told.store.requests.clear()
    by = caller(now=told.now, operation="read_invoicing")
    page = get_invoicing(told.store, by, told.reseller.id, month="2026-10", limit=100)
    assert len(page.rows) == 100
    # Two chunks of 100 customers, because the reseller and the sites are examined too.
    assert told.store.requests == ["get", *["query subtree", "get"] * 2]


def test_csv_has_the_device_days_of_each_kind() -> None:
    told = Story(in_trial=False)
    told.add(0, "server")
    told.add(1, "workstation")
    told.add(2, "workstation")
    by = caller(now=told.now, operation="read_invoicing")
    text = get_invoicing(told.store, by, ROOT.id, month="2026-10", limit=10).as_csv()
    title, row = csv.reader(io.StringIO(text))
    found = dict(zip(title, row, strict=True))
    assert (found["workstation_days"], found["server_days"], found["days"]) == ("2", "1", "12")
