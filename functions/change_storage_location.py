"""PUT /customers/{customer_id}/storage-location: another storage location, with a reason. For support."""

from shared.api.http import Api, HttpResponse, IfMatch, version_required
from shared.aws.observability import log_event
from shared.customers.change_use_cases import change_storage_location
from shared.customers.changes import LocationChange
from shared.customers.customer import CustomerResponse
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    NotFoundError,
    RulesViolatedError,
    StaleVersionError,
    UnsupportedMediaError,
    VersionRequiredError,
)

app = Api("change_storage_location")


@app.serves(
    CustomerResponse,
    refuses=[
        NotFoundError,
        ArchivedError,
        StaleVersionError,
        BodyTooLargeError,
        UnsupportedMediaError,
        RulesViolatedError,
        VersionRequiredError,
    ],
)
def route(customer_id: str, change: LocationChange, if_match: IfMatch = None) -> HttpResponse:
    """Give a customer another storage location, with a reason that is kept. For support; all others contact support."""
    customer = change_storage_location(app.store, app.caller, customer_id, change, version=version_required(if_match))
    log_event("storage_location_changed", customer_id=customer.id, storage_location=customer.storage_location.code)
    return app.answer(customer)


lambda_handler = app.handler()
