"""GET /customers/{customer_id}/trial: started, ends, days left, reminders, how it ended."""

from shared.api.http import Api, HttpResponse
from shared.errors import NotFoundError
from shared.trials.use_cases import TrialStatus, get_trial

app = Api("get_trial")


@app.serves(TrialStatus, refuses=[NotFoundError])
def route(customer_id: str) -> HttpResponse:
    """The trial of a customer: started, ends, days left, reminders, how it ended and by whom."""
    return app.answer(get_trial(app.store, app.caller, customer_id))


lambda_handler = app.handler()
