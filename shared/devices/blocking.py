"""The devices that block archiving a customer. The function customers needs nothing else of this package."""

from collections.abc import Iterator

from shared.customers.customer import Customer
from shared.devices.device import Device
from shared.devices.records import devices_of
from shared.errors import UnreadableRecordError
from shared.table.keys import tree_below
from shared.table.queries import name_record, read_record
from shared.table.store import Store


def blocking_devices(store: Store, customer: Customer, limit: int) -> Iterator[dict[str, str]]:
    """Yield the first devices of a customer by name; see `shared.customers.change_use_cases.FindDevices`."""
    tree, position = tree_below("device", customer.path), devices_of(customer.path)
    for item in store.query("subtree", tree, starts_with=position, limit=limit).items:
        try:
            device = read_record(Device, item)
        except UnreadableRecordError:
            yield {"code": "device", "device_id": name_record(item).id, "detail": "Its record can't be read."}
        else:
            yield {"code": device.what, "device_id": device.id, "detail": device.name}
