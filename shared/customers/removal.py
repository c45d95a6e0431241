"""What a removed customer leaves behind expires: its history, its counters, its removed devices.

DynamoDB deletes an archived customer after 30 days with its name and references, which have the same `expires_at`. An
archive also adds an entry to the index of removals, at which the daily job finds what else is to expire.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from shared.customers.customer import Customer
from shared.errors import require
from shared.table.audit import expiry
from shared.table.keys import REMOVALS, TABLE, Item, removal_key
from shared.table.queries import is_expired
from shared.table.store import ConditionFailedError, Position, Store
from shared.values.timestamps import format_timestamp

_PAGE: Final = 100


def removal_item(customer: Customer) -> Item:
    """Build the entry for the removal of an archived customer. It stays if the customer is restored, without effect."""
    pk, sk = removal_key(customer.id, customer.version)
    at = datetime.fromtimestamp(require(customer.expires_at), UTC)
    return {"pk": pk, "sk": sk, "tree": REMOVALS, "path": f"{format_timestamp(at)}#{customer.id}#{customer.version}"}


def expire_remnants(store: Store, now: datetime, time_is_up: Callable[[], bool]) -> int:
    """Let the records of customers that were removed by `now` expire, after the days that the audit shows changes.

    Return the number of these customers. It can be interrupted and repeated: an entry leaves the index at its end.
    Raises ApiError.
    """
    done = 0
    while not time_is_up():
        page = store.query("subtree", REMOVALS, up_to=f"{format_timestamp(now)}~", limit=_PAGE)
        for entry in page.items:
            at = (entry["pk"], "customer")
            customer = store.get(at).get(at)
            if customer is None or is_expired(customer, now):
                _expire(store, entry["pk"], expiry(datetime.fromisoformat(entry["path"].partition("#")[0])))
                done += 1
            _change(store, entry, int(now.timestamp()), remove=("tree",))
            if time_is_up():
                return done
        if page.next is None:
            break
    return done


def _expire(store: Store, partition: str, at: int) -> None:
    after: Position | None = None
    while True:
        page = store.query(TABLE, partition, limit=_PAGE, after=after)
        for item in page.items:
            if "expires_at" not in item and item["sk"].partition("#")[0] != "removal":
                _change(store, item, at)
        if (after := page.next) is None:
            return


def _change(store: Store, item: Item, expires_at: int, remove: tuple[str, ...] = ()) -> None:
    try:
        store.change(
            (item["pk"], item["sk"]), {"pk": item["pk"]}, put={"expires_at": expires_at}, remove=remove, versioned=False
        )
    except ConditionFailedError:  # it was deleted meanwhile
        return
