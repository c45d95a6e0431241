"""POST /customers/{customer_id}/restore: bring an archived customer back."""

from shared.api.http import Api, HttpResponse, IfMatch, version_required
from shared.aws.observability import log_event
from shared.customers.change_use_cases import restore_customer
from shared.customers.customer import CustomerResponse
from shared.errors import ArchivedError, NotFoundError, RulesViolatedError, StaleVersionError, VersionRequiredError

app = Api("restore_customer")


@app.serves(
    CustomerResponse,
    refuses=[NotFoundError, ArchivedError, StaleVersionError, RulesViolatedError, VersionRequiredError],
)
def route(customer_id: str, if_match: IfMatch = None) -> HttpResponse:
    """Bring an archived customer back, with its name, its references and its trial. Its parent must not be archived."""
    customer = restore_customer(app.store, app.caller, customer_id, version=version_required(if_match))
    log_event("customer_restored", customer_id=customer.id)
    return app.answer(customer)


lambda_handler = app.handler()
