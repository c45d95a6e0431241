"""Use cases for imports: store an import, process it in the background part by part, and read its progress.

The id of a row's customer is derived from the import and the row's number. A part that is processed again, after a
crash or by a second message, finds the customers that it created before. So no row creates two customers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Final, Literal

from pydantic import BaseModel, Field

from shared.auth.access import read_with_actor
from shared.auth.authorization import Caller, authorize, require_permission
from shared.auth.cursors import read_cursor, sign_cursor
from shared.aws.queues import Queue
from shared.customers.customer import Notice, landing
from shared.errors import KeyReusedError, NotFoundError
from shared.idempotency import Identified, Outcome, ensure_same_hash, id_from
from shared.imports.file import (
    ROWS_PER_PART,
    File,
    Import,
    NewImport,
    Result,
    Row,
    Status,
    StoredResult,
    advance,
    parts_of,
    read_file,
)
from shared.imports.records import import_item, part_item, unpack_records
from shared.imports.worker import ImportWorker
from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import CATALOGUE, Key, account_key, customer_key, import_key, results_key, rows_key
from shared.table.overlay import OverlayStore
from shared.table.queries import has_passed, parse_record
from shared.table.store import MAX_KEYS, ConditionFailedError, Put, Records, Store, update_between
from shared.values.models import fields_of
from shared.values.timestamps import Timestamp

RETENTION: Final = timedelta(days=90)
MAX_SHOWN: Final = 2_000  # results in the response to a dry run; rows that would be created are only counted
_MAX_PARTS: Final = 8  # parts that are read for one page of results

State = Literal["waiting", "running", "done"]


class ImportPreview(BaseModel):
    """What an import would do. `results` contains the rows that would create no customer, at most 2,000."""

    rows: int
    created: int = Field(description="Rows that create a customer.")
    existed: int = Field(description="Rows whose customer exists and agrees with the row. It is not changed.")
    refused: int
    notices: list[Notice]
    results: list[Result]


class ImportResponse(ImportPreview, Identified):
    """An import, its progress, and the results of its rows, parents before children."""

    state: State
    rows_done: int
    created_at: Timestamp
    created_by: str
    finished_at: Timestamp | None
    next_cursor: str | None = Field(
        description="The cursor of the next page. Null on the last page. A page can have fewer items than the limit."
    )


@dataclass(frozen=True)
class AddedImport:
    response: ImportResponse
    outcome: Outcome


def add_import(
    store: Store,
    queue: Queue,
    caller: Caller,
    file: File,
    *,
    idempotency_key: str,
    validate_only: bool = False,
) -> AddedImport:
    """Store a file of customers and process it in the background, once for each caller and `idempotency_key`.

    `validate_only` processes it at once, on a store that writes nothing. Raises ForbiddenError, RulesViolatedError for
    the file as a whole, KeyReusedError; UnavailableError if the import is stored but its message could not be sent (the
    same request again sends it).
    """
    import_id = id_from("imp", caller.account_id, idempotency_key)
    key = import_key(import_id)
    actor, records = read_with_actor(store, caller, key, CATALOGUE)
    require_permission(actor, caller.operation)
    catalogue = Catalogue.model_validate(records[CATALOGUE])
    earlier = parse_record(Import, records, key)
    if earlier is None:
        new = read_file(file)
        kept = Import(
            id=import_id,
            path=actor.customer_path,
            rows=len(new.rows),
            from_parents=new.from_parents,
            notices=new.notices,
            created_at=caller.now,
            created_by=actor.id,
            request_id=caller.request_id,
            request_hash=file.hash,
            kept_until=int((caller.now + RETENTION).timestamp()),
        )
        if validate_only:
            return AddedImport(_dry_run(store, caller, kept, new), "validated")
        rows = [part_item(rows_key(import_id, part), kept, rows) for part, rows in enumerate(parts_of(new.rows))]
        try:
            store.write(*map(Put, [import_item(kept), *rows]))
        except ConditionFailedError as failed:
            earlier = parse_record(Import, failed.records, key)
            if earlier is None:
                raise
        else:
            queue.send([{"import_id": import_id}])
            return AddedImport(_response(kept, catalogue), "added")
    ensure_same_hash(file.hash, earlier.request_hash)
    if has_passed(earlier.kept_until, caller.now):
        raise KeyReusedError(
            "The results of this import have expired. Use a new Idempotency-Key to import the file again."
        )
    if earlier.finished_at is None and not validate_only:  # its message may never have been sent
        queue.send([{"import_id": import_id}])
    return AddedImport(_response(earlier, catalogue), "validated" if validate_only else "replayed")


def _response(
    import_job: Import,
    catalogue: Catalogue,
    results: Iterable[StoredResult] = (),
    notices: Iterable[Notice] = (),
    next_cursor: str | None = None,
) -> ImportResponse:
    done = import_job.created + import_job.existed + import_job.refused
    return ImportResponse(
        **fields_of(import_job, ("id", "rows", "created", "existed", "refused", "created_at", "created_by")),
        state="done" if import_job.finished_at else "running" if done else "waiting",
        rows_done=done,
        finished_at=import_job.finished_at,
        notices=[*import_job.notices, *notices],
        results=[_show(result, catalogue) for result in results],
        next_cursor=next_cursor,
    )


def _show(result: StoredResult, catalogue: Catalogue) -> Result:
    if result.storage_location is None:
        return Result(**dict(result))
    lands_in, notices = landing(result.storage_location, catalogue)
    return Result(**dict(result), lands_in=lands_in and lands_in.code, notices=notices)


def _dry_run(store: Store, caller: Caller, import_job: Import, new: NewImport) -> ImportResponse:
    """Process an import on a store that writes nothing, and return the results."""
    records = store.get(account_key(import_job.created_by), CATALOGUE)
    catalogue = Catalogue.model_validate(records[CATALOGUE])
    work, shown, locations = ImportWorker(OverlayStore(store), import_job), list[StoredResult](), set[str]()
    for rows in parts_of(new.rows):
        # The overlay keeps what it has read. Reading the new ids here takes one request for many of them.
        for some in batched(rows, MAX_KEYS, strict=False):
            work.store.get(*(customer_key(import_job.customer_id(row.number)) for row in some))
        results = work.process(caller, records, rows)
        import_job = advance(import_job, results, caller.now)
        shown += [result for result in results if result.status != "created"]
        locations |= {result.storage_location for result in results if result.storage_location}
    # The rows that create a customer are not shown, so the import says where their data lands.
    notices = [notice for location in sorted(locations) for notice in landing(location, catalogue)[1]]
    return _response(import_job, catalogue, shown[:MAX_SHOWN], notices)


def get_import(
    store: Store,
    caller: Caller,
    import_id: str,
    *,
    status: Status | None = None,
    limit: int,
    cursor: str | None = None,
) -> ImportResponse:
    """Return the progress of an import and a page of its results, optionally of one status only.

    Two requests. Raises NotFoundError, MalformedRequestError for a cursor.
    """
    key = import_key(import_id)
    actor, records = read_with_actor(store, caller, key, CATALOGUE)
    import_job = authorize(actor, caller.operation, parse_record(Import, records, key))
    if has_passed(import_job.kept_until, caller.now):
        raise NotFoundError
    bound_to = {"list": "results", "import_id": import_job.id, "status": status}
    next_row = int((read_cursor(actor, bound_to, cursor) or {"place": "0"})["place"])
    parts = range(next_row // ROWS_PER_PART, min(next_row // ROWS_PER_PART + _MAX_PARTS, import_job.parts_done))
    results: list[StoredResult] = []
    for part, part_results in zip(
        parts, _parts(store, [results_key(import_job.id, part) for part in parts]), strict=True
    ):
        for number, record in enumerate(part_results, part * ROWS_PER_PART):
            if number < next_row or len(results) == limit:
                continue
            next_row = number + 1
            result = StoredResult.model_validate(record)
            if status in (None, result.status):
                results.append(result)
    more = next_row < min(import_job.parts_done * ROWS_PER_PART, import_job.rows)
    following = sign_cursor(actor, bound_to, {"place": str(next_row)} if more else None)
    return _response(import_job, Catalogue.model_validate(records[CATALOGUE]), results, next_cursor=following)


def _parts(store: Records, keys: list[Key]) -> list[list[dict[str, object]]]:
    records = store.get(*keys) if keys else {}
    return [unpack_records(records[key]) for key in keys]


def run_import(
    store: Store, queue: Queue, import_id: str, now: Callable[[], datetime], time_is_up: Callable[[], bool]
) -> Import | None:
    """Resume an import, part by part, until it is done or the time is up. Then another message resumes it.

    A part's results and the progress are written in one transaction, so only one of two concurrent workers writes them.
    Returns the progress, or `None` if the import does not exist.
    """
    key = import_key(import_id)
    import_job = parse_record(Import, store.get(key), key)
    work = import_job and ImportWorker(store, import_job)
    while import_job and work and import_job.finished_at is None:
        if time_is_up():
            queue.send([{"import_id": import_id}])
            return import_job
        caller = Caller(import_job.created_by, now(), "change_customers", import_job.request_id)
        part = rows_key(import_job.id, import_job.parts_done)
        found = store.get(account_key(import_job.created_by), CATALOGUE, part)
        rows = [Row.model_validate(record) for record in unpack_records(found[part])]
        earlier = sorted({row.parent[1] for row in rows if row.parent and row.parent[0] not in work.created})
        for records in _parts(
            store, [results_key(import_job.id, each) for each in earlier if each < import_job.parts_done]
        ):
            work.created |= {result.row: result.customer_id for result in map(StoredResult.model_validate, records)}
        results = work.process(caller, found, rows)
        done = advance(import_job, results, caller.now)
        try:
            store.write(
                update_between(import_item(import_job), import_item(done), {"parts_done": import_job.parts_done}),
                Put(part_item(results_key(import_job.id, import_job.parts_done), import_job, results)),
            )
        except ConditionFailedError:
            return import_job  # another worker is ahead and continues
        import_job = done
    return import_job
