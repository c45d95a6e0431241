"""Use cases for invoicing: list the end-customers that are invoiced in a month."""

from datetime import datetime

from pydantic import BaseModel, Field

from shared.auth.authorization import Caller
from shared.customers.access import read_customer
from shared.customers.customer import Customer
from shared.customers.levels import ServiceType
from shared.customers.subtree import Kind, list_within
from shared.devices.days import device_days
from shared.devices.device import DEVICE_KINDS
from shared.errors import require
from shared.invoicing.days import Invoiceable, Month, invoiceable, parse_month
from shared.table.keys import Item, customer_key, device_days_key
from shared.table.queries import IncompleteRecord, has_passed, read_all
from shared.table.store import Store
from shared.values.csv_text import as_csv
from shared.values.models import fields_of
from shared.values.timestamps import Timestamp


class DeviceDays(BaseModel):
    """By kind: the sum of the devices that existed on each invoiced day, at any moment of it."""

    workstation: int
    server: int


class InvoicingRow(BaseModel):
    """One end-customer that is invoiced in the month, with its sites and their devices. Test devices never are."""

    customer_id: str
    name: str
    path: str
    service_type: ServiceType | None
    references: dict[str, str]
    invoice_from: Timestamp
    start: Timestamp
    end: Timestamp = Field(description="The start of the next month, or the time of archiving.")
    days: int = Field(description="The number of invoiced UTC days. A day that is partly in a trial is not invoiced.")
    device_days: DeviceDays = Field(
        description="Device days, those of its sites included, on the invoiced days until today."
    )


class InvoicingPage(BaseModel):
    month: str
    rows: list[InvoicingRow]
    incomplete: list[IncompleteRecord] = Field(
        description="Customers of this page whose record can't be read. Check them before you bill."
    )
    next_cursor: str | None = Field(
        description="The cursor of the next page. Null on the last page. A page can have fewer items than the limit."
    )

    def as_csv(self) -> str:
        """Return the rows as CSV (RFC 4180). References are written as system=value, separated by semicolons."""
        device_days = [f"{kind}_days" for kind in DEVICE_KINDS]
        titles = (
            *("customer_id", "name", "path", "service_type", "references", "invoice_from", "start", "end", "days"),
            *device_days,
        )
        rows = [row.model_dump() for row in self.rows]
        for row in rows:
            row["references"] = "; ".join(f"{system}={value}" for system, value in row["references"].items())
            row |= {f"{kind}_days": number for kind, number in row["device_days"].items()}
        return as_csv(titles, [[row[title] for title in titles] for row in rows])


def get_invoicing(
    store: Store,
    caller: Caller,
    customer_id: str,
    *,
    month: str,
    archived: bool = False,
    limit: int,
    cursor: str | None = None,
) -> InvoicingPage:
    """List the end-customers within a customer that are invoiced in a month, as known now, with their device days.

    These need one more read for each 100 end-customers. With `archived`, list the archived ones instead, up to the time
    of archiving. Raises NotFoundError, ForbiddenError, RulesViolatedError for the month, MalformedRequestError for a
    cursor.
    """
    start_of_month = parse_month(month)
    key = customer_key(customer_id)
    actor, top, records = read_customer(store, caller, customer_id)
    bound_to = {"list": "invoicing", "customer_id": top.id, "month": month, "archived": archived}

    incomplete: list[IncompleteRecord] = []

    def invoiced(items: list[Item]) -> list[InvoicingRow | None]:
        customers = read_all(Customer, items, incomplete)
        of_month = {each.id: _invoiceable(each, start_of_month, caller.now) for each in customers if each}
        parts = {customer_id: part for customer_id, part in of_month.items() if part}
        days = store.get(*map(device_days_key, parts)) if parts else {}
        return [
            _row(each, parts[each.id], days.get(device_days_key(each.id), {}), caller.now)
            if each and each.id in parts
            else None
            for each in customers
        ]

    kind: Kind = "archived" if archived else "customer"
    rows, next_cursor = list_within(
        store, actor, records[key], bound_to, invoiced, limit=limit, cursor=cursor, kind=kind
    )
    return InvoicingPage(month=month, rows=rows, incomplete=incomplete, next_cursor=next_cursor)


def _invoiceable(customer: Customer, month: Month, now: datetime) -> Invoiceable | None:
    """Return which part of the month an end-customer is invoiced for. None for other levels."""
    since = customer.production_since_at(now) if customer.level == "end_customer" else None
    if has_passed(customer.expires_at, now):
        return None
    archives = [(times.start, times.end) for times in customer.archives]
    after_trial = customer.trial is not None
    return invoiceable(since, month, after_trial=after_trial, archives=archives, until=customer.archived_at)


def _row(customer: Customer, part: Invoiceable, days: Item, now: datetime) -> InvoicingRow:
    """Build the row of an end-customer from its record `device_days`. No device has existed on a day to come."""
    counted = device_days(days, [day for day in part.days if day <= now.date()])
    return InvoicingRow(
        **fields_of(customer, ("name", "path", "service_type", "references")),
        customer_id=customer.id,
        invoice_from=require(customer.production_since_at(now)),
        start=part.start,
        end=part.end,
        days=len(part.days),
        device_days=DeviceDays(workstation=counted["workstation"], server=counted["server"]),
    )
