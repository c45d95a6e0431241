"""PATCH /customers/{customer_id}: name, services, device country, references."""

from shared.api.http import Api, HttpResponse, IfMatch, version_required
from shared.aws.observability import log_event
from shared.customers.change_use_cases import ChangedCustomerResponse, change_customer
from shared.customers.customer import CustomerChange
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    NameExistsError,
    NotFoundError,
    ReferenceExistsError,
    RulesViolatedError,
    StaleVersionError,
    UnsupportedMediaError,
    VersionRequiredError,
)

app = Api("change_customer")


@app.serves(
    ChangedCustomerResponse,
    refuses=[
        NotFoundError,
        NameExistsError,
        ReferenceExistsError,
        ArchivedError,
        StaleVersionError,
        BodyTooLargeError,
        UnsupportedMediaError,
        RulesViolatedError,
        VersionRequiredError,
    ],
)
def route(customer_id: str, change: CustomerChange, if_match: IfMatch = None) -> HttpResponse:
    """Change a customer's name, services, device country or references. Its storage location stays as it is."""
    customer = change_customer(app.store, app.caller, customer_id, change, version=version_required(if_match))
    log_event("customer_changed", customer_id=customer.id, version=customer.version)
    return app.answer(customer)


lambda_handler = app.handler()
