"""Use cases for the dashboard: list devices as rows with columns, and check where data lands."""

from typing import Any

from pydantic import BaseModel, Field

from shared.auth.access import read_with_actor
from shared.auth.authorization import Caller, authorize
from shared.auth.cursors import read_cursor, sign_cursor
from shared.customers.access import read_customer
from shared.customers.customer import Customer, CustomerResponse
from shared.customers.levels import Level
from shared.customers.subtree import below, list_within
from shared.customers.use_cases import show_all
from shared.devices.device import Device
from shared.devices.view_use_cases import ColumnResponse
from shared.devices.views import COLUMNS, DEFAULT, Row, Views, validate_columns
from shared.errors import NotFoundError, RulesViolatedError, RuleViolation, UnreadableRecordError
from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import CATALOGUE, Item, customer_key, views_key
from shared.table.queries import IncompleteRecord, parse_record, read_all
from shared.table.store import Store
from shared.values.countries import CountryResponse, country_response
from shared.values.csv_text import as_csv


class Drift(BaseModel):
    """A customer whose data is stored elsewhere than in its storage location today."""

    customer_id: str
    name: str
    level: Level
    path: str
    expected: CountryResponse = Field(description="The storage location of the customer.")
    actual: CountryResponse | None = Field(
        description="Where data lands today. Null if the catalogue does not contain the location."
    )


class DriftPage(BaseModel):
    drift: list[Drift]
    incomplete: list[IncompleteRecord] = Field(description="Customers of this page whose record can't be read.")
    catalogue_version: int
    next_cursor: str | None = Field(
        description="The cursor of the next page. Null on the last page. A page can have fewer items than the limit."
    )


def check_storage(
    store: Store, caller: Caller, customer_id: str, *, limit: int, cursor: str | None = None
) -> DriftPage:
    """List the customers, from this one down, whose data is stored elsewhere than in their storage location today.

    Raises NotFoundError, MalformedRequestError for a cursor.
    """
    at = customer_key(customer_id)
    actor, top, records = read_customer(store, caller, customer_id, CATALOGUE)
    catalogue = Catalogue.model_validate(records[CATALOGUE])
    bound_to = {"list": "storage check", "customer_id": top.id}

    incomplete: list[IncompleteRecord] = []

    def drifted(items: list[Item]) -> list[Drift | None]:
        customers = read_all(Customer, items, incomplete)
        return [_drift(customer, catalogue) if customer else None for customer in customers]

    drift, next_cursor = list_within(store, actor, records[at], bound_to, drifted, limit=limit, cursor=cursor)
    return DriftPage(drift=drift, incomplete=incomplete, catalogue_version=catalogue.version, next_cursor=next_cursor)


def _drift(customer: Customer, catalogue: Catalogue) -> Drift | None:
    expected = customer.storage_location.country
    actual = catalogue.lands_in(expected)
    if actual == expected:
        return None
    return Drift(
        customer_id=customer.id,
        name=customer.name,
        level=customer.level,
        path=customer.path,
        expected=country_response(expected),
        actual=country_response(actual) if actual else None,
    )


class DevicePage(BaseModel):
    """Rows of the dashboard: devices and test devices, in the order of customers' paths, then of names."""

    view: str | None = Field(description="The view whose columns are shown. Null if the request named the columns.")
    columns: list[ColumnResponse]
    rows: list[dict[str, Any]] = Field(
        description="One object for each device, with a value for each column, in the order of the columns."
    )
    incomplete: list[IncompleteRecord] = Field(
        description="Records that can't be read: devices of this page, their customers, and the caller's views."
    )
    invoiced: int = Field(description="The number of these rows whose days are invoiced now.")
    next_cursor: str | None = Field(
        description="The cursor of the next page. Null on the last page. A page can have fewer items than the limit."
    )

    def as_csv(self) -> str:
        """Return the rows as CSV (RFC 4180), with the titles of the columns."""
        return as_csv((column.title for column in self.columns), [list(each.values()) for each in self.rows])


def list_devices(
    store: Store,
    caller: Caller,
    customer_id: str,
    *,
    columns: str | None = None,
    view: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> DevicePage:
    """List the devices of a customer and all below it as rows, by one query and a read of the page's customers.

    Raises NotFoundError for the customer or the view, RulesViolatedError for an unknown column, MalformedRequestError.
    """
    if columns is not None and view is not None:
        raise RulesViolatedError.of(RuleViolation("one_of", "columns", "Provide at most one of columns and view."))
    at, views_at = customer_key(customer_id), views_key(caller.account_id)
    actor, records = read_with_actor(store, caller, at, views_at, CATALOGUE)
    top = authorize(actor, caller.operation, parse_record(Customer, records, at))
    name = None if columns is not None else view or DEFAULT
    incomplete: list[IncompleteRecord] = []
    saved = [records[views_at]] if views_at in records and columns is None else []
    # If the views can't be read, report them and use the system's columns. A request that names a view fails.
    views = next(iter(read_all(Views, saved, incomplete)), None) or Views()
    if view is not None and incomplete:
        raise UnreadableRecordError
    chosen = validate_columns(columns) if columns is not None else views.columns(name or DEFAULT)
    if chosen is None:
        raise NotFoundError
    bound_to = {"list": "devices", "customer_id": top.id}
    page = below(store, "device", top, limit=limit, after=read_cursor(actor, bound_to, cursor))
    devices = [device for device in read_all(Device, page.items, incomplete) if device]
    catalogue = Catalogue.model_validate(records[CATALOGUE])
    customers = _customers_of(store, caller, devices, catalogue)
    incomplete += [
        IncompleteRecord(kind="device", id=device.id) for device in devices if device.customer_id not in customers
    ]
    rows = [
        Row(device, customers[device.customer_id], catalogue.version)
        for device in devices
        if device.customer_id in customers
    ]
    return DevicePage(
        view=name,
        columns=[ColumnResponse(name=column, title=COLUMNS[column].title) for column in chosen],
        rows=[{column: COLUMNS[column].value(row) for column in chosen} for row in rows],
        incomplete=incomplete,
        invoiced=sum(row.invoiced for row in rows),
        next_cursor=sign_cursor(actor, bound_to, page.next),
    )


def _customers_of(
    store: Store, caller: Caller, devices: list[Device], catalogue: Catalogue
) -> dict[str, CustomerResponse]:
    """Return the customers of these devices, by one read, and a second one for the end-customers of sites."""
    ids = {device.customer_id for device in devices}
    items = list(store.get(*map(customer_key, sorted(ids))).values()) if ids else []
    return {shown.id: shown for shown in show_all(store, caller, items, catalogue, {}, []) if shown and shown.id}
