"""GET /me: the caller's account, its customer and what it may do there."""

from aws_lambda_powertools.event_handler import Response

from shared.account_use_cases import Me, get_me
from shared.http import Api

app = Api("get_me")


@app.serves(Me)
def route() -> Response[str]:
    """The caller's account, its customer and what it may do there."""
    return app.answer(get_me(app.store, app.caller))


lambda_handler = app.started()
