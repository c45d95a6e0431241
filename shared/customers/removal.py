"""The removal of archived customers: what is left of one expires.

DynamoDB deletes an archived customer after 30 days with its name and references, which have the same `expires_at`. An
archive also writes a record of the removal, in a partition of the subtree index by time, from which the daily job
finds what is to be done then (shared/accounts/removal.py).
"""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from shared.customers.customer import Customer
from shared.errors import require
from shared.table.audit import expiry
from shared.table.keys import REMOVALS, TABLE, Item, Key, removal_key
from shared.table.queries import is_expired
from shared.table.store import ConditionFailedError, Position, Store
from shared.values.timestamps import format_timestamp, parse_timestamp

_PAGE: Final = 100


class Removal(NamedTuple):
    """The removal of a customer at a time, which its record with `key` has set when it was archived."""

    key: Key
    at: datetime
    customer_path: str


def removal_item(customer: Customer) -> Item:
    """Build the record of the removal of an archived customer. It stays without effect if the customer is restored."""
    pk, sk = removal_key(customer.id, customer.version)
    at = format_timestamp(datetime.fromtimestamp(require(customer.expires_at), UTC))
    path = f"{at}#{customer.id}#{customer.version}"
    return {"pk": pk, "sk": sk, "tree": REMOVALS, "path": path, "at": at, "customer_path": customer.path}


def due_removals(store: Store, now: datetime) -> Iterator[Removal]:
    """Yield the removals until `now` that are not finished, by time. Those of restored customers are finished."""
    after: Position | None = None
    while True:
        page = store.query("subtree", REMOVALS, up_to=f"{format_timestamp(now)}~", limit=_PAGE, after=after)
        for item in page.items:
            removal = Removal((item["pk"], item["sk"]), parse_timestamp(item["at"]), item["customer_path"])
            at = (item["pk"], "customer")
            customer = store.get(at).get(at)
            if customer is None or is_expired(customer, now):
                yield removal
            else:
                finish(store, removal)
        if (after := page.next) is None:
            return


def expire_records(store: Store, removal: Removal) -> None:
    """Let all records of a removed customer expire, after the days that the audit shows changes. Raises ApiError."""
    after: Position | None = None
    while True:
        page = store.query(TABLE, removal.key[0], limit=_PAGE, after=after)
        for item in page.items:
            if "expires_at" not in item and (item["pk"], item["sk"]) != removal.key:
                _change(store, (item["pk"], item["sk"]), expiry(removal.at))
        if (after := page.next) is None:
            return


def finish(store: Store, removal: Removal) -> None:
    """Take a removal out of the index: nothing is left to be done."""
    _change(store, removal.key, expiry(removal.at), remove=("tree",))


def _change(store: Store, key: Key, expires_at: int, remove: tuple[str, ...] = ()) -> None:
    with contextlib.suppress(ConditionFailedError):  # it was deleted meanwhile
        store.change(key, {"pk": key[0]}, put={"expires_at": expires_at}, remove=remove, versioned=False)
