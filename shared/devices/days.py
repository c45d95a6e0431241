"""The days on which the devices of an end-customer and its sites existed, from one record.

The record counts the devices (`count`) and, by kind and UTC day, how many were added and removed: `server+2026-11-05`
and `server-2026-11-05`. So a month is read at once, however many devices there are and have been. Source: domain.md,
"Devices".
"""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final

from shared.devices.device import DEVICE_KINDS, DeviceKind

_NAME: Final = re.compile(f"({'|'.join(DEVICE_KINDS)})([+-])([0-9-]{{10}})")


def added_on(kind: DeviceKind, at: datetime) -> str:
    """Return the attribute that counts the devices of a kind that were added on the day of `at`."""
    return f"{kind}+{at.date()}"


def removed_on(kind: DeviceKind, at: datetime) -> str:
    return f"{kind}-{at.date()}"


def device_days(record: Mapping[str, Any], days: Collection[date]) -> dict[DeviceKind, int]:
    """Return by kind the sum, over these days, of the devices that existed at any moment of the day."""
    total: dict[DeviceKind, int] = dict.fromkeys(DEVICE_KINDS, 0)
    for name, number in record.items():
        if match := _NAME.fullmatch(name):
            day = date.fromisoformat(match[3])
            # A device exists from the day on which it was added, and no more from the day after its removal.
            if match[2] == "+":
                total[match[1]] += int(number) * sum(each >= day for each in days)  # type: ignore[index]
            else:
                total[match[1]] -= int(number) * sum(each > day for each in days)  # type: ignore[index]
    return total
