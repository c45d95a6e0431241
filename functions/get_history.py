"""GET /customers/{customer_id}/history: every change of a customer."""

from shared.api.http import Api, Cursor, HttpResponse, Limit
from shared.customers.change_use_cases import History, get_history
from shared.errors import NotFoundError

app = Api("get_history")


@app.serves(History, refuses=[NotFoundError])
def route(customer_id: str, limit: Limit = 25, cursor: Cursor = None) -> HttpResponse:
    """Every change of a customer: when, by whom, from what to what, by which request. The oldest first."""
    return app.answer(get_history(app.store, app.caller, customer_id, limit=limit, cursor=cursor))


lambda_handler = app.handler()
