"""POST /customers/{customer_id}/production: end a trial early, for good."""

from shared.api.http import Api, HttpResponse, IfMatch, version_required
from shared.aws.observability import log_event
from shared.errors import ArchivedError, NotFoundError, RulesViolatedError, StaleVersionError, VersionRequiredError
from shared.trials.use_cases import ProductionResponse, start_production

app = Api("start_production")


@app.serves(
    ProductionResponse,
    refuses=[NotFoundError, ArchivedError, StaleVersionError, RulesViolatedError, VersionRequiredError],
)
def route(customer_id: str, if_match: IfMatch = None) -> HttpResponse:
    """End a trial early, for good. Where it is over already nothing changes, and the answer says since when."""
    production = start_production(app.store, app.caller, customer_id, version=version_required(if_match))
    log_event(
        "production_started" if production.ended_now else "production_reported", customer_id=production.customer_id
    )
    return app.answer(production)


lambda_handler = app.handler()
