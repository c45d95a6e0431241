"""POST /customers: add a customer below another one."""

from uuid import uuid4

from shared.api.http import Api, HttpResponse, IdempotencyKey, ValidateOnly
from shared.aws.observability import log_event
from shared.customers.customer import CustomerResponse, NewCustomer
from shared.customers.use_cases import add_customer
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    KeyReusedError,
    NameExistsError,
    NotFoundError,
    ReferenceExistsError,
    RulesViolatedError,
    UnsupportedMediaError,
)

app = Api("add_customer")


@app.serves(
    CustomerResponse,
    status=201,
    refuses=[
        NotFoundError,
        ReferenceExistsError,
        ArchivedError,
        NameExistsError,
        BodyTooLargeError,
        UnsupportedMediaError,
        RulesViolatedError,
        KeyReusedError,
    ],
)
def route(
    new: NewCustomer, validate_only: ValidateOnly = False, idempotency_key: IdempotencyKey = None
) -> HttpResponse:
    """Add a customer below another one."""
    added = add_customer(
        app.store,
        app.caller,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
        validate_only=validate_only,
    )
    log_event(f"customer_{added.outcome}", customer_id=added.customer.id, customer_level=added.customer.level)
    return app.created(added.customer, added.outcome, at=f"/customers/{added.customer.id}")


lambda_handler = app.handler()
