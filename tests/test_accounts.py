"""The use cases of accounts on the store in memory."""

from datetime import timedelta
from typing import Any

import pytest

from shared.accounts.account import AccountChange, NewAccount
from shared.accounts.identities import IdentityError
from shared.accounts.use_cases import (
    AccountQuery,
    add_account,
    change_account,
    get_account,
    list_accounts,
    record_sign_in,
    remove_account,
    sync_identity,
)
from shared.auth.authorization import ROLES, Account, Role
from shared.customers.customer import Customer
from shared.errors import (
    EmailExistsError,
    ForbiddenError,
    KeyReusedError,
    LastSuperUserError,
    MalformedRequestError,
    NoActiveAccountError,
    NotFoundError,
    RulesViolatedError,
    StaleVersionError,
    UnavailableError,
)
from shared.table.keys import account_key, customer_key, email_key, super_users_key
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, a_customer, a_line, an_account, begin_in, caller, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore


@pytest.fixture
def store(memory: MemoryStore) -> MemoryStore:
    begin_in(memory)
    return memory


@pytest.fixture
def identities() -> MemoryIdentities:
    return MemoryIdentities()


@pytest.fixture
def distributor(store: MemoryStore) -> Customer:
    found = a_customer("distributor")
    put(store, found)
    return found


class Accounts:
    """The use cases with what a test does not care about filled in."""

    def __init__(self, store: MemoryStore, identities: MemoryIdentities) -> None:
        self.store = store
        self.identities = identities

    def add(
        self,
        customer: Customer,
        by: Account = ROOT_ACCOUNT,
        key: str = "key",
        *,
        validate_only: bool = False,
        **body: Any,
    ) -> Any:
        fields = {"email": "ada@example.com", "display_name": "Ada", "role": "administrator", **body}
        new = NewAccount.model_validate({name: value for name, value in fields.items() if value is not None})
        return add_account(
            self.store,
            self.identities,
            caller(by, operation="change_accounts"),
            customer.id,
            new,
            idempotency_key=key,
            cursor_key="a cursor key",
            validate_only=validate_only,
        )

    def change(self, account_id: str, by: Account = ROOT_ACCOUNT, version: int = 1, **change: Any) -> Any:
        who = caller(by, operation="change_accounts")
        return change_account(self.store, who, account_id, AccountChange.model_validate(change), version=version)

    def remove(self, account_id: str, by: Account = ROOT_ACCOUNT, version: int = 1) -> None:
        remove_account(self.store, caller(by, operation="change_accounts"), account_id, version=version)

    def get(self, account_id: str, by: Account = ROOT_ACCOUNT) -> Any:
        return get_account(self.store, caller(by), account_id)


@pytest.fixture
def accounts(store: MemoryStore, identities: MemoryIdentities) -> Accounts:
    return Accounts(store, identities)


def test_an_account_is_added_invited_in_one_read_and_one_write(
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
def test_every_broken_rule_of_an_account_is_told_at_once(
    accounts: Accounts, store: MemoryStore, distributor: Customer, body: dict[str, Any], broken: list[tuple[str, str]]
) -> None:
    before = dict(store.items)
    for validate_only in (True, False):
        with pytest.raises(RulesViolatedError) as refused:
            accounts.add(distributor, validate_only=validate_only, **body)
        assert [(error["code"], error["pointer"]) for error in refused.value.errors] == broken
    assert store.items == before


def test_a_dry_run_writes_nothing_and_tells_a_taken_address(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    before = dict(store.items)
    tried = accounts.add(distributor, validate_only=True)
    assert (tried.outcome, tried.account.id, tried.account.email) == ("validated", None, "ada@example.com")
    assert store.items == before
    accounts.add(distributor)
    with pytest.raises(EmailExistsError):
        accounts.add(distributor, key="other", email="ADA@Example.com", validate_only=True)


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@EXAMPLE.COM", " Ada@example.com "])
def test_an_address_is_unique_over_the_whole_system_and_the_clash_tells_nothing(
    accounts: Accounts, store: MemoryStore, distributor: Customer, email: str
) -> None:
    other = a_customer("distributor", name="Other tree")
    put(store, other)
    added = accounts.add(other).account
    before = dict(store.items)
    with pytest.raises(EmailExistsError) as refused:
        accounts.add(distributor, key="other", email=email)
    answer = f"{refused.value.detail} {refused.value.errors} {refused.value.facts}"
    for secret in (added.id, other.id, other.name):
        assert secret not in answer
    assert store.items == before


def test_the_same_request_with_the_same_key_is_answered_again(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    first = accounts.add(distributor)
    accounts.change(first.account.id, role="supporter", display_name="Changed")
    record_sign_in(store, first.account.id, NOW)
    before = dict(store.items)
    again = accounts.add(distributor)
    assert (again.outcome, again.account) == ("replayed", first.account)
    assert store.items == before
    with pytest.raises(KeyReusedError):
        accounts.add(distributor, display_name="Other")


def test_the_key_of_a_removed_account_makes_no_second_one(accounts: Accounts, distributor: Customer) -> None:
    accounts.remove(accounts.add(distributor).account.id)
    with pytest.raises(KeyReusedError):
        accounts.add(distributor)


@pytest.mark.parametrize("by_role", ["super_user", "administrator"])
@pytest.mark.parametrize("role", ROLES)
def test_nobody_gives_a_role_above_their_own(
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


def test_an_administrator_never_touches_a_super_user(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    administrator, super_user, other = (
        an_account("administrator", distributor),
        an_account("super_user", distributor),
        an_account("super_user", distributor, id="acc_other", email="other@example.com"),
    )
    put(store, administrator, super_user, other)
    before = dict(store.items)
    for act in (
        lambda: accounts.change(super_user.id, administrator, role="supporter"),
        lambda: accounts.change(super_user.id, administrator, display_name="x"),
        lambda: accounts.change(super_user.id, administrator, disabled=True),
        lambda: accounts.remove(super_user.id, administrator),
    ):
        with pytest.raises(ForbiddenError):
            act()
    assert store.items == before


LESS: list[dict[str, Any]] = [{"role": "administrator"}, {"disabled": True}, {}]


@pytest.mark.parametrize("less", LESS, ids=["lowered", "disabled", "removed"])
def test_the_last_enabled_super_user_of_a_customer_stays(
    accounts: Accounts, store: MemoryStore, distributor: Customer, less: dict[str, Any]
) -> None:
    one, two = (
        an_account("super_user", distributor),
        an_account("super_user", distributor, id="acc_2", email="2@x.example"),
    )
    put(store, one, two)

    def act(account: Account) -> None:
        if less:
            accounts.change(account.id, **less)
        else:
            accounts.remove(account.id)

    act(one)
    assert store.items[super_users_key(distributor.id)]["count"] == 1
    before = dict(store.items)
    with pytest.raises(LastSuperUserError):
        act(two)
    assert store.items == before


def test_a_super_user_who_is_enabled_again_counts_again(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    one, two = (
        an_account("super_user", distributor),
        an_account("super_user", distributor, id="acc_2", email="2@x.example"),
    )
    put(store, one, two)
    accounts.change(one.id, disabled=True)
    accounts.change(one.id, version=2, disabled=False)
    accounts.change(two.id, role="manager")
    accounts.change(two.id, version=2, disabled=True)  # no super_user any more: not counted
    assert store.items[super_users_key(distributor.id)]["count"] == 1
    with pytest.raises(LastSuperUserError):
        accounts.change(one.id, version=3, disabled=True)


def test_nobody_locks_themselves_out(accounts: Accounts, store: MemoryStore, distributor: Customer) -> None:
    me, other = (
        an_account("super_user", distributor),
        an_account("super_user", distributor, id="acc_2", email="2@x.example"),
    )
    put(store, me, other)
    for change in ({"role": "supporter"}, {"disabled": True}):
        with pytest.raises(RulesViolatedError) as refused:
            accounts.change(me.id, me, **change)
        assert refused.value.errors[0]["code"] == "own_account"
    with pytest.raises(ForbiddenError):
        accounts.remove(me.id, me)
    assert accounts.change(me.id, me, display_name="My new name", role="super_user").version == 2


def test_a_role_and_a_disabled_account_act_on_the_very_next_request(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    administrator = an_account("administrator", distributor)
    put(store, administrator)
    accounts.change(administrator.id, role="supporter")
    with pytest.raises(ForbiddenError):
        accounts.add(distributor, administrator)
    accounts.change(administrator.id, version=2, disabled=True)
    with pytest.raises(NoActiveAccountError):
        accounts.get(administrator.id, administrator)
    accounts.change(administrator.id, version=3, disabled=False)
    assert accounts.get(administrator.id, administrator).status == "active"


def test_a_change_is_made_on_the_version_that_was_read(accounts: Accounts, distributor: Customer) -> None:
    added = accounts.add(distributor).account
    assert accounts.change(added.id, display_name="Two").version == 2
    for act in (lambda: accounts.change(added.id, display_name="Three"), lambda: accounts.remove(added.id)):
        with pytest.raises(StaleVersionError) as refused:
            act()
        assert refused.value.facts == {"version": 2}


def test_a_change_that_changes_nothing_writes_nothing(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    store.requests.clear()
    assert accounts.change(added.id, display_name="Ada", role="administrator", disabled=False).version == 1
    assert accounts.change(added.id).version == 1
    assert store.requests == ["get", "get"]


def test_of_two_changes_at_once_the_second_is_stale(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    read = store.get

    def get_then_someone_else_changes(*keys: Any) -> Any:
        found = read(*keys)
        store.get = read  # type: ignore[method-assign]
        accounts.change(added.id, display_name="First")
        return found

    store.get = get_then_someone_else_changes  # type: ignore[method-assign]
    with pytest.raises(StaleVersionError):
        accounts.change(added.id, display_name="Second")
    assert accounts.get(added.id).display_name == "First"


def test_a_removed_account_is_absent_its_address_free_and_nothing_personal_stays(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    accounts.remove(added.id)
    for act in (
        lambda: accounts.get(added.id),
        lambda: accounts.change(added.id, version=2, display_name="x"),
        lambda: accounts.remove(added.id, version=2),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert list_accounts(store, caller(), AccountQuery(customer_id=distributor.id), limit=10).accounts == []
    assert email_key("ada@example.com") not in store.items
    assert "Ada" not in str(store.items[account_key(added.id)])
    assert accounts.add(distributor, key="again").account.email == "ada@example.com"


# ---- lists


def test_accounts_are_listed_of_a_customer_or_of_all_within_it(store: MemoryStore) -> None:
    line = a_line()
    put(store, *line[1:])
    everyone = [an_account(role, customer) for customer in line for role in ("administrator", "supporter")]
    put(store, *everyone)
    everyone.append(ROOT_ACCOUNT)
    for customer in line:
        own = sorted(a.path for a in everyone if a.customer_id == customer.id)
        within = sorted(a.path for a in everyone if f"{a.customer_path}/".startswith(f"{customer.path}/"))
        for limit in (1, 2, 3, 100):
            assert paths(store, AccountQuery(customer_id=customer.id), limit, everyone) == own
            assert paths(store, AccountQuery(within=customer.id), limit, everyone) == within


def paths(store: MemoryStore, query: AccountQuery, limit: int, everyone: list[Account]) -> list[str]:
    by_id = {account.id: account.path for account in everyone}
    found, cursor = [], None
    while True:
        page = list_accounts(store, caller(), query, limit=limit, cursor=cursor)
        assert len(page.accounts) <= limit
        found += [by_id[account.id] for account in page.accounts]
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_a_cursor_of_one_list_is_void_for_the_other(store: MemoryStore) -> None:
    put(store, an_account("manager", ROOT))
    cursor = list_accounts(store, caller(), AccountQuery(customer_id=ROOT.id), limit=1).next_cursor
    assert cursor
    with pytest.raises(MalformedRequestError):
        list_accounts(store, caller(), AccountQuery(within=ROOT.id), limit=1, cursor=cursor)


def test_the_whole_system_is_listed_though_many_distributors_have_no_accounts(store: MemoryStore) -> None:
    distributors = [a_customer("distributor", ROOT, name=f"D{n:02}") for n in range(25)]
    put(store, *distributors)
    some = [an_account("manager", distributor) for distributor in distributors[::6]]
    put(store, *some)
    everyone = [ROOT_ACCOUNT, *some]
    assert sorted(paths(store, AccountQuery(within=ROOT.id), 2, everyone)) == sorted(a.path for a in everyone)


@pytest.mark.parametrize("query", [AccountQuery(), AccountQuery(ROOT.id, ROOT.id)])
def test_list_accounts_requires_exactly_one_of_customer_id_and_within(store: MemoryStore, query: AccountQuery) -> None:
    with pytest.raises(RulesViolatedError) as raised:
        list_accounts(store, caller(), query, limit=1)
    assert [(e["code"], e["parameter"]) for e in raised.value.errors] == [("one_of", "customer_id")]


# ---- machines


def test_a_machine_gets_credentials_that_are_shown_with_this_request_only(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    first = accounts.add(distributor, kind="api", email=None)
    assert first.account.credentials.client_id == first.account.id
    assert identities.secrets == {first.account.id: first.account.credentials.client_secret}
    assert (first.account.status, first.account.identity) == ("active", "ready")
    assert first.account.credentials.client_secret not in str(store.items)
    assert "credentials" not in accounts.get(first.account.id).model_dump()
    again = accounts.add(distributor, kind="api", email=None)
    assert (again.outcome, again.account) == ("replayed", first.account)
    assert identities.calls == ["provide", "enable"]
    for other in ({"key": "another"}, {"customer": ROOT}):
        customer = other.pop("customer", distributor)
        added = accounts.add(customer, kind="api", email=None, **other).account
        assert added.id != first.account.id
        assert added.customer_id == customer.id
        assert added.credentials.client_secret != first.account.credentials.client_secret


def test_a_machine_whose_sign_in_could_not_be_made_is_completed_by_the_same_request(
    accounts: Accounts, identities: MemoryIdentities, store: MemoryStore, distributor: Customer
) -> None:
    identities.failing = True
    with pytest.raises(UnavailableError, match="same Idempotency-Key"):
        accounts.add(distributor, kind="api", email=None)
    (listed,) = list_accounts(store, caller(), AccountQuery(customer_id=distributor.id), limit=10).accounts
    assert (listed.identity, listed.status) == ("failed", "invited")
    identities.failing = False
    sync_identity(store, identities, listed.id)  # there is nothing to bring up to date
    assert accounts.get(listed.id).identity == "failed"
    assert identities.users == {}
    again = accounts.add(distributor, kind="api", email=None)
    assert identities.secrets == {listed.id: again.account.credentials.client_secret}
    assert accounts.get(listed.id).identity == "ready"


def failed_machine(accounts: Accounts, identities: MemoryIdentities, customer: Customer, **body: Any) -> str:
    """A machine whose sign-in could not be made when it was added."""
    identities.failing = True
    with pytest.raises(UnavailableError):
        accounts.add(customer, kind="api", email=None, **body)
    identities.failing = False
    (found,) = list_accounts(accounts.store, caller(), AccountQuery(customer_id=customer.id), limit=10).accounts
    return str(found.id)


def test_a_machine_that_was_disabled_before_it_had_credentials_gets_none(
    accounts: Accounts, identities: MemoryIdentities, distributor: Customer
) -> None:
    machine = failed_machine(accounts, identities, distributor)
    accounts.change(machine, disabled=True)
    with pytest.raises(ForbiddenError, match="Enable it first"):
        accounts.add(distributor, kind="api", email=None)
    assert identities.users == {}
    accounts.change(machine, version=2, disabled=False)
    assert accounts.add(distributor, kind="api", email=None).account.credentials.client_id == machine
    assert (identities.users, accounts.get(machine).identity) == ({machine: True}, "ready")


@pytest.mark.parametrize("change", ["disabled", "removed"])
def test_what_happens_to_a_machine_while_its_sign_in_is_made_counts(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer, change: str
) -> None:
    provide = identities.provide

    def provide_and_meanwhile(account_id: str, secret: str) -> None:
        provide(account_id, secret)
        if change == "disabled":
            accounts.change(account_id, disabled=True)
        else:
            accounts.remove(account_id)

    identities.provide = provide_and_meanwhile  # type: ignore[method-assign]
    machine = accounts.add(distributor, kind="api", email=None).account.id
    assert identities.users == ({machine: False} if change == "disabled" else {})
    sync_identity(store, identities, machine)
    assert identities.users == ({machine: False} if change == "disabled" else {})


def test_a_try_that_fails_undoes_nothing_that_another_has_noted_meanwhile(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    provide, tries = identities.provide, iter([True, False])

    def overtaken(account_id: str, secret: str) -> None:
        if next(tries, False):
            accounts.add(distributor, kind="api", email=None)  # the same request again, which succeeds
            raise IdentityError("TooManyRequestsException")
        provide(account_id, secret)

    identities.provide = overtaken  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        accounts.add(distributor, kind="api", email=None)
    (machine,) = (item for item in store.items.values() if item.get("kind") == "api")
    assert (machine["identity_version"], machine["identity_failed"]) == (1, False)


def test_a_machine_that_signs_in_between_a_change_and_its_message_stays_in_step(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    machine = accounts.add(distributor, kind="api", email=None).account.id
    accounts.change(machine, display_name="Renamed")
    record_sign_in(store, machine, NOW)
    accounts.change(machine, version=3, disabled=True)
    sync_identity(store, identities, machine)
    assert (identities.users, accounts.get(machine).identity) == ({machine: False}, "ready")


def test_a_dry_run_of_a_known_key_provides_nothing(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    machine = failed_machine(accounts, identities, distributor)
    before = dict(store.items)
    tried = accounts.add(distributor, kind="api", email=None, validate_only=True)
    assert (tried.outcome, tried.account.id, tried.account.credentials) == ("validated", machine, None)
    assert (identities.users, store.items) == ({}, before)


def test_nobody_is_shown_the_secret_of_a_role_above_their_own(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    creator = an_account("super_user", distributor)
    put(store, creator, an_account("super_user", distributor, id="acc_2", email="2@x.example"))
    identities.failing = True
    with pytest.raises(UnavailableError):
        accounts.add(distributor, creator, kind="api", email=None, role="super_user")
    identities.failing = False
    accounts.change(creator.id, role="administrator")
    with pytest.raises(ForbiddenError):
        accounts.add(distributor, creator, kind="api", email=None, role="super_user")
    assert identities.users == {}


def test_a_machine_is_no_super_user_that_must_stay(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    person = an_account("super_user", distributor)
    put(store, person)
    machine = accounts.add(distributor, kind="api", email=None, role="super_user").account
    with pytest.raises(LastSuperUserError):
        accounts.remove(person.id)
    accounts.remove(machine.id, version=accounts.get(machine.id).version)


def test_an_address_is_folded_but_its_domain_is_not(accounts: Accounts, distributor: Customer) -> None:
    accounts.add(distributor, email="stra\u00dfe@example.com")
    with pytest.raises(EmailExistsError):
        accounts.add(distributor, key="2", email="STRASSE@example.com")
    accounts.add(distributor, key="3", email="a@stra\u00dfe.example")
    accounts.add(distributor, key="4", email="a@strasse.example")


def test_an_account_is_not_added_to_a_customer_that_is_gone_meanwhile(
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


# ---- sign-ins follow the table


def test_the_sign_in_follows_the_account_whatever_the_order_and_the_number_of_messages(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    for _ in range(3):
        sync_identity(store, identities, added.id)
    assert identities.calls == ["invite", "enable"]
    assert accounts.get(added.id).identity == "ready"
    accounts.change(added.id, disabled=True)
    assert accounts.get(added.id).identity == "pending"
    sync_identity(store, identities, added.id)
    assert identities.users == {added.id: False}
    accounts.change(added.id, version=2, disabled=False)
    accounts.remove(added.id, version=3)
    for _ in range(2):
        sync_identity(store, identities, added.id)
    assert identities.users == {}
    sync_identity(store, identities, "acc_nobody")


def test_a_failure_of_the_user_pool_is_seen_and_mended_by_a_later_try(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    identities.failing = True
    for _ in range(2):
        with pytest.raises(IdentityError):
            sync_identity(store, identities, added.id)
        assert accounts.get(added.id).identity == "failed"
    identities.failing = False
    sync_identity(store, identities, added.id)
    shown = accounts.get(added.id)
    assert (shown.identity, shown.version) == ("ready", 1)


def test_an_account_that_changes_while_its_sign_in_is_made_is_brought_up_to_date_by_the_next_message(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    invite = identities.invite

    def invite_then_someone_disables(account_id: str, email: str) -> None:
        invite(account_id, email)
        identities.invite = invite  # type: ignore[method-assign]
        accounts.change(added.id, disabled=True)

    identities.invite = invite_then_someone_disables  # type: ignore[method-assign]
    sync_identity(store, identities, added.id)
    assert accounts.get(added.id).identity == "pending"
    sync_identity(store, identities, added.id)
    assert identities.users == {added.id: False}


def test_an_account_is_active_from_its_first_sign_in_on(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    sync_identity(store, identities, added.id)
    record_sign_in(store, added.id, NOW)
    shown = accounts.get(added.id)
    assert (shown.status, shown.signed_in_at, shown.version, shown.identity) == ("active", NOW, 2, "ready")
    record_sign_in(store, added.id, NOW + timedelta(days=1))
    assert accounts.get(added.id) == shown
    record_sign_in(store, "acc_nobody", NOW)


def test_a_machine_has_no_address(accounts: Accounts, store: MemoryStore, distributor: Customer) -> None:
    added = accounts.add(distributor, kind="api", email=None).account
    assert added.email is None
    assert "email" not in store.items[account_key(added.id)]


def test_a_display_name_that_is_refused_is_told_where(accounts: Accounts, distributor: Customer) -> None:
    added = accounts.add(distributor).account
    with pytest.raises(RulesViolatedError) as refused:
        accounts.change(added.id, display_name="")
    assert [(error["code"], error["pointer"]) for error in refused.value.errors] == [("name_length", "/display_name")]


def test_the_first_answer_is_given_again_though_the_account_is_disabled_or_its_sign_in_failed(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    first = accounts.add(distributor).account
    identities.failing = True
    with pytest.raises(IdentityError):
        sync_identity(store, identities, first.id)
    assert accounts.get(first.id).identity == "failed"
    assert accounts.add(distributor).account == first
    accounts.change(first.id, disabled=True)
    assert accounts.add(distributor).account == first


def test_an_empty_shell_stays_of_a_removed_account(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    accounts.remove(added.id)
    kept = store.items[account_key(added.id)]
    assert "email" not in kept
    assert (kept["removed"], kept["display_name"], kept["version"]) == (True, "removed", 2)
