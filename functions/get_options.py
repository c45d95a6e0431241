"""GET /customers/{customer_id}/options: what may be added below a customer."""

from shared.api.http import Api, HttpResponse
from shared.customers.options import Options
from shared.customers.use_cases import get_options
from shared.errors import NotFoundError

app = Api("get_options")


@app.serves(Options, refuses=[NotFoundError])
def route(customer_id: str) -> HttpResponse:
    """What may be added below a customer: levels, fields, values. A form can be drawn from it alone."""
    return app.answer(get_options(app.store, app.caller, customer_id))


lambda_handler = app.handler()
