"""The test devices that block archiving a customer. The function customers needs nothing else of this package."""

from collections.abc import Iterator
from typing import Final

from shared.devices.device import Device
from shared.errors import UnreadableRecordError
from shared.table.keys import TABLE, customer_key
from shared.table.queries import name_record, read_record
from shared.table.store import Store

_PAGE: Final = 1000


def blocking_devices(store: Store, customer_id: str) -> Iterator[dict[str, str]]:
    """Yield the test devices that block archiving a customer; see `shared.customers.change_use_cases.FindDevices`."""
    # One page is enough: a customer has at most 10 devices, and tombstones of removed ones.
    for item in store.query(TABLE, customer_key(customer_id)[0], starts_with="device#", limit=_PAGE).items:
        try:
            device = read_record(Device, item)
        except UnreadableRecordError:
            yield {"code": "test_device", "device_id": name_record(item).id, "detail": "Its record can't be read."}
        else:
            if not device.removed:
                yield {"code": "test_device", "device_id": device.id, "detail": device.name}
