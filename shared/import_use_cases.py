"""What can be done with imports: one is kept whole, carried out in the background part by part, and looked at.

A row makes the customer whose id follows from the import and the row's number. So a part that is carried out again,
after a crash or by a second message, meets what it made before, and no row makes two customers.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel, Field

from shared.accounts import Account, Caller, authorize, permit
from shared.cursors import read_cursor, sign_cursor
from shared.customer_use_cases import MOST_DECISIONS, additions, being_changed, joined, refuse_taken
from shared.customers import Customer, new_customer
from shared.dry_runs import DryStore
from shared.errors import NameExistsError, NoActiveAccountError, ReferenceExistsError, RefusalError
from shared.idempotency import Outcome, id_from, refuse_other_hash, text_hash
from shared.imports import (
    MOST_ROW_ERRORS,
    PART,
    Import,
    NewImport,
    Result,
    Row,
    Status,
    asked_by,
    parts_of,
    progress_of,
    read_file,
)
from shared.keys import (
    CATALOGUE,
    Item,
    Key,
    children_key,
    customer_key,
    import_item,
    import_key,
    part_item,
    results_key,
    rows_key,
)
from shared.queues import Queue
from shared.reading import get, one, read
from shared.storage_locations import Catalogue
from shared.store import Action, ConditionFailedError, Put, Records, Store
from shared.times import Time

KEPT: Final = timedelta(days=90)
# So many results an answer to a dry run holds; those that would be created are counted only.
MOST_SHOWN: Final = 2_000
_MOST_ACTIONS: Final = 100  # DynamoDB's limit for one transaction
_MOST_KEYS: Final = 100  # and for one read
_MOST_PARTS: Final = 8  # that are looked through for one page of results

State = Literal["waiting", "running", "done", "validated"]


class ImportAnswer(BaseModel):
    """An import, how far it is, and what became of its rows, parents before children."""

    id: str | None = Field(description="None only in the answer to validate_only.")
    state: State
    rows: int
    rows_done: int
    created: int = Field(description="In the answer to validate_only: would be created.")
    existed: int = Field(description="Rows whose name or reference a customer had already. It was not changed.")
    refused: int
    created_at: Time
    created_by: str
    finished_at: Time | None
    results: list[Result]
    next_cursor: str | None = Field(description="For the next page; none on the last one. A page may be a short one.")


@dataclass(frozen=True)
class AddedImport:
    answer: ImportAnswer
    outcome: Outcome


def add_import(  # noqa: PLR0913 - what an addition depends on, each given
    store: Store,
    queue: Queue,
    caller: Caller,
    file: str,
    media: str,
    *,
    idempotency_key: str,
    validate_only: bool = False,
) -> AddedImport:
    """Keep a file of customers and have it carried out in the background, once for each caller and `idempotency_key`.

    `validate_only` carries it out on a store that writes nothing, and answers at once. Raises ForbiddenError,
    BrokenRulesError for the file as a whole, KeyReusedError; UnavailableError where the import is kept but could not
    be begun: the same request again begins it.
    """
    import_id = id_from("imp", caller.account_id, idempotency_key)
    key, hash_of_file = import_key(import_id), text_hash(f"{media}\n{file}")
    by, found = read(store, caller, key)
    permit(by, caller.operation)
    earlier = one(Import, found, key)
    if earlier is None:
        new = read_file(file, media)
        kept = Import(
            id=import_id,
            path=by.customer_path,
            rows=len(new.rows),
            from_parents=new.from_parents,
            created_at=caller.now,
            created_by=by.id,
            request_id=caller.request_id,
            request_hash=hash_of_file,
            expires_at=int((caller.now + KEPT).timestamp()),
        )
        if validate_only:
            return AddedImport(_tried(store, caller, kept, new), "validated")
        rows = [part_item(rows_key(import_id, part), kept, rows) for part, rows in enumerate(parts_of(new.rows))]
        try:
            store.write(*(Put(item, free_at=int(caller.now.timestamp())) for item in [import_item(kept), *rows]))
        except ConditionFailedError as failed:
            earlier = one(Import, failed.found, key)
            if earlier is None:
                raise
        else:
            queue.send([{"import_id": import_id}])
            return AddedImport(_answer(kept), "added")
    refuse_other_hash(hash_of_file, earlier.request_hash)
    if earlier.finished_at is None and not validate_only:  # its message may never have been sent
        queue.send([{"import_id": import_id}])
    return AddedImport(_answer(earlier), "validated" if validate_only else "replayed")


def _answer(of: Import, results: list[Result] | None = None, next_cursor: str | None = None) -> ImportAnswer:
    done = of.created + of.existed + of.refused
    return ImportAnswer(
        **of.model_dump(include={"id", "rows", "created", "existed", "refused", "created_at", "created_by"}),
        state="done" if of.finished_at else "running" if done else "waiting",
        rows_done=done,
        finished_at=of.finished_at,
        results=results or [],
        next_cursor=next_cursor,
    )


def _tried(store: Store, caller: Caller, of: Import, new: NewImport) -> ImportAnswer:
    """The answer to a dry run: the same work, on a store that writes nothing."""
    dry, shown = DryStore(store), list[Result]()
    made: dict[int, str | None] = {}
    for rows in parts_of(new.rows):
        results = _carry_out(dry, caller, of, rows, made)
        of = progress_of(of, results, caller.now)
        shown += [result for result in results if result.status != "created"]
    answer = _answer(of, shown[:MOST_SHOWN])
    return answer.model_copy(update={"id": None, "state": "validated", "finished_at": None})


def get_import(  # noqa: PLR0913 - the parameters of the route
    store: Store,
    caller: Caller,
    import_id: str,
    *,
    status: Status | None = None,
    limit: int,
    cursor: str | None = None,
) -> ImportAnswer:
    """How far an import is, and a page of its results; those of one status only, where it is given.

    Two requests. Raises NotFoundError, MalformedRequestError for a cursor.
    """
    key = import_key(import_id)
    by, found = read(store, caller, key)
    of = authorize(by, caller.operation, one(Import, found, key))
    bound_to = {"list": "results", "import_id": of.id, "status": status}
    place = int((read_cursor(by, bound_to, cursor) or {"place": "0"})["place"])
    parts = range(place // PART, min(place // PART + _MOST_PARTS, of.parts_done))
    results: list[Result] = []
    for part, records in zip(parts, _parts(store, [results_key(of.id, part) for part in parts]), strict=True):
        for number, record in enumerate(records, part * PART):
            if number < place or len(results) == limit:
                continue
            place = number + 1
            result = Result.model_validate(record)
            if status in (None, result.status):
                results.append(result)
    more = place < min(of.parts_done * PART, of.rows)
    return _answer(of, results, sign_cursor(by, bound_to, {"place": str(place)} if more else None))


def _parts(store: Records, keys: list[Key]) -> list[list[dict[str, object]]]:
    found = store.get(*keys) if keys else {}
    return [json.loads(found[key]["records"]) for key in keys]


def run_import(
    store: Store, queue: Queue, import_id: str, now: Callable[[], datetime], time_is_up: Callable[[], bool]
) -> Import | None:
    """Carry an import on, part by part, until it is done or the time is up; then another message goes on with it.

    A part's results and the progress are written together, once: of two who carry out one part, one writes them. What
    was made of it before is met again. Returns how far it is; `None` where there is no such import.
    """
    key = import_key(import_id)
    of = one(Import, store.get(key), key)
    made: dict[int, str | None] = {}
    while of is not None and of.finished_at is None:
        if time_is_up():
            queue.send([{"import_id": import_id}])
            return of
        caller = Caller(of.created_by, now(), "change_customers", of.request_id)
        (records,) = _parts(store, [rows_key(of.id, of.parts_done)])
        rows = [Row.model_validate(record) for record in records]
        _remember(store, of, rows, made)
        results = _carry_out(store, caller, of, rows, made)
        done = progress_of(of, results, caller.now)
        try:
            store.write(
                Put(import_item(done), when={"parts_done": of.parts_done}),
                Put(part_item(results_key(of.id, of.parts_done), of, results)),
            )
        except ConditionFailedError:
            return of  # somebody else is ahead, and goes on
        of = done
    return of


def _remember(store: Records, of: Import, rows: list[Row], made: dict[int, str | None]) -> None:
    """Which customers came of the rows' parents, as far as they stand in parts before this one."""
    parts = sorted({row.parent[1] for row in rows if row.parent and row.parent[0] not in made} - {of.parts_done})
    for records in _parts(store, [results_key(of.id, part) for part in parts]):
        made |= {result.row: result.customer_id for result in map(Result.model_validate, records)}


def _carry_out(
    store: Records, caller: Caller, of: Import, rows: list[Row], made: dict[int, str | None]
) -> list[Result]:
    """What becomes of the rows of one part. `made`: row -> the customer that came of it, for their children."""
    try:
        by, found = read(store, caller, CATALOGUE)
    except NoActiveAccountError as refused:  # the account was disabled since, and so nothing is done in its name
        return [_refused(row, refused) for row in rows]
    work = _Work(store, caller, of, by, Catalogue.model_validate(found[CATALOGUE]), made)
    work.read_parents({row.fields.get("parent_id") for row in rows if row.parent is None})
    work.read_parents({made.get(row.parent[0]) for row in rows if row.parent})
    for row in rows:
        work.add(row)
    work.write()
    return [work.results[row.number] for row in rows]


class _Work:
    """The rows of one part on their way into the table, as many in one transaction as it takes."""

    def __init__(  # noqa: PLR0913, PLR0917 - what the rows depend on
        self, store: Records, caller: Caller, of: Import, by: Account, catalogue: Catalogue, made: dict[int, str | None]
    ) -> None:
        self.store, self.caller, self.of, self.by = store, caller, of, by
        self.catalogue, self.made = catalogue, made
        self.results: dict[int, Result] = {}
        self.found: dict[Key, Item] = {}  # parents, and how often they were changed
        self.parents: dict[str, Customer | None] = {}
        self.group: dict[int, tuple[Row, Customer, list[Action]]] = {}
        self.taken: set[Key] = set()  # what the group writes

    def read_parents(self, ids: set[str | None]) -> None:
        """Read those that are not known yet, many in one request."""
        wanted = sorted(each for each in ids if each and each not in self.parents)
        for start in range(0, len(wanted), _MOST_KEYS // 2):
            some = wanted[start : start + _MOST_KEYS // 2]
            keys = [key for each in some for key in (customer_key(each), children_key(each))]
            self.found |= get(self.store, self.caller.now, *keys)
            self.parents |= {each: one(Customer, self.found, customer_key(each)) for each in some}

    def add(self, row: Row) -> None:
        """Take the row into the group that is written next."""
        if row.errors:
            self.settle(row, "refused", errors=row.errors)
            return
        if row.parent and row.parent[0] in self.group:
            self.write()
        parent_id = self.made.get(row.parent[0]) if row.parent else row.fields.get("parent_id")
        if row.parent and parent_id is None:
            detail = f"Row {row.parent[0]}, its parent, was refused."
            self.settle(row, "refused", errors=[{"code": "parent_refused", "pointer": "/parent_id", "detail": detail}])
            return
        try:
            self.read_parents({parent_id})
            parent = self.parents.get(parent_id or "")
            if parent_id is not None:
                parent = authorize(self.by, self.caller.operation, parent, pointer="/parent_id")
            new = asked_by(row, parent_id, parent, self.of.from_parents)
            customer = new_customer(new, parent, self.catalogue, id=self.of.customer_id(row.number), by=self.caller)
        except RefusalError as refused:
            self.results[row.number] = _refused(row, refused)
            return
        actions = additions(customer, self.caller.now)
        keys = {action.key for action in actions}
        parents = {children_key(other.parent_id or "") for _, other, _ in self.group.values()}
        if keys & self.taken or len(self.taken | keys) + len(parents) + 1 > _MOST_ACTIONS:
            self.write()
        self.group[row.number] = (row, customer, actions)
        self.taken |= keys

    def write(self) -> None:
        """Write the group: all that is free in one transaction, in as many tries as others' rows take."""
        stale = 0
        while self.group:
            counts: dict[str, int] = {}
            for _, customer, _ in self.group.values():
                counts[customer.parent_id or ""] = counts.get(customer.parent_id or "", 0) + 1
            joining = [joined(parent_id, self.found, by=number) for parent_id, number in counts.items()]
            try:
                self.store.write(*(action for _, _, actions in self.group.values() for action in actions), *joining)
            except ConditionFailedError as failed:
                if not self._settle_failed(failed):
                    stale += 1
                    if stale == MOST_DECISIONS:
                        raise being_changed() from failed
                    self._decide_anew(set(counts))
            else:
                for row, customer, _ in self.group.values():
                    self._created(row, customer)
                self.group = {}
        self.taken = set()

    def _settle_failed(self, failed: ConditionFailedError) -> bool:
        """Settle the rows that the failed write tells of; whether there were any."""
        settled = []
        for number, (row, customer, _) in self.group.items():
            if failed.found.get(customer_key(customer.id)):
                self._created(row, customer)  # before an interruption
            else:
                try:
                    refuse_taken(self.by, customer, failed.found)
                except (NameExistsError, ReferenceExistsError) as taken:
                    self._existed(row, taken, failed)
                else:
                    continue
            settled.append(number)
        for number in settled:
            del self.group[number]
        return bool(settled)

    def _decide_anew(self, parent_ids: set[str]) -> None:
        """A parent was changed meanwhile: read it again, and let the rules decide again."""
        rows = [row for row, _, _ in self.group.values()]
        self.group, self.taken = {}, set()
        for parent_id in parent_ids:
            self.parents.pop(parent_id, None)
            self.found.pop(children_key(parent_id), None)
        self.read_parents(set(parent_ids))
        for row in rows:
            self.add(row)

    def _created(self, row: Row, customer: Customer) -> None:
        self.parents[customer.id] = customer
        self.settle(row, "created", customer.id)

    def _existed(self, row: Row, taken: RefusalError, failed: ConditionFailedError) -> None:
        """A customer of this name or reference is there; refused where it is archived, or another's."""
        customer_id = taken.facts.get("customer_id")
        archived = any(
            item and item.get("customer_id") == customer_id and "expires_at" in item for item in failed.found.values()
        )
        if customer_id is None or archived:
            self.results[row.number] = _refused(row, taken)
            self.made[row.number] = None
            return
        self.settle(row, "existed", customer_id)

    def settle(
        self, row: Row, status: Status, customer_id: str | None = None, errors: list[dict[str, object]] | None = None
    ) -> None:
        self.results[row.number] = Result(row=row.number, status=status, customer_id=customer_id, errors=errors or [])
        self.made[row.number] = customer_id


def _refused(row: Row, refusal: RefusalError) -> Result:
    errors = refusal.errors or [{"code": refusal.code, "pointer": "", "detail": refusal.detail}]
    errors = [{"detail": refusal.detail, **error} for error in errors[:MOST_ROW_ERRORS]]
    return Result(row=row.number, status="refused", errors=[_short(error) for error in errors])


def _short(error: dict[str, object]) -> dict[str, object]:
    """The choices among locations are the same for every row, and stand in the options route."""
    return {name: value for name, value in error.items() if name != "choices"}
