"""What use cases do with the store over and over: read records that have not expired, parse them, fill a page."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel

from shared.table.keys import Item, Key
from shared.table.store import Page, Position, Records

# With a filter, a page may be shorter than asked for: so many records are looked at, at most.
FILTER_CHUNK: Final = 100
MAX_CHUNKS: Final = 5


def get_live(store: Records, now: datetime, *keys: Key) -> dict[Key, Item]:
    """Return the records that exist. An expired record does not, even before DynamoDB deletes it."""
    return {key: item for key, item in store.get(*keys).items() if not is_expired(item, now)}


def is_expired(item: Item, now: datetime) -> bool:
    return has_passed(item.get("expires_at"), now)


def has_passed(expires_at: int | None, now: datetime) -> bool:
    """At its very second a record has expired."""
    return expires_at is not None and expires_at <= now.timestamp()


def parse_record[M: BaseModel](model: type[M], records: Mapping[Key, Item | None], key: Key) -> M | None:
    """The record with `key`, as its model."""
    item = records.get(key)
    return model.model_validate(item) if item else None


def build_record(key: Key, model: BaseModel) -> Item:
    """Build the record of `model` under `key`. Attributes that are None are omitted."""
    return {"pk": key[0], "sk": key[1], **model.model_dump(exclude_none=True, by_alias=True)}


def paginate[T](
    query: Callable[[int, Position | None], Page],
    show: Callable[[list[Item]], list[T | None]],
    position_of: Callable[[Item], Position],
    *,
    limit: int,
    after: Position | None,
    filtered: bool,
) -> tuple[list[T], Position | None]:
    """Return up to `limit` results of `show` (`None`: omitted), and the position where the next page begins."""
    shown: list[T] = []
    for _ in range(MAX_CHUNKS):
        size = FILTER_CHUNK if filtered else limit
        page = query(size, after)
        after = page.next
        for item, shown_record in zip(page.items, show(page.items), strict=True):
            if shown_record is None:
                continue
            shown.append(shown_record)
            if len(shown) == limit and item is not page.items[-1]:  # the filter left more than a page
                return shown, position_of(item)
        bounded = len(page.items) < size  # the root's trees: enough queries were made
        if after is None or not filtered or bounded or len(shown) == limit:
            break
    return shown, after
