"""GET /accounts: the accounts of one customer, or of a customer and all below it."""

from typing import Annotated

from pydantic import Field

from shared.accounts.use_cases import AccountPage, AccountQuery, list_accounts
from shared.api.http import Api, Cursor, HttpResponse, Limit
from shared.errors import NotFoundError, RulesViolatedError

app = Api("list_accounts")


@app.serves(AccountPage, refuses=[NotFoundError, RulesViolatedError])
def route(
    customer_id: Annotated[str | None, Field(description="List the accounts of this customer itself.")] = None,
    within: Annotated[str | None, Field(description="List the accounts of this customer and of all below it.")] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> HttpResponse:
    """List the accounts of a customer itself (`customer_id`), or of a customer and all below it (`within`)."""
    query = AccountQuery(customer_id, within)
    return app.answer(list_accounts(app.store, app.caller, query, limit=limit, cursor=cursor))


lambda_handler = app.handler()
