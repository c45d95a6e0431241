"""Onboarding: add a customer, its accounts and a test device with one request."""

from http import HTTPStatus
from secrets import token_urlsafe
from uuid import uuid4

from shared import onboarding
from shared.accounts.identities import open_user_directory
from shared.api.app import Api, Otherwise
from shared.api.parameters import IdempotencyKey, ValidateOnly
from shared.api.problems import HttpResponse
from shared.aws.observability import log_event
from shared.errors import ArchivedError, NameExistsError, NotFoundError, ReferenceExistsError, RulesViolatedError
from shared.onboarding import NewOnboarding, OnboardingPreview, OnboardingResponse

app = Api("onboarding")


@app.serves(
    OnboardingResponse,
    status=201,
    preview=OnboardingPreview,
    otherwise=Otherwise(207, "The customer existed, or some steps failed. See the outcome of each step."),
    raises=[NotFoundError, NameExistsError, ReferenceExistsError, ArchivedError, RulesViolatedError],
)
def add_onboarding(
    new: NewOnboarding, validate_only: ValidateOnly = False, idempotency_key: IdempotencyKey = None
) -> HttpResponse:
    """Add a customer, its accounts and a test device. Repeating the request runs the steps that failed."""
    result = onboarding.add_onboarding(
        app.store,
        open_user_directory(),
        app.caller,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
        cursor_key=token_urlsafe,
        max_invitations=app.max_invitations,
        validate_only=validate_only,
    )
    log_event("onboarding_validated" if validate_only else "onboarding_done", customer_id=result.customer_id)
    status = HTTPStatus.CREATED if result.as_requested else HTTPStatus.MULTI_STATUS
    return app.preview(result) if validate_only else app.ok(result, status=status)


lambda_handler = app.handler()
