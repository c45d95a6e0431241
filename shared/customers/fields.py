"""Fields."""

from typing import Final, Literal

from shared.customers.levels import ALLOWED_CHILDREN, Level

FieldRule = Literal["required", "optional", "refused", "set", "by_device_country"]

# `level` is "required" only where the parent may hold more than one; see `field_rules`.
_COMPANY: Final[dict[str, FieldRule]] = {
    "name": "required",
    "parent_id": "required",
    "level": "set",
    "service_type": "required",
    "services_to_provide": "required",
    "device_country": "required",
    "storage_location": "by_device_country",
    "in_trial": "refused",
    "references": "optional",
}


_FIELDS: Final[dict[Level, dict[str, FieldRule]]] = {
    "distributor": _COMPANY,
    "sub_distributor": _COMPANY,
    "reseller": _COMPANY,
    "end_customer": {**_COMPANY, "services_to_provide": "refused", "in_trial": "optional"},
    "site": {**_COMPANY, "service_type": "refused", "services_to_provide": "refused"},
}


def field_rules(level: Level, parent_level: Level) -> dict[str, FieldRule]:
    """Rule by field for a customer of `level` added below a customer of `parent_level`."""
    return {**_FIELDS[level], "level": "set" if len(ALLOWED_CHILDREN[parent_level]) == 1 else "required"}


def common_rules(levels: tuple[Level, ...]) -> dict[str, FieldRule]:
    """The rules on which all these levels agree, the level's own left out; with one level, its rules."""
    each = [_FIELDS[level] for level in levels]
    return {
        field: rule
        for field, rule in (each[0] if each else {}).items()
        if field != "level" and all(rules[field] == rule for rules in each)
    }
