"""Use cases for customers by their references: the ids that they have in other systems.

A reference identifies one customer in the tree below a distributor. The references of the distributors themselves are
in a tree of the root's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote

from shared.auth.access import read_with_actor
from shared.auth.authorization import Account, Caller, authorize
from shared.customers.change_use_cases import ensure_version, show_current, write_change
from shared.customers.customer import Customer, CustomerChange, CustomerResponse, NewCustomer
from shared.customers.fields import normalize_reference, normalize_references
from shared.customers.use_cases import add_customer, concurrent_modification, reference_exists
from shared.errors import (
    NameExistsError,
    NotFoundError,
    ReferenceExistsError,
    RulesViolatedError,
    RuleViolation,
    StaleVersionError,
    Violations,
)
from shared.table.keys import CATALOGUE, Item, Key, customer_key, reference_key, tree_below
from shared.table.queries import get_live, parse_record
from shared.table.store import Store
from shared.values.countries import country_code, country_name

# How often a request is decided anew because another one wrote at the same moment.
_MAX_ATTEMPTS: Final = 5

Saved = Literal["added", "changed", "unchanged"]


@dataclass(frozen=True)
class SavedCustomer:
    customer: CustomerResponse
    saved: Saved


def get_customer_by_reference(
    store: Store, caller: Caller, system: str, value: str, *, within: str | None = None
) -> CustomerResponse:
    """Return the customer with this reference below `within`. The default is the caller's own customer.

    Three requests, four for a site. Raises NotFoundError. Each distributor's references are a tree of their own, so at
    the root the error says that `within` is needed.
    """
    actor, path, records = _resolve_scope(store, caller, within, None)
    try:
        value = normalize_reference(unquote(value), "value")
    except RuleViolation as broken:  # no customer can have it
        raise NotFoundError from broken
    try:
        customer = _find(store, caller, actor, path, system, value)
    except ReferenceExistsError as outside:
        raise NotFoundError from outside
    if customer is None and within is None and "/" not in path:
        detail = "Without within, the root finds its distributors only. Name a distributor, or a customer below it."
        raise NotFoundError([{"code": "within_required", "parameter": "within", "detail": detail}])
    return show_current(store, caller, authorize(actor, caller.operation, customer), records)


def save_customer_by_reference(
    store: Store,
    caller: Caller,
    system: str,
    value: str,
    new: NewCustomer,
    *,
    new_key: str,
    version: int | None = None,
) -> SavedCustomer:
    """Add the customer with this reference, or change the customer that has it so that it agrees with `new`.

    Repeating it is safe: if nothing changes, nothing is written. Omitted fields stay as they are. `new_key` makes the
    id of an added customer. `version`, if given, must be the existing customer's; without it, a request that meets
    another one is decided anew and never answered that its version is stale.

    Raises what adding and changing a customer raise; RulesViolatedError for another parent, level, storage location or
    trial than the customer has (domain.md, "Imports"); ThrottledError if others keep writing at the same moment.
    """
    violations = Violations()
    reference = violations.check(normalize_references, {system: unquote(value)})
    violations.raise_if_any()
    value = reference[system]
    new = _with_reference(new, system, value)
    actor, path, records = _resolve_scope(store, caller, new.parent_id, "/parent_id")
    for _ in range(_MAX_ATTEMPTS):
        customer = _find(store, caller, actor, path, system, value)
        if customer is not None:
            try:
                return _change(store, caller, actor, customer, new, version, records)
            except StaleVersionError:
                if version is not None:
                    raise
                continue
        if version is not None:
            raise StaleVersionError("No customer has this reference. Omit If-Match to create one.")
        try:
            return SavedCustomer(add_customer(store, caller, new, idempotency_key=new_key).customer, "added")
        except (NameExistsError, ReferenceExistsError):
            # The same request of another caller may have added this very customer, and then it is the one to change.
            if _find(store, caller, actor, path, system, value) is None:
                raise
    raise concurrent_modification()


def _resolve_scope(
    store: Store, caller: Caller, customer_id: str | None, pointer: str | None
) -> tuple[Account, str, dict[Key, Item]]:
    """Return the caller's account, the path below which to look for a reference, and records with the catalogue.

    The default path is that of the caller's customer.
    """
    key = customer_key(customer_id or "")
    actor, records = read_with_actor(store, caller, CATALOGUE, *([key] if customer_id is not None else []))
    if customer_id is None:
        return actor, actor.customer_path, records
    target = authorize(actor, caller.operation, parse_record(Customer, records, key), pointer=pointer)
    return actor, target.path, records


def _find(store: Store, caller: Caller, actor: Account, path: str, system: str, value: str) -> Customer | None:
    """Return the customer with a reference. Raises ReferenceExistsError if the caller can't see it."""
    reference = reference_key(tree_below("reference", path), system, value)
    found = get_live(store, caller.now, reference).get(reference)
    if found is None:
        return None
    if not actor.can_see(found["customer_path"]):
        raise reference_exists(system)
    key = customer_key(found["customer_id"])
    return parse_record(Customer, get_live(store, caller.now, key), key)


def _with_reference(new: NewCustomer, system: str, value: str) -> NewCustomer:
    """Return `new` with the reference of the URL among its references. Raises RulesViolatedError if they differ."""
    references = new.references or {}
    if references.get(system, value) != value:
        detail = f"The URL has the reference {value}. Omit this system, or use the same value."
        raise RulesViolatedError.of(RuleViolation("reference_differs", f"/references/{system}", detail))
    return new.model_copy(update={"references": {**references, system: value}})


def _change(
    store: Store,
    caller: Caller,
    actor: Account,
    customer: Customer,
    new: NewCustomer,
    version: int | None,
    records: Mapping[Key, Item],
) -> SavedCustomer:
    authorize(actor, caller.operation, customer)
    if version is not None:
        ensure_version(customer, version)
    violations = Violations()
    fixed = {"parent_id": customer.parent_id, "level": customer.level, "in_trial": customer.trial is not None}
    for field, stays in fixed.items():
        if getattr(new, field) not in (None, stays):
            text = str(stays).lower() if field == "in_trial" else stays
            detail = f"The customer with this reference was added with {field} {text}, which can't be changed. Omit it."
            violations.add(RuleViolation(f"{field}_stays", f"/{field}", detail))
    if new.storage_location is not None:
        violations.check(_ensure_same_location, new.storage_location, customer)
    violations.raise_if_any()
    change = CustomerChange.model_validate(new.model_dump(include=set(CustomerChange.model_fields), exclude_none=True))
    changed = write_change(store, caller, actor, customer, change)
    return SavedCustomer(
        show_current(store, caller, changed, records), "unchanged" if changed is customer else "changed"
    )


def _ensure_same_location(requested: str, customer: Customer) -> None:
    pointer = "/storage_location"
    if country_code(requested, pointer) != customer.storage_location.country:
        location = country_name(customer.storage_location.country)
        detail = f"The storage location {location} can't be changed here. Omit it, or contact support."
        raise RuleViolation("storage_location_stays", pointer, detail)
