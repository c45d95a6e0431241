"""Tests: invitations. An account is never shown as reachable before a mail was accepted, and none is lost."""

import itertools
from datetime import timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from shared.accounts.identities import CognitoUserDirectory, IdentityError
from shared.accounts.sign_ins import record_sign_in, sync_identity
from shared.accounts.use_cases import AccountQuery, list_accounts
from shared.auth.authorization import INVITATION_PERIOD
from shared.customers.customer import Customer
from shared.errors import (
    ArchivedError,
    EmailExistsError,
    ForbiddenError,
    NotFoundError,
    RulesViolatedError,
    StaleVersionError,
    TooManyInvitationsError,
)
from tests.accounts.helpers import Accounts
from tests.builders import NOW, a_customer, an_account, caller, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore

ADDRESS = "ada@example.com"


def delivered(accounts: Accounts, account_id: str) -> Any:
    """Deliver the change of an account, as the table's stream does."""
    sync_identity(accounts.store, accounts.identities, account_id, NOW)
    return accounts.get(account_id)


def test_invitation_is_pending_then_sent_and_expires_at_its_very_second(
    accounts: Accounts, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    assert (added.status, added.identity, added.invited_at, added.invitation_expires_at) == (
        "invited", "pending", None, None,
    )  # fmt: skip
    sent = delivered(accounts, added.id)
    assert (sent.status, sent.identity, sent.invited_at) == ("invited", "ready", NOW)
    assert sent.invitation_expires_at == NOW + timedelta(days=7)
    end = NOW + INVITATION_PERIOD
    assert accounts.get(added.id, now=end - timedelta(microseconds=1)).status == "invited"
    assert accounts.get(added.id, now=end).status == "invitation_expired"
    assert identities.mails == [added.id]


def test_mail_that_is_not_accepted_is_never_shown_as_sent(
    accounts: Accounts, identities: MemoryIdentities, distributor: Customer
) -> None:
    identities.unreachable = {ADDRESS}
    added = accounts.add(distributor).account
    for _ in range(2):
        failed = delivered(accounts, added.id)
        assert (failed.status, failed.identity, failed.invitation_failure) == (
            "undeliverable", "failed", "undeliverable",
        )  # fmt: skip
        assert (failed.invited_at, identities.mails) == (None, [])
    identities.unreachable = set()
    asked = accounts.resend(added.id)
    assert (asked.status, asked.identity, asked.version) == ("invited", "pending", 2)
    sent = delivered(accounts, added.id)
    assert (sent.status, sent.identity, sent.invitation_failure) == ("invited", "ready", None)
    assert identities.mails == [added.id]


def test_taken_address_is_failed_with_its_reason(
    accounts: Accounts, identities: MemoryIdentities, distributor: Customer
) -> None:
    identities.taken = {ADDRESS}
    added = accounts.add(distributor).account
    failed = delivered(accounts, added.id)
    assert (failed.status, failed.identity, failed.invitation_failure) == ("undeliverable", "failed", "email_taken")
    changed = accounts.change(added.id, display_name="Ada L.")
    assert changed.status == "undeliverable"
    assert delivered(accounts, added.id).invitation_failure == "email_taken"
    accounts.remove(added.id, version=2)
    sync_identity(accounts.store, identities, added.id, NOW)
    assert identities.users == {}


def test_resend_sends_another_invitation_for_another_seven_days(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    delivered(accounts, added.id)
    later = NOW + timedelta(days=9)
    accounts.resend(added.id, now=later)
    before = dict(store.items)
    again = accounts.resend(added.id, now=later)  # the first one is still to be sent
    assert (again.identity, store.items) == ("pending", before)
    sync_identity(store, identities, added.id, later)
    assert identities.mails == [added.id] * 2
    assert accounts.get(added.id, now=later).invitation_expires_at == later + timedelta(days=7)


def test_who_has_signed_in_gets_no_invitation(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    delivered(accounts, added.id)
    record_sign_in(store, added.id, NOW, "api")
    shown = delivered(accounts, added.id)
    assert (shown.status, shown.invitation_expires_at) == ("active", None)
    assert accounts.get(added.id, now=NOW + 2 * INVITATION_PERIOD).status == "active"
    with pytest.raises(RulesViolatedError) as refused:
        accounts.resend(added.id)
    assert refused.value.errors[0]["code"] == "signed_in"
    assert identities.mails == [added.id]


def test_machines_and_disabled_accounts_are_not_invited(accounts: Accounts, distributor: Customer) -> None:
    machine = accounts.add(distributor, kind="api", email=None).account
    disabled = accounts.add(distributor, key="other").account
    accounts.change(disabled.id, disabled=True)
    for account_id, code in ((machine.id, "not_a_person"), (disabled.id, "account_disabled")):
        with pytest.raises(RulesViolatedError) as refused:
            accounts.resend(account_id)
        assert refused.value.errors[0] == {
            "code": code, "parameter": "account_id", "detail": refused.value.errors[0]["detail"],
        }  # fmt: skip


def test_resend_is_authorized_like_a_change(accounts: Accounts, store: MemoryStore, distributor: Customer) -> None:
    added = accounts.add(distributor, role="super_user").account
    outside = a_customer("distributor", name="Outside")
    actors = [
        an_account("manager", distributor),
        an_account("administrator", distributor),
        an_account("super_user", outside),
    ]
    put(store, outside, *actors)
    for actor, error in zip(actors, (ForbiddenError, ForbiddenError, NotFoundError), strict=True):
        with pytest.raises(error):
            accounts.resend(added.id, by=actor)


def test_account_of_an_archived_customer_is_not_invited(accounts: Accounts, store: MemoryStore) -> None:
    archived = a_customer("distributor", name="Archived")
    put(store, archived)
    added = accounts.add(archived).account
    accounts.identities.unreachable = {ADDRESS}
    delivered(accounts, added.id)
    key = (f"customer#{archived.id}", "customer")
    store.items[key] = {**store.items[key], "archived_at": "2026-11-24T10:00:00.000000Z"}
    with pytest.raises(ArchivedError):
        accounts.resend(added.id)


def test_a_customer_invites_a_limited_number_of_persons_a_day(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    def add(number: int, **more: Any) -> Any:
        return accounts.add(distributor, key=str(number), email=f"{number}@example.com", max_invitations=3, **more)

    for number in range(3):
        add(number)
    before = dict(store.items)
    for dry in (False, True):
        with pytest.raises(TooManyInvitationsError) as refused:
            add(3, validate_only=dry)
        assert refused.value.headers == {"Retry-After": str(14 * 3600)}  # it is 10:00 UTC
        assert store.items == before
    assert add(0).outcome == "replayed"
    accounts.add(distributor, key="machine", kind="api", email=None, max_invitations=3)
    first = add(0).account.id
    accounts.identities.unreachable = {"0@example.com"}
    delivered(accounts, first)
    with pytest.raises(TooManyInvitationsError):
        accounts.resend(first, max_invitations=3)
    other = a_customer("distributor", name="Other")
    put(store, other)
    accounts.add(other, key="other", max_invitations=3)
    midnight = NOW.replace(hour=0) + timedelta(days=1)
    with pytest.raises(TooManyInvitationsError) as refused:
        add(3, now=midnight - timedelta(microseconds=1))
    assert refused.value.headers == {"Retry-After": "1"}
    for number in range(3, 6):
        add(number, now=midnight)
    with pytest.raises(TooManyInvitationsError):  # a clock that is behind begins no earlier day
        add(6, now=midnight - timedelta(seconds=1))


class Cognito:
    """A user pool that fails as documented: `failures` lists the error of each call, or None. It counts mails."""

    def __init__(self, failures: list[str | None]) -> None:
        self.failures = failures
        self.user: str | None = None  # its status
        self.mails = 0

    def _fail(self, *before: str) -> str | None:
        """Raise the next failure if it happens before the call has an effect. Return another one."""
        failure = self.failures.pop(0) if self.failures else None
        if failure in before:
            raise error(failure)
        return failure

    def admin_create_user(self, *, MessageAction: str = "", **_: Any) -> None:  # noqa: N803 - boto3's name
        failure = self._fail("TooManyRequestsException", "InternalErrorException", "timeout before")
        if MessageAction == "RESEND":
            if self.user is None:
                raise error("UserNotFoundException")
            if self.user == "CONFIRMED":
                raise error("UnsupportedUserStateException")
        elif self.user:
            raise error("UsernameExistsException")
        self.user = "FORCE_CHANGE_PASSWORD"
        if failure == "CodeDeliveryFailureException":
            raise error(failure)
        self.mails += 1
        if failure == "timeout after":
            raise error(failure)

    def admin_enable_user(self, **_: Any) -> None:
        failure = self._fail("TooManyRequestsException", "InternalErrorException", "timeout before")
        if self.user is None:
            raise error("UserNotFoundException")
        if failure == "timeout after":
            raise error(failure)


def error(code: str) -> Exception:
    if code.startswith("timeout"):
        return ConnectTimeoutError(endpoint_url="https://cognito")
    return ClientError({"Error": {"Code": code}}, "Operation")  # type: ignore[arg-type]


FAILURES = [
    None, "TooManyRequestsException", "InternalErrorException", "CodeDeliveryFailureException", "timeout before",
    "timeout after",
]  # fmt: skip


@pytest.mark.parametrize("failures", list(itertools.product(FAILURES, repeat=3)))
def test_no_failure_of_cognito_shows_a_person_as_reached_without_a_mail(
    failures: tuple[str | None, ...], accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    pool = Cognito(list(failures))
    directory = CognitoUserDirectory(cast(Any, pool), "pool")
    added = accounts.add(distributor).account
    for _ in range(6):  # the stream repeats a failed record; then a person asks for another invitation
        try:
            sync_identity(store, directory, added.id, NOW)
        except IdentityError:
            assert accounts.get(added.id).identity == "failed"
            continue
        shown = accounts.get(added.id)
        if shown.identity == "ready":
            break
        assert shown.status == "undeliverable"
        accounts.resend(added.id)
    assert accounts.get(added.id).identity == "ready"
    assert pool.mails >= 1
    assert pool.user == "FORCE_CHANGE_PASSWORD"


def test_first_sign_in_before_a_repeated_message_needs_no_mail(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    pool = Cognito(["timeout after"])
    directory = CognitoUserDirectory(cast(Any, pool), "pool")
    added = accounts.add(distributor).account
    with pytest.raises(IdentityError):
        sync_identity(store, directory, added.id, NOW)
    pool.user = "CONFIRMED"  # the mail had arrived, and its reader was quick
    sync_identity(store, directory, added.id, NOW)
    assert (accounts.get(added.id).identity, pool.mails) == ("ready", 1)


def test_records_from_before_count_their_sign_in_as_one_invitation(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    delivered(accounts, added.id)
    key = (f"account#{added.id}", "account")
    store.items[key] = {
        name: value
        for name, value in store.items[key].items()
        if name not in ("invitations", "invitations_sent", "invited_at")
    }
    accounts.change(added.id, display_name="Ada L.")
    assert delivered(accounts, added.id).identity == "ready"
    assert identities.mails == [added.id]
    assert accounts.get(added.id).invitation_expires_at == NOW + timedelta(days=7)
    accounts.resend(added.id)
    delivered(accounts, added.id)
    assert identities.mails == [added.id] * 2


NEW = "ada.lovelace@example.com"


@pytest.mark.parametrize("signed_in", [False, True])
def test_changed_address_replaces_the_sign_in_and_is_invited(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer, signed_in: bool
) -> None:
    added = accounts.add(distributor).account
    delivered(accounts, added.id)
    if signed_in:
        record_sign_in(store, added.id, NOW, "api")
    version = 1 + signed_in
    changed = accounts.change_email(added.id, NEW, version=version)
    assert (changed.email, changed.identity, changed.version) == (NEW, "pending", version + 1)
    assert changed.status == "invited"
    again = accounts.change_email(added.id, NEW, version=version)  # the response was lost
    assert again == changed
    identities.calls.clear()
    for _ in range(2):
        assert delivered(accounts, added.id).identity == "ready"
    assert identities.calls == ["remove", "invite", "enable"]
    assert identities.mails == [added.id] * 2
    assert accounts.add(distributor, key="another").account.email == ADDRESS  # the old address is free


def test_change_of_the_address_fails_as_documented(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    first = accounts.add(distributor).account
    accounts.add(distributor, key="second", email=NEW)
    machine = accounts.add(distributor, key="machine", kind="api", email=None).account
    before = dict(store.items)
    with pytest.raises(EmailExistsError):
        accounts.change_email(first.id, NEW.upper())
    with pytest.raises(StaleVersionError):
        accounts.change_email(first.id, "x@example.com", version=2)
    for account_id, email in ((machine.id, "x@example.com"), (first.id, "nothing")):
        with pytest.raises(RulesViolatedError):
            accounts.change_email(account_id, email)
    with pytest.raises(TooManyInvitationsError):
        accounts.change_email(first.id, "x@example.com", max_invitations=2)
    assert store.items == before


def test_account_is_found_by_its_exact_address_within_the_subtree_only(
    accounts: Accounts, store: MemoryStore, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    outside = a_customer("distributor", name="Outside")
    insider, outsider = (
        an_account("supporter", distributor, email="insider@example.com"), an_account("super_user", outside),
    )  # fmt: skip
    put(store, outside, insider, outsider)

    def found(by: Any, email: str) -> tuple[list[str], int]:
        store.requests.clear()
        page = list_accounts(store, caller(by), AccountQuery(email=email), limit=10)
        return [account.id for account in page.accounts], len(store.requests)

    assert found(insider, "ADA@example.com") == ([added.id], 2)
    assert found(insider, "insider@example.com") == ([insider.id], 2)
    assert found(outsider, ADDRESS) == found(outsider, "nobody@example.com") == ([], 2)
    with pytest.raises(RulesViolatedError) as refused:
        found(insider, "nothing")
    assert refused.value.errors[0]["parameter"] == "email"
    accounts.remove(added.id)
    assert found(insider, ADDRESS) == ([], 2)


def test_mail_to_a_changed_address_can_be_sent_again(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    delivered(accounts, added.id)
    record_sign_in(store, added.id, NOW, "api")
    identities.unreachable = {NEW}
    accounts.change_email(added.id, NEW, version=2)
    assert delivered(accounts, added.id).status == "undeliverable"
    identities.unreachable = set()
    accounts.resend(added.id)
    assert delivered(accounts, added.id).identity == "ready"
    record_sign_in(store, added.id, NOW, "api")
    assert accounts.get(added.id).status == "active"


def test_token_of_the_old_sign_in_does_not_stop_the_invitation(
    accounts: Accounts, store: MemoryStore, identities: MemoryIdentities, distributor: Customer
) -> None:
    added = accounts.add(distributor).account
    delivered(accounts, added.id)
    accounts.change_email(added.id, NEW)
    record_sign_in(store, added.id, NOW, "api")  # the old sign-in was refreshed before it was removed
    delivered(accounts, added.id)
    assert identities.mails == [added.id] * 2
