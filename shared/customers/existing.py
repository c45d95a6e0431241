"""Whether an addition contradicts the customer that already has its name or reference. Source: domain.md, "Imports".

An import reports a row as `existed` only without a contradiction. Otherwise two companies would become one.
"""

from collections.abc import Callable, Collection
from typing import Any, Final

from shared.customers.customer import Customer

# What an addition may say about an existing customer. The name is not compared: a reference identifies it too.
_COMPARED: Final[dict[str, Callable[[Customer], Any]]] = {
    "parent_id": lambda customer: customer.parent_id,
    "level": lambda customer: customer.level,
    "device_country": lambda customer: customer.device_country,
    "storage_location": lambda customer: customer.storage_location.country,
    "service_type": lambda customer: customer.service_type,
    "services_to_provide": lambda customer: set(customer.services_to_provide),
    "in_trial": lambda customer: customer.trial is not None,
}


def contradictions(requested: Customer, existing: Customer, given: Collection[str]) -> list[str]:
    """Return the fields in which `requested`, a customer that was not added, differs from `existing`.

    Only the `given` fields of the request count, not those that a rule or the parent decides. `in_trial` is whether the
    customer was created with a trial.
    """
    fields = [field for field, value in _COMPARED.items() if field in given and value(requested) != value(existing)]
    missing = set(requested.references.items()) - set(existing.references.items())
    return [*fields, *(f"references/{system}" for system, _ in sorted(missing))]
