"""POST /onboardings: a customer, its accounts and a test device in one call."""

from secrets import token_urlsafe
from uuid import uuid4

from shared.api.http import Api, HttpResponse, IdempotencyKey, ValidateOnly
from shared.aws.observability import log_event
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    KeyReusedError,
    NameExistsError,
    NotFoundError,
    ReferenceExistsError,
    RulesViolatedError,
    UnsupportedMediaError,
)
from shared.onboarding import NewOnboarding, OnboardingResponse, add_onboarding

app = Api("add_onboarding")


@app.serves(
    OnboardingResponse,
    status=201,
    otherwise="Some steps were refused; see each one. Or, with validate_only: what would be made.",
    refuses=[
        NotFoundError,
        NameExistsError,
        ReferenceExistsError,
        ArchivedError,
        BodyTooLargeError,
        UnsupportedMediaError,
        RulesViolatedError,
        KeyReusedError,
    ],
)
def route(
    new: NewOnboarding, validate_only: ValidateOnly = False, idempotency_key: IdempotencyKey = None
) -> HttpResponse:
    """Add a customer, its accounts and a test device, with each step's result; the same request does what is left."""
    done = add_onboarding(
        app.store,
        app.identities,
        app.caller,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
        cursor_key=token_urlsafe,
        validate_only=validate_only,
    )
    log_event("onboarding_validated" if validate_only else "onboarding_done", customer_id=done.customer_id)
    return app.answer(done, status=201 if done.complete and not validate_only else 200)


lambda_handler = app.handler()
