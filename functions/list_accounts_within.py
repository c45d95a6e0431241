"""GET /accounts: the accounts of a customer and of all below it."""

from typing import Annotated

from pydantic import Field

from shared.accounts.use_cases import AccountPage, list_accounts_within
from shared.api.http import Api, Cursor, HttpResponse, Limit
from shared.errors import NotFoundError

app = Api("list_accounts_within")


@app.serves(AccountPage, refuses=[NotFoundError])
def route(
    within: Annotated[str, Field(description="List the accounts of this customer and of all below it.")],
    limit: Limit = 25,
    cursor: Cursor = None,
) -> HttpResponse:
    """The accounts of a customer and of all below it."""
    return app.answer(list_accounts_within(app.store, app.caller, within, limit=limit, cursor=cursor))


lambda_handler = app.handler()
