"""Customers: add, read, change, archive, restore; options, history, trials, invoicing, and requests to support."""

from typing import Annotated
from uuid import uuid4

from aws_lambda_powertools.event_handler.openapi.params import Query

from shared.api.app import Api, Otherwise
from shared.api.parameters import (
    Accept,
    Cursor,
    Format,
    IdempotencyKey,
    IfMatch,
    IfMatchIfGiven,
    Limit,
    ValidateOnly,
    required_version,
    version_of,
)
from shared.api.problems import HttpResponse
from shared.aws.observability import log_event
from shared.customers import change_use_cases, references, use_cases
from shared.customers.change_use_cases import ChangedCustomerResponse, History
from shared.customers.changes import LocationChange
from shared.customers.customer import CustomerChange, CustomerPreview, CustomerResponse, NewCustomer
from shared.customers.levels import Level
from shared.customers.options import Options
from shared.customers.trial import State
from shared.customers.use_cases import CustomerPage, CustomerQuery
from shared.devices.blocking import blocking_devices
from shared.errors import (
    ArchiveBlockedError,
    ArchivedError,
    NameExistsError,
    NotFoundError,
    OpenRequestError,
    ReferenceExistsError,
    RequestDecidedError,
    RulesViolatedError,
    StaleVersionError,
)
from shared.invoicing import use_cases as invoicing
from shared.invoicing.use_cases import InvoicingPage
from shared.location_requests import use_cases as location_requests
from shared.location_requests.request import LocationRequestResponse, NewDecision, NewLocationRequest, RequestState
from shared.location_requests.use_cases import LocationRequestPage
from shared.trials import starts as trial_starts
from shared.trials import use_cases as trials
from shared.trials.starts import TrialStartPage
from shared.trials.use_cases import ProductionResponse, TrialStatus

app = Api("customers")


@app.serves(
    CustomerResponse,
    status=201,
    preview=CustomerPreview,
    raises=[NotFoundError, NameExistsError, ReferenceExistsError, ArchivedError, RulesViolatedError],
)
def add_customer(
    new: NewCustomer, validate_only: ValidateOnly = False, idempotency_key: IdempotencyKey = None
) -> HttpResponse:
    """Add a customer below another one."""
    added = use_cases.add_customer(
        app.store, app.caller, new, idempotency_key=idempotency_key or str(uuid4()), validate_only=validate_only
    )
    log_event(f"customer_{added.outcome}", customer_id=added.customer.id, customer_level=added.customer.level)
    return app.created(added.customer, added.outcome, location=f"/customers/{added.customer.id}")


@app.serves(CustomerPage, raises=[NotFoundError, RulesViolatedError])
def list_customers(
    *,
    parent_id: Annotated[str | None, Query(description="List the children of this customer by name.")] = None,
    within: Annotated[str | None, Query(description="List this customer and all below it in path order.")] = None,
    ids: Annotated[
        str | None,
        Query(description="List these customers: up to 100 ids, separated by commas. Unknown ones are left out."),
    ] = None,
    name_prefix: Annotated[
        str | None,
        Query(max_length=128, description="List only customers whose name begins with this text. Requires parent_id."),
    ] = None,
    level: Annotated[Level | None, Query(description="List only customers of this level.")] = None,
    state: Annotated[
        State | None, Query(description="List only customers that are in this state at the time of the request.")
    ] = None,
    archived: Annotated[
        bool, Query(description="List only the archived customers below within. Requires within.")
    ] = False,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> HttpResponse:
    """List the children of a customer by name, all customers within it in path order, or customers by their ids."""
    query = CustomerQuery(parent_id, within, ids, name_prefix, level, state, archived)
    return app.ok(use_cases.list_customers(app.store, app.caller, query, limit=limit, cursor=cursor))


@app.serves(CustomerResponse)
def get_customer(customer_id: str) -> HttpResponse:
    """Get a customer."""
    return app.ok(use_cases.get_customer(app.store, app.caller, customer_id))


@app.serves(ChangedCustomerResponse, raises=[NameExistsError, ReferenceExistsError, ArchivedError, RulesViolatedError])
def change_customer(customer_id: str, change: CustomerChange, if_match: IfMatch = None) -> HttpResponse:
    """Change a customer's name, services, device country or references. Its storage location does not change."""
    version = required_version(if_match)
    customer = change_use_cases.change_customer(app.store, app.caller, customer_id, change, version=version)
    log_event("customer_changed", customer_id=customer.id, version=customer.version)
    return app.ok(customer)


@app.serves(CustomerResponse, raises=[ArchiveBlockedError, RulesViolatedError])
def archive_customer(customer_id: str, if_match: IfMatch = None) -> HttpResponse:
    """Archive a customer that has no children and no devices. It can be restored for 30 days."""
    version = required_version(if_match)
    customer = change_use_cases.archive_customer(
        app.store, app.caller, customer_id, version=version, find_devices=blocking_devices
    )
    log_event("customer_archived", customer_id=customer.id)
    return app.ok(customer)


@app.serves(CustomerResponse, raises=[ArchivedError, RulesViolatedError])
def restore_customer(customer_id: str, if_match: IfMatch = None) -> HttpResponse:
    """Restore an archived customer with its name, references and trial. Its parent must not be archived."""
    version = required_version(if_match)
    customer = change_use_cases.restore_customer(app.store, app.caller, customer_id, version=version)
    log_event("customer_restored", customer_id=customer.id)
    return app.ok(customer)


@app.serves(History)
def get_history(customer_id: str, limit: Limit = 25, cursor: Cursor = None) -> HttpResponse:
    """List every change of a customer, the oldest first: when, by which account, the old and the new values."""
    return app.ok(change_use_cases.get_history(app.store, app.caller, customer_id, limit=limit, cursor=cursor))


@app.serves(Options)
def get_options(customer_id: str) -> HttpResponse:
    """List what can be added below a customer: levels, fields and allowed values, to build a form."""
    return app.ok(use_cases.get_options(app.store, app.caller, customer_id))


@app.serves(TrialStatus)
def get_trial(customer_id: str) -> HttpResponse:
    """Get the trial of a customer: its start and end, the days left, the reminders, and how it ended."""
    return app.ok(trials.get_trial(app.store, app.caller, customer_id))


@app.serves(ProductionResponse, raises=[ArchivedError, RulesViolatedError])
def start_production(customer_id: str, if_match: IfMatch = None) -> HttpResponse:
    """End a trial early. If the trial has already ended, nothing changes and the response says since when."""
    version = required_version(if_match)
    production = trials.start_production(app.store, app.caller, customer_id, version=version)
    log_event(
        "production_started" if production.ended_now else "production_reported", customer_id=production.customer_id
    )
    return app.ok(production)


@app.serves(InvoicingPage, raises=[RulesViolatedError])
def get_invoicing(
    customer_id: str,
    month: Annotated[str, Query(description="The month in UTC, such as 2026-11.")],
    archived: Annotated[
        bool, Query(description="List the archived end-customers instead, up to the time of archiving.")
    ] = False,
    limit: Limit = 25,
    cursor: Cursor = None,
    format: Format = None,
    accept: Accept = None,
) -> HttpResponse:
    """List the end-customers that are invoiced in a month: from when, to when, and for how many days."""
    page = invoicing.get_invoicing(
        app.store, app.caller, customer_id, month=month, archived=archived, limit=limit, cursor=cursor
    )
    return app.table(page, f"invoicing-{month}.csv", format=format, accept=accept)


@app.serves(CustomerResponse, raises=[ArchivedError, RulesViolatedError])
def change_storage_location(customer_id: str, change: LocationChange, if_match: IfMatch = None) -> HttpResponse:
    """Change a customer's storage location, for a recorded reason. For support accounts only."""
    version = required_version(if_match)
    customer = change_use_cases.change_storage_location(app.store, app.caller, customer_id, change, version=version)
    log_event("storage_location_changed", customer_id=customer.id, storage_location=customer.storage_location.code)
    return app.ok(customer)


@app.serves(LocationRequestResponse, status=201, raises=[ArchivedError, OpenRequestError, RulesViolatedError])
def add_location_request(
    customer_id: str, new: NewLocationRequest, idempotency_key: IdempotencyKey = None
) -> HttpResponse:
    """Ask support for another storage location of a customer."""
    added = location_requests.add_location_request(
        app.store, app.caller, customer_id, new, idempotency_key=idempotency_key or str(uuid4())
    )
    log_event(f"location_request_{added.outcome}", customer_id=customer_id, location_request_id=added.request.id)
    location = f"/customers/{customer_id}/storage-location-requests/{added.request.id}"
    return app.created(added.request, added.outcome, location=location)


@app.serves(LocationRequestResponse)
def get_location_request(customer_id: str, request_id: str) -> HttpResponse:
    """Get a request for another storage location."""
    return app.ok(location_requests.get_location_request(app.store, app.caller, customer_id, request_id))


@app.serves(LocationRequestPage)
def list_customers_location_requests(customer_id: str, limit: Limit = 25, cursor: Cursor = None) -> HttpResponse:
    """List a customer's requests for another storage location, the latest first."""
    page = location_requests.list_customers_requests(app.store, app.caller, customer_id, limit=limit, cursor=cursor)
    return app.ok(page)


@app.serves(LocationRequestPage)
def list_location_requests(
    state: Annotated[RequestState, Query(description="List only requests in this state.")] = "open",
    limit: Limit = 25,
    cursor: Cursor = None,
) -> HttpResponse:
    """List the requests of all customers: open ones oldest first, decided ones latest first. For support only."""
    page = location_requests.list_location_requests(app.store, app.caller, state=state, limit=limit, cursor=cursor)
    return app.ok(page)


@app.serves(LocationRequestResponse, raises=[StaleVersionError, ArchivedError, RequestDecidedError, RulesViolatedError])
def decide_location_request(
    customer_id: str, request_id: str, new: NewDecision, if_match: IfMatch = None
) -> HttpResponse:
    """Accept or decline a request; accepting changes the storage location. For support accounts only.

    If-Match is the version of the customer. Only if its storage location has changed since the request is it stale.
    """
    required_version(if_match)
    decided = location_requests.decide_location_request(app.store, app.caller, customer_id, request_id, new)
    log_event("location_request_decided", location_request_id=request_id, state=decided.state)
    return app.ok(decided)


@app.serves(TrialStartPage)
def list_trial_starts(limit: Limit = 25, cursor: Cursor = None) -> HttpResponse:
    """List the resellers at which trials began in the last 90 days, with their number. For support accounts only."""
    return app.ok(trial_starts.list_trial_starts(app.store, app.caller, limit=limit, cursor=cursor))


@app.serves(CustomerResponse)
def get_customer_by_reference(
    system: str,
    value: str,
    within: Annotated[str | None, Query(description="Search below this customer; the default is your own.")] = None,
) -> HttpResponse:
    """Get the customer with an id of another system, such as psa. It is unique in the tree of a distributor."""
    return app.ok(references.get_customer_by_reference(app.store, app.caller, system, value, within=within))


@app.serves(
    CustomerResponse,
    status=201,
    otherwise=Otherwise(200, "The customer with this reference, changed or unchanged."),
    raises=[NameExistsError, ReferenceExistsError, ArchivedError, StaleVersionError, RulesViolatedError],
)
def save_customer_by_reference(
    system: str, value: str, new: NewCustomer, if_match: IfMatchIfGiven = None
) -> HttpResponse:
    """Add a customer with an id of another system, or change the customer that has it. Repeating it is safe."""
    saved = references.save_customer_by_reference(
        app.store, app.caller, system, value, new, new_key=str(uuid4()), version=version_of(if_match)
    )
    log_event(f"customer_{saved.saved}", customer_id=saved.customer.id, customer_level=saved.customer.level)
    location = f"/customers/{saved.customer.id}"
    return app.created_or_updated(saved.customer, location=location, created=saved.saved == "added")


lambda_handler = app.handler()
