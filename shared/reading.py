"""How every use case starts: the caller's account and what else it needs, in one request."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel

from shared.accounts import Account, Caller, account_of, authorize
from shared.customers import Customer
from shared.keys import Item, Key, account_key, customer_key
from shared.store import Page, Position, Records

# With a filter, a page may be shorter than asked for: so many records are looked at, at most.
FILTER_CHUNK: Final = 100
MOST_CHUNKS: Final = 5


def read(store: Records, caller: Caller, *keys: Key) -> tuple[Account, dict[Key, Item]]:
    """The caller's account, and the records with these keys that exist. Raises NoActiveAccountError."""
    own = account_key(caller.account_id)
    found = get(store, caller.now, own, *keys)
    return account_of(found.get(own)), found


def read_customer(
    store: Records, caller: Caller, customer_id: str, *keys: Key, archived: bool = False
) -> tuple[Account, Customer, dict[Key, Item]]:
    """The caller's account, the customer they may do their operation with, and what else was read beside it.

    Raises NotFoundError, ForbiddenError, and ArchivedError unless it may be `archived`.
    """
    key = customer_key(customer_id)
    by, found = read(store, caller, key, *keys)
    return by, authorize(by, caller.operation, one(Customer, found, key), archived=archived), found


def get(store: Records, now: datetime, *keys: Key) -> dict[Key, Item]:
    """The records that exist. What has expired is gone, whenever DynamoDB deletes it."""
    return {key: item for key, item in store.get(*keys).items() if not expired(item, now)}


def expired(item: Item, now: datetime) -> bool:
    return expired_at(item.get("expires_at"), now)


def expired_at(expires_at: int | None, now: datetime) -> bool:
    """At its very second a record has expired."""
    return expires_at is not None and expires_at <= now.timestamp()


def one[M: BaseModel](model: type[M], found: Mapping[Key, Item | None], key: Key) -> M | None:
    """The record with `key`, as its model."""
    item = found.get(key)
    return model.model_validate(item) if item else None


def fill[T](  # noqa: PLR0913 - one page for every list
    query: Callable[[int, Position | None], Page],
    show: Callable[[list[Item]], list[T | None]],
    position_of: Callable[[Item], Position],
    *,
    limit: int,
    after: Position | None,
    filtered: bool,
) -> tuple[list[T], Position | None]:
    """Up to `limit` of what `show` makes of records (`None`: left out), and where the next page starts."""
    shown: list[T] = []
    for _ in range(MOST_CHUNKS):
        size = FILTER_CHUNK if filtered else limit
        page = query(size, after)
        after = page.next
        for item, answer in zip(page.items, show(page.items), strict=True):
            if answer is None:
                continue
            shown.append(answer)
            if len(shown) == limit and item is not page.items[-1]:  # the filter left more than a page
                return shown, position_of(item)
        bounded = len(page.items) < size  # the root's trees: enough queries were made
        if after is None or not filtered or bounded or len(shown) == limit:
            break
    return shown, after
