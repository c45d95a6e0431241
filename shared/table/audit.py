"""The audit: records of changes that are also in the subtree index, in the partition of their tree, by time.

A change of an account, of a customer and of the catalogue has a record in its history, which is an entry of the audit
too. What has no history, such as a test device, has a record of its own: `audit_item`.
"""

from datetime import datetime, timedelta
from typing import Final

from shared.aws.settings import settings
from shared.table.keys import Item, Key, audit_key, tree_below
from shared.table.queries import build_record
from shared.values.changes import Change
from shared.values.timestamps import format_timestamp

AUDIT: Final = "audit"


def audited(key: Key, change: Change, customer_path: str, *, expires: bool = True) -> Item:
    """Build the record of a change, as an entry of the audit of the tree that contains `customer_path`.

    `expires`: DynamoDB deletes it after the days of `audit_since`. Otherwise only the audit leaves it out then.
    """
    item = build_record(key, change)
    subject, detail = key[0].partition("#")[2], key[1].split("#", 2)[2]
    entry = {
        "tree": tree_below(AUDIT, customer_path),
        "path": f"{format_timestamp(change.at)}#{subject}#{detail}",
        "customer_path": customer_path,
    }
    return {**item, **entry, **({"expires_at": expiry(change.at)} if expires else {})}


def audit_item(customer_id: str, change: Change, customer_path: str, about: str = "") -> Item:
    """Build the record of a change that is in no history. `about`: the id of what has changed, if not the customer."""
    detail = f"{change.event}#{about}#{change.version}"
    return audited(audit_key(customer_id, change.at, detail), change, customer_path)


def audit_since(now: datetime) -> datetime:
    """Return the time from which on the audit shows changes."""
    return now - timedelta(days=settings.audit_days)


def expiry(at: datetime) -> int:
    """Return when something that has ended at a time expires, in epoch seconds: after the days of the audit."""
    return int((at + timedelta(days=settings.audit_days)).timestamp())
