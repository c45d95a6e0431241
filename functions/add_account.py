"""POST /customers/{customer_id}/accounts: give people, or a machine, access to a customer."""

from secrets import token_urlsafe
from uuid import uuid4

from shared.account_changes import AddedAccountAnswer, NewAccount
from shared.account_use_cases import add_account
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    BrokenRulesError,
    EmailExistsError,
    KeyReusedError,
    NotFoundError,
    UnsupportedMediaError,
)
from shared.facts import tell
from shared.http import Api, IdempotencyKey, Response, ValidateOnly

app = Api("add_account")


@app.serves(
    AddedAccountAnswer,
    status=201,
    refuses=[
        NotFoundError,
        ArchivedError,
        EmailExistsError,
        BodyTooLargeError,
        UnsupportedMediaError,
        BrokenRulesError,
        KeyReusedError,
    ],
)
def route(
    customer_id: str,
    new: NewAccount,
    validate_only: ValidateOnly = False,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Give people, or a machine, access to a customer."""
    added = add_account(
        app.store,
        app.identities,
        app.caller,
        customer_id,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
        cursor_key=token_urlsafe(24),
        validate_only=validate_only,
    )
    tell(f"account_{added.outcome}", account_id=added.account.id, customer_id=customer_id, role=added.account.role)
    return app.made(added.account, added.outcome, at=f"/accounts/{added.account.id}")


lambda_handler = app.started()
