"""A dry run: the store as it would be, on which everything can be tried and nothing is written."""

from collections.abc import Mapping
from typing import Any

from shared.keys import Item, Key
from shared.store import Action, Check, ConditionFailedError, Count, Put, Records, Remove


class DryStore:
    """Reads what `records` hold, and keeps to itself what is written.

    A write is one read of the records it concerns: its conditions are decided here, as DynamoDB decides them.
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
        found = self.get(*(action.key for action in actions))
        self._known |= carried_out(actions, found)


def carried_out(actions: tuple[Action, ...], found: Mapping[Key, Item]) -> dict[Key, Item | None]:
    """What stands there after the actions (`None`: nothing), `found` before. Raises ConditionFailedError."""
    failed = {action.key: found.get(action.key) for action in actions if not _holds(action, found.get(action.key))}
    if failed:
        raise ConditionFailedError(failed)
    return {action.key: _after(action, found.get(action.key)) for action in actions if not isinstance(action, Check)}


def _after(action: Action, item: Item | None) -> Item | None:
    if isinstance(action, Put):
        return {name: stored(value) for name, value in action.item.items()}
    if isinstance(action, Count):
        counter = item or {"pk": action.key[0], "sk": action.key[1]}
        return {**counter, "count": counter.get("count", 0) + action.by}
    return None if isinstance(action, Remove) else item


def _holds(action: Action, item: Item | None) -> bool:
    if isinstance(action, Count):
        after = (item or {}).get("count", 0) + action.by
        within = after >= action.least if action.by < 0 else action.most is None or after <= action.most
        return bool(within) and equal(item or {}, action.when)
    free_at = action.free_at if isinstance(action, Put) else None
    if item is not None and free_at is not None and item.get("expires_at", free_at + 1) <= free_at:
        return True
    if action.when is None:
        return item is None
    return item is not None and equal(item, action.when)


def equal(item: Item, when: Mapping[str, Any]) -> bool:
    return all(name in item if value is ... else item.get(name) == stored(value) for name, value in when.items())


def stored(value: object) -> object:
    """A tuple is kept as a list."""
    return list(value) if isinstance(value, tuple) else value


class DryIdentities:
    """Sign-ins that are not made."""

    def invite(self, account_id: str, email: str) -> None: ...

    def provide(self, account_id: str, secret: str) -> None: ...

    def enable(self, account_id: str, *, enabled: bool) -> None: ...

    def remove(self, account_id: str) -> None: ...
