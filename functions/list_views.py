"""GET /views: the caller's views of the dashboard."""

from shared.device_use_cases import ViewList, list_views
from shared.http import Api, Response

app = Api("list_views")


@app.serves(ViewList)
def route() -> Response:
    """The caller's views of the dashboard, the default one among them."""
    return app.answer(list_views(app.store, app.caller))


lambda_handler = app.started()
