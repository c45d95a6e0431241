"""Use cases for test devices, the dashboard and its views."""

import contextlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, Field

from shared.auth.access import read_with_actor
from shared.auth.authorization import Account, Caller, authorize, require_permission
from shared.auth.cursors import read_cursor, sign_cursor
from shared.customers.access import read_customer
from shared.customers.customer import Customer, CustomerResponse
from shared.customers.levels import Level
from shared.customers.subtree import below, list_within
from shared.customers.use_cases import MAX_ATTEMPTS, concurrent_modification, show_all
from shared.devices.device import (
    MAX_TEST_DEVICES,
    AddedDeviceResponse,
    Device,
    DeviceResponse,
    NewDevice,
    device_tombstone,
    new_device,
    new_token,
    show_device,
    with_token,
)
from shared.devices.records import device_item, record_change, view_change
from shared.devices.views import COLUMNS, DEFAULT, NewView, View, Views, row, validate_columns, validate_view
from shared.errors import (
    KeyReusedError,
    NotFoundError,
    RulesViolatedError,
    RuleViolation,
    ThrottledError,
    TooManyDevicesError,
    UnreadableRecordError,
)
from shared.idempotency import Outcome, ensure_same_request, id_from
from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import CATALOGUE, Item, Key, customer_key, device_key, devices_key, request_key, views_key
from shared.table.queries import IncompleteRecord, parse_record, read_all
from shared.table.store import Check, ConditionFailedError, Increment, Put, Records, Store, update_between
from shared.values.countries import CountryResponse, country_response
from shared.values.csv_text import as_csv


@dataclass(frozen=True)
class AddedDevice:
    device: AddedDeviceResponse
    outcome: Outcome


def add_test_device(
    store: Records,
    caller: Caller,
    customer_id: str,
    new: NewDevice,
    *,
    idempotency_key: str,
    validate_only: bool = False,
) -> AddedDevice:
    """Add a test device to a customer, once for each caller and `idempotency_key`. `validate_only` writes nothing.

    Raises NotFoundError, ForbiddenError, ArchivedError, RulesViolatedError, TooManyDevicesError, KeyReusedError.
    """
    device_id = id_from("dev", caller.account_id, customer_id, idempotency_key)
    key, at, counter = device_key(customer_id, device_id), customer_key(customer_id), devices_key(customer_id)
    actor, records = read_with_actor(store, caller, at, key, CATALOGUE, *((counter,) if validate_only else ()))
    earlier = parse_record(Device, records, key)
    customer = authorize(actor, caller.operation, parse_record(Customer, records, at), archived=earlier is not None)
    if earlier is None:
        catalogue = Catalogue.model_validate(records[CATALOGUE])
        token = new_token()
        device = new_device(new, customer, catalogue, actor, id=device_id, token=token, now=caller.now)
        if validate_only:
            if records.get(counter, {}).get("count", 0) >= MAX_TEST_DEVICES:
                raise _too_many()
            return AddedDevice(_shown(device), "validated")
        try:
            store.write(
                Put(device_item(device)),
                Increment(counter, 1, most=MAX_TEST_DEVICES),
                Check(at, {"archived_at": None}),
                record_change(device, "test_device_added", caller),
            )
        except ConditionFailedError as failed:
            earlier = parse_record(Device, failed.records, key)
            if earlier is None and at in failed.records:
                authorize(actor, caller.operation, parse_record(Customer, failed.records, at))
            if earlier is None:
                raise _too_many() from failed
        else:
            return AddedDevice(_shown(device, token), "added")
    ensure_same_request(new, earlier.request_hash)
    if earlier.removed:
        raise KeyReusedError("The test device of this Idempotency-Key has been removed. Use a new key for a new one.")
    return AddedDevice(_shown(earlier), "validated" if validate_only else "replayed")


def _shown(device: Device, token: str | None = None, expected: str | None = None) -> AddedDeviceResponse:
    shown = show_device(device, expected or device.expected_location)
    return AddedDeviceResponse(**dict(shown), installation_token=token)


def _too_many() -> TooManyDevicesError:
    return TooManyDevicesError(f"A customer has at most {MAX_TEST_DEVICES} test devices. Remove one first.")


def get_test_device(store: Store, caller: Caller, customer_id: str, device_id: str) -> DeviceResponse:
    """Return a test device. One request. Raises NotFoundError."""
    customer, device, _ = _device(store, caller, customer_id, device_id)
    return show_device(device, customer.storage_location.country)


def replace_token(
    store: Store, caller: Caller, customer_id: str, device_id: str, *, idempotency_key: str
) -> AddedDevice:
    """Give a test device another token, once for each caller and `idempotency_key`. The token before it is invalid.

    Raises NotFoundError, ForbiddenError, ArchivedError.
    """
    request = request_key(id_from("tok", caller.account_id, device_id, idempotency_key))
    for _ in range(MAX_ATTEMPTS):
        customer, device, records = _device(store, caller, customer_id, device_id, request)
        expected = customer.storage_location.country
        if request in records:
            return AddedDevice(_shown(device, expected=expected), "replayed")
        token = new_token()
        changed = with_token(device, token)
        with contextlib.suppress(ConditionFailedError):  # something has changed since it was read
            store.write(
                update_between(device_item(device), device_item(changed), {"version": device.version}),
                Put({"pk": request[0], "sk": request[1]}),
                record_change(changed, "token_replaced", caller),
            )
            return AddedDevice(_shown(changed, token, expected), "added")
    raise concurrent_modification()


def remove_test_device(store: Store, caller: Caller, customer_id: str, device_id: str) -> None:
    """Remove a test device. Raises NotFoundError, also for one that was removed before."""
    for _ in range(MAX_ATTEMPTS):
        _, device, _ = _device(store, caller, customer_id, device_id)
        removed = device_tombstone(device)
        with contextlib.suppress(ConditionFailedError):  # it was removed, or its token was replaced
            store.write(
                update_between(device_item(device), device_item(removed), {"version": device.version}),
                Increment(devices_key(device.customer_id), -1),
                record_change(removed, "test_device_removed", caller),
            )
            return
    raise concurrent_modification()


def _device(
    store: Store, caller: Caller, customer_id: str, device_id: str, *keys: Key
) -> tuple[Customer, Device, dict[Key, Item]]:
    """Read a test device, its customer and the records with these keys, and authorize the caller's operation."""
    at, key = customer_key(customer_id), device_key(customer_id, device_id)
    actor, records = read_with_actor(store, caller, at, key, *keys)
    customer = authorize(actor, caller.operation, parse_record(Customer, records, at))
    device = parse_record(Device, records, key)
    if device is None or device.removed:
        raise NotFoundError
    return customer, device, records


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


class ColumnResponse(BaseModel):
    name: str
    title: str


class DevicePage(BaseModel):
    """Rows of the dashboard. All of them are test devices, which are never invoiced."""

    view: str | None = Field(description="The view whose columns are shown. Null if the request named the columns.")
    columns: list[ColumnResponse]
    rows: list[dict[str, Any]] = Field(
        description="One object for each test device, with a value for each column, in the order of the columns."
    )
    incomplete: list[IncompleteRecord] = Field(
        description="Records that can't be read: test devices of this page, their customers, and the caller's views."
    )
    invoiced: int = Field(
        0, description="The number of these rows that are invoiced: 0, because they are test devices."
    )
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
    customers = _customers_of(store, caller, devices, Catalogue.model_validate(records[CATALOGUE]))
    incomplete += [
        IncompleteRecord(kind="test_device", id=device.id) for device in devices if device.customer_id not in customers
    ]
    return DevicePage(
        view=name,
        columns=[ColumnResponse(name=column, title=COLUMNS[column].title) for column in chosen],
        rows=[
            row(device, customers[device.customer_id], chosen) for device in devices if device.customer_id in customers
        ],
        incomplete=incomplete,
        next_cursor=sign_cursor(actor, bound_to, page.next),
    )


def _customers_of(
    store: Store, caller: Caller, devices: list[Device], catalogue: Catalogue
) -> dict[str, CustomerResponse]:
    """Return the customers of these devices, by one read, and a second one for the end-customers of sites."""
    ids = {device.customer_id for device in devices}
    items = list(store.get(*map(customer_key, sorted(ids))).values()) if ids else []
    return {shown.id: shown for shown in show_all(store, caller, items, catalogue, {}, []) if shown and shown.id}


class ViewList(BaseModel):
    views: list[View]
    columns: list[ColumnResponse] = Field(description="All columns that a view can have.")


def list_views(store: Store, caller: Caller) -> ViewList:
    """List the caller's views, including the default view."""
    columns = [ColumnResponse(name=name, title=column.title) for name, column in COLUMNS.items()]
    return ViewList(views=_views(store, caller)[1].shown(), columns=columns)


def get_view(store: Store, caller: Caller, name: str) -> View:
    """Return one of the caller's views. Raises NotFoundError."""
    name = unquote(name)
    columns = _views(store, caller)[1].columns(name)
    if columns is None:
        raise NotFoundError
    return View(name=name, columns=columns)


def save_view(store: Store, caller: Caller, name: str, new: NewView) -> View:
    """Save a view of the caller. It replaces a view with the same name, even the default. Raises RulesViolatedError."""
    name = unquote(name)
    account, views = _views(store, caller)
    validate_view(name, new.columns, views)
    if views.columns_by_name.get(name) == new.columns:
        return View(name=name, columns=new.columns)
    _save(store, caller, account, views, views.saved(name, new.columns), name)
    return View(name=name, columns=new.columns)


def remove_view(store: Store, caller: Caller, name: str) -> None:
    """Remove a view. If it is the default view, the system's default applies again. Raises NotFoundError."""
    name = unquote(name)
    account, views = _views(store, caller)
    if name not in views.columns_by_name:
        raise NotFoundError
    _save(store, caller, account, views, views.without(name), name)


def _views(store: Store, caller: Caller) -> tuple[Account, Views]:
    key = views_key(caller.account_id)
    account, records = read_with_actor(store, caller, key)
    require_permission(account, caller.operation)
    return account, parse_record(Views, records, key) or Views()


def _save(store: Store, caller: Caller, account: Account, before: Views, after: Views, name: str) -> None:
    pk, sk = views_key(caller.account_id)
    old, new = ({"pk": pk, "sk": sk, **views.model_dump()} for views in (before, after))
    changed = update_between(old, new, {"version": before.version}) if before.version else Put(new)
    try:
        store.write(changed, view_change(account, before, after, name, caller))
    except ConditionFailedError as failed:
        detail = "Your views are being modified by another request. Retry after 1 second."
        raise ThrottledError(detail, headers={"Retry-After": "1"}) from failed
