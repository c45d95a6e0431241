"""Use case for support: at which resellers trials began lately. A trial can be repeated under another name.

An addition with a trial is counted in the reseller's `children` record, by UTC day, in the same transaction. So it
counts also after the customer was archived and removed.
"""

from datetime import date, datetime, timedelta
from typing import Final

from pydantic import BaseModel, Field

from shared.auth.access import read_with_actor
from shared.auth.authorization import Caller, require_permission
from shared.auth.cursors import read_cursor, sign_cursor
from shared.customers.customer import Customer
from shared.customers.trial import trial_starts
from shared.table.keys import TRIALS_STARTED, Item, customer_key
from shared.table.queries import IncompleteRecord, paginate, read_all
from shared.table.store import Store, position

WATCHED: Final = timedelta(days=90)


class TrialStarts(BaseModel):
    """A reseller, with the trials that began there in the last 90 days (UTC), today included."""

    customer_id: str
    name: str
    path: str
    started: int = Field(description="The number of trials, also of customers that were archived or removed since.")
    last_started_on: date


class TrialStartPage(BaseModel):
    resellers: list[TrialStarts] = Field(description="In the order of their paths.")
    incomplete: list[IncompleteRecord] = Field(description="Resellers of this page whose record can't be read.")
    next_cursor: str | None = Field(
        description="The cursor of the next page. Null on the last page. A page can have fewer items than the limit."
    )


def list_trial_starts(store: Store, caller: Caller, *, limit: int, cursor: str | None = None) -> TrialStartPage:
    """List the resellers at which trials began in the last 90 days. For support.

    A query and a read for each 100 resellers that have ever started one, at most 5 of each. Raises ForbiddenError,
    MalformedRequestError for a cursor.
    """
    actor, _ = read_with_actor(store, caller)
    require_permission(actor, caller.operation)
    bound_to = {"list": "trial starts"}
    incomplete: list[IncompleteRecord] = []

    def shown(items: list[Item]) -> list[TrialStarts | None]:
        started = {item["path"]: _recent(item, caller.now) for item in items}
        keys = [customer_key(path.rpartition("/")[2]) for path, days in started.items() if days]
        found = store.get(*keys) if keys else {}
        names = {each.path: each.name for each in read_all(Customer, found.values(), incomplete) if each}
        return [_starts(item["path"], names.get(item["path"]), started[item["path"]]) for item in items]

    resellers, after = paginate(
        lambda size, start: store.query("subtree", TRIALS_STARTED, limit=size, after=start),
        shown,
        lambda item: position("subtree", item),
        limit=limit,
        after=read_cursor(actor, bound_to, cursor),
        filtered=True,
    )
    return TrialStartPage(resellers=resellers, incomplete=incomplete, next_cursor=sign_cursor(actor, bound_to, after))


def _recent(item: Item, now: datetime) -> dict[date, int]:
    """Return by day the trials that began in the last 90 days."""
    first = (now - WATCHED).date()
    return {day: number for day, number in trial_starts(item).items() if first < day <= now.date()}


def _starts(path: str, name: str | None, days: dict[date, int]) -> TrialStarts | None:
    if name is None or not days:
        return None
    customer_id = path.rpartition("/")[2]
    return TrialStarts(
        customer_id=customer_id, name=name, path=path, started=sum(days.values()), last_started_on=max(days)
    )
