"""Use cases for requests to support: ask for another storage location, list the requests, and decide one."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, Field

from shared.auth.access import read_with_actor
from shared.auth.authorization import Caller, authorize, require_permission
from shared.auth.cursors import read_cursor, sign_cursor
from shared.customers.access import read_customer
from shared.customers.change_use_cases import update_actions
from shared.customers.changes import LocationChange, with_storage_location
from shared.customers.customer import Customer
from shared.customers.use_cases import MAX_ATTEMPTS, concurrent_modification
from shared.errors import ArchivedError, NotFoundError, OpenRequestError, RequestDecidedError
from shared.idempotency import Outcome, ensure_same_hash, id_from, request_hash
from shared.location_requests.records import location_request_item, open_request_item, record_change, sent_item
from shared.location_requests.request import (
    LocationRequest,
    LocationRequestResponse,
    NewDecision,
    NewLocationRequest,
    RequestState,
    decided,
    ensure_acceptable,
    new_location_request,
    request_id_at,
    show_location_request,
)
from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import (
    CATALOGUE,
    LOCATION_REQUEST,
    TABLE,
    Item,
    Key,
    customer_key,
    location_request_key,
    location_requests_tree,
    open_location_request_key,
    request_key,
)
from shared.table.queries import IncompleteRecord, get_live, parse_record, read_all
from shared.table.store import Action, Check, ConditionFailedError, Delete, Put, Store, update_between


@dataclass(frozen=True)
class AddedLocationRequest:
    request: LocationRequestResponse
    outcome: Outcome


def add_location_request(
    store: Store, caller: Caller, customer_id: str, new: NewLocationRequest, *, idempotency_key: str
) -> AddedLocationRequest:
    """Ask support for another storage location, once for each caller and `idempotency_key`.

    Raises NotFoundError, ForbiddenError, ArchivedError, RulesViolatedError, OpenRequestError with the id of the request
    that is open, KeyReusedError.
    """
    derived = id_from("slr", caller.account_id, customer_id, idempotency_key)
    at, guard, sent = customer_key(customer_id), open_location_request_key(customer_id), request_key(derived)
    for _ in range(MAX_ATTEMPTS):
        actor, records = read_with_actor(store, caller, at, guard, sent, CATALOGUE)
        earlier = records.get(sent)
        customer = authorize(actor, caller.operation, parse_record(Customer, records, at), archived=earlier is not None)
        catalogue = Catalogue.model_validate(records[CATALOGUE])
        if earlier:
            ensure_same_hash(request_hash(new), earlier["request_hash"])
            key = location_request_key(customer_id, earlier["location_request_id"])
            added = parse_record(LocationRequest, store.get(key), key)
            if added is None:
                raise NotFoundError
            return AddedLocationRequest(show_location_request(added, customer, catalogue), "replayed")
        if guard in records:
            raise OpenRequestError(records[guard]["location_request_id"])
        request = new_location_request(new, customer, catalogue, caller, id=request_id_at(caller.now, derived))
        try:
            store.write(
                Put(location_request_item(request)),
                Put(open_request_item(request)),
                Put(sent_item(sent, request)),
                Check(at, {"archived_at": None}),
                record_change(request, "storage_location_requested", caller),
            )
        except ConditionFailedError:
            continue  # the customer was archived, or has an open request: the next try says which
        return AddedLocationRequest(show_location_request(request, customer, catalogue), "added")
    raise concurrent_modification()


def get_location_request(store: Store, caller: Caller, customer_id: str, request_id: str) -> LocationRequestResponse:
    """Return a request. One request to the table. Raises NotFoundError."""
    key = location_request_key(customer_id, request_id)
    _, customer, records = read_customer(store, caller, customer_id, key, CATALOGUE)
    request = parse_record(LocationRequest, records, key)
    if request is None:
        raise NotFoundError
    return show_location_request(request, customer, Catalogue.model_validate(records[CATALOGUE]))


class LocationRequestPage(BaseModel):
    requests: list[LocationRequestResponse]
    incomplete: list[IncompleteRecord] = Field(description="Requests of this page that can't be read.")
    next_cursor: str | None = Field(
        description="The cursor of the next page. Null on the last page. A page can have fewer items than the limit."
    )


def list_customers_requests(
    store: Store, caller: Caller, customer_id: str, *, limit: int, cursor: str | None = None
) -> LocationRequestPage:
    """List the requests of a customer, the latest first. Two requests to the table. Raises NotFoundError."""
    key = customer_key(customer_id)
    actor, customer, records = read_customer(store, caller, customer_id, CATALOGUE)
    bound_to = {"list": "location requests", "customer_id": customer.id}
    page = store.query(
        TABLE,
        key[0],
        starts_with=LOCATION_REQUEST,
        descending=True,
        limit=limit,
        after=read_cursor(actor, bound_to, cursor),
    )
    return _page(page.items, {customer.id: customer}, records, sign_cursor(actor, bound_to, page.next))


def list_location_requests(
    store: Store, caller: Caller, *, state: RequestState, limit: int, cursor: str | None = None
) -> LocationRequestPage:
    """List the requests of all customers in a state: open ones oldest first, decided ones latest first. For support.

    Three requests to the table. A request of a customer that was removed is left out. Raises ForbiddenError.
    """
    actor, records = read_with_actor(store, caller, CATALOGUE)
    require_permission(actor, caller.operation)
    bound_to = {"list": "all location requests", "state": state}
    tree, after = location_requests_tree(state), read_cursor(actor, bound_to, cursor)
    page = store.query("subtree", tree, descending=state != "open", limit=limit, after=after)
    keys = [customer_key(item["customer_id"]) for item in page.items]
    found = get_live(store, caller.now, *dict.fromkeys(keys)) if keys else {}
    customers = {each.id: each for each in read_all(Customer, found.values(), []) if each}
    return _page(page.items, customers, records, sign_cursor(actor, bound_to, page.next))


def _page(
    items: list[Item],
    customers: Mapping[str, Customer],
    records: Mapping[Key, Item],
    next_cursor: str | None,
) -> LocationRequestPage:
    incomplete: list[IncompleteRecord] = []
    catalogue = Catalogue.model_validate(records[CATALOGUE])
    shown = [
        show_location_request(request, customers[request.customer_id], catalogue)
        for request in read_all(LocationRequest, items, incomplete)
        if request and request.customer_id in customers
    ]
    return LocationRequestPage(requests=shown, incomplete=incomplete, next_cursor=next_cursor)


def decide_location_request(
    store: Store, caller: Caller, customer_id: str, request_id: str, new: NewDecision
) -> LocationRequestResponse:
    """Accept or decline a request. Accepting changes the storage location in the same transaction. For support.

    It succeeds although the customer was changed meanwhile, if its storage location was not. A repeat by the same
    account returns the decided request. Raises NotFoundError, ForbiddenError, ArchivedError, RulesViolatedError,
    RequestDecidedError, StaleVersionError if the location has changed since the request.
    """
    key = location_request_key(customer_id, request_id)
    for _ in range(MAX_ATTEMPTS):
        _, customer, records = read_customer(store, caller, customer_id, key, CATALOGUE, archived=True)
        request, catalogue = parse_record(LocationRequest, records, key), Catalogue.model_validate(records[CATALOGUE])
        if request is None:
            raise NotFoundError
        after = decided(request, new, caller)
        if request.state != "open":
            if (request.state, request.decided_by, request.decision_reason) != (
                after.state,
                after.decided_by,
                after.decision_reason,
            ):
                raise RequestDecidedError(request.state)
            return show_location_request(request, customer, catalogue)
        actions: list[Action] = [
            update_between(location_request_item(request), location_request_item(after), {"version": request.version}),
            Delete(open_location_request_key(customer_id), {"location_request_id": request.id}),
            record_change(after, "storage_location_request_decided", caller),
        ]
        if after.state == "accepted":
            if customer.archived_at:
                raise ArchivedError
            ensure_acceptable(request, customer, catalogue)
            change = LocationChange(country=request.location, reason=after.decision_reason or "")
            moved = with_storage_location(change, customer, catalogue, caller)
            actions += update_actions(customer, moved, caller.now)
            customer = moved
        try:
            store.write(*actions)
        except ConditionFailedError:
            continue  # the customer was changed, or the request was decided: the next try says which
        return show_location_request(after, customer, catalogue)
    raise concurrent_modification()
