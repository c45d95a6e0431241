"""GET /views/{name}: one of the caller's views."""

from shared.api.http import Api, HttpResponse
from shared.devices.use_cases import get_view
from shared.devices.views import View
from shared.errors import NotFoundError

app = Api("get_view")


@app.serves(View, refuses=[NotFoundError])
def route(name: str) -> HttpResponse:
    """One of the caller's views."""
    return app.answer(get_view(app.store, app.caller, name))


lambda_handler = app.handler()
