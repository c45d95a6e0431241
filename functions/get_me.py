"""GET /me: the caller's account, its customer and what it may do there."""

from shared.account_use_cases import Me, get_me
from shared.http import Api, Response

app = Api("get_me")


@app.serves(Me)
def route() -> Response:
    """The caller's account, its customer and what it may do there."""
    return app.answer(get_me(app.store, app.caller))


lambda_handler = app.started()
