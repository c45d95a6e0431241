"""DELETE /customers/{customer_id}: archive it; it can be restored for 30 days."""

from shared.customer_change_use_cases import archive_customer
from shared.customers import CustomerAnswer
from shared.errors import (
    ArchiveBlockedError,
    BrokenRulesError,
    NotFoundError,
    StaleVersionError,
    VersionRequiredError,
)
from shared.facts import tell
from shared.http import Api, IfMatch, Response, version_required

app = Api("archive_customer")


@app.serves(
    CustomerAnswer,
    refuses=[NotFoundError, ArchiveBlockedError, StaleVersionError, BrokenRulesError, VersionRequiredError],
)
def route(customer_id: str, if_match: IfMatch = None) -> Response:
    """Archive a customer that nothing stands below. It can be restored for 30 days, then it is removed."""
    customer = archive_customer(app.store, app.caller, customer_id, version=version_required(if_match))
    tell("customer_archived", customer_id=customer.id)
    return app.answer(customer)


lambda_handler = app.started()
