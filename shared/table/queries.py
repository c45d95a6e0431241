"""Read records for use cases: those that have not expired, as models, and pages of lists."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field, ValidationError

from shared.aws.observability import count_metric, log
from shared.errors import UnreadableRecordError
from shared.table.keys import Item, Key
from shared.table.store import Page, Position, Records

# A filtered page may be shorter than requested: it examines at most MAX_CHUNKS times FILTER_CHUNK records.
FILTER_CHUNK: Final = 100
MAX_CHUNKS: Final = 5


def get_live(store: Records, now: datetime, *keys: Key) -> dict[Key, Item]:
    """Return the records that exist, without expired records that DynamoDB has not deleted yet."""
    return {key: item for key, item in store.get(*keys).items() if not is_expired(item, now)}


def is_expired(item: Item, now: datetime) -> bool:
    return has_passed(item.get("expires_at"), now)


def has_passed(expires_at: int | None, now: datetime) -> bool:
    """Return whether `now` has reached `expires_at` (epoch seconds)."""
    return expires_at is not None and expires_at <= now.timestamp()


class IncompleteRecord(BaseModel):
    """A record that a list leaves out because this version of the code can't read it."""

    kind: str = Field(
        description="The kind of the record: customer, account, device, change or views.", examples=["customer"]
    )
    id: str


def parse_record[M: BaseModel](model: type[M], records: Mapping[Key, Item | None], key: Key) -> M | None:
    """Return the record with `key` as its model. Raises UnreadableRecordError."""
    item = records.get(key)
    return read_record(model, item) if item else None


def read_record[M: BaseModel](model: type[M], item: Item) -> M:
    """Return a stored record as its model. Raises UnreadableRecordError, after the record is logged and counted."""
    try:
        return model.model_validate(item)
    except ValidationError as error:
        fields = sorted({".".join(map(str, wrong["loc"])) for wrong in error.errors(include_input=False)})
        log.error("record_unreadable", pk=item["pk"], sk=item["sk"], schema=item.get("schema"), fields=fields[:10])
        count_metric("record_unreadable")
        raise UnreadableRecordError from error


def read_all[M: BaseModel](model: type[M], items: Iterable[Item], incomplete: list[IncompleteRecord]) -> list[M | None]:
    """Return stored records as their models, in order. One that can't be read is None, and is added to `incomplete`."""
    found: list[M | None] = []
    for item in items:
        try:
            found.append(read_record(model, item))
        except UnreadableRecordError:
            incomplete.append(name_record(item))
            found.append(None)
    return found


def name_record(item: Item) -> IncompleteRecord:
    """Return the kind and the id of a record, both from its key, which every version of the code can read."""
    kind, _, rest = item["sk"].partition("#")
    kind = {"history": "change", "audit": "change"}.get(kind, kind)
    return IncompleteRecord(kind=kind, id=rest or item["pk"].partition("#")[2])


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
            if len(shown) == limit and item is not page.items[-1]:  # the page is full, and there are more records
                return shown, position_of(item)
        bounded = len(page.items) < size  # a page of the root's subtree reached its limit of queries
        if after is None or not filtered or bounded or len(shown) == limit:
            break
    return shown, after
