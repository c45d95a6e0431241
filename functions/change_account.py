"""PATCH /accounts/{account_id}: change a role or a name, disable or enable an account."""

from shared.accounts.account import AccountChange, AccountResponse
from shared.accounts.use_cases import change_account
from shared.api.http import Api, HttpResponse, IfMatch, version_required
from shared.aws.observability import log_event
from shared.errors import (
    BodyTooLargeError,
    LastSuperUserError,
    NotFoundError,
    RulesViolatedError,
    StaleVersionError,
    UnsupportedMediaError,
    VersionRequiredError,
)

app = Api("change_account")


@app.serves(
    AccountResponse,
    refuses=[
        NotFoundError,
        LastSuperUserError,
        StaleVersionError,
        BodyTooLargeError,
        UnsupportedMediaError,
        RulesViolatedError,
        VersionRequiredError,
    ],
)
def route(account_id: str, change: AccountChange, if_match: IfMatch = None) -> HttpResponse:
    """Change a role or a name, disable or enable an account."""
    account = change_account(app.store, app.caller, account_id, change, version=version_required(if_match))
    log_event("account_changed", account_id=account.id, role=account.role, status=account.status)
    return app.answer(account)


lambda_handler = app.handler()
