"""What can be done with customers. Each use case: one read, the rules, at most one write."""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, Field

from shared.accounts import Caller, authorize, permit
from shared.cursors import read_cursor, sign_cursor
from shared.customers import Customer, CustomerAnswer, NewCustomer, as_created, new_customer, show
from shared.errors import BrokenRule, NameExistsError, Rules, ThrottledError
from shared.idempotency import Outcome, id_from, refuse_other_request
from shared.keys import CATALOGUE, Item, Key, customer_item, customer_key, name_item, name_key
from shared.levels import Level
from shared.names import clean_name, fold_name, fold_prefix
from shared.options import Options, options_below
from shared.reading import fill, one, read
from shared.storage_locations import Catalogue
from shared.store import Check, ConditionFailedError, Page, Position, Put, Store, position
from shared.subtrees import position_within, within
from shared.trials import State

# How often an addition is decided anew because its parent was changed at the same moment.
MOST_DECISIONS: Final = 3


@dataclass(frozen=True)
class Added:
    """`replayed` where the same request was carried out before: the first answer again, nothing written."""

    customer: CustomerAnswer
    outcome: Outcome


def add_customer(
    store: Store, caller: Caller, new: NewCustomer, *, idempotency_key: str, validate_only: bool = False
) -> Added:
    """Add a customer, once for each caller and `idempotency_key`. `validate_only` writes nothing.

    Raises NotFoundError and ForbiddenError for the parent, BrokenRulesError, NameExistsError, KeyReusedError.
    """
    customer_id = id_from("cus", caller.account_id, idempotency_key)
    parent_key = customer_key(new.parent_id or "")
    names = _name_keys(new) if validate_only else []
    account, found = read(store, caller, parent_key, CATALOGUE, customer_key(customer_id), *names)
    parent = None
    if new.parent_id is None:
        permit(account, caller.operation)
    else:
        parent = authorize(account, caller.operation, one(Customer, found, parent_key), pointer="/parent_id")
    earlier = one(Customer, found, customer_key(customer_id))
    if earlier:
        return _replay(earlier, new, parent, "validated" if validate_only else "replayed")

    catalogue = Catalogue.model_validate(found[CATALOGUE])
    for _ in range(MOST_DECISIONS):
        customer = new_customer(new, parent, catalogue, id=customer_id, created_by=account.id, now=caller.now)
        assert parent  # noqa: S101 - without a parent the rules have refused
        if validate_only:
            _refuse_taken(found.get(name_key(parent.id, customer.folded_name)))
            return Added(show(customer, caller.now, parent).model_copy(update={"id": None, "path": None}), "validated")
        try:
            store.write(
                Put(customer_item(customer)),
                Put(name_item(customer)),
                # What the rules have relied on: the parent still stands and still provides the same.
                Check(parent_key, {"services_to_provide": parent.services_to_provide}),
            )
        except ConditionFailedError as failed:
            if earlier := one(Customer, failed.found, customer_key(customer_id)):
                return _replay(earlier, new, parent)
            _refuse_taken(failed.found.get(name_key(parent.id, customer.folded_name)))
            parent = authorize(account, caller.operation, one(Customer, failed.found, parent_key), pointer="/parent_id")
        else:
            return Added(show(customer, caller.now, parent), "added")
    raise ThrottledError("The parent is being changed. Try again in a second.", headers={"Retry-After": "1"})


def _name_keys(new: NewCustomer) -> list[Key]:
    """Where the name is taken or free, as far as the request is good enough to tell."""
    try:
        return [name_key(new.parent_id, fold_name(clean_name(new.name)))] if new.parent_id and new.name else []
    except BrokenRule:
        return []


def _replay(earlier: Customer, new: NewCustomer, parent: Customer | None, outcome: Outcome = "replayed") -> Added:
    refuse_other_request(new, earlier.request_hash)
    return Added(show(as_created(earlier), earlier.created_at, parent), outcome)


def _refuse_taken(name: Item | None) -> None:
    if name is None:
        return
    raise NameExistsError(
        "The parent holds a customer of this name. Take another name, or use the existing customer.",
        [{"code": "name_exists", "pointer": "/name", "detail": f"Its id is {name['customer_id']}."}],
        customer_id=name["customer_id"],
    )


def get_customer(store: Store, caller: Caller, customer_id: str) -> CustomerAnswer:
    """One request; two for a site. Raises NotFoundError."""
    key = customer_key(customer_id)
    account, found = read(store, caller, key)
    authorize(account, caller.operation, one(Customer, found, key))
    return show_all(store, caller, [found[key]], {})[0]


class CustomerPage(BaseModel):
    customers: list[CustomerAnswer]
    next_cursor: str | None = Field(description="For the next page; none on the last one. A page may be a short one.")


@dataclass(frozen=True)
class CustomerQuery:
    """What a list of customers is asked for; exactly one of `parent_id` and `within`."""

    parent_id: str | None = None
    within: str | None = None
    name_prefix: str | None = None
    level: Level | None = None
    state: State | None = None


def list_customers(
    store: Store, caller: Caller, query: CustomerQuery, *, limit: int, cursor: str | None = None
) -> CustomerPage:
    """Children of `parent_id` by name, or `within` and all below it in path order.

    Raises NotFoundError, MalformedRequestError for a cursor, BrokenRulesError for parameters that do not go together.
    """
    _refuse_unclear(query)
    key = customer_key(query.parent_id or query.within or "")
    account, found = read(store, caller, key)
    top = authorize(account, caller.operation, one(Customer, found, key))
    bound_to = {"list": "customers", **vars(query)}
    after = read_cursor(account, bound_to, cursor)
    top_item, known = found[key], {top.id: top}
    prefix = fold_prefix(query.name_prefix or "")

    def page(size: int, start: Position | None) -> Page:
        if query.within is not None:
            return within(store, top_item, limit=size, after=start)
        if prefix is None:
            return Page([], None)
        return store.query("children", top.id, starts_with=prefix, limit=size, after=start)

    def shown(items: list[Item]) -> list[CustomerAnswer | None]:
        answers = show_all(store, caller, items, known)
        wanted = (query.level, query.state)
        return [a if wanted[0] in (None, a.level) and wanted[1] in (None, a.state) else None for a in answers]

    customers, position_after = fill(
        page,
        shown,
        lambda item: position_within(top_item, item) if query.within else position("children", item),
        limit=limit,
        after=after,
        filtered=query.level is not None or query.state is not None,
    )
    return CustomerPage(customers=customers, next_cursor=sign_cursor(account, bound_to, position_after))


def _refuse_unclear(query: CustomerQuery) -> None:
    rules = Rules()
    if (query.parent_id is None) == (query.within is None):
        rules.add(BrokenRule("one_of", "parent_id", "Give either parent_id or within."))
    if query.name_prefix is not None and query.parent_id is None:
        rules.add(BrokenRule("refused", "name_prefix", "name_prefix goes with parent_id only."))
    rules.refuse_if_broken()


def get_options(store: Store, caller: Caller, customer_id: str) -> Options:
    """What may be added below a customer, for a form to be drawn from. One request. Raises NotFoundError."""
    key = customer_key(customer_id)
    account, found = read(store, caller, key, CATALOGUE)
    parent = authorize(account, caller.operation, one(Customer, found, key))
    return options_below(parent, Catalogue.model_validate(found[CATALOGUE]), may_add="change_customers" in account.may)


def show_all(store: Store, caller: Caller, items: list[Item], known: dict[str, Customer]) -> list[CustomerAnswer]:
    """Show customers; the end-customers of sites that are not among `known` are read in one more request."""
    customers = [Customer.model_validate(item) for item in items]
    known.update({customer.id: customer for customer in customers})
    missing = {c.parent_id for c in customers if c.level == "site" and c.parent_id not in known}
    for item in store.get(*(customer_key(parent_id) for parent_id in missing if parent_id)).values() if missing else ():
        known[item["id"]] = Customer.model_validate(item)
    return [show(customer, caller.now, known.get(customer.parent_id or "")) for customer in customers]
