"""GET /views/{name}: one of the caller's views."""

from shared.device_use_cases import get_view
from shared.errors import NotFoundError
from shared.http import Api, Response
from shared.views import View

app = Api("get_view")


@app.serves(View, refuses=[NotFoundError])
def route(name: str) -> Response:
    """One of the caller's views."""
    return app.answer(get_view(app.store, app.caller, name))


lambda_handler = app.started()
