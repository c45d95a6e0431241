"""GET /customers/{customer_id}/accounts: the accounts of a customer itself."""

from shared.accounts.use_cases import AccountPage, list_accounts
from shared.api.http import Api, Cursor, HttpResponse, Limit
from shared.errors import NotFoundError

app = Api("list_accounts")


@app.serves(AccountPage, refuses=[NotFoundError])
def route(customer_id: str, limit: Limit = 25, cursor: Cursor = None) -> HttpResponse:
    """The accounts of a customer itself."""
    return app.answer(list_accounts(app.store, app.caller, customer_id, limit=limit, cursor=cursor))


lambda_handler = app.handler()
