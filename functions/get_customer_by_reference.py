"""GET /customers/by-reference/{system}/{value}: the customer with an id of another system."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from shared.customers import CustomerAnswer
from shared.errors import NotFoundError
from shared.http import Api
from shared.reference_use_cases import get_customer_by_reference

app = Api("get_customer_by_reference")

Within = Annotated[str | None, Query(description="A customer in whose tree to look; the caller's own if left out.")]


@app.serves(CustomerAnswer, refuses=[NotFoundError])
def route(system: str, value: str, within: Within = None) -> Response[str]:
    """The customer with an id of another system, such as psa. It is one in the whole tree of a distributor."""
    return app.answer(get_customer_by_reference(app.store, app.caller, system, value, within=within))


lambda_handler = app.started()
