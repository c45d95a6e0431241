"""GET /customers/{customer_id}/options: what may be added below a customer."""

from shared.customer_use_cases import get_options
from shared.errors import NotFoundError
from shared.http import Api, Response
from shared.options import Options

app = Api("get_options")


@app.serves(Options, refuses=[NotFoundError])
def route(customer_id: str) -> Response:
    """What may be added below a customer: levels, fields, values. A form can be drawn from it alone."""
    return app.answer(get_options(app.store, app.caller, customer_id))


lambda_handler = app.started()
