"""DELETE /customers/{customer_id}: archive it; it can be restored for 30 days."""

from shared.api.http import Api, HttpResponse, IfMatch, version_required
from shared.aws.observability import log_event
from shared.customers.change_use_cases import archive_customer
from shared.customers.customer import CustomerResponse
from shared.devices.use_cases import blocking_devices
from shared.errors import (
    ArchiveBlockedError,
    NotFoundError,
    RulesViolatedError,
    StaleVersionError,
    VersionRequiredError,
)

app = Api("archive_customer")


@app.serves(
    CustomerResponse,
    refuses=[NotFoundError, ArchiveBlockedError, StaleVersionError, RulesViolatedError, VersionRequiredError],
)
def route(customer_id: str, if_match: IfMatch = None) -> HttpResponse:
    """Archive a customer without children and test devices. It can be restored for 30 days, then it is removed."""
    customer = archive_customer(
        app.store, app.caller, customer_id, version=version_required(if_match), find_devices=blocking_devices
    )
    log_event("customer_archived", customer_id=customer.id)
    return app.answer(customer)


lambda_handler = app.handler()
