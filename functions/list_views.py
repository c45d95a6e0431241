"""GET /views: the caller's views of the dashboard."""

from shared.api.http import Api, HttpResponse
from shared.devices.use_cases import ViewList, list_views

app = Api("list_views")


@app.serves(ViewList)
def route() -> HttpResponse:
    """The caller's views of the dashboard, the default one among them."""
    return app.answer(list_views(app.store, app.caller))


lambda_handler = app.handler()
