"""The store: the protocol that the use cases need, and its actions.

A store reads records by key, writes several in one transaction, changes one without a transaction, and queries an
index. A read by key or a transaction is one request to DynamoDB, however many records it has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from shared.table.keys import INDEXES, Item, Key

# DynamoDB's limits for one read and for one transaction.
MAX_KEYS: Final = 100
MAX_ACTIONS: Final = 100

# The number of the format in which this code creates records, with every attribute of that format. A change of a record
# with another number leaves its number, and attributes that this code does not know, unchanged. Only a migration raises
# the number; see docs/developing.md.
SCHEMA: Final = 1

# The key of the last record of a page. The next query continues after it.
Position = dict[str, str]


@dataclass(frozen=True)
class Put:
    """Write `item` as a new record (`condition` is `None`), or replace the record whose attributes equal `condition`.

    Replacing erases every other attribute of the record, so use `Update` unless that is what you want. With
    `unless_expired_at` (epoch seconds), also replace a record that expired by then and is not deleted yet.
    """

    item: Item
    condition: Mapping[str, Any] | None = None
    unless_expired_at: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "item", {"schema": SCHEMA, **self.item})

    @property
    def key(self) -> Key:
        return (self.item["pk"], self.item["sk"])


@dataclass(frozen=True)
class Update:
    """Set and remove attributes of the record with `key`, which exists and whose attributes equal `condition`.

    All other attributes stay, also those that another version of the code wrote. Build it with `update_between`.
    """

    key: Key
    put: Mapping[str, Any]
    remove: tuple[str, ...] = ()
    condition: Mapping[str, Any] = field(default_factory=dict)


def update_between(before: Item, after: Item, condition: Mapping[str, Any]) -> Update:
    """Return the change from the record `before` to `after`. This code has built both, with the same key."""
    put = {name: value for name, value in after.items() if name not in before or before[name] != value}
    return Update((after["pk"], after["sk"]), put, tuple(name for name in before if name not in after), condition)


@dataclass(frozen=True)
class Check:
    """Check that the record with `key` exists and its attributes equal `condition` (`None`: absent, `...`: present)."""

    key: Key
    condition: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Delete:
    """Remove the record with `key`, which exists and whose attributes equal `condition`."""

    key: Key
    condition: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Increment:
    """Add `by` to the record's `count`, which starts at 0 and must remain within `least` and `most`.

    Its other attributes must equal `condition` (`None`: absent, also if the record does not exist yet). `also` has more
    attributes to add to, which start at 0 too, and `put` attributes to set.
    """

    key: Key
    by: int
    least: int = 0
    most: int | None = None
    condition: Mapping[str, Any] = field(default_factory=dict)
    also: Mapping[str, int] = field(default_factory=dict)
    put: Mapping[str, Any] = field(default_factory=dict)


Action = Put | Update | Check | Delete | Increment


class ItemTooLargeError(Exception):
    """The change would make the stored record larger than DynamoDB allows (400 KB)."""


class ConditionFailedError(Exception):
    """A condition failed, so nothing was written. `records`: by key, the record that failed it, `None` if absent."""

    def __init__(self, records: dict[Key, Item | None]) -> None:
        super().__init__(f"the condition on {len(records)} records does not hold")
        self.records = records


@dataclass(frozen=True)
class Page:
    items: list[Item]
    next: Position | None


class Records(Protocol):
    """The part of the store that adding needs: read by key, and write."""

    def get(self, *keys: Key) -> dict[Key, Item]:
        """Return the records that exist, strongly consistent, in one request for up to 100 keys."""

    def write(self, *actions: Action) -> None:
        """Write all actions or none. Raises ConditionFailedError."""


class Store(Records, Protocol):
    def change(
        self,
        key: Key,
        condition: Mapping[str, Any],
        *,
        put: Mapping[str, Any],
        remove: tuple[str, ...] = (),
        versioned: bool = True,
    ) -> None:
        """Change one record whose attributes equal `condition`. One request, no transaction.

        `versioned`: check that its version is a number, and increment it.

        Raises ConditionFailedError, ItemTooLargeError.
        """

    def query(
        self,
        index: str,
        partition: str,
        *,
        limit: int,
        starts_with: str = "",
        since: str = "",
        up_to: str = "",
        descending: bool = False,
        after: Position | None = None,
    ) -> Page:
        """Return up to `limit` records of a partition of an index, in the order of its sort key, after a position.

        If set, `starts_with` is the start of the sort key, or `since` and `up_to` are the smallest and the largest.
        `since` needs `up_to`. The index TABLE is the table itself, read strongly consistent.
        """


def position(index: str, item: Item) -> Position:
    return {name: item[name] for name in ("pk", "sk", *INDEXES[index])}
