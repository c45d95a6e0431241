"""GET /customers/by-reference/{system}/{value}: the customer with an id of another system."""

from typing import Annotated

from pydantic import Field

from shared.api.http import Api, HttpResponse
from shared.customers.customer import CustomerResponse
from shared.customers.references import get_customer_by_reference
from shared.errors import NotFoundError

app = Api("get_customer_by_reference")

Within = Annotated[str | None, Field(description="A customer in whose tree to look; the caller's own if left out.")]


@app.serves(CustomerResponse, refuses=[NotFoundError])
def route(system: str, value: str, within: Within = None) -> HttpResponse:
    """The customer with an id of another system, such as psa. It is one in the whole tree of a distributor."""
    return app.answer(get_customer_by_reference(app.store, app.caller, system, value, within=within))


lambda_handler = app.handler()
