"""POST /onboardings: a customer, its accounts and a test device in one call."""

from secrets import token_urlsafe
from uuid import uuid4

from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    BrokenRulesError,
    KeyReusedError,
    NameExistsError,
    NotFoundError,
    ReferenceExistsError,
    UnsupportedMediaError,
)
from shared.facts import tell
from shared.http import Api, IdempotencyKey, Response, ValidateOnly
from shared.onboarding_use_cases import NewOnboarding, OnboardingAnswer, add_onboarding

app = Api("add_onboarding")


@app.serves(
    OnboardingAnswer,
    status=201,
    otherwise="Some steps were refused; see each one. Or, with validate_only: what would be made.",
    refuses=[
        NotFoundError,
        NameExistsError,
        ReferenceExistsError,
        ArchivedError,
        BodyTooLargeError,
        UnsupportedMediaError,
        BrokenRulesError,
        KeyReusedError,
    ],
)
def route(new: NewOnboarding, validate_only: ValidateOnly = False, idempotency_key: IdempotencyKey = None) -> Response:
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
    tell("onboarding_validated" if validate_only else "onboarding_done", customer_id=done.customer_id)
    return app.answer(done, status=201 if done.complete and not validate_only else 200)


lambda_handler = app.started()
