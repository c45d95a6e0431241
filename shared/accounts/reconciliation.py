"""Find sign-ins that were deleted or changed in the user pool, and repair them.

The table is the truth. The stream's function updates a sign-in after its account; this finds what changed without one.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from shared.accounts.account import with_new_sign_in
from shared.accounts.credentials import without_credential
from shared.accounts.history import SIGN_IN_CHECK, record_change
from shared.accounts.identities import IdentityError, NoIdentityError, SignIn, UserDirectory
from shared.accounts.records import change_actions
from shared.auth.authorization import Account, account_of
from shared.aws.observability import count_metric, flush_metrics, log, log_event
from shared.customers.customer import Customer
from shared.customers.subtree import below
from shared.errors import ApiError, UnreadableRecordError
from shared.idempotency import id_from
from shared.table.keys import customer_key
from shared.table.queries import read_record
from shared.table.store import ConditionFailedError, Position, Store
from shared.values.emails import ascii_email

Found = Literal["unknown", "missing", "enabled", "disabled", "other_address", "no_second_factor"]

_PAGE: Final = 100
# The sign-in of a machine is created moments before its account.
_NEW: Final = timedelta(hours=1)


class Difference(NamedTuple):
    """A sign-in that differs from its account, which is None if there is no such account.

    unknown: no account has the sign-in. missing: the account has no sign-in. enabled, disabled: unlike the account.
    other_address: unlike the account's. no_second_factor: the account is recorded as having one.
    """

    sign_in: str
    found: Found
    account: Account | None = None


class CheckIncompleteError(Exception):
    """The time was up before all accounts were compared, or some sign-ins could not be repaired."""


def differences(
    accounts: Iterable[Account], sign_ins: Mapping[str, SignIn], now: datetime, *, skip_pending: bool
) -> Iterator[Difference]:
    """Compare all accounts with all sign-ins, by name. `skip_pending`: skip accounts that the stream still updates."""
    unknown = {name for name, each in sign_ins.items() if each.created_at < now - _NEW}
    for account in accounts:
        expected = list(_expected(account))
        unknown.difference_update(expected)
        if skip_pending and account.identity_version < account.version:
            continue
        for name in expected:
            if found := _compare(account, sign_ins.get(name)):
                yield Difference(name, found, account)
    yield from (Difference(name, "unknown") for name in sorted(unknown))


def _expected(account: Account) -> Iterator[str]:
    """Yield the names of the sign-ins that an account has."""
    if account.removed:
        return
    if account.kind == "api":
        yield from (each.client_id for each in account.usable_credentials)
    elif account.email and account.invitation_failure != "email_taken":
        yield account.id


def _compare(account: Account, sign_in: SignIn | None) -> Found | None:
    if sign_in is None:
        return None if account.disabled else "missing"
    if sign_in.is_enabled == account.disabled:
        return "enabled" if sign_in.is_enabled else "disabled"
    if account.email and ascii_email(account.email).lower() != (sign_in.email or "").lower():
        return "other_address"
    return "no_second_factor" if account.second_factor and sign_in.second_factor is False else None


def repair(store: Store, identities: UserDirectory, difference: Difference, now: datetime) -> None:
    """Make a sign-in agree with its account. Repeating it is safe.

    A sign-in that is missing or has another address is replaced: the person is invited again, and the credential of a
    machine is revoked, because its secret is lost. Raises IdentityError, ApiError.
    """
    name, found, account = difference
    if account is None:
        identities.remove(name)
    elif found in ("enabled", "disabled"):
        identities.enable(name, enabled=not account.disabled)
    elif found != "missing" or not _exists(identities, name):
        _change(store, account, _repaired(account, difference, now))


def _exists(identities: UserDirectory, name: str) -> bool:
    """Ask for one sign-in: a list of all of them can be out of date."""
    with contextlib.suppress(NoIdentityError):
        identities.find(name)
        return True
    return False


def _repaired(account: Account, difference: Difference, now: datetime) -> Account:
    lost = next((each for each in account.usable_credentials if each.client_id == difference.sign_in), None)
    if difference.found == "no_second_factor":
        without = account.model_copy(update={"second_factor": False, "version": account.version + 1})
        event, repaired = "second_factor_changed", without
    elif lost:
        event, repaired = "credential_revoked", without_credential(account, lost)
    else:
        event, repaired = "sign_in_replaced", with_new_sign_in(account)
    return record_change(account, repaired, event, by=SIGN_IN_CHECK, now=now)


def _change(store: Store, before: Account, after: Account) -> None:
    with contextlib.suppress(ConditionFailedError):  # it has changed meanwhile: the next check compares it again
        store.write(*change_actions(before, after, least=0))


def check_sign_ins(
    store: Store, identities: UserDirectory, now: datetime, time_is_up: Callable[[], bool]
) -> dict[str, int]:
    """Compare all sign-ins with all accounts, and repair, log and count those that differ.

    Return the number of each difference. Raises CheckIncompleteError at the end if some could not be repaired, or as
    soon as the time is up, and IdentityError if the sign-ins can't be listed.
    """
    sign_ins = {each.name: each for each in identities.list_all()}
    accounts = _all_accounts(store, identities, sign_ins, time_is_up)
    outcomes: Counter[str] = Counter()
    try:
        for difference in differences(accounts, sign_ins, now, skip_pending=True):
            outcomes[_repair_and_log(store, identities, difference, now)] += 1
    finally:
        flush_metrics()
    if outcomes["failed"]:
        raise CheckIncompleteError(f"{outcomes['failed']} sign-ins could not be repaired; the next check tries again")
    return dict(outcomes)


def _repair_and_log(
    store: Store, identities: UserDirectory, difference: Difference, now: datetime
) -> Found | Literal["failed"]:
    account_id, found = account_of(difference.sign_in), difference.found
    try:
        repair(store, identities, difference, now)
    except (IdentityError, ApiError) as error:
        log.error("sign_in_not_repaired", account_id=account_id, found=found, error=type(error).__qualname__)
        return "failed"
    log_event("sign_in_repaired", account_id=account_id, found=found)
    count_metric("sign_ins_repaired")
    return found


def _all_accounts(
    store: Store, identities: UserDirectory, sign_ins: dict[str, SignIn], time_is_up: Callable[[], bool]
) -> Iterator[Account]:
    """Yield all accounts. Ask for the second factor of those that are recorded as having one: a list has none."""
    at = customer_key(id_from("cus", "root"))
    root = Customer.model_validate(store.get(at)[at])
    after: Position | None = None
    while True:
        if time_is_up():
            raise CheckIncompleteError("The time was up before all accounts were compared")
        page = below(store, "account", root, limit=_PAGE, after=after)
        for item in page.items:
            with contextlib.suppress(UnreadableRecordError):
                account = read_record(Account, item)
                if account.second_factor and account.id in sign_ins:
                    sign_ins[account.id] = identities.find(account.id)
                yield account
        if (after := page.next) is None:
            return
