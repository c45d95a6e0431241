"""Use case: list the changes of an account."""

from pydantic import BaseModel, Field

from shared.auth.access import read_with_actor
from shared.auth.authorization import Account, Caller, authorize
from shared.auth.cursors import read_cursor, sign_cursor
from shared.customers.change_use_cases import HistoryEntry
from shared.table.keys import HISTORY, TABLE, account_key
from shared.table.queries import IncompleteRecord, is_expired, parse_record, read_all
from shared.table.store import Store
from shared.values.changes import Change


class AccountHistory(BaseModel):
    """The changes of an account. They contain ids only: a name or an address that has changed has no values."""

    account_id: str
    entries: list[HistoryEntry] = Field(description="The changes, oldest first.")
    incomplete: list[IncompleteRecord] = Field(description="Changes of this page whose record can't be read.")
    next_cursor: str | None = Field(description="The cursor of the next page. Null on the last page.")


def get_account_history(
    store: Store, caller: Caller, account_id: str, *, limit: int, cursor: str | None = None
) -> AccountHistory:
    """List the changes of an account, also of a removed one, for as long as the audit shows them. Two requests.

    Raises NotFoundError, ForbiddenError, MalformedRequestError for a cursor.
    """
    key = account_key(account_id)
    actor, records = read_with_actor(store, caller, key)
    account = authorize(actor, caller.operation, parse_record(Account, records, key))
    bound_to = {"list": "account history", "account_id": account.id}
    after = read_cursor(actor, bound_to, cursor)
    page = store.query(TABLE, key[0], starts_with=HISTORY, after=after, limit=limit)
    live = [item for item in page.items if not is_expired(item, caller.now)]
    incomplete: list[IncompleteRecord] = []
    entries = []
    for item, change in zip(live, read_all(Change, live, []), strict=True):
        if change is None:
            incomplete.append(IncompleteRecord(kind="change", id=item["sk"].removeprefix(HISTORY)))
        else:
            entries.append(HistoryEntry.model_validate(dict(change)))
    return AccountHistory(
        account_id=account.id,
        entries=entries,
        incomplete=incomplete,
        next_cursor=sign_cursor(actor, bound_to, page.next),
    )
