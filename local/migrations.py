"""The migrations: one for each format of records, and others that keep the format. See docs/developing.md.

A migration must be safe to repeat, and safe while functions of the old and the new version write.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from shared.devices.device import Device
from shared.devices.records import device_item
from shared.table.dynamodb import deserialize

# A record as DynamoDB stores it: attribute -> {type: value}.
Record = dict[str, Any]


class Migration(NamedTuple):
    """A migration. `needed` is a filter expression that matches only the records to change.

    `attributes` gets a record and returns the attributes to set. If the record changes before the write, it is read
    again and `attributes` is called again.
    """

    needed: str
    names: dict[str, str]
    attributes: Callable[[Record], Record]
    values: Record = {}  # noqa: RUF012 - the default of a tuple's field


def _device_position(record: Record) -> Record:
    """Return the position of a device in lists, by its name."""
    device = Device.model_validate(deserialize(record))
    return {"path": {"S": device_item(device)["path"]}}


MIGRATIONS: Final[dict[str, Migration]] = {
    # Records from before schema numbers were introduced already have format 1.
    "schema_1": Migration(
        needed="attribute_not_exists(#schema)",
        names={"#schema": "schema"},
        attributes=lambda _record: {"schema": {"N": "1"}},
    ),
    # Before, the devices of a customer were in the order of their ids, and after those of the customers below it.
    "device_positions": Migration(
        needed="begins_with(#sk, :device) AND attribute_exists(#tree) AND NOT contains(#path, :mark)",
        names={"#sk": "sk", "#tree": "tree", "#path": "path"},
        values={":device": {"S": "device#"}, ":mark": {"S": "/!"}},
        attributes=_device_position,
    ),
}
