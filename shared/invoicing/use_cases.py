"""Use cases for invoicing: list the end-customers that are invoiced in a month."""

from datetime import datetime

from pydantic import BaseModel, Field

from shared.auth.authorization import Caller
from shared.customers.access import read_customer
from shared.customers.customer import Customer
from shared.customers.levels import ServiceType
from shared.customers.subtree import Kind, list_within
from shared.invoicing.days import Month, invoiceable, parse_month
from shared.table.keys import Item, customer_key
from shared.table.queries import IncompleteRecord, has_passed, read_all
from shared.table.store import Store
from shared.values.csv_text import as_csv
from shared.values.models import fields_of
from shared.values.timestamps import Timestamp


class InvoicingRow(BaseModel):
    """One end-customer that is invoiced in the month. Its sites and test devices are not invoiced separately."""

    customer_id: str
    name: str
    path: str
    service_type: ServiceType | None
    references: dict[str, str]
    invoice_from: Timestamp
    start: Timestamp
    end: Timestamp = Field(description="The start of the next month, or the time of archiving.")
    days: int = Field(description="The number of invoiced UTC days. A day that is partly in a trial is not invoiced.")


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
        titles = ("customer_id", "name", "path", "service_type", "references", "invoice_from", "start", "end", "days")
        rows = [row.model_dump() for row in self.rows]
        for row in rows:
            row["references"] = "; ".join(f"{system}={value}" for system, value in row["references"].items())
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
    """List the end-customers within a customer that are invoiced in a month, as known now.

    With `archived`, list the archived ones instead, up to the time of archiving. Raises NotFoundError, ForbiddenError,
    RulesViolatedError for the month, MalformedRequestError for a cursor.
    """
    start_of_month = parse_month(month)
    key = customer_key(customer_id)
    actor, top, records = read_customer(store, caller, customer_id)
    bound_to = {"list": "invoicing", "customer_id": top.id, "month": month, "archived": archived}

    incomplete: list[IncompleteRecord] = []

    def invoiced(items: list[Item]) -> list[InvoicingRow | None]:
        customers = read_all(Customer, items, incomplete)
        return [_row(customer, start_of_month, caller.now) if customer else None for customer in customers]

    kind: Kind = "archived" if archived else "customer"
    rows, next_cursor = list_within(
        store, actor, records[key], bound_to, invoiced, limit=limit, cursor=cursor, kind=kind
    )
    return InvoicingPage(month=month, rows=rows, incomplete=incomplete, next_cursor=next_cursor)


def _row(customer: Customer, month: Month, now: datetime) -> InvoicingRow | None:
    since = customer.production_since_at(now) if customer.level == "end_customer" else None
    archives = [(times.start, times.end) for times in customer.archives]
    after_trial = customer.trial is not None
    part = invoiceable(since, month, after_trial=after_trial, archives=archives, until=customer.archived_at)
    if since is None or part is None or has_passed(customer.expires_at, now):
        return None
    return InvoicingRow(
        **fields_of(customer, ("name", "path", "service_type", "references")),
        customer_id=customer.id,
        invoice_from=since,
        **part._asdict(),
    )
