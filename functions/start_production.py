"""POST /customers/{customer_id}/production: end a trial early, for good."""

from shared.errors import ArchivedError, BrokenRulesError, NotFoundError, StaleVersionError, VersionRequiredError
from shared.facts import tell
from shared.http import Api, IfMatch, Response, version_required
from shared.trial_use_cases import ProductionAnswer, start_production

app = Api("start_production")


@app.serves(
    ProductionAnswer, refuses=[NotFoundError, ArchivedError, StaleVersionError, BrokenRulesError, VersionRequiredError]
)
def route(customer_id: str, if_match: IfMatch = None) -> Response:
    """End a trial early, for good. Where it is over already nothing changes, and the answer says since when."""
    production = start_production(app.store, app.caller, customer_id, version=version_required(if_match))
    tell("production_started" if production.ended_now else "production_told", customer_id=production.customer_id)
    return app.answer(production)


lambda_handler = app.started()
