"""What a removed customer leaves behind: its accounts are removed, and its records expire."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from shared.accounts.account import account_tombstone
from shared.accounts.history import REMOVAL, record_change
from shared.accounts.records import change_actions, forgotten, stays_archived
from shared.auth.authorization import Account
from shared.aws.observability import log_event
from shared.customers.removal import Removal, due_removals, expire_records, finish
from shared.errors import UnreadableRecordError
from shared.table.keys import customer_key, tree_below
from shared.table.queries import read_record
from shared.table.store import ConditionFailedError, Store

_PAGE: Final = 100


def clean_up(store: Store, now: datetime, time_is_up: Callable[[], bool]) -> int:
    """Remove the accounts of the customers that were removed by `now`, and let their records expire.

    Return the number of customers of which nothing is left to be done. It can be interrupted and repeated; what it
    could not finish, the next run does. Raises ApiError.
    """
    finished = 0
    for removal in due_removals(store, now):
        if time_is_up():
            break
        if _remove_accounts(store, removal, now):
            expire_records(store, removal)
            finish(store, removal)
            finished += 1
    return finished


def _remove_accounts(store: Store, removal: Removal, now: datetime) -> bool:
    """Remove the accounts of a removed customer. Return whether all are removed."""
    path = removal.customer_path
    whole, after = True, None
    while True:
        page = store.query("subtree", tree_below("account", path), starts_with=f"{path}/acc_", limit=_PAGE, after=after)
        for item in page.items:
            try:
                whole &= _remove(store, read_record(Account, item), now)
            except UnreadableRecordError:  # logged and counted: somebody has to repair it
                whole = False
        if (after := page.next) is None:
            return whole


def _remove(store: Store, account: Account, now: datetime) -> bool:
    at = customer_key(account.customer_id)
    removed = record_change(account, account_tombstone(account), "account_removed", by=REMOVAL, now=now)
    actions = [*change_actions(account, removed, least=0), *forgotten(store, account)]
    try:
        store.write(*actions, *stays_archived(at, store.get(at).get(at)))
    except ConditionFailedError:  # it has changed meanwhile, or the index is behind
        return False
    log_event("account_removed", account_id=account.id)
    return True
