"""A store for dry runs: it shows what writes would change, and writes nothing to the table."""

from collections.abc import Mapping
from typing import Any

from shared.table.keys import Item, Key, is_change
from shared.table.store import SCHEMA, Action, Check, ConditionFailedError, Delete, Increment, Put, Records, Update


class OverlayStore:
    """Reads from `records`, and stores what is written in memory only.

    A write reads its records in one request. Its conditions are checked in memory, by the same rules as in DynamoDB.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: dict[Key, Item | None] = {}  # what was read, and what was written since

    def get(self, *keys: Key) -> dict[Key, Item]:
        unknown = [key for key in dict.fromkeys(keys) if key not in self._known]
        if unknown:
            self._known |= {**dict.fromkeys(unknown), **self._records.get(*unknown)}
        return {key: item for key in keys if (item := self._known[key]) is not None}

    def write(self, *actions: Action) -> None:
        # The record of a change is written with what has changed, whose condition fails if the change is there already.
        records = self.get(*(action.key for action in actions if not is_change(action.key)))
        self._known |= apply_actions(actions, records)


def apply_actions(actions: tuple[Action, ...], records: Mapping[Key, Item]) -> dict[Key, Item | None]:
    """Return the records after the actions (`None`: deleted). Raises ConditionFailedError."""
    failed = {action.key: records.get(action.key) for action in actions if not _holds(action, records.get(action.key))}
    if failed:
        raise ConditionFailedError(failed)
    return {action.key: _after(action, records.get(action.key)) for action in actions if not isinstance(action, Check)}


def _after(action: Action, item: Item | None) -> Item | None:
    if isinstance(action, Put):
        return {name: normalize(value) for name, value in action.item.items()}
    if isinstance(action, Update):
        after = {**(item or {}), **{name: normalize(value) for name, value in action.put.items()}}
        return {name: value for name, value in after.items() if name not in action.remove}
    if isinstance(action, Increment):
        counter = item or {"pk": action.key[0], "sk": action.key[1], "schema": SCHEMA}
        added = {name: counter.get(name, 0) + by for name, by in {"count": action.by, **action.also}.items()}
        return {**counter, **added, **action.put}
    return None if isinstance(action, Delete) else item


def _holds(action: Action, item: Item | None) -> bool:
    if isinstance(action, Increment):
        after = (item or {}).get("count", 0) + action.by
        within = after >= action.least if action.least > action.by else action.most is None or after <= action.most
        return bool(within) and matches(item or {}, action.condition)
    unless_expired_at = action.unless_expired_at if isinstance(action, Put) else None
    if (
        item is not None
        and unless_expired_at is not None
        and item.get("expires_at", unless_expired_at + 1) <= unless_expired_at
    ):
        return True
    if action.condition is None:
        return item is None
    return item is not None and matches(item, action.condition)


def matches(item: Item, condition: Mapping[str, Any]) -> bool:
    return all(
        name in item if value is ... else item.get(name) == normalize(value) for name, value in condition.items()
    )


def normalize(value: object) -> object:
    """Convert tuples to lists, as DynamoDB stores them."""
    return list(value) if isinstance(value, tuple) else value
