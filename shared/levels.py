"""The tree of companies: which level may hold which, and which fields each level takes. Data only.

Source: domain.md, "Levels" and "Fields when a customer is added".
"""

from typing import Final, Literal

Level = Literal["root", "distributor", "sub_distributor", "reseller", "end_customer", "site"]
ServiceType = Literal["all_inclusive", "software_only"]
FieldRule = Literal["required", "optional", "refused", "set", "by_device_country"]

MAY_HOLD: Final[dict[Level, tuple[Level, ...]]] = {
    "root": ("distributor",),
    "distributor": ("sub_distributor", "reseller"),
    "sub_distributor": ("reseller",),
    "reseller": ("end_customer",),
    "end_customer": ("site",),
    "site": (),
}
LEVELS: Final = tuple(MAY_HOLD)
# As a person says it.
SPOKEN: Final[dict[Level, str]] = {
    "root": "the root",
    "distributor": "a distributor",
    "sub_distributor": "a sub-distributor",
    "reseller": "a reseller",
    "end_customer": "an end-customer",
    "site": "a site",
}
SERVICE_TYPES: Final[tuple[ServiceType, ...]] = ("all_inclusive", "software_only")

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
    return {**_FIELDS[level], "level": "set" if len(MAY_HOLD[parent_level]) == 1 else "required"}


def common_rules(levels: tuple[Level, ...]) -> dict[str, FieldRule]:
    """The rules on which all these levels agree, the level's own left out; with one level, its rules."""
    each = [_FIELDS[level] for level in levels]
    return {
        field: rule
        for field, rule in (each[0] if each else {}).items()
        if field != "level" and all(rules[field] == rule for rules in each)
    }
