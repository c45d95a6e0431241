"""GET /accounts/{account_id}: one account."""

from shared.accounts.account import AccountResponse
from shared.accounts.use_cases import get_account
from shared.api.http import Api, HttpResponse
from shared.errors import NotFoundError

app = Api("get_account")


@app.serves(AccountResponse, refuses=[NotFoundError])
def route(account_id: str) -> HttpResponse:
    """One account."""
    return app.answer(get_account(app.store, app.caller, account_id))


lambda_handler = app.handler()
