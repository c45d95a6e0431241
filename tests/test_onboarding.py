"""Tests: each step of an onboarding has its own result, and a repeated request runs the failed steps again."""

from typing import Any

import pytest

from shared.accounts.account import NewAccount
from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.devices.device import NewTestDevice
from shared.errors import ForbiddenError, KeyReusedError, NameExistsError, NotFoundError, RulesViolatedError
from shared.onboarding import NewOnboarding, OnboardingResponse, Step, add_onboarding
from tests.builders import ROOT_ACCOUNT, a_lineage, a_new_customer, an_account, bootstrap_in, caller, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore

ADA = NewAccount(email="ada@example.com", display_name="Ada", role="administrator")


MACHINE = NewAccount(kind="api", display_name="Billing", role="supporter")


@pytest.fixture
def lineage(store: MemoryStore) -> list[Customer]:
    lineage = a_lineage()
    put(store, *lineage[1:])
    return lineage


def onboard(
    store: MemoryStore,
    parent: Customer,
    account: Account = ROOT_ACCOUNT,
    accounts: tuple[NewAccount, ...] = (ADA, MACHINE),
    identities: MemoryIdentities | None = None,
    device: NewTestDevice | None = None,
    **options: Any,
) -> OnboardingResponse:
    fields = {field: options.pop(field) for field in ("name", "device_country", "references") if field in options}
    new = NewOnboarding(
        customer=a_new_customer("end_customer", parent, **{"name": "New", **fields}),
        accounts=[*accounts],
        test_device=device or NewTestDevice(name="Laptop"),
    )
    as_caller = caller(account, operation="change_customers")
    return add_onboarding(
        store,
        identities or MemoryIdentities(),
        as_caller,
        new,
        idempotency_key="key",
        cursor_key=lambda: "k",
        max_invitations=20,
        **options,
    )


def outcomes(response: OnboardingResponse) -> list[tuple[str, str]]:
    return [(step.pointer, step.outcome) for step in response.steps]


def test_onboarding_adds_a_customer_its_accounts_and_a_test_device(store: MemoryStore, lineage: list[Customer]) -> None:
    done = onboard(store, lineage[3])
    assert done.complete
    assert outcomes(done) == [
        ("/customer", "added"),
        ("/accounts/0", "added"),
        ("/accounts/1", "added"),
        ("/test_device", "added"),
    ]
    customer, person, machine, device = done.steps
    assert customer.customer and person.account and machine.account and device.test_device  # noqa: PT018
    assert customer.customer.id == done.customer_id == person.account.customer_id == device.test_device.customer_id
    assert machine.account.credentials
    assert device.test_device.installation_token
    assert device.test_device.matches


def without_secrets(step: Step) -> Step:
    account = step.account and step.account.model_copy(update={"credentials": None})
    device = step.test_device and step.test_device.model_copy(update={"installation_token": None})
    return step.model_copy(update={"account": account, "test_device": device})


def test_repeated_onboarding_returns_the_first_response_without_secrets(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    first = onboard(store, lineage[3])
    before = dict(store.items)
    again = onboard(store, lineage[3])
    assert {outcome for _, outcome in outcomes(again)} == {"replayed"}
    assert store.items == before
    for one, two in zip(first.steps, again.steps, strict=True):
        assert without_secrets(one.model_copy(update={"outcome": "replayed"})) == two
    assert first != again


@pytest.mark.parametrize("stop_at", range(1, 4))
def test_interrupted_onboarding_resumes_with_the_same_request(stop_at: int) -> None:
    class Stopping(MemoryStore):
        remaining = 1_000

        def write(self, *actions: Any) -> None:
            self.remaining -= 1
            if self.remaining < 0:
                raise KeyboardInterrupt
            super().write(*actions)

    store, identities = Stopping(), MemoryIdentities()
    bootstrap_in(store)
    lineage = a_lineage()
    put(store, *lineage[1:])
    store.remaining = stop_at
    with pytest.raises(KeyboardInterrupt):
        onboard(store, lineage[3], identities=identities)
    store.remaining = 1_000
    done = onboard(store, lineage[3], identities=identities)
    assert done.complete
    assert [outcome for _, outcome in outcomes(done)].count("replayed") >= min(stop_at, 3)
    assert len([key for key in store.items if key[0].startswith("email#")]) == 2


def test_refused_step_does_not_stop_the_others(store: MemoryStore, lineage: list[Customer]) -> None:
    administrator = an_account("administrator", lineage[3])
    put(store, administrator)
    wrong = ADA.model_copy(update={"email": "no address", "role": "king"})
    higher = ADA.model_copy(update={"role": "super_user"})
    nameless = NewTestDevice()
    done = onboard(store, lineage[3], administrator, accounts=(wrong, higher, ADA), device=nameless)
    assert not done.complete
    assert outcomes(done) == [
        ("/customer", "added"),
        ("/accounts/0", "refused"),
        ("/accounts/1", "refused"),
        ("/accounts/2", "added"),
        ("/test_device", "refused"),
    ]
    problems = [step.problem for step in done.steps if step.problem]
    assert [(problem.status, problem.code) for problem in problems] == [
        (422, "broken_rules"),
        (403, "forbidden"),
        (422, "broken_rules"),
    ]
    assert [error["pointer"] for error in problems[0].errors] == ["/accounts/0/email", "/accounts/0/role"]
    assert problems[1].errors[0]["pointer"] == "/accounts/1/role"
    mended = onboard(store, lineage[3], administrator, accounts=(ADA.model_copy(update={"email": "b@x.example"}),))
    assert outcomes(mended)[1] == ("/accounts/0", "added")


def test_refused_customer_refuses_the_onboarding(store: MemoryStore, lineage: list[Customer]) -> None:
    before = dict(store.items)
    supporter = an_account("supporter", lineage[3])
    put(store, supporter)
    with pytest.raises(RulesViolatedError) as refused:
        onboard(store, lineage[3], name="")
    assert [error["pointer"] for error in refused.value.errors] == ["/customer/name"]
    with pytest.raises(NameExistsError) as taken:
        onboard(store, lineage[3], name=lineage[4].name, device_country="FR")
    assert taken.value.extensions == {"customer_id": lineage[4].id}
    assert "It differs in device_country." in taken.value.errors[0]["detail"]
    with pytest.raises(ForbiddenError):
        onboard(store, lineage[3], supporter)
    with pytest.raises(NotFoundError) as absent:
        onboard(store, lineage[2], supporter)
    assert absent.value.errors[0]["pointer"] == "/customer/parent_id"
    onboard(store, lineage[3])
    with pytest.raises(KeyReusedError):
        onboard(store, lineage[3], name="Other")
    assert len(store.items) > len(before)


def test_onboarding_of_an_existing_customer_adds_the_rest(store: MemoryStore, lineage: list[Customer]) -> None:
    existing = lineage[4]
    tried = onboard(store, lineage[3], name=existing.name, validate_only=True)
    assert (tried.customer_id, tried.steps[0].outcome, tried.complete) == (existing.id, "existed", True)
    for _ in range(2):
        done = onboard(store, lineage[3], name=existing.name)
        assert (done.customer_id, done.steps[0].outcome, done.complete) == (existing.id, "existed", True)
        account, device = done.steps[1].account, done.steps[3].test_device
        assert account and device  # noqa: PT018
        assert account.customer_id == device.customer_id == existing.id


def test_validate_only_tries_every_step_and_writes_nothing(store: MemoryStore, lineage: list[Customer]) -> None:
    before = dict(store.items)
    identities = MemoryIdentities()
    tried = onboard(store, lineage[3], accounts=(ADA, ADA, MACHINE), identities=identities, validate_only=True)
    assert store.items == before
    assert identities.__dict__ == MemoryIdentities().__dict__
    assert (tried.existing_customer_id, tried.complete) == (None, False)
    assert outcomes(tried) == [
        ("/customer", "added"),
        ("/accounts/0", "added"),
        ("/accounts/1", "refused"),  # the same address twice
        ("/accounts/2", "added"),
        ("/test_device", "added"),
    ]
