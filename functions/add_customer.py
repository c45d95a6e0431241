"""POST /customers: add a customer below another one."""

from uuid import uuid4

from shared.customer_use_cases import add_customer
from shared.customers import CustomerAnswer, NewCustomer
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    BrokenRulesError,
    KeyReusedError,
    NameExistsError,
    NotFoundError,
    ReferenceExistsError,
    UnsupportedMediaError,
)
from shared.facts import tell
from shared.http import Api, IdempotencyKey, Response, ValidateOnly

app = Api("add_customer")


@app.serves(
    CustomerAnswer,
    status=201,
    refuses=[
        NotFoundError,
        ReferenceExistsError,
        ArchivedError,
        NameExistsError,
        BodyTooLargeError,
        UnsupportedMediaError,
        BrokenRulesError,
        KeyReusedError,
    ],
)
def route(new: NewCustomer, validate_only: ValidateOnly = False, idempotency_key: IdempotencyKey = None) -> Response:
    """Add a customer below another one."""
    added = add_customer(
        app.store,
        app.caller,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
        validate_only=validate_only,
    )
    tell(f"customer_{added.outcome}", customer_id=added.customer.id, customer_level=added.customer.level)
    return app.made(added.customer, added.outcome, at=f"/customers/{added.customer.id}")


lambda_handler = app.started()
