"""The hierarchy of companies: which level may contain which. Data only.

Source: domain.md, "Levels" and "Fields when a customer is added".
"""

from typing import Final, Literal

Level = Literal["root", "distributor", "sub_distributor", "reseller", "end_customer", "site"]
ServiceType = Literal["all_inclusive", "software_only"]

ALLOWED_CHILDREN: Final[dict[Level, tuple[Level, ...]]] = {
    "root": ("distributor",),
    "distributor": ("sub_distributor", "reseller"),
    "sub_distributor": ("reseller",),
    "reseller": ("end_customer",),
    "end_customer": ("site",),
    "site": (),
}
LEVELS: Final = tuple(ALLOWED_CHILDREN)
# The levels as words in a sentence.
LABELS: Final[dict[Level, str]] = {
    "root": "the root",
    "distributor": "a distributor",
    "sub_distributor": "a sub-distributor",
    "reseller": "a reseller",
    "end_customer": "an end-customer",
    "site": "a site",
}
SERVICE_TYPES: Final[tuple[ServiceType, ...]] = ("all_inclusive", "software_only")
# What a service type means, for whoever chooses one. Source: domain.md, "Fields when a customer is added".
SERVICE_MEANINGS: Final[dict[ServiceType, str]] = {
    "all_inclusive": "The software, and storage that the service hosts in the customer's storage location.",
    "software_only": "The software alone. Backups are on storage that the partner operates.",
}
