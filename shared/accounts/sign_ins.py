"""Keep the sign-ins of the user pool in step with the accounts of the table, and record who has signed in.

Each call can be repeated, in whatever order the messages of the table's stream arrive.
"""

import contextlib
from datetime import datetime
from typing import Final

from shared.accounts.identities import (
    AddressTakenError,
    IdentityError,
    NoIdentityError,
    UndeliverableError,
    UserDirectory,
)
from shared.accounts.mails import Invitation
from shared.accounts.records import account_item
from shared.auth.authorization import Account
from shared.table.keys import account_key, customer_key
from shared.table.queries import parse_record
from shared.table.store import ConditionFailedError, Records, Store, update_between


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
    }
    try:
        done |= _update_sign_in(store, identities, account, now, console)
    except NoIdentityError:
        return None  # a machine's: the request that shows its secret creates it
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
    """Make the sign-in agree with the account. Return the changes of the account. Raises IdentityError.

    Raises NoIdentityError for a machine without a sign-in only.
    """
    if account.removed:
        identities.remove(account.id)
        return {}
    if account.replaces_sign_in:
        identities.remove(account.id)
    done = _invite(store, identities, account, now, console) if account.awaits_invitation else {}
    try:
        identities.enable(account.id, enabled=not account.disabled)
    except NoIdentityError:
        if account.kind == "api":
            raise
        if not account.disabled:  # somebody has deleted the sign-in
            done |= _invite(store, identities, account, now, console)
    return done


def _invite(
    store: Records, identities: UserDirectory, account: Account, now: datetime, console: str
) -> dict[str, object]:
    """Create the sign-in of a person, if it does not exist, and send a mail. Return the changes of the account."""
    customer_at, inviter_at = customer_key(account.customer_id), account_key(account.invited_by or account.created_by)
    records = store.get(customer_at, inviter_at)
    customer, inviter = records.get(customer_at, {}), records.get(inviter_at, {})
    invitation = Invitation(
        customer.get("name", ""), "" if inviter.get("removed") else inviter.get("display_name", ""), console
    )
    mailed = identities.invite(account.id, account.email or "", invitation)
    return {"invitations_sent": max(account.invitations, 1), **({"invited_at": now} if mailed else {})}


def record_sign_in(store: Store, account_id: str, now: datetime) -> None:
    """Record the first sign-in of an account, which makes it active. Repeating it changes nothing.

    A sign-in that is not recorded now is recorded with the next token. Raises ApiError.
    """
    account = parse_record(Account, store.get(account_key(account_id)), account_key(account_id))
    if account is None or account.signed_in_at or account.removed:
        return
    version = account.version + 1
    reached = version if account.identity_version >= account.version else account.identity_version
    mark(store, account, {"signed_in_at": now, "version": version, "identity_version": reached})


# The attributes that only the functions behind the stream and the user pool change.
_INTERNAL: Final = ("version", "identity_version", "identity_failed", "invitations_sent", "invitation_failure")


def mark(store: Records, account: Account, changes: dict[str, object]) -> None:
    """Store internal state of an account, unless the account has changed meanwhile."""
    state = account_item(account)
    state = {name: state.get(name) for name in _INTERNAL}
    marked = account.model_copy(update=changes)
    if marked != account:
        with contextlib.suppress(ConditionFailedError):
            store.write(update_between(account_item(account), account_item(marked), state))
