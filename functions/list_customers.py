"""GET /customers: the children of a customer by name, or all within it in path order."""

from typing import Annotated

from pydantic import Field

from shared.api.http import Api, Cursor, HttpResponse, Limit
from shared.customers.levels import Level
from shared.customers.trial import State
from shared.customers.use_cases import CustomerPage, CustomerQuery, list_customers
from shared.errors import NotFoundError, RulesViolatedError

app = Api("list_customers")


@app.serves(CustomerPage, refuses=[NotFoundError, RulesViolatedError])
def route(
    parent_id: Annotated[str | None, Field(description="List the children of this customer by name.")] = None,
    within: Annotated[str | None, Field(description="List this customer and all below it in path order.")] = None,
    name_prefix: Annotated[str | None, Field(max_length=128, description="With parent_id only.")] = None,
    level: Annotated[Level | None, Field()] = None,
    state: Annotated[State | None, Field(description="As it is now, by the clock.")] = None,
    archived: Annotated[bool, Field(description="With within only: what is archived below it instead.")] = False,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> HttpResponse:
    """The children of a customer by name, or all within it in path order."""
    query = CustomerQuery(parent_id, within, name_prefix, level, state, archived)
    return app.answer(list_customers(app.store, app.caller, query, limit=limit, cursor=cursor))


lambda_handler = app.handler()
