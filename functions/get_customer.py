"""GET /customers/{customer_id}: one customer as it is now."""

from shared.customer_use_cases import get_customer
from shared.customers import CustomerAnswer
from shared.errors import NotFoundError
from shared.http import Api, Response

app = Api("get_customer")


@app.serves(CustomerAnswer, refuses=[NotFoundError])
def route(customer_id: str) -> Response:
    """One customer as it is now."""
    return app.answer(get_customer(app.store, app.caller, customer_id))


lambda_handler = app.started()
