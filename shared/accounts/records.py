"""The records of an account: itself, its e-mail address, and what is counted for its customer."""

import math
from datetime import UTC, datetime, time, timedelta
from typing import Any

from shared.accounts.account import counts_as_super_user
from shared.auth.authorization import Account
from shared.errors import TooManyInvitationsError
from shared.table.audit import audited, expiry
from shared.table.keys import (
    Item,
    Key,
    account_history_key,
    account_key,
    active_super_users_key,
    email_key,
    invitations_key,
    tree_below,
    views_key,
)
from shared.table.queries import build_record
from shared.table.store import Action, Check, Delete, Increment, Put, Records, update_between
from shared.values.changes import Change


def account_item(account: Account) -> Item:
    item = build_record(account_key(account.id), account)
    if account.removed:  # without the index attributes, no list contains it
        return {**item, **({"expires_at": expiry(account.last_change.at)} if account.last_change else {})}
    return {**item, "tree": tree_below("account", account.customer_path), "path": account.path}


def change_actions(before: Account, after: Account, *, least: int = 1) -> list[Action]:
    """Return the change of an account at the version that was read, its history entry, and the count of super_users.

    At least `least` active super_users must remain, if this change removes one.
    """
    after = counted(after)
    condition = {"version": before.version}
    # Put erases a removed account, including attributes that only another version of the code knows.
    erased = Put(account_item(after), condition=condition)
    change = erased if after.removed else update_between(account_item(before), account_item(after), condition)
    return [change, *history_actions(before, after), *count_super_users(before, after, least=least)]


def history_actions(before: Account | None, after: Account) -> list[Action]:
    """Return the entry of the history for a change that `after` has and `before` has not."""
    change = after.last_change
    if change is None or (before and before.last_change == change):
        return []
    return [Put(audited(account_history_key(after.id, change.at, change.version or 1), change, after.customer_path))]


def by_client(app_client: str) -> dict[str, dict[Any, Any]]:
    """Return the changes of a sign-in: the app client of the user pool that got a token."""
    return {"app_client": {"to": app_client}}


def sign_in_entry(account: Account, app_client: str, now: datetime) -> Action:
    """Return the entry of the history for the first token of a day that an app client of the user pool got."""
    change = Change(event="signed_in", at=now, by=account.id, changes=by_client(app_client))
    key = account_history_key(account.id, now, f"signed_in#{app_client}")
    return Put(audited(key, change, account.customer_path))


def counted(account: Account) -> Account:
    """Return the account as it is after `count_super_users` has counted it."""
    return account.model_copy(update={"is_counted": counts_as_super_user(account)})


def count_super_users(before: Account | None, after: Account, least: int = 1) -> list[Action]:
    """Count a customer's active super_users after a change of an account. At least `least` must remain.

    An active customer must keep its last active one. The last one of an archived or removed customer can be removed.
    An account of a record that is older than this count is counted with its next change or sign-in.
    """
    change = counts_as_super_user(after) - (before is not None and before.is_counted)
    leaves = before is not None and counts_as_super_user(before) and not counts_as_super_user(after)
    if not change and not leaves:
        return []
    return [Increment(active_super_users_key(after.customer_id), change, least=least if leaves else 0)]


def count_invitation(customer_id: str, stored: Item | None, now: datetime, most: int) -> Action:
    """Count one more invitation of a customer on this day (UTC). `stored`: its invitations record, as it was read.

    Raises TooManyInvitationsError if there are `most` already.
    """
    key, stored = invitations_key(customer_id), stored or {}
    day = max(f"{now:%Y-%m-%d}", stored.get("day", ""))  # a clock that is behind does not begin an earlier day
    if not stored:
        return Put({"pk": key[0], "sk": key[1], "day": day, "count": 1})
    if stored["day"] != day:
        return update_between(stored, {**stored, "day": day, "count": 1}, {"day": stored["day"]})
    if stored["count"] >= most:
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        raise TooManyInvitationsError(most, math.ceil((midnight - now).total_seconds()))
    return Increment(key, 1, most=most, condition={"day": day})


def email_item(account: Account) -> Item:
    pk, sk = email_key(account.email or "")
    return {"pk": pk, "sk": sk, "account_id": account.id}


def free_address(account: Account) -> Delete:
    """Return the action by which an account gives up its address."""
    return Delete(email_key(account.email or ""), {"account_id": account.id})


def forgotten(store: Records, account: Account) -> list[Action]:
    """Return the actions that delete what a removed account leaves behind: its address and its views. One request."""
    views = views_key(account.id)
    saved: list[Action] = [Delete(views)] if views in store.get(views) else []
    return [*saved, *([free_address(account)] if account.email else [])]


def stays_archived(key: Key, customer: Item | None) -> list[Action]:
    """Check that an archived customer is still archived. A customer whose record is deleted needs no check."""
    return [Check(key, {"archived_at": customer["archived_at"]})] if customer else []
