"""GET /customers/{customer_id}/storage-check: whose data lands elsewhere than its storage location today."""

from shared.api.http import Api, Cursor, HttpResponse, Limit
from shared.devices.use_cases import DriftPage, check_storage
from shared.errors import NotFoundError

app = Api("check_storage")


@app.serves(DriftPage, refuses=[NotFoundError])
def route(customer_id: str, limit: Limit = 25, cursor: Cursor = None) -> HttpResponse:
    """Whose data lands elsewhere than its storage location today: the customer and all below it."""
    return app.answer(check_storage(app.store, app.caller, customer_id, limit=limit, cursor=cursor))


lambda_handler = app.handler()
