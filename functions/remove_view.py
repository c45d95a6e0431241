"""DELETE /views/{name}: take one of the caller's views away."""

from shared.device_use_cases import remove_view
from shared.errors import NotFoundError
from shared.http import Api, Response

app = Api("remove_view")


@app.serves(None, status=204, refuses=[NotFoundError])
def route(name: str) -> Response:
    """Take one of the caller's views away."""
    remove_view(app.store, app.caller, name)
    return app.nothing()


lambda_handler = app.started()
