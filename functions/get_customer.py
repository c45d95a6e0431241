"""GET /customers/{customer_id}: one customer as it is now."""

from shared.api.http import Api, HttpResponse
from shared.customers.customer import CustomerResponse
from shared.customers.use_cases import get_customer
from shared.errors import NotFoundError

app = Api("get_customer")


@app.serves(CustomerResponse, refuses=[NotFoundError])
def route(customer_id: str) -> HttpResponse:
    """One customer as it is now."""
    return app.answer(get_customer(app.store, app.caller, customer_id))


lambda_handler = app.handler()
