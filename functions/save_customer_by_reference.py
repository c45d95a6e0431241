"""PUT /customers/by-reference/{system}/{value}: add a customer, or change the one that has the reference."""

from uuid import uuid4

from shared.api.http import Api, HttpResponse, IfMatchIfGiven, version_of
from shared.aws.observability import log_event
from shared.customers.customer import CustomerResponse, NewCustomer
from shared.customers.references import save_customer_by_reference
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    NameExistsError,
    NotFoundError,
    ReferenceExistsError,
    RulesViolatedError,
    StaleVersionError,
    UnsupportedMediaError,
)

app = Api("save_customer_by_reference")


@app.serves(
    CustomerResponse,
    status=201,
    otherwise="The customer that has the reference, changed or as it was.",
    refuses=[
        NotFoundError,
        NameExistsError,
        ReferenceExistsError,
        ArchivedError,
        StaleVersionError,
        BodyTooLargeError,
        UnsupportedMediaError,
        RulesViolatedError,
    ],
)
def route(system: str, value: str, new: NewCustomer, if_match: IfMatchIfGiven = None) -> HttpResponse:
    """Add a customer with an id of another system, or change the one that has it. It can be repeated."""
    saved = save_customer_by_reference(
        app.store, app.caller, system, value, new, new_key=str(uuid4()), version=version_of(if_match)
    )
    log_event(f"customer_{saved.saved}", customer_id=saved.customer.id, customer_level=saved.customer.level)
    return app.created_or_updated(saved.customer, at=f"/customers/{saved.customer.id}", added=saved.saved == "added")


lambda_handler = app.handler()
