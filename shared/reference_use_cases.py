"""Customers by the ids they have in other systems: found, or added and changed in one call.

A value of a system stands for one customer in a top-level ancestor's tree. The distributors themselves, and what they
are called elsewhere, are in the root's own tree.
"""

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote

from shared.accounts import Account, Caller, authorize
from shared.countries import NAMES, country_code
from shared.customer_change_use_cases import refuse_other_version, shown, write_change
from shared.customer_changes import CustomerChange
from shared.customer_use_cases import add_customer, being_changed, reference_exists
from shared.customers import Customer, CustomerAnswer, NewCustomer, checked_references, clean_reference
from shared.errors import BrokenRule, NotFoundError, ReferenceExistsError, Rules, StaleVersionError
from shared.keys import customer_key, reference_key, tree_below
from shared.reading import get, one, read
from shared.store import Store

# How often an addition is met by another one of the same reference, or the other way round.
_MOST_TURNS: Final = 3

Saved = Literal["added", "changed", "unchanged"]


@dataclass(frozen=True)
class SavedCustomer:
    customer: CustomerAnswer
    saved: Saved


def get_customer_by_reference(
    store: Store, caller: Caller, system: str, value: str, *, within: str | None = None
) -> CustomerAnswer:
    """The customer with this reference, in the tree of `within` (the caller's own customer, where it is left out).

    Three requests, four for a site. Raises NotFoundError.
    """
    by, path = _where(store, caller, within, None)
    try:
        value = clean_reference(unquote(value), "value")
    except BrokenRule as broken:  # nobody has it
        raise NotFoundError from broken
    customer = _find(store, caller, path, system, value)
    return shown(store, caller, authorize(by, caller.operation, customer))


def save_customer_by_reference(  # noqa: PLR0913 - what a decision depends on, each given
    store: Store,
    caller: Caller,
    system: str,
    value: str,
    new: NewCustomer,
    *,
    new_key: str,
    version: int | None = None,
) -> SavedCustomer:
    """Add the customer with this reference, or change the one that has it to what `new` asks for.

    It can be repeated: what is as it is asked for is not written again. `new_key` makes the id of one that is added.
    What is left out stays as it is, and `in_trial` counts for a new one alone; `version`, where given, must be the
    customer's. Raises what adding and changing a customer raise.
    """
    rules = Rules()
    reference = rules.keep(checked_references, {system: unquote(value)})
    rules.refuse_if_broken()
    value = reference[system]
    new = _with_reference(new, system, value)
    by, path = _where(store, caller, new.parent_id, "/parent_id")
    for _ in range(_MOST_TURNS):
        customer = _find(store, caller, path, system, value)
        if customer is not None:
            return _change(store, caller, by, customer, new, system, version)
        if version is not None:
            raise StaleVersionError("No customer has this reference. Leave If-Match out to add one.")
        try:
            added = add_customer(store, caller, new, idempotency_key=new_key)
        except ReferenceExistsError as taken:
            if taken.errors[0]["pointer"] != f"/references/{system}":
                raise
        else:
            return SavedCustomer(added.customer, "added")
    raise being_changed()


def _where(store: Store, caller: Caller, customer_id: str | None, pointer: str | None) -> tuple[Account, str]:
    """The caller's account, and below which path a reference is looked for: their own customer's by default."""
    at = customer_key(customer_id or "")
    by, found = read(store, caller, *([at] if customer_id is not None else []))
    if customer_id is None:
        return by, by.customer_path
    return by, authorize(by, caller.operation, one(Customer, found, at), pointer=pointer).path


def _find(store: Store, caller: Caller, path: str, system: str, value: str) -> Customer | None:
    reference = reference_key(tree_below("reference", path), system, value)
    found = get(store, caller.now, reference).get(reference)
    if found is None:
        return None
    key = customer_key(found["customer_id"])
    return one(Customer, get(store, caller.now, key), key)


def _with_reference(new: NewCustomer, system: str, value: str) -> NewCustomer:
    """`new` with the reference of the address among its own. Raises BrokenRulesError where they contradict."""
    references = new.references or {}
    if references.get(system, value) != value:
        rules = Rules()
        detail = f"The address says {value}. Leave the system out here, or give it the same value."
        rules.add(BrokenRule("reference_differs", f"/references/{system}", detail))
        rules.refuse_if_broken()
    return new.model_copy(update={"references": {**references, system: value}})


def _change(  # noqa: PLR0913, PLR0917 - what a decision depends on, each given
    store: Store, caller: Caller, by: Account, customer: Customer, new: NewCustomer, system: str, version: int | None
) -> SavedCustomer:
    if not by.sees(customer.path):
        raise reference_exists(system)
    authorize(by, caller.operation, customer)
    if version is not None:
        refuse_other_version(customer, version)
    rules = Rules()
    for field, stays in (("parent_id", customer.parent_id), ("level", customer.level)):
        if getattr(new, field) not in (None, stays):
            detail = f"The customer with this reference has {field} {stays}, which stays as it is. Give that one."
            rules.add(BrokenRule(f"{field}_stays", f"/{field}", detail))
    if new.storage_location is not None:
        rules.keep(_refuse_other_location, new.storage_location, customer)
    rules.refuse_if_broken()
    change = CustomerChange.model_validate(new.model_dump(include=set(CustomerChange.model_fields), exclude_none=True))
    changed = write_change(store, caller, by, customer, change)
    return SavedCustomer(shown(store, caller, changed), "unchanged" if changed is customer else "changed")


def _refuse_other_location(wanted: str, customer: Customer) -> None:
    at = "/storage_location"
    if country_code(wanted, at) != customer.storage_location.country:
        location = NAMES[customer.storage_location.country]
        detail = f"The storage location is {location} and stays. Leave it out, or contact support to change it."
        raise BrokenRule("storage_location_stays", at, detail)
