"""POST /customers/{customer_id}/restore: bring an archived customer back."""

from shared.customer_change_use_cases import restore_customer
from shared.customers import CustomerAnswer
from shared.errors import ArchivedError, BrokenRulesError, NotFoundError, StaleVersionError, VersionRequiredError
from shared.facts import tell
from shared.http import Api, IfMatch, Response, version_required

app = Api("restore_customer")


@app.serves(
    CustomerAnswer, refuses=[NotFoundError, ArchivedError, StaleVersionError, BrokenRulesError, VersionRequiredError]
)
def route(customer_id: str, if_match: IfMatch = None) -> Response:
    """Bring an archived customer back, with its name, its references and its trial. Its parent must not be archived."""
    customer = restore_customer(app.store, app.caller, customer_id, version=version_required(if_match))
    tell("customer_restored", customer_id=customer.id)
    return app.answer(customer)


lambda_handler = app.started()
