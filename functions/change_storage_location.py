"""PUT /customers/{customer_id}/storage-location: another storage location, with a reason. For support."""

from shared.customer_change_use_cases import change_storage_location
from shared.customer_changes import LocationChange
from shared.customers import CustomerAnswer
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    BrokenRulesError,
    NotFoundError,
    StaleVersionError,
    UnsupportedMediaError,
    VersionRequiredError,
)
from shared.facts import tell
from shared.http import Api, IfMatch, Response, version_required

app = Api("change_storage_location")


@app.serves(
    CustomerAnswer,
    refuses=[
        NotFoundError,
        ArchivedError,
        StaleVersionError,
        BodyTooLargeError,
        UnsupportedMediaError,
        BrokenRulesError,
        VersionRequiredError,
    ],
)
def route(customer_id: str, change: LocationChange, if_match: IfMatch = None) -> Response:
    """Give a customer another storage location, with a reason that is kept. For support; all others contact support."""
    customer = change_storage_location(app.store, app.caller, customer_id, change, version=version_required(if_match))
    tell("storage_location_changed", customer_id=customer.id, storage_location=customer.storage_location.code)
    return app.answer(customer)


lambda_handler = app.started()
