"""PATCH /customers/{customer_id}: name, services, device country, references."""

from shared.customer_change_use_cases import ChangedCustomerAnswer, change_customer
from shared.customer_changes import CustomerChange
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    BrokenRulesError,
    NameExistsError,
    NotFoundError,
    ReferenceExistsError,
    StaleVersionError,
    UnsupportedMediaError,
    VersionRequiredError,
)
from shared.facts import tell
from shared.http import Api, IfMatch, Response, version_required

app = Api("change_customer")


@app.serves(
    ChangedCustomerAnswer,
    refuses=[
        NotFoundError,
        NameExistsError,
        ReferenceExistsError,
        ArchivedError,
        StaleVersionError,
        BodyTooLargeError,
        UnsupportedMediaError,
        BrokenRulesError,
        VersionRequiredError,
    ],
)
def route(customer_id: str, change: CustomerChange, if_match: IfMatch = None) -> Response:
    """Change a customer's name, services, device country or references. Its storage location stays as it is."""
    customer = change_customer(app.store, app.caller, customer_id, change, version=version_required(if_match))
    tell("customer_changed", customer_id=customer.id, version=customer.version)
    return app.answer(customer)


lambda_handler = app.started()
