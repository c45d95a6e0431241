"""GET /accounts/{account_id}: one account."""

from shared.account_changes import AccountAnswer
from shared.account_use_cases import get_account
from shared.errors import NotFoundError
from shared.http import Api, Response

app = Api("get_account")


@app.serves(AccountAnswer, refuses=[NotFoundError])
def route(account_id: str) -> Response:
    """One account."""
    return app.answer(get_account(app.store, app.caller, account_id))


lambda_handler = app.started()
