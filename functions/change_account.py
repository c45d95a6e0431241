"""PATCH /accounts/{account_id}: change a role or a name, disable or enable an account."""

from shared.account_changes import AccountAnswer, AccountChange
from shared.account_use_cases import change_account
from shared.errors import (
    BodyTooLargeError,
    BrokenRulesError,
    LastSuperUserError,
    NotFoundError,
    StaleVersionError,
    UnsupportedMediaError,
    VersionRequiredError,
)
from shared.facts import tell
from shared.http import Api, IfMatch, Response, version_required

app = Api("change_account")


@app.serves(
    AccountAnswer,
    refuses=[
        NotFoundError,
        LastSuperUserError,
        StaleVersionError,
        BodyTooLargeError,
        UnsupportedMediaError,
        BrokenRulesError,
        VersionRequiredError,
    ],
)
def route(account_id: str, change: AccountChange, if_match: IfMatch = None) -> Response:
    """Change a role or a name, disable or enable an account."""
    account = change_account(app.store, app.caller, account_id, change, version=version_required(if_match))
    tell("account_changed", account_id=account.id, role=account.role, status=account.status)
    return app.answer(account)


lambda_handler = app.started()
