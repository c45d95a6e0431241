"""A store in memory for tests of use cases. tests/table/test_store.py compares it with DynamoDB."""

import threading
from collections.abc import Mapping
from typing import Any

from shared.table.keys import INDEXES, Item, Key
from shared.table.overlay import apply_actions, matches, normalize
from shared.table.store import Action, ConditionFailedError, Page, Position, Put, position


class MemoryStore:
    """`requests` lists the requests that DynamoDB would have received."""

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}
        self.requests: list[str] = []
        self._lock = threading.Lock()

    def get(self, *keys: Key) -> dict[Key, Item]:
        self.requests.append("get")
        assert len(set(keys)) <= 100, "BatchGetItem accepts at most 100 keys"
        return {key: dict(self.items[key]) for key in keys if key in self.items}

    def write(self, *actions: Action) -> None:
        self.requests.append("write")
        assert len({action.key for action in actions}) == len(actions) <= 100, (
            "TransactWriteItems accepts at most 100 actions, each on another key"
        )
        with self._lock:
            for key, item in apply_actions(actions, self.items).items():
                if item is None:
                    del self.items[key]
                else:
                    self.items[key] = item

    def change(
        self,
        key: Key,
        condition: Mapping[str, Any],
        *,
        put: Mapping[str, Any],
        remove: tuple[str, ...] = (),
        versioned: bool = True,
    ) -> None:
        self.requests.append("change")
        with self._lock:
            item = self.items.get(key, {})
            if not item or not matches(item, condition) or (versioned and not isinstance(item.get("version"), int)):
                raise ConditionFailedError({key: self.items.get(key)})
            changed = {**item, **{name: normalize(value) for name, value in put.items()}}
            if versioned:
                changed["version"] = item["version"] + 1
            self.items[key] = {name: value for name, value in changed.items() if name not in remove}

    def place(self, put: Put) -> None:
        self.items[put.key] = {name: normalize(value) for name, value in put.item.items()}

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
        self.requests.append(f"query {index}")
        assert since <= up_to or not since, "DynamoDB rejects a range whose end is before its beginning"
        pk, sk = INDEXES[index]
        found = [item for item in self.items.values() if item.get(pk) == partition and sk in item]
        found = sorted((i for i in found if i[sk].startswith(starts_with)), key=lambda i: i[sk].encode())
        if up_to:
            found = [item for item in found if since.encode() <= item[sk].encode() <= up_to.encode()]
        if descending:
            found.reverse()
        if after:
            found = [item for item in found if (item[sk].encode() > after[sk].encode()) != descending]
            found = [item for item in found if item[sk] != after[sk]]
        page = found[:limit]
        return Page(page, position(index, page[-1]) if len(found) > limit else None)
