"""The model: a second, simple implementation of the API's rules, on plain objects in a dictionary.

The model calls neither the API nor its rules. `tests.simulation.stateful` sends requests to the API and compares each
response with the model. From `shared` it imports only the fields, the levels, the country names and the format of
timestamps.
"""

from tests.simulation.model.effects import Effects
from tests.simulation.model.errors import ExpectedErrors
from tests.simulation.model.records import (
    ALLOWED_CHILDREN,
    BOTH,
    CHANGEABLE_FIELDS,
    DAY,
    HISTORY_FIELDS,
    MONTH,
    PERMISSIONS,
    PLAIN_FIELDS,
    READ_OPERATIONS,
    REJECTED_FIELDS,
    ROLES,
    Account,
    Customer,
    Device,
    Entry,
    ExpectedError,
    country_response,
    fold_name,
    inactive_error,
    merge_references,
    sorted_by_path,
    stale_version,
    to_json,
)
from tests.simulation.model.responses import Responses

__all__ = [
    "ALLOWED_CHILDREN",
    "BOTH",
    "CHANGEABLE_FIELDS",
    "DAY",
    "HISTORY_FIELDS",
    "MONTH",
    "PERMISSIONS",
    "PLAIN_FIELDS",
    "READ_OPERATIONS",
    "REJECTED_FIELDS",
    "ROLES",
    "Account",
    "Customer",
    "Device",
    "Entry",
    "ExpectedError",
    "Model",
    "country_response",
    "fold_name",
    "inactive_error",
    "merge_references",
    "sorted_by_path",
    "stale_version",
    "to_json",
]


class Model(ExpectedErrors, Effects, Responses):
    """The expected state, errors, events and responses of the whole API."""
