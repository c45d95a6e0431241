"""GET /customers/{customer_id}/trial: started, ends, days left, reminders, how it ended."""

from aws_lambda_powertools.event_handler import Response

from shared.errors import NotFoundError
from shared.http import Api
from shared.trial_use_cases import TrialStatus, get_trial

app = Api("get_trial")


@app.serves(TrialStatus, refuses=[NotFoundError])
def route(customer_id: str) -> Response[str]:
    """The trial of a customer: started, ends, days left, reminders, how it ended and by whom."""
    return app.answer(get_trial(app.store, app.caller, customer_id))


lambda_handler = app.started()
