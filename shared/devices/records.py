"""The records of a test device and of the views of an account."""

from shared.auth.authorization import Account, Caller
from shared.devices.device import Device
from shared.devices.views import Views
from shared.table.audit import audit_item, audited
from shared.table.keys import Item, account_history_key, device_key, tree_below
from shared.table.queries import build_record
from shared.table.store import Put
from shared.values.changes import Change


def device_item(device: Device) -> Item:
    item = build_record(device_key(device.customer_id, device.id), device)
    if device.removed:  # without the index attributes, no list contains it
        return item
    return {**item, "tree": tree_below("device", device.customer_path), "path": device.path}


def record_change(device: Device, event: str, caller: Caller) -> Put:
    """Return the entry of the audit for a change of a test device by the caller."""
    change = Change(
        event=event,
        at=caller.now,
        by=caller.account_id,
        request_id=caller.request_id,
        version=device.version,
        changes={"device_id": {"to": device.id}},
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
