"""PUT /views/{name}: save a view of the caller's own."""

from shared.api.http import Api, HttpResponse
from shared.aws.observability import log_event
from shared.devices.use_cases import save_view
from shared.devices.views import NewView, View
from shared.errors import BodyTooLargeError, RulesViolatedError, UnsupportedMediaError

app = Api("save_view")


@app.serves(View, refuses=[BodyTooLargeError, UnsupportedMediaError, RulesViolatedError])
def route(name: str, new: NewView) -> HttpResponse:
    """Save a view of the caller's own; the last one saved counts."""
    view = save_view(app.store, app.caller, name, new)
    log_event("view_saved", columns=len(view.columns))
    return app.answer(view)


lambda_handler = app.handler()
