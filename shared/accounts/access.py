"""Read the account that a request is about."""

from shared.auth.access import read_with_actor
from shared.auth.authorization import Account, Caller, authorize, ensure_role_not_above_own
from shared.table.keys import Item, Key, account_key
from shared.table.queries import parse_record
from shared.table.store import Records


def read_account(
    store: Records, caller: Caller, account_id: str, *keys: Key
) -> tuple[Account, Account, dict[Key, Item]]:
    """Read the caller's account, the requested one and the records with these keys, and authorize the operation.

    Return both accounts, and all records that were found. Raises NotFoundError, ForbiddenError.
    """
    key = account_key(account_id)
    actor, records = read_with_actor(store, caller, key, *keys)
    account = parse_record(Account, records, key)
    return actor, authorize(actor, caller.operation, None if account and account.removed else account), records


def read_changeable(
    store: Records, caller: Caller, account_id: str, *keys: Key
) -> tuple[Account, Account, dict[Key, Item]]:
    """Do the same as `read_account`. Also raise ForbiddenError for an account with a role above the caller's."""
    actor, account, records = read_account(store, caller, account_id, *keys)
    ensure_role_not_above_own(actor, account.role)
    return actor, account, records
