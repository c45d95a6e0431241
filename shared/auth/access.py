"""The first request of every use case: the caller's account and the other records that it needs."""

from shared.auth.authorization import Account, Caller, active_account
from shared.table.keys import Item, Key, account_key
from shared.table.queries import get_live
from shared.table.store import Records


def read_with_actor(store: Records, caller: Caller, *keys: Key) -> tuple[Account, dict[Key, Item]]:
    """Read the caller's account and the records with these keys, in one request.

    Return the account and the records that exist. Raises NoActiveAccountError.
    """
    own_key = account_key(caller.account_id)
    records = get_live(store, caller.now, own_key, *keys)
    return active_account(records.get(own_key)), records
