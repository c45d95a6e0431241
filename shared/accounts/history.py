"""The history of an account: who changed what, when. It contains ids only, no name and no address."""

from datetime import datetime
from typing import Any, Final

from shared.auth.authorization import Account, Caller
from shared.values.changes import Change

# `by` of a change that the daily check of sign-ins makes.
SIGN_IN_CHECK: Final = "sign_in_check"
# `by` of the removal of an account whose customer was removed.
REMOVAL: Final = "removal"
# `by` of the removal of an account by an operator, at the request of the person. See docs/privacy.md.
ERASURE: Final = "erasure"
# `by` of a change that an account of another tree causes by inviting the person: the history does not name it.
ANOTHER_CUSTOMER: Final = "another_customer"

_SHOWN: Final = ("role", "disabled", "second_factor", "removed")
_PERSONAL: Final = ("email", "display_name")  # the history says that they have changed, without their values


def with_change(before: Account | None, after: Account, event: str, caller: Caller) -> Account:
    """Return `after` with the record of its change by the caller. `before` is None for a new account."""
    return record_change(before, after, event, by=caller.account_id, now=caller.now, request_id=caller.request_id)


def record_change(
    before: Account | None, after: Account, event: str, *, by: str, now: datetime, request_id: str | None = None
) -> Account:
    """Return `after` with the record of its change. `by`: an account, or one of those above."""
    at = now if before is None else max(now, before.last_change.at if before.last_change else before.created_at)
    old = {} if before is None else _values(before)
    changes: dict[str, dict[Any, Any]] = {
        field: {"from": old.get(field), "to": value}
        for field, value in _values(after).items()
        if value != old.get(field)
    }
    if before is not None:
        changes |= {field: {} for field in _PERSONAL if getattr(before, field) != getattr(after, field)}
    change = Change(event=event, at=at, by=by, request_id=request_id, version=after.version, changes=changes)
    return after.model_copy(update={"last_change": change})


def _values(account: Account) -> dict[str, Any]:
    """Return what the history shows of an account. What is false or empty is left out of the first entry."""
    values: dict[str, Any] = {name: getattr(account, name) or None for name in _SHOWN}
    return {**values, "credentials": [each.id for each in account.usable_credentials] or None}
