"""The records of devices and test devices, their counts, and the views of an account."""

from datetime import datetime
from typing import Final

from shared.auth.authorization import Account, Caller
from shared.devices.days import added_on, removed_on
from shared.devices.device import MAX_DEVICES, MAX_TEST_DEVICES, Device
from shared.devices.views import Views
from shared.table.audit import audit_item, audited
from shared.table.keys import (
    Item,
    Key,
    account_history_key,
    counted_devices_key,
    counted_test_devices_key,
    device_days_key,
    device_key,
    tree_below,
)
from shared.table.queries import build_record
from shared.table.store import Increment, Put
from shared.values.changes import Change
from shared.values.names import fold_name

# The most test devices (True) and devices (False) of a customer.
MOST: Final = {True: MAX_TEST_DEVICES, False: MAX_DEVICES}
_LONGEST_NAME: Final = 700  # bytes of a name in a sort key, which has at most 1,024 with the path before it


def device_item(device: Device) -> Item:
    item = build_record(device_key(device.customer_id, device.id), device)
    if device.removed:  # without the index attributes, no list contains it
        return item
    return {**item, "tree": tree_below("device", device.customer_path), "path": _position(device)}


def devices_of(customer_path: str) -> str:
    """Return how the position of each device of a customer begins, which no position of a customer below it does."""
    return f"{customer_path}/!"


def _position(device: Device) -> str:
    """Return the position of a device in lists: at its customer, before all below that, in the order of names."""
    name = fold_name(device.name).encode()[:_LONGEST_NAME].decode(errors="ignore")
    return f"{devices_of(device.customer_path)}{name}\t{device.id}"  # no name has a tab, which sorts before a space


def counter_key(customer_id: str, is_test: bool) -> Key:
    """Return the key of the count of a customer's test devices, or of its other devices."""
    return counted_test_devices_key(customer_id) if is_test else counted_devices_key(customer_id)


def count_device(device: Device, by: int, at: datetime) -> list[Increment]:
    """Count a device that was added (1) or removed (-1) at a time: at its customer, and for its end-customer by day."""
    counted = [Increment(counter_key(device.customer_id, device.is_test), by, most=MOST[device.is_test])]
    if device.kind and device.end_customer_id:
        day = added_on(device.kind, at) if by > 0 else removed_on(device.kind, at)
        counted.append(Increment(device_days_key(device.end_customer_id), by, also={day: 1}))
    return counted


def record_change(device: Device, event: str, caller: Caller) -> Put:
    """Return the entry of the audit for a change of a device by the caller. A name has no values."""
    name: dict[str, dict[str, object]] = {"name": {}} if event == "device_renamed" else {}
    change = Change(
        event=event,
        at=caller.now,
        by=caller.account_id,
        request_id=caller.request_id,
        version=device.version,
        changes={"device_id": {"to": device.id}, **name},
    )
    return Put(audit_item(device.customer_id, change, device.customer_path, about=device.id))


def view_change(account: Account, before: Views, after: Views, name: str, caller: Caller) -> Put:
    """Return the entry of the account's history for a view that was saved or removed. It does not contain its name."""
    old, new = before.columns_by_name.get(name), after.columns_by_name.get(name)
    change = Change(
        event="view_saved" if new else "view_removed",
        at=caller.now,
        by=account.id,
        request_id=caller.request_id,
        changes={"columns": {"from": old, "to": new}},
    )
    key = account_history_key(account.id, change.at, f"views{after.version:06}")
    return Put(audited(key, change, account.customer_path))
