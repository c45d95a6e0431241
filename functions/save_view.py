"""PUT /views/{name}: save a view of the caller's own."""

from shared.device_use_cases import save_view
from shared.errors import BodyTooLargeError, BrokenRulesError, UnsupportedMediaError
from shared.facts import tell
from shared.http import Api, Response
from shared.views import NewView, View

app = Api("save_view")


@app.serves(View, refuses=[BodyTooLargeError, UnsupportedMediaError, BrokenRulesError])
def route(name: str, new: NewView) -> Response:
    """Save a view of the caller's own; the last one saved counts."""
    view = save_view(app.store, app.caller, name, new)
    tell("view_saved", columns=len(view.columns))
    return app.answer(view)


lambda_handler = app.started()
