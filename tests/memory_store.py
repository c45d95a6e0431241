"""The store in memory, for tests of use cases. `test_store.py` holds it to what DynamoDB does."""

import threading
from collections.abc import Mapping
from typing import Any

from shared.keys import INDEXES, Item, Key
from shared.store import Action, Check, ConditionFailedError, Count, Page, Position, Put, Remove, position


class MemoryStore:
    """`requests` counts what DynamoDB would have been asked."""

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}
        self.requests: list[str] = []
        self._lock = threading.Lock()

    def get(self, *keys: Key) -> dict[Key, Item]:
        self.requests.append("get")
        assert len(set(keys)) <= 100, "BatchGetItem takes no more"
        return {key: dict(self.items[key]) for key in keys if key in self.items}

    def write(self, *actions: Action) -> None:
        self.requests.append("write")
        with self._lock:
            failed = {action.key: self.items.get(action.key) for action in actions if not self._holds(action)}
            if failed:
                raise ConditionFailedError(failed)
            for action in actions:
                if isinstance(action, Put):
                    self.place(action)
                elif isinstance(action, Remove):
                    del self.items[action.key]
                elif isinstance(action, Count):
                    counter = self.items.get(action.key, {"pk": action.key[0], "sk": action.key[1]})
                    self.items[action.key] = {**counter, "count": counter.get("count", 0) + action.by}

    def change(
        self,
        key: Key,
        when: Mapping[str, Any],
        *,
        put: Mapping[str, Any],
        remove: tuple[str, ...] = (),
        versioned: bool = True,
    ) -> None:
        self.requests.append("change")
        with self._lock:
            item = self.items.get(key, {})
            if not self._holds(Check(key, when)) or (versioned and not isinstance(item.get("version"), int)):
                raise ConditionFailedError({key: self.items.get(key)})
            changed = {**item, **{name: _stored(value) for name, value in put.items()}}
            if versioned:
                changed["version"] = item["version"] + 1
            self.items[key] = {name: value for name, value in changed.items() if name not in remove}

    def place(self, put: Put) -> None:
        self.items[put.key] = {name: _stored(value) for name, value in put.item.items()}

    def query(
        self,
        index: str,
        partition: str,
        *,
        limit: int,
        starts_with: str = "",
        up_to: str = "",
        after: Position | None = None,
    ) -> Page:
        self.requests.append(f"query {index}")
        pk, sk = INDEXES[index]
        found = [item for item in self.items.values() if item.get(pk) == partition and sk in item]
        found = sorted((i for i in found if i[sk].startswith(starts_with)), key=lambda i: i[sk].encode())
        if up_to:
            found = [item for item in found if item[sk].encode() <= up_to.encode()]
        if after:
            found = [item for item in found if item[sk].encode() > after[sk].encode()]
        page = found[:limit]
        return Page(page, position(index, page[-1]) if len(found) > limit else None)

    def _holds(self, action: Action) -> bool:
        item = self.items.get(action.key)
        if isinstance(action, Count):
            after = (item or {}).get("count", 0) + action.by
            within = after >= action.least if action.by < 0 else action.most is None or after <= action.most
            return within and _equal(item or {}, action.when)
        free_at = action.free_at if isinstance(action, Put) else None
        if item is not None and free_at is not None and item.get("expires_at", free_at + 1) <= free_at:
            return True
        if action.when is None:
            return item is None
        return item is not None and _equal(item, action.when)


def _equal(item: Item, when: Mapping[str, Any]) -> bool:
    return all(name in item if value is ... else item.get(name) == _stored(value) for name, value in when.items())


def _stored(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
