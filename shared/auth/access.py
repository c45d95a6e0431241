"""The first request of every use case: the caller's account and the other records that it needs."""

from collections.abc import Mapping
from itertools import batched
from typing import Final

from shared.auth.authorization import Account, Caller, active_account
from shared.table.keys import Item, Key, account_key
from shared.table.queries import get_live, parse_record
from shared.table.store import MAX_KEYS, Records


def read_with_actor(store: Records, caller: Caller, *keys: Key) -> tuple[Account, dict[Key, Item]]:
    """Read the caller's account and the records with these keys, in one request for each 100 of them.

    Return the account and the existing records, without those outside its subtree. Raises NoActiveAccountError.
    """
    own_key = account_key(caller.account_id)
    records: dict[Key, Item] = {}
    for some in batched((own_key, *keys), MAX_KEYS, strict=False):
        records |= get_live(store, caller.now, *some)
    actor = active_account(parse_record(Account, records, own_key), caller)
    return actor, {own_key: records[own_key], **known_to(actor, records)}


# Records of these kinds belong to a customer. Others (the catalogue, counters) belong to no customer.
_OWNED: Final = ("customer", "account", "import", "device", "location_request")


def known_to(actor: Account, records: Mapping[Key, Item]) -> dict[Key, Item]:
    """Return the records that the account may know of: those in its subtree, and those that belong to no customer.

    The stored path decides, so that even a record that can't be read looks absent from outside the subtree.
    """
    return {key: item for key, item in records.items() if _may_know(actor, item)}


def _may_know(actor: Account, item: Item) -> bool:
    path = item.get("customer_path") or item.get("path")  # of some records, `path` is a time
    return actor.can_see(path) if isinstance(path, str) else item["sk"].partition("#")[0] not in _OWNED
