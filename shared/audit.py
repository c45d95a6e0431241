"""Use case: list who changed what within a customer.

The entries are the records of the changes themselves, which the subtree index also has by time. So there is exactly one
for each change, and none for a request that was refused. Times are UTC.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from pydantic import BaseModel, Field

from shared.auth.access import read_with_actor
from shared.auth.authorization import Caller
from shared.auth.cursors import read_hidden_cursor, sign_hidden_cursor
from shared.customers.access import read_customer
from shared.customers.subtree import latest_changes
from shared.errors import RuleViolation, Violations
from shared.table.audit import audit_since
from shared.table.keys import Item
from shared.table.queries import IncompleteRecord, paginate, read_all
from shared.table.store import Store, position
from shared.values.changes import Change
from shared.values.csv_text import as_csv
from shared.values.timestamps import Timestamp, format_timestamp

# What an entry can be about. Those with an event have its name.
TYPES: Final = (
    "account_added",
    "account_changed",
    "account_removed",
    "address_lost",
    "credential_added",
    "credential_revoked",
    "customer_added",
    "customer_archived",
    "customer_changed",
    "customer_entered_production",
    "customer_restored",
    "device_added",
    "device_removed",
    "device_renamed",
    "email_changed",
    "invitation_requested",
    "second_factor_changed",
    "sign_in_replaced",
    "signed_in",
    "storage_location_changed",
    "storage_location_request_decided",
    "storage_location_requested",
    "storage_locations_replaced",
    "test_device_added",
    "test_device_removed",
    "token_replaced",
    "view_removed",
    "view_saved",
)
# The fields of a customer that are names: an entry says that they have changed, without their values.
_NAMES: Final = frozenset({"name"})


class AuditEntry(BaseModel):
    """One change. It contains ids only, no name and no address."""

    at: Timestamp
    event: str = Field(description=f"What has changed: {', '.join(TYPES)}.", examples=["account_changed"])
    by: str = Field(description="The id of an account, or sign_in_check, removal, erasure or another_customer.")
    customer_id: str = Field(description="The customer that has changed, or to which what has changed belongs.")
    account_id: str | None = Field(description="The account that has changed. Null for another change.")
    version: int | None = Field(description="The version after the change. Null if what has changed has none.")
    changes: dict[str, dict[str, Any]] = Field(
        description="By field: the value before (from) and after (to). A name or an address has no values."
    )
    request_id: str | None = Field(description="The id of the request. Null for a change without a request.")


class AuditPage(BaseModel):
    entries: list[AuditEntry] = Field(
        description="The changes, the latest first. For the root: first its own, then those of one distributor's tree "
        "after another, but not of a distributor that was removed."
    )
    incomplete: list[IncompleteRecord] = Field(description="Changes of this page whose record can't be read.")
    next_cursor: str | None = Field(
        description="The cursor of the next page. Null on the last page. A page can have fewer items than the limit."
    )

    def as_csv(self) -> str:
        """Return the entries as CSV (RFC 4180). The changes are JSON."""
        titles = tuple(AuditEntry.model_fields)
        rows = [entry.model_dump() for entry in self.entries]
        for row in rows:
            row["changes"] = json.dumps(row["changes"], ensure_ascii=False)
        return as_csv(titles, [[row[title] for title in titles] for row in rows])


@dataclass(frozen=True)
class AuditQuery:
    """Which changes to list. None: all. `since` and `until`: a day, or a time with its offset from UTC."""

    within: str | None = None
    by: str | None = None
    types: str | None = None
    since: str | None = None
    until: str | None = None


def get_audit(store: Store, caller: Caller, query: AuditQuery, *, limit: int, cursor: str | None = None) -> AuditPage:
    """List the changes within a customer, the latest first; without `within`, those within the caller's own.

    Two requests for a distributor without a filter; otherwise up to 5 queries, each for 100 changes. Raises
    NotFoundError, ForbiddenError, RulesViolatedError, MalformedRequestError for a cursor.
    """
    customer_id = query.within or read_with_actor(store, caller)[0].customer_id
    actor, top, _ = read_customer(store, caller, customer_id)
    types, since, until = _read_query(query)
    since = max(filter(None, (since, audit_since(caller.now))))
    if until <= since:  # the audit no longer shows these changes
        return AuditPage(entries=[], incomplete=[], next_cursor=None)
    bound_to = {"list": "audit", **vars(query), "within": top.id}
    incomplete: list[IncompleteRecord] = []

    def is_asked_for(item: Item) -> bool:
        path = item["customer_path"]
        return (
            (path == top.path or path.startswith(f"{top.path}/"))
            and query.by in (None, item.get("by"))
            and (not types or item.get("event") in types)
        )

    def show(items: list[Item]) -> list[AuditEntry | None]:
        wanted = [item if is_asked_for(item) else None for item in items]
        changes = iter(read_all(Change, filter(None, wanted), incomplete))
        return [_show(item, change) if item and (change := next(changes)) else None for item in wanted]

    entries, following = paginate(
        lambda size, after: latest_changes(
            store, top, since=format_timestamp(since), up_to=format_timestamp(until), limit=size, after=after
        ),
        show,
        lambda item: position("subtree", item),
        limit=limit,
        after=read_hidden_cursor(actor, bound_to, cursor),
        filtered=bool(query.by or types or top.level not in ("root", "distributor")),
    )
    # The position can be that of a change elsewhere in the tree, of which the caller must not know.
    next_cursor = sign_hidden_cursor(actor, bound_to, following)
    return AuditPage(entries=entries, incomplete=incomplete, next_cursor=next_cursor)


def _show(item: Mapping[str, Any], change: Change) -> AuditEntry:
    kind, _, subject = item["pk"].partition("#")
    return AuditEntry(
        at=change.at,
        event=change.event,
        by=change.by,
        customer_id=item["customer_path"].rpartition("/")[2],
        account_id=subject if kind == "account" else None,
        version=change.version,
        changes={
            field: {} if kind == "customer" and field in _NAMES else {**values}
            for field, values in change.changes.items()
        },
        request_id=change.request_id,
    )


def _read_query(query: AuditQuery) -> tuple[frozenset[str], datetime | None, datetime]:
    """Return the types, the first moment, and the moment before which the changes were. Raises RulesViolatedError."""
    violations = Violations()
    types = frozenset(each.strip() for each in (query.types or "").split(",") if each.strip())
    for unknown in sorted(types - frozenset(TYPES)):
        detail = f"{unknown[:32]} is not a type of a change. Allowed values: {', '.join(TYPES)}."
        violations.add(RuleViolation("type_unknown", "types", detail, values=list(TYPES)))
    since = violations.check(_first_moment, query.since, "from") if query.since else None
    until = violations.check(_last_moment, query.until, "to") if query.until else None
    if since and until and until <= since:
        violations.add(RuleViolation("order", "to", "to must be later than from."))
    violations.raise_if_any()
    return types, since, until or datetime.max.replace(tzinfo=UTC)


def _first_moment(text: str, parameter: str) -> datetime:
    return _moment(text, parameter, timedelta(0))


def _last_moment(text: str, parameter: str) -> datetime:
    return _moment(text, parameter, timedelta(days=1))


def _moment(text: str, parameter: str, of_a_day: timedelta) -> datetime:
    """Read a day (UTC), or a time with its offset from UTC. `of_a_day`: what to add to a day. Raises RuleViolation."""
    try:
        if len(text) == len("2026-11-27"):
            return datetime.combine(date.fromisoformat(text), time(), UTC) + of_a_day
        moment = datetime.fromisoformat(text)
        if moment.tzinfo:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    detail = f"{text[:32]} is not a time. Use a day such as 2026-11-27, or a time such as 2026-11-27T10:00:00Z."
    raise RuleViolation("time_invalid", parameter, detail)
