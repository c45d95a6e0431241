"""DELETE /views/{name}: take one of the caller's views away."""

from shared.api.http import Api, HttpResponse
from shared.devices.use_cases import remove_view
from shared.errors import NotFoundError

app = Api("remove_view")


@app.serves(None, status=204, refuses=[NotFoundError])
def route(name: str) -> HttpResponse:
    """Take one of the caller's views away."""
    remove_view(app.store, app.caller, name)
    return app.no_content()


lambda_handler = app.handler()
