"""Tests: adding accounts."""

from typing import Any

import pytest

from shared.accounts.identities import IdentityError
from shared.accounts.sign_ins import record_sign_in, sync_identity
from shared.auth.authorization import ROLES, Role
from shared.customers.customer import Customer
from shared.errors import (
    EmailExistsError,
    ForbiddenError,
    KeyReusedError,
    NotFoundError,
    RulesViolatedError,
)
from shared.table.keys import account_key, customer_key, email_key
from tests.accounts.helpers import Accounts
from tests.builders import NOW, a_customer, an_account, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore


def test_add_account_invites_a_person_in_one_read_and_one_write(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    store.requests.clear()
    added = accounts.add(distributor).account
    assert store.requests == ["get", "write"]
    assert (added.status, added.identity, added.customer_id, added.credentials) == (
        "invited",
        "pending",
        distributor.id,
        None,
    )
    assert identities.calls == []
    assert accounts.get(added.id).model_dump() == added.model_dump(exclude={"credentials"})


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        ({"email": None}, [("required", "/email")]),
        ({"email": "no address"}, [("email_invalid", "/email")]),
        ({"display_name": None}, [("required", "/display_name")]),
        ({"display_name": "\u202e"}, [("name_characters", "/display_name")]),
        ({"role": None}, [("required", "/role")]),
        ({"role": "root"}, [("role_unknown", "/role")]),
        ({"kind": "api"}, [("refused", "/email")]),
        (
            {"email": "x", "display_name": "", "role": ""},
            [("email_invalid", "/email"), ("name_length", "/display_name"), ("role_unknown", "/role")],
        ),
    ],
)
def test_add_account_reports_every_violation_at_once(
    accounts: Accounts, store: MemoryStore, distributor: Customer, body: dict[str, Any], broken: list[tuple[str, str]]
) -> None:
    before = dict(store.items)
    for validate_only in (True, False):
        with pytest.raises(RulesViolatedError) as refused:
            accounts.add(distributor, validate_only=validate_only, **body)
        assert [(error["code"], error["pointer"]) for error in refused.value.errors] == broken
    assert store.items == before


def test_validate_only_writes_nothing_and_reports_a_taken_address(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    before = dict(store.items)
    tried = accounts.add(distributor, validate_only=True)
    assert (tried.outcome, tried.account.email) == ("validated", "ada@example.com")
    assert store.items == before
    accounts.add(distributor)
    with pytest.raises(EmailExistsError):
        accounts.add(distributor, key="other", email="ADA@Example.com", validate_only=True)


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@EXAMPLE.COM", " Ada@example.com "])
def test_add_account_with_an_existing_address_returns_409_without_details(
    accounts: Accounts, store: MemoryStore, distributor: Customer, email: str
) -> None:
    other = a_customer("distributor", name="Other tree")
    put(store, other)
    added = accounts.add(other).account
    record_sign_in(store, added.id, NOW, "api")
    before = dict(store.items)
    with pytest.raises(EmailExistsError) as refused:
        accounts.add(distributor, key="other", email=email)
    response = f"{refused.value.detail} {refused.value.errors} {refused.value.extensions}"
    for secret in (added.id, other.id, other.name):
        assert secret not in response
    assert store.items == before


def test_add_account_with_the_same_key_returns_the_first_response(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    first = accounts.add(distributor)
    accounts.change(first.account.id, role="supporter", display_name="Changed")
    accounts.change_email(first.account.id, "changed@example.com", version=2)
    record_sign_in(store, first.account.id, NOW, "api")
    before = dict(store.items)
    again = accounts.add(distributor)
    assert (again.outcome, again.account) == ("replayed", first.account)
    assert store.items == before
    with pytest.raises(KeyReusedError):
        accounts.add(distributor, display_name="Other")


def test_add_account_with_the_key_of_a_removed_account_returns_422(accounts: Accounts, distributor: Customer) -> None:
    accounts.remove(accounts.add(distributor).account.id)
    with pytest.raises(KeyReusedError):
        accounts.add(distributor)


@pytest.mark.parametrize("by_role", ["super_user", "administrator"])
@pytest.mark.parametrize("role", ROLES)
def test_add_account_with_a_role_above_ones_own_returns_403(
    accounts: Accounts, store: MemoryStore, distributor: Customer, by_role: Role, role: Role
) -> None:
    by = an_account(by_role, distributor)
    put(store, by)
    supporter = an_account("supporter", distributor)
    put(store, supporter)
    if ROLES.index(role) < ROLES.index(by_role):
        for act in (
            lambda: accounts.add(distributor, by, role=role),
            lambda: accounts.change(supporter.id, by, role=role),
        ):
            with pytest.raises(ForbiddenError) as refused:
                act()
            assert refused.value.errors == [{"code": "role_too_high", "pointer": "/role"}]
    else:
        assert accounts.add(distributor, by, role=role).account.role == role
        assert accounts.change(supporter.id, by, role=role).role == role


def test_addresses_are_compared_with_a_folded_local_part(accounts: Accounts, distributor: Customer) -> None:
    accounts.add(distributor, email="strasse@example.com")
    with pytest.raises(EmailExistsError):
        accounts.add(distributor, key="2", email="STRASSE@example.com")
    accounts.add(distributor, key="3", email="a@stra\u00dfe.example")
    accounts.add(distributor, key="4", email="a@strasse.example")


def test_add_account_fails_when_the_customer_is_archived_concurrently(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    write = store.write

    def gone(*actions: Any) -> None:
        del store.items[customer_key(distributor.id)]
        write(*actions)

    store.write = gone  # type: ignore[method-assign]
    with pytest.raises(NotFoundError):
        accounts.add(distributor)
    assert email_key("ada@example.com") not in store.items


def test_add_account_for_a_machine_refuses_an_address(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    added = accounts.add(distributor, kind="api", email=None).account
    assert added.email is None
    assert "email" not in store.items[account_key(added.id)]


def test_invalid_display_name_is_reported_with_its_pointer(accounts: Accounts, distributor: Customer) -> None:
    added = accounts.add(distributor).account
    with pytest.raises(RulesViolatedError) as refused:
        accounts.change(added.id, display_name="")
    assert [(error["code"], error["pointer"]) for error in refused.value.errors] == [("name_length", "/display_name")]


def test_repeated_addition_shows_the_first_response_whatever_happened_since(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    first = accounts.add(distributor).account
    identities.failing = True
    with pytest.raises(IdentityError):
        sync_identity(store, identities, first.id, NOW)
    assert accounts.get(first.id).identity == "failed"
    assert accounts.add(distributor).account == first
    accounts.change(first.id, disabled=True)
    assert accounts.add(distributor).account == first
