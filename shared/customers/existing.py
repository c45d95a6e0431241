"""Whether an addition contradicts the customer that already has its name or reference. Source: domain.md, "Imports".

Imports and onboardings report a customer as `existed` only without a contradiction. Otherwise two companies would
become one.
"""

from collections.abc import Callable, Collection
from typing import Any, Final

from shared.auth.access import read_with_actor
from shared.auth.authorization import Caller, authorize
from shared.customers.customer import Customer, NewCustomer, new_customer, show
from shared.customers.use_cases import AddedCustomer, add_customer, end_customer_of
from shared.errors import ApiError, NameExistsError, ReferenceExistsError
from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import CATALOGUE, customer_key
from shared.table.queries import parse_record
from shared.table.store import Records

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


def add_or_find_customer(store: Records, caller: Caller, new: NewCustomer, *, idempotency_key: str) -> AddedCustomer:
    """Add a customer, or return the one that has its name or a reference, if nothing given contradicts it.

    Raises what adding a customer raises.
    """
    try:
        return add_customer(store, caller, new, idempotency_key=idempotency_key)
    except (NameExistsError, ReferenceExistsError) as conflict:
        parent_key = customer_key(new.parent_id or "")
        existing_key = customer_key(conflict.extensions.get("customer_id", ""))
        account, records = read_with_actor(store, caller, parent_key, existing_key, CATALOGUE)
        parent = authorize(account, caller.operation, parse_record(Customer, records, parent_key))
        catalogue = Catalogue.model_validate(records[CATALOGUE])
        requested = new_customer(new, parent, catalogue, id="", caller=caller)
        found = parse_record(Customer, records, existing_key)
        existing = existing_or_raise(conflict, requested, found, new.model_dump(exclude_none=True))
        return AddedCustomer(show(existing, caller.now, catalogue, end_customer_of(store, existing)), "existed")


def existing_or_raise(
    conflict: ApiError, requested: Customer, existing: Customer | None, given: Collection[str]
) -> Customer:
    """Return `existing`, which has the name or a reference of `requested`, if it differs in no `given` field.

    Raises `conflict` otherwise, with the fields that differ, and if `existing` is archived or not visible (None).
    """
    if existing is None or existing.archived_at:
        raise _with_differences(conflict, [])
    if different := _contradictions(requested, existing, given):
        raise _with_differences(conflict, different)
    return existing


def _contradictions(requested: Customer, existing: Customer, given: Collection[str]) -> list[str]:
    """Return the fields in which `requested`, a customer that was not added, differs from `existing`.

    Only the `given` fields of the request count, not those that a rule or the parent decides. `in_trial` is whether the
    customer was created with a trial.
    """
    fields = [field for field, value in _COMPARED.items() if field in given and value(requested) != value(existing)]
    missing = set(requested.references.items()) - set(existing.references.items())
    return [*fields, *(f"references/{system}" for system, _ in sorted(missing))]


def _with_differences(conflict: ApiError, fields: list[str]) -> ApiError:
    detail = f"{conflict.detail} It differs in {', '.join(fields)}." if fields else conflict.detail
    errors = [{**error, "detail": detail, **conflict.extensions} for error in conflict.errors]
    return type(conflict)(detail, errors, **conflict.extensions)
