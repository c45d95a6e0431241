"""Onboarding: add a customer, its accounts and a test device with one request."""

from secrets import token_urlsafe
from uuid import uuid4

from shared import onboarding
from shared.api.app import Api
from shared.api.parameters import IdempotencyKey, ValidateOnly
from shared.api.problems import HttpResponse
from shared.aws.observability import log_event
from shared.errors import ArchivedError, NameExistsError, NotFoundError, ReferenceExistsError, RulesViolatedError
from shared.onboarding import NewOnboarding, OnboardingResponse

app = Api("onboarding")


@app.serves(
    OnboardingResponse,
    status=201,
    otherwise="The customer existed, or some steps failed; see each one. With validate_only: what would be created.",
    raises=[NotFoundError, NameExistsError, ReferenceExistsError, ArchivedError, RulesViolatedError],
)
def add_onboarding(
    new: NewOnboarding, validate_only: ValidateOnly = False, idempotency_key: IdempotencyKey = None
) -> HttpResponse:
    """Add a customer, its accounts and a test device. Repeating the request runs the steps that failed."""
    result = onboarding.add_onboarding(
        app.store,
        app.user_directory,
        app.caller,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
        cursor_key=token_urlsafe,
        validate_only=validate_only,
    )
    log_event("onboarding_validated" if validate_only else "onboarding_done", customer_id=result.customer_id)
    created = result.complete and not validate_only and result.steps[0].outcome != "existed"
    return app.ok(result, status=201 if created else 200)


lambda_handler = app.handler()
