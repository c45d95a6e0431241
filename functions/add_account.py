"""POST /customers/{customer_id}/accounts: give people, or a machine, access to a customer."""

from secrets import token_urlsafe
from uuid import uuid4

from shared.accounts.account import AddedAccountResponse, NewAccount
from shared.accounts.use_cases import add_account
from shared.api.http import Api, HttpResponse, IdempotencyKey, ValidateOnly
from shared.aws.observability import log_event
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    EmailExistsError,
    KeyReusedError,
    NotFoundError,
    RulesViolatedError,
    UnsupportedMediaError,
)

app = Api("add_account")


@app.serves(
    AddedAccountResponse,
    status=201,
    refuses=[
        NotFoundError,
        ArchivedError,
        EmailExistsError,
        BodyTooLargeError,
        UnsupportedMediaError,
        RulesViolatedError,
        KeyReusedError,
    ],
)
def route(
    customer_id: str,
    new: NewAccount,
    validate_only: ValidateOnly = False,
    idempotency_key: IdempotencyKey = None,
) -> HttpResponse:
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
    log_event(f"account_{added.outcome}", account_id=added.account.id, customer_id=customer_id, role=added.account.role)
    return app.created(added.account, added.outcome, at=f"/accounts/{added.account.id}")


lambda_handler = app.handler()
