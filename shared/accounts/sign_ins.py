"""Keep the sign-ins of the user pool in step with the accounts of the table, and record who has signed in.

Each call can be repeated, in whatever order the messages of the table's stream arrive.
"""

import contextlib
from datetime import datetime
from typing import Final

from shared.accounts.history import record_change
from shared.accounts.identities import (
    AddressTakenError,
    IdentityError,
    NoIdentityError,
    UndeliverableError,
    UserDirectory,
)
from shared.accounts.mails import Invitation
from shared.accounts.records import account_item, by_client, count_super_users, counted, history_actions, sign_in_entry
from shared.auth.authorization import Account, account_of
from shared.errors import require
from shared.table.keys import account_key, customer_key, email_key
from shared.table.queries import parse_record
from shared.table.store import Action, ConditionFailedError, Records, Store, update_between


def sync_identity(
    store: Records, identities: UserDirectory, account_id: str, now: datetime, console: str = ""
) -> str | None:
    """Update the sign-in to the account as it is stored now, in whatever order messages arrive.

    Return "sent" if an invitation was sent, or why it could not be: "undeliverable" or "email_taken".

    An invitation, which names the URL `console`, is sent at least once. If its mail is not accepted, or the address is
    taken, the account shows why, and another invitation has to be requested. Raises IdentityError if the user pool
    fails: the account is then marked as `failed` until a later try succeeds.
    """
    account = parse_record(Account, store.get(account_key(account_id)), account_key(account_id))
    if account is None or account.identity_version >= account.version:
        return None
    done: dict[str, object] = {
        "identity_failed": False,
        "identity_version": account.version,
        "invitation_failure": None,
        "replaces_sign_in": False,
        "revoked_sign_ins": (),
    }
    try:
        if account.kind == "api":
            _update_credentials(identities, account)
        else:
            done |= _update_sign_in(store, identities, account, now, console)
    except (UndeliverableError, AddressTakenError) as failed:
        done |= {"invitation_failure": failed.reason}
    except IdentityError:
        mark(store, account, {"identity_failed": True})
        raise
    mark(store, account, done)
    if failure := done["invitation_failure"]:
        return str(failure)
    return "sent" if "invited_at" in done else None


def _update_sign_in(
    store: Records, identities: UserDirectory, account: Account, now: datetime, console: str
) -> dict[str, object]:
    """Make the sign-in of a person agree with the account. Return the changes of the account. Raises IdentityError."""
    if account.removed or account.email is None:  # another customer has invited the person at the address
        identities.remove(account.id)
        return {"invitation_failure": account.invitation_failure}
    if account.replaces_sign_in:
        identities.remove(account.id)
    done = _invite(store, identities, account, now, console) if account.awaits_invitation else {}
    try:
        identities.enable(account.id, enabled=not account.disabled)
    except NoIdentityError:
        if not account.disabled:  # the sign-in was deleted in the user pool
            done |= _invite(store, identities, account, now, console)
    return done


def _update_credentials(identities: UserDirectory, account: Account) -> None:
    """Make the sign-ins of a machine's credentials agree with the account. Raises IdentityError.

    A sign-in that was deleted stays deleted: its secret can't be restored, so the machine needs another one.
    """
    usable = [each.client_id for each in account.usable_credentials]
    for sign_in in (*account.revoked_sign_ins, *(usable if account.removed else ())):
        identities.remove(sign_in)
    for sign_in in () if account.removed else usable:
        with contextlib.suppress(NoIdentityError):
            identities.enable(sign_in, enabled=not account.disabled)


def _invite(
    store: Records, identities: UserDirectory, account: Account, now: datetime, console: str
) -> dict[str, object]:
    """Create the sign-in of a person, if it does not exist, and send a mail. Return the changes of the account."""
    customer_at, inviter_at = customer_key(account.customer_id), account_key(account.invited_by or account.created_by)
    email, address = account.email or "", email_key(account.email or "")
    records = store.get(customer_at, inviter_at, address)
    customer, inviter = records.get(customer_at, {}), records.get(inviter_at, {})
    invitation = Invitation(
        customer.get("name", ""), "" if inviter.get("removed") else inviter.get("display_name", ""), console
    )
    try:
        mailed = identities.invite(account.id, email, invitation)
    except AddressTakenError:
        # An account that has lost the address may still have its sign-in, if that is updated later than this one.
        with contextlib.suppress(NoIdentityError):
            other = identities.find(email)
            if other.is_used or records.get(address, {}).get("account_id") != account.id:
                raise
            identities.remove(other.name)
        mailed = identities.invite(account.id, email, invitation)
    return {"invitations_sent": max(account.invitations, 1), **({"invited_at": now} if mailed else {})}


def record_sign_in(store: Store, sign_in: str, now: datetime, app_client: str) -> None:
    """Record the first sign-in of an account, which makes it active, and the day of a credential's last use.

    The history has an entry for each day (UTC) and app client with a token. Repeating it changes nothing. A sign-in
    that is not recorded now is recorded with the next token. Raises ApiError.
    """
    key = account_key(account_of(sign_in))
    account = parse_record(Account, store.get(key), key)
    if account is None or account.removed or (account.kind == "person" and account.email is None):
        return
    today = f"{now:%Y-%m-%d}"
    changes: dict[str, object] = {}
    more: list[Action] = []
    if today > account.sign_ins.get(app_client, ""):
        changes = {"sign_ins": {**account.sign_ins, app_client: today}}
        more = [] if account.signed_in_at is None else [sign_in_entry(account, app_client, now)]
    if account.signed_in_at is None:
        version = account.version + 1
        reached = version if account.identity_version >= account.version else account.identity_version
        changes |= {"signed_in_at": now, "version": version, "identity_version": reached}
        first = account.model_copy(update=changes)
        recorded = require(record_change(account, first, "signed_in", by=account.id, now=now).last_change)
        changes["last_change"] = recorded.model_copy(update={"changes": by_client(app_client)})
    if account.credentials:
        changes["credentials"] = tuple(
            each.model_copy(update={"last_used_on": today}) if each.client_id == sign_in else each
            for each in account.credentials
        )
    mark(store, account, changes, *more)


# The attributes that only the functions behind the stream and the user pool change.
_INTERNAL: Final = ("version", "identity_version", "identity_failed", "invitations_sent", "invitation_failure")


def mark(store: Records, account: Account, changes: dict[str, object], *more: Action) -> None:
    """Store internal state of an account, and `more` with it, unless the account has changed meanwhile."""
    state = account_item(account)
    # Of two first sign-ins of a day, one is recorded now, and the other with the next token.
    state = {name: state.get(name) for name in (*_INTERNAL, *(("sign_ins",) if "sign_ins" in changes else ()))}
    marked = counted(account.model_copy(update=changes))
    if marked != account:
        with contextlib.suppress(ConditionFailedError):
            change = update_between(account_item(account), account_item(marked), state)
            counts = count_super_users(account, marked, least=0)
            store.write(change, *history_actions(account, marked), *counts, *more)
