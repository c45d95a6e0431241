"""Use cases for customers: add, read and list them. Each does one read, applies the rules, and writes at most once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, Field

from shared.auth.access import read_with_actor
from shared.auth.authorization import Account, Caller, authorize, require_permission
from shared.auth.cursors import read_cursor, sign_cursor
from shared.customers.access import read_customer
from shared.customers.customer import Customer, CustomerResponse, NewCustomer, new_customer, show, show_as_created
from shared.customers.levels import Level
from shared.customers.options import Options, options_below
from shared.customers.records import addition_item, customer_item, name_item, reference_items
from shared.customers.subtree import position_within, within
from shared.customers.trial import State, started_on
from shared.errors import (
    KeyReusedError,
    NameExistsError,
    ReferenceExistsError,
    RuleViolation,
    ThrottledError,
    Violations,
    require,
)
from shared.idempotency import Outcome, ensure_same_request, id_from
from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import CATALOGUE, TRIALS_STARTED, Item, Key, children_key, customer_key, name_key
from shared.table.queries import IncompleteRecord, get_live, is_expired, paginate, parse_record, read_all
from shared.table.store import Action, ConditionFailedError, Increment, Page, Position, Put, Records, Store, position
from shared.values.names import fold_name, fold_prefix, normalize_name

# How often an addition is retried because its parent was changed at the same moment.
MAX_ATTEMPTS: Final = 3
MAX_IDS: Final = 100


@dataclass(frozen=True)
class AddedCustomer:
    """`replayed`: the same request was processed before, and the response is the first one.

    `existed`: another request had added this customer, and the response shows it as it is now.
    """

    customer: CustomerResponse
    outcome: Outcome


def add_customer(
    store: Records, caller: Caller, new: NewCustomer, *, idempotency_key: str, validate_only: bool = False
) -> AddedCustomer:
    """Add a customer, once for each caller and `idempotency_key`. `validate_only` writes nothing.

    Raises NotFoundError, ForbiddenError and ArchivedError for the parent, RulesViolatedError, NameExistsError,
    ReferenceExistsError, KeyReusedError.
    """
    customer_id = id_from("cus", caller.account_id, idempotency_key)
    parent_key, children = customer_key(new.parent_id or ""), children_key(new.parent_id or "")
    names = _name_keys(new) if validate_only else []
    own_key, own_children = customer_key(customer_id), children_key(customer_id)
    account, records = read_with_actor(store, caller, parent_key, children, CATALOGUE, own_key, own_children, *names)
    parent, earlier = None, parse_record(Customer, records, customer_key(customer_id))
    if new.parent_id is None:
        require_permission(account, caller.operation)
    else:
        above = parse_record(Customer, records, parent_key)
        parent = authorize(account, caller.operation, above, pointer="/parent_id", archived=earlier is not None)
    if earlier is None and own_children in records:  # what was archived has this record, and leaves it behind
        raise KeyReusedError("The customer of this Idempotency-Key has been removed. Use a new key for a new customer.")
    catalogue = Catalogue.model_validate(records[CATALOGUE])
    if earlier:
        return _replay(earlier, new, parent, catalogue, "validated" if validate_only else "replayed")

    for _ in range(MAX_ATTEMPTS):
        customer = new_customer(new, parent, catalogue, id=customer_id, caller=caller)
        parent = require(parent)  # without a parent, new_customer has raised
        if validate_only:
            references = [(item["pk"], item["sk"]) for item in reference_items(customer)]
            records |= get_live(store, caller.now, *references) if references else {}
            ensure_unique(account, customer, records)
            return AddedCustomer(show(customer, caller.now, catalogue, parent), "validated")
        try:
            # The write checks what the rules relied on: the parent exists and provides the same services.
            store.write(*creation_actions(customer, caller.now), count_child(parent.id, records, added=[customer]))
        except ConditionFailedError as failed:
            if earlier := parse_record(Customer, failed.records, customer_key(customer_id)):
                return _replay(earlier, new, parent, catalogue)
            ensure_unique(account, customer, failed.records)
            records = get_live(store, caller.now, parent_key, children)
            parent = authorize(
                account, caller.operation, parse_record(Customer, records, parent_key), pointer="/parent_id"
            )
        else:
            return AddedCustomer(show(customer, caller.now, catalogue, parent), "added")
    raise concurrent_modification()


def creation_actions(customer: Customer, now: datetime) -> list[Action]:
    """Return the records of a new customer: itself, its name and its references, if they are free."""
    unless_expired_at = int(now.timestamp())
    named = [name_item(customer), *reference_items(customer)]
    new = [Put(customer_item(customer)), Put(addition_item(customer))]
    return [*new, *(Put(item, unless_expired_at=unless_expired_at) for item in named)]


def count_child(parent_id: str, records: Mapping[Key, Item], added: Sequence[Customer] = ()) -> Increment:
    """Count the children that were `added` below the parent, with their trials; without any, one that joins again.

    Check that the parent withdrew nothing since the read and is not archived.
    """
    key = children_key(parent_id)
    trials = [customer for customer in added if customer.trial]
    return Increment(
        key,
        len(added) or 1,
        condition={"revision": records.get(key, {}).get("revision")},
        also=Counter(started_on(customer.created_at) for customer in trials),
        put={"tree": TRIALS_STARTED, "path": trials[0].parent_path} if trials else {},
    )


def concurrent_modification() -> ThrottledError:
    return ThrottledError(
        "The customer is being modified by another request. Retry after 1 second.", headers={"Retry-After": "1"}
    )


def _name_keys(new: NewCustomer) -> list[Key]:
    """Return the key of the name, if the request contains a valid one."""
    try:
        return [name_key(new.parent_id, fold_name(normalize_name(new.name)))] if new.parent_id and new.name else []
    except RuleViolation:
        return []


def _replay(
    earlier: Customer, new: NewCustomer, parent: Customer | None, catalogue: Catalogue, outcome: Outcome = "replayed"
) -> AddedCustomer:
    ensure_same_request(new, earlier.request_hash)
    return AddedCustomer(show_as_created(earlier, parent, catalogue), outcome)


def ensure_unique(account: Account, customer: Customer, records: Mapping[Key, Item | None]) -> None:
    """Raises NameExistsError or ReferenceExistsError if `records` has another customer's name or reference."""
    name = records.get(name_key(customer.parent_id or "", customer.folded_name))
    if name and name["customer_id"] != customer.id:
        archived = (
            " The existing customer is archived. Restore it, or wait until it is removed."
            if "expires_at" in name
            else ""
        )
        raise NameExistsError(
            f"The parent already has a customer with this name. Choose another name, or use that customer.{archived}",
            [{"code": "name_exists", "pointer": "/name", "detail": f"The existing customer is {name['customer_id']}."}],
            customer_id=name["customer_id"],
        )
    for system, item in zip(customer.references, reference_items(customer), strict=True):
        reserved = records.get((item["pk"], item["sk"]))
        if reserved and reserved["customer_id"] != customer.id:
            visible = account.can_see(reserved["customer_path"])
            raise reference_exists(system, reserved["customer_id"] if visible else None)


def reference_exists(system: str, customer_id: str | None = None) -> ReferenceExistsError:
    """Build the error. `customer_id` is given only for callers who can see that customer."""
    detail = f"Another customer has this {system} reference. Remove it there first, or use another reference."
    errors = [{"code": "reference_exists", "pointer": f"/references/{system}"}]
    extensions: dict[str, Any] = {"customer_id": customer_id} if customer_id else {}
    return ReferenceExistsError(detail, errors, **extensions)


def get_customer(store: Store, caller: Caller, customer_id: str) -> CustomerResponse:
    """Return a customer. One request, two for a site. Raises NotFoundError."""
    _, customer, records = read_customer(store, caller, customer_id, CATALOGUE)
    return show(customer, caller.now, Catalogue.model_validate(records[CATALOGUE]), end_customer_of(store, customer))


class CustomerPage(BaseModel):
    customers: list[CustomerResponse]
    incomplete: list[IncompleteRecord] = Field(description="Customers of this page whose record can't be read.")
    next_cursor: str | None = Field(
        description="The cursor of the next page. Null on the last page. A page can have fewer items than the limit."
    )


@dataclass(frozen=True)
class CustomerQuery:
    """The query of a list of customers. Exactly one of `parent_id`, `within` and `ids` is set."""

    parent_id: str | None = None
    within: str | None = None
    ids: str | None = None
    name_prefix: str | None = None
    level: Level | None = None
    state: State | None = None
    archived: bool = False

    @property
    def each_id(self) -> list[str]:
        """The ids, each once, in their order."""
        return list(dict.fromkeys(filter(None, map(str.strip, (self.ids or "").split(",")))))

    def matches(self, response: CustomerResponse) -> bool:
        return self.level in (None, response.level) and self.state in (None, response.state)


def list_customers(
    store: Store, caller: Caller, query: CustomerQuery, *, limit: int, cursor: str | None = None
) -> CustomerPage:
    """List the children of `parent_id` by name, or `within` and all below it in path order, or archived ones.

    `ids` lists these customers, in their order, on one page. One that the caller may not see is left out, like one that
    does not exist. Raises NotFoundError, MalformedRequestError for a cursor, RulesViolatedError for parameters that
    exclude each other.
    """
    _validate_query(query, cursor)
    if query.ids is not None:
        return _list_by_ids(store, caller, query)
    key = customer_key(query.parent_id or query.within or "")
    account, records = read_with_actor(store, caller, key, CATALOGUE)
    top = authorize(account, caller.operation, parse_record(Customer, records, key))
    catalogue = Catalogue.model_validate(records[CATALOGUE])
    bound_to = {"list": "customers", **vars(query)}
    after = read_cursor(account, bound_to, cursor)
    top_item, known = records[key], {top.id: top}
    prefix = fold_prefix(query.name_prefix or "")
    incomplete: list[IncompleteRecord] = []

    def page(size: int, start: Position | None) -> Page:
        if query.within is not None:
            return within(store, top_item, limit=size, after=start, kind="archived" if query.archived else "customer")
        if prefix is None:
            return Page([], None)
        return store.query("children", top.id, starts_with=prefix, limit=size, after=start)

    def shown(items: list[Item]) -> list[CustomerResponse | None]:
        live = [item for item in items if not is_expired(item, caller.now)]
        responses = {one.id: one for one in show_all(store, caller, live, catalogue, known, incomplete) if one}
        return [one if (one := responses.get(item["id"])) and query.matches(one) else None for item in items]

    customers, position_after = paginate(
        page,
        shown,
        lambda item: position_within(top_item, item) if query.within else position("children", item),
        limit=limit,
        after=after,
        filtered=query.level is not None or query.state is not None,
    )
    next_cursor = sign_cursor(account, bound_to, position_after)
    return CustomerPage(customers=customers, incomplete=incomplete, next_cursor=next_cursor)


def _list_by_ids(store: Store, caller: Caller, query: CustomerQuery) -> CustomerPage:
    keys = [customer_key(each) for each in query.each_id]
    account, records = read_with_actor(store, caller, *keys, CATALOGUE)
    require_permission(account, caller.operation)
    incomplete: list[IncompleteRecord] = []
    catalogue = Catalogue.model_validate(records[CATALOGUE])
    found = show_all(store, caller, [records[key] for key in keys if key in records], catalogue, {}, incomplete)
    customers = [one for one in found if one and query.matches(one)]
    return CustomerPage(customers=customers, incomplete=incomplete, next_cursor=None)


def _validate_query(query: CustomerQuery, cursor: str | None) -> None:
    violations = Violations()
    if sum(each is not None for each in (query.parent_id, query.within, query.ids)) != 1:
        violations.add(RuleViolation("one_of", "parent_id", "Provide exactly one of parent_id, within and ids."))
    if query.ids is not None and not 1 <= len(query.each_id) <= MAX_IDS:
        violations.add(RuleViolation("ids", "ids", f"Provide 1 to {MAX_IDS} ids, separated by commas."))
    if query.ids is not None and cursor is not None:
        violations.add(RuleViolation("refused", "cursor", "A list of ids has one page. Omit cursor."))
    if query.name_prefix is not None and query.parent_id is None:
        violations.add(RuleViolation("refused", "name_prefix", "name_prefix requires parent_id."))
    if query.archived and query.within is None:
        violations.add(RuleViolation("refused", "archived", "archived requires within."))
    violations.raise_if_any()


def get_options(store: Store, caller: Caller, customer_id: str) -> Options:
    """Return what can be added below a customer, to build a form. One request. Raises NotFoundError."""
    account, parent, records = read_customer(store, caller, customer_id, CATALOGUE)
    return options_below(
        parent, Catalogue.model_validate(records[CATALOGUE]), can_add="change_customers" in account.permissions
    )


def end_customer_of(store: Records, customer: Customer) -> Customer | None:
    """Return the end-customer whose service type and trial a site shares, by one read. None for other levels."""
    if customer.level != "site" or customer.parent_id is None:
        return None
    key = customer_key(customer.parent_id)
    return parse_record(Customer, store.get(key), key)


def show_all(
    store: Store,
    caller: Caller,
    items: list[Item],
    catalogue: Catalogue,
    known: dict[str, Customer],
    incomplete: list[IncompleteRecord],
) -> list[CustomerResponse | None]:
    """Show customers; the end-customers of sites that are not among `known` are read in one more request.

    A customer that can't be read is None and named in `incomplete`, and so is a site whose end-customer can't.
    """
    customers = read_all(Customer, items, incomplete)
    known.update({customer.id: customer for customer in customers if customer})
    missing = {each.parent_id for each in customers if each and each.level == "site" and each.parent_id not in known}
    parents = store.get(*(customer_key(parent_id) for parent_id in missing if parent_id)) if missing else {}
    known.update({parent.id: parent for parent in read_all(Customer, parents.values(), []) if parent})

    def shown(customer: Customer | None) -> CustomerResponse | None:
        if customer is None:
            return None
        if customer.level == "site" and customer.parent_id not in known:
            incomplete.append(IncompleteRecord(kind="customer", id=customer.id))
            return None
        return show(customer, caller.now, catalogue, known.get(customer.parent_id or ""))

    return [shown(customer) for customer in customers]
