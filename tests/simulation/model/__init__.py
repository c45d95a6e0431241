"""What should be there and what should be answered: the rules once more, in the simplest words, on a dictionary.

Nothing here calls the API or its rules. `tests.simulation.stateful` asks the API and holds each answer to this.
"""

from tests.simulation.model.effects import Effects
from tests.simulation.model.records import (
    BELOW,
    BOTH,
    DAY,
    MAY,
    MONTH,
    READING,
    REFUSED,
    ROLES,
    TOLD,
    Account,
    Company,
    Device,
    Entry,
    Why,
    _plain,
    country,
    folded,
    in_order,
    merged,
    stale,
    why_not_active,
)
from tests.simulation.model.refusals import Refusals
from tests.simulation.model.responses import Responses

__all__ = [
    "BELOW",
    "BOTH",
    "DAY",
    "MAY",
    "MONTH",
    "READING",
    "REFUSED",
    "ROLES",
    "TOLD",
    "Account",
    "Company",
    "Device",
    "Entry",
    "Model",
    "Why",
    "_plain",
    "country",
    "folded",
    "in_order",
    "merged",
    "stale",
    "why_not_active",
]


class Model(Refusals, Effects, Responses):
    """The whole API in a dictionary."""
