"""GET /customers: the children of a customer by name, or all within it in path order."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from shared.customer_use_cases import CustomerPage, CustomerQuery, list_customers
from shared.errors import BrokenRulesError, NotFoundError
from shared.http import Api, Cursor, Limit
from shared.levels import Level
from shared.trials import State

app = Api("list_customers")


@app.serves(CustomerPage, refuses=[NotFoundError, BrokenRulesError])
def route(  # noqa: PLR0913, PLR0917 - one argument for each parameter of the route
    parent_id: Annotated[str | None, Query(description="List the children of this customer by name.")] = None,
    within: Annotated[str | None, Query(description="List this customer and all below it in path order.")] = None,
    name_prefix: Annotated[str | None, Query(max_length=128, description="With parent_id only.")] = None,
    level: Annotated[Level | None, Query()] = None,
    state: Annotated[State | None, Query(description="As it is now, by the clock.")] = None,
    archived: Annotated[bool, Query(description="With within only: what is archived below it instead.")] = False,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Response[str]:
    """The children of a customer by name, or all within it in path order."""
    query = CustomerQuery(parent_id, within, name_prefix, level, state, archived)
    return app.answer(list_customers(app.store, app.caller, query, limit=limit, cursor=cursor))


lambda_handler = app.started()
