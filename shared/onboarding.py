"""Onboarding: add a customer, accounts and a test device with one request.

Each step is a separate transaction, as in a separate request. Its idempotency key is derived from the onboarding's
key. A step that succeeded is not undone if another one fails. The response contains the result of each step. A repeat
of the request runs the steps that failed.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.accounts.account import AccountPreview, AddedAccountResponse, NewAccount
from shared.accounts.identities import DryRunUserDirectory, UserDirectory
from shared.accounts.use_cases import add_account
from shared.auth.authorization import Caller, Operation
from shared.customers.customer import CustomerPreview, CustomerResponse, NewCustomer
from shared.customers.existing import add_or_find_customer
from shared.devices.device import AddedDeviceResponse, DevicePreview, NewTestDevice
from shared.devices.use_cases import add_device
from shared.errors import ApiError
from shared.table.overlay import OverlayStore
from shared.table.store import Records

MAX_ACCOUNTS: Final = 10

Kind = Literal["customer", "account", "test_device"]


class NewOnboarding(BaseModel):
    """Body of POST /onboardings."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    customer: NewCustomer
    accounts: list[NewAccount] = Field([], max_length=MAX_ACCOUNTS)
    test_device: NewTestDevice | None = None


class StepProblem(BaseModel):
    """The error of a step. A separate request for the step would return the same error."""

    status: int
    code: str
    detail: str
    errors: list[dict[str, Any]] = Field(description="The errors, with pointers into the body of the onboarding.")


class StepPreview(BaseModel):
    """What one step would do.

    `replayed`: an earlier identical request completed it. `existed`: the customer exists and agrees with the request.
    """

    kind: Kind
    pointer: str = Field(description="A JSON pointer to the step's part of the request body.", examples=["/accounts/0"])
    outcome: Literal["added", "existed", "replayed", "refused"]
    customer: CustomerPreview | None = None
    account: AccountPreview | None = None
    test_device: DevicePreview | None = None
    problem: StepProblem | None = None


class Step(StepPreview):
    """The result of one step."""

    customer: CustomerResponse | None = None
    account: AddedAccountResponse | None = None
    test_device: AddedDeviceResponse | None = None


class OnboardingPreview(BaseModel):
    """What an onboarding would do."""

    existing_customer_id: str | None = Field(description="The customer, if it existed before. Null if it is added.")
    complete: bool = Field(description="Whether every step succeeds, now or earlier.")
    steps: tuple[StepPreview, ...]


class OnboardingResponse(OnboardingPreview):
    """The result of an onboarding."""

    customer_id: str
    steps: tuple[Step, ...]

    @property
    def as_requested(self) -> bool:
        """Whether every step added what was requested, now or earlier."""
        return self.complete and self.existing_customer_id is None


def add_onboarding(
    store: Records,
    identities: UserDirectory,
    caller: Caller,
    new: NewOnboarding,
    *,
    idempotency_key: str,
    cursor_key: Callable[[], str],
    max_invitations: int,
    validate_only: bool = False,
) -> OnboardingResponse:
    """Add the customer, then its accounts and its test device. A failed step does not stop the others.

    A customer that exists and agrees with the request is used as it is. If the customer is rejected, nothing is done,
    and its error is raised with pointers into this body. `validate_only` runs all steps on a store that writes nothing.
    """
    if validate_only:
        store, identities = OverlayStore(store), DryRunUserDirectory()

    def acting(operation: Operation) -> Caller:
        return replace(caller, operation=operation)

    try:
        added = add_or_find_customer(
            store, acting("change_customers"), new.customer, idempotency_key=f"{idempotency_key} customer"
        )
    except ApiError as refused:
        refused.errors = _within("/customer", refused.errors)
        raise
    customer_id = added.customer.id
    steps = [_step("customer", "/customer", lambda: {"outcome": added.outcome, "customer": added.customer})]

    def account(number: int) -> dict[str, Any]:
        done = add_account(
            store,
            identities,
            acting("change_accounts"),
            customer_id,
            new.accounts[number],
            idempotency_key=f"{idempotency_key} account {number}",
            cursor_key=cursor_key(),
            max_invitations=max_invitations,
        )
        return {"outcome": done.outcome, "account": done.account}

    def device(each: NewTestDevice) -> dict[str, Any]:
        key = f"{idempotency_key} device"
        done = add_device(store, acting("change_devices"), customer_id, each, idempotency_key=key)
        return {"outcome": done.outcome, "test_device": done.device}

    steps += [_step("account", f"/accounts/{number}", partial(account, number)) for number in range(len(new.accounts))]
    if new.test_device:
        steps.append(_step("test_device", "/test_device", partial(device, new.test_device)))
    return OnboardingResponse(
        customer_id=customer_id,
        existing_customer_id=customer_id if added.outcome == "existed" else None,
        complete=all(step.problem is None for step in steps),
        steps=tuple(steps),
    )


def _step(kind: Kind, pointer: str, act: Callable[[], dict[str, Any]]) -> Step:
    try:
        done = act()
    except ApiError as refused:
        errors = _within(pointer, refused.errors)
        problem = StepProblem(status=refused.status, code=refused.code, detail=refused.detail, errors=errors)
        return Step(kind=kind, pointer=pointer, outcome="refused", problem=problem)
    return Step(kind=kind, pointer=pointer, **done)


def _within(pointer: str, errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**error, "pointer": pointer + error["pointer"]} if error.get("pointer") else error for error in errors]
