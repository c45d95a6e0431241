"""The records of a test device and of the views of an account."""

from shared.devices.device import Device
from shared.table.keys import Item, device_key, tree_below
from shared.table.queries import build_record


def device_item(device: Device) -> Item:
    item = build_record(device_key(device.customer_id, device.id), device)
    if device.removed:  # without the index attributes, no list contains it
        return item
    return {**item, "tree": tree_below("device", device.customer_path), "path": device.path}
