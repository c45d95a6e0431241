"""Use cases for devices and test devices: add, read, rename, replace the token, remove."""

import contextlib
from dataclasses import dataclass
from datetime import datetime

from shared.auth.access import read_with_actor
from shared.auth.authorization import Caller, authorize
from shared.customers.customer import Customer
from shared.customers.use_cases import MAX_ATTEMPTS, concurrent_modification, end_customer_of
from shared.devices.device import (
    AddedDeviceResponse,
    Device,
    DeviceChange,
    DeviceResponse,
    NewDevice,
    NewTestDevice,
    device_tombstone,
    is_invoiced,
    new_device,
    new_token,
    renamed,
    show_device,
    with_token,
)
from shared.devices.records import MOST, count_device, counter_key, device_item, record_change
from shared.errors import (
    ApiError,
    KeyReusedError,
    NotFoundError,
    StaleVersionError,
    TooManyDevicesError,
    TooManyTestDevicesError,
)
from shared.idempotency import Outcome, ensure_same_request, id_from
from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import CATALOGUE, Item, Key, customer_key, device_key, request_key
from shared.table.queries import parse_record
from shared.table.store import Check, ConditionFailedError, Put, Records, Store, update_between


@dataclass(frozen=True)
class AddedDevice:
    device: AddedDeviceResponse
    outcome: Outcome


@dataclass(frozen=True)
class DeviceId:
    """Which device a request is about. A test device is not found as a device, nor the reverse."""

    customer_id: str
    id: str
    is_test: bool = False


def add_device(
    store: Records,
    caller: Caller,
    customer_id: str,
    new: NewDevice | NewTestDevice,
    *,
    idempotency_key: str,
    validate_only: bool = False,
) -> AddedDevice:
    """Add a device or a test device, once for each caller and `idempotency_key`. `validate_only` writes nothing.

    Raises NotFoundError, ForbiddenError, ArchivedError, RulesViolatedError, TooManyDevicesError,
    TooManyTestDevicesError, KeyReusedError.
    """
    device_id = id_from("dev", caller.account_id, customer_id, idempotency_key)
    is_test = not isinstance(new, NewDevice)
    key, at, counter = device_key(customer_id, device_id), customer_key(customer_id), counter_key(customer_id, is_test)
    actor, records = read_with_actor(store, caller, at, key, CATALOGUE, *((counter,) if validate_only else ()))
    earlier = parse_record(Device, records, key)
    customer = authorize(actor, caller.operation, parse_record(Customer, records, at), archived=earlier is not None)
    catalogue = Catalogue.model_validate(records[CATALOGUE])
    if earlier is None:
        token = new_token()
        device = new_device(new, customer, catalogue, actor, id=device_id, token=token, now=caller.now)
        # Before the write: if this failed after it, nobody would get the token.
        shown = _added(store, device, customer, catalogue, None if validate_only else token)
        if validate_only:
            if records.get(counter, {}).get("count", 0) >= MOST[is_test]:
                raise _too_many(is_test)
            return AddedDevice(shown, "validated")
        try:
            store.write(
                Put(device_item(device)),
                *count_device(device, 1, caller.now),
                Check(at, {"archived_at": None}),
                record_change(device, f"{device.what}_added", caller),
            )
        except ConditionFailedError as failed:
            earlier = parse_record(Device, failed.records, key)
            if earlier is None and at in failed.records:
                authorize(actor, caller.operation, parse_record(Customer, failed.records, at))
            if earlier is None:
                raise _too_many(is_test) from failed
        else:
            return AddedDevice(shown, "added")
    ensure_same_request(new, earlier.request_hash)
    if earlier.removed:
        raise KeyReusedError("The device of this Idempotency-Key has been removed. Use a new key for a new one.")
    # The first response, but for where data lands: as it was named and where it was expected then.
    first = new_device(new, customer, catalogue, actor, id=device_id, token="", now=earlier.created_at)
    first = first.model_copy(update={"created_by": earlier.created_by, "expected_location": earlier.expected_location})
    shown = _added(store, first, customer, catalogue)
    return AddedDevice(shown, "validated" if validate_only else "replayed")


def _added(
    store: Records, device: Device, customer: Customer, catalogue: Catalogue, token: str | None = None
) -> AddedDeviceResponse:
    """Show a device as it was added."""
    invoiced = _is_invoiced(store, device, customer, device.created_at)
    shown = show_device(device, device.expected_location, catalogue, invoiced=invoiced)
    return AddedDeviceResponse(**dict(shown), installation_token=token)


def _too_many(is_test: bool) -> ApiError:
    return (TooManyTestDevicesError if is_test else TooManyDevicesError)(MOST[is_test])


def get_device(store: Store, caller: Caller, device_id: DeviceId) -> DeviceResponse:
    """Return a device or a test device. One request, two for a device of a site. Raises NotFoundError."""
    customer, device, records = _device(store, caller, device_id)
    return _show(store, caller, customer, device, records)


def change_device(
    store: Store, caller: Caller, device_id: DeviceId, change: DeviceChange, *, version: int
) -> DeviceResponse:
    """Rename a device that is at `version`. A device that has the name already is returned at any version.

    Raises NotFoundError, ForbiddenError, ArchivedError, StaleVersionError, RulesViolatedError.
    """
    customer, device, records = _device(store, caller, device_id)
    changed = renamed(device, change)
    if changed is not device:
        if device.version != version:
            raise StaleVersionError.of("device", device.version)
        try:
            store.write(
                update_between(device_item(device), device_item(changed), {"version": version}),
                record_change(changed, "device_renamed", caller),
            )
        except ConditionFailedError as failed:
            now_there = parse_record(Device, failed.records, device_key(device_id.customer_id, device_id.id))
            if now_there is None or now_there.removed:
                raise NotFoundError from failed
            raise StaleVersionError.of("device", now_there.version) from failed
    return _show(store, caller, customer, changed, records)


def replace_token(store: Store, caller: Caller, device_id: DeviceId, *, idempotency_key: str) -> AddedDevice:
    """Give a device another token, once for each caller and `idempotency_key`. The token before it is invalid.

    Raises NotFoundError, ForbiddenError, ArchivedError.
    """
    request = request_key(id_from("tok", caller.account_id, device_id.id, idempotency_key))
    for _ in range(MAX_ATTEMPTS):
        customer, device, records = _device(store, caller, device_id, request)
        if request in records:
            shown = _show(store, caller, customer, device, records)
            return AddedDevice(AddedDeviceResponse(**dict(shown), installation_token=None), "replayed")
        token = new_token()
        changed = with_token(device, token)
        shown = _show(store, caller, customer, changed, records)  # before the write, as in an addition
        with contextlib.suppress(ConditionFailedError):  # something has changed since it was read
            store.write(
                update_between(device_item(device), device_item(changed), {"version": device.version}),
                Put({"pk": request[0], "sk": request[1]}),
                record_change(changed, "token_replaced", caller),
            )
            return AddedDevice(AddedDeviceResponse(**dict(shown), installation_token=token), "added")
    raise concurrent_modification()


def remove_device(store: Store, caller: Caller, device_id: DeviceId) -> None:
    """Remove a device or a test device. Raises NotFoundError, also for one that was removed before."""
    for _ in range(MAX_ATTEMPTS):
        customer, device, records = _device(store, caller, device_id)
        removed = device_tombstone(device, customer, Catalogue.model_validate(records[CATALOGUE]), caller.now)
        with contextlib.suppress(ConditionFailedError):  # it was removed, renamed, or its token was replaced
            store.write(
                update_between(device_item(device), device_item(removed), {"version": device.version}),
                *count_device(removed, -1, removed.removed_at or caller.now),
                record_change(removed, f"{device.what}_removed", caller),
            )
            return
    raise concurrent_modification()


def _device(store: Store, caller: Caller, device_id: DeviceId, *keys: Key) -> tuple[Customer, Device, dict[Key, Item]]:
    """Read a device, its customer, the catalogue and the records with these keys; authorize the caller's operation."""
    at, key = customer_key(device_id.customer_id), device_key(device_id.customer_id, device_id.id)
    actor, records = read_with_actor(store, caller, at, key, CATALOGUE, *keys)
    customer = authorize(actor, caller.operation, parse_record(Customer, records, at))
    device = parse_record(Device, records, key)
    if device is None or device.removed or device.is_test != device_id.is_test:
        raise NotFoundError
    return customer, device, records


def _show(store: Store, caller: Caller, customer: Customer, device: Device, records: dict[Key, Item]) -> DeviceResponse:
    catalogue = Catalogue.model_validate(records[CATALOGUE])
    invoiced = _is_invoiced(store, device, customer, caller.now)
    return show_device(device, customer.storage_location.country, catalogue, invoiced=invoiced)


def _is_invoiced(store: Records, device: Device, customer: Customer, now: datetime) -> bool:
    if device.end_customer_id is None:
        return False
    return is_invoiced(device, end_customer_of(store, customer) or customer, now)
