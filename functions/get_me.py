"""GET /me: the caller's account, its customer and what it may do there."""

from shared.accounts.use_cases import Me, get_me
from shared.api.http import Api, HttpResponse

app = Api("get_me")


@app.serves(Me)
def route() -> HttpResponse:
    """The caller's account, its customer and what it may do there."""
    return app.answer(get_me(app.store, app.caller))


lambda_handler = app.handler()
