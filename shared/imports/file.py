"""Files of customers to be added: read the rows, find the parents among them, and the records of an import.

A file is CSV, with our own field names or the header of a well-known onboarding script, or JSON lines. A row's parent
is the id of a customer, or the `key` or the name of another row, anywhere in the file. Rows are processed
parents first. A defect of the file rejects the file. A defect of a row is the result of that row.
"""

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sized
from datetime import datetime
from itertools import batched
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.customers import cells
from shared.customers.customer import Customer, NewCustomer, Notice
from shared.customers.fields import FIELDS, field_rules
from shared.customers.levels import ALLOWED_CHILDREN
from shared.errors import RulesViolatedError, RuleViolation, Violations
from shared.idempotency import id_from, text_hash
from shared.imports.csv_file import Encoding, decode_csv, read_table, wrong_encoding
from shared.values.countries import CountryCode
from shared.values.json_text import LOST_CHARACTER, find_lost_character, parse_strict_json
from shared.values.names import MAX_NAME_LENGTH, find_invisible, fold_name
from shared.values.timestamps import Timestamp

MAX_ROWS: Final = 10_000
# Of the body of a request. Lambda's limit is 6 MiB for an event, in which JSON escapes may double the body: a file of
# quotation marks, or a JSON body whose text is full of escapes already. 291,456 bytes remain for the rest of the event.
MAX_FILE_BYTES: Final = 3_000_000
ROWS_PER_PART: Final = 147  # rows, and results, in one record: three full transactions
MAX_ROW_ERRORS: Final = 5
_MAX_ROW_BYTES: Final = 2_500  # bytes, as stored: 147 of them fit into a record of 400 KB
CSV: Final = "text/csv"
csv.field_size_limit(MAX_FILE_BYTES)  # a cell that is too long is an error of its row, not of the file
JSON_LINES: Final = ("application/jsonl", "application/x-ndjson")
JSON: Final = "application/json"

# The vendor's number of a place. It is not a country.
_IGNORED: Final = "locationid"
_IGNORED_NOTICE: Final = Notice(
    code="column_ignored",
    detail="LocationId is ignored: it is a number of the vendor, not a country. The device country decides the storage "
    "location, or the column storage_location where that country hosts none.",
)
# The onboarding script's columns, in lower case -> our fields.
_SCRIPT: Final = {
    "companyname": "name",
    "parentid": "parent_id",
    "level": "level",
    "state": "state",
    "locationid": _IGNORED,
    "devicecountry": "device_country",
}
_COLUMNS: Final = (*FIELDS, "key")
_PARSERS: Final = {field: spec.parse_text for field, spec in FIELDS.items()} | {"state": cells.parse_state}
_CUSTOMER_ID: Final = re.compile("cus_[a-z2-7]{26}")

# Fields that JSON lines hold as words, which may be written in more than one way.
_JSON_WORDS: Final = ("level", "state", "service_type")

Fields = dict[str, Any]
Errors = list[dict[str, Any]]
Status = Literal["created", "existed", "refused"]


class Row(BaseModel):
    """A row of the file, in processing order. `parent`: the parent's row and its part."""

    model_config = ConfigDict(frozen=True)

    number: int  # in the file, from 1, the header left out
    fields: Fields
    parent: tuple[int, int] | None = None
    errors: Errors = []


class StoredResult(BaseModel):
    """The result of a row."""

    row: int = Field(description="The row's number in the file, from 1. The header is not counted.")
    status: Status
    customer_id: str | None = Field(None, description="The customer that was created or existed. Null if refused.")
    storage_location: CountryCode | None = Field(
        None, description="The customer's storage location at that time. Null if refused, and in older results."
    )
    errors: list[dict[str, Any]] = Field([], description="Why the row was refused, with pointers to its fields.")


class Result(StoredResult):
    """The result of a row, and where the data of its customer lands today."""

    lands_in: CountryCode | None = Field(
        None, description="The country where the data of storage_location lands today. Null if there is none."
    )
    notices: list[Notice] = Field([], description="lands_elsewhere, if data lands in another country.")


class Import(BaseModel):
    """The stored record of an import. Its rows and their results are stored beside it, in parts."""

    model_config = ConfigDict(frozen=True)

    id: str
    path: str  # of the customer of the account that sent it
    rows: int
    from_parents: tuple[str, ...] = ()  # the fields for which the file has no column
    notices: tuple[Notice, ...] = ()
    parts_done: int = 0
    created: int = 0
    existed: int = 0
    refused: int = 0
    finished_at: Timestamp | None = None
    created_at: Timestamp
    created_by: str
    request_id: str | None = None
    request_hash: str
    kept_until: int  # epoch seconds; then its rows and results are removed, and its id is never used again

    @property
    def parts(self) -> int:
        return -(-self.rows // ROWS_PER_PART)

    def customer_id(self, row: int) -> str:
        """Derive the id of a row's customer. However often the row is processed, it creates this customer or none."""
        return id_from("cus", self.id, str(row))


class NewImport(BaseModel):
    """The parsed file: its rows, parents before children."""

    rows: list[Row]
    from_parents: tuple[str, ...]
    notices: tuple[Notice, ...] = ()


class File(NamedTuple):
    """A file as it was sent: text, or the bytes of a CSV file and their encoding."""

    content: str | bytes
    media: str = CSV
    encoding: Encoding | None = None

    @property
    def hash(self) -> str:
        content = self.content if isinstance(self.content, str) else self.content.hex()
        return text_hash(f"{self.media}{self.encoding or ''}\n{content}")

    def text(self) -> str:
        """Raises RuleViolation for bytes that are not of the encoding, and for text with an encoding."""
        if isinstance(self.content, bytes):
            return decode_csv(self.content, self.encoding)
        if self.encoding not in (None, "utf-8"):
            detail = "A file with an encoding must be sent as bytes. Use Content-Type: application/octet-stream."
            raise RuleViolation("encoding", "encoding", detail)
        return self.content.removeprefix("\ufeff")


class NewImportRequest(BaseModel):
    """Body of POST /imports as JSON: a file as text, or its rows."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    format: Literal["csv", "jsonl"] | None = Field(None, description="The format of content. The default is csv.")
    content: str | None = Field(None, description="The whole file. Required without rows.")
    rows: list[dict[str, Any]] | None = Field(
        None, description="The rows as objects, each like a line of a JSON Lines file. Required without content."
    )

    def file(self, encoding: Encoding | None) -> File:
        """Return the file, with rows as JSON Lines. Raises RulesViolatedError without content or rows, or with both."""
        if (self.content is None) == (self.rows is None) or (self.format and self.rows is not None):
            detail = "Send either content, with its format, or rows."
            raise RulesViolatedError.of(RuleViolation("one_file", "/content", detail))
        if self.rows is not None:
            text = "\n".join(json.dumps(row, ensure_ascii=False) for row in self.rows)
            return File(text, JSON_LINES[0], encoding)
        return File(self.content or "", JSON_LINES[0] if self.format == "jsonl" else CSV, encoding)


def read_file(file: File) -> NewImport:
    """Parse the rows of a file. Raises RulesViolatedError for a defect of the file as a whole."""
    violations = Violations()
    rows, columns = violations.check(_rows, file) or ([], set())
    if not rows:
        violations.raise_if_any()
        violations.add(RuleViolation("file_empty", None, "The file has no rows. Send at least one row."))
    violations.raise_if_any()
    missing = tuple(field for field in ("service_type", "services_to_provide") if field not in columns)
    return NewImport(rows=_order(rows), from_parents=missing, notices=(_IGNORED_NOTICE,) if _IGNORED in columns else ())


def _rows(file: File) -> tuple[list[Row], set[str]]:
    """Return the rows and the names of the columns."""
    text = file.text()
    if file.media in JSON_LINES:
        columns: set[str] = set()
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        _ensure_not_too_long(lines)
        return [_json_row(number, line, columns) for number, line in lines], columns
    if LOST_CHARACTER in text:  # a gateway replaces what is not UTF-8
        line = text.count("\n", 0, text.index(LOST_CHARACTER)) + 1
        raise wrong_encoding("contains U+FFFD: a character was lost because it is not UTF-8", line)
    names, table = read_table(text, MAX_ROWS)
    header = [_column(name) for name in names]
    _validate_header(header)
    _ensure_not_too_long(table)
    return [_csv_row(number, header, cells) for number, cells in table], set(header)


def _ensure_not_too_long(rows: Sized) -> None:
    if len(rows) > MAX_ROWS:
        detail = f"The file has more than {MAX_ROWS} rows. Split it into several files."
        raise RuleViolation("file_too_long", None, detail)


_LOST: Final = "The text contains U+FFFD: a character was lost. Save the file as UTF-8 and send it again."


def _column(cell: str) -> str:
    name = cell.strip()
    return _SCRIPT.get(name.lower(), name.lower())


def _validate_header(header: list[str]) -> None:
    unknown = [name for name in header if name not in (*_COLUMNS, "state", _IGNORED)]
    twice = {name for name, count in Counter(header).items() if count > 1}
    if unknown or twice or "name" not in header:
        shown = [name[:64] for name in [*unknown, *sorted(twice)][:10]]
        invisible = "".join(f" {name} has {found}." for name in shown if (found := find_invisible(name)))
        raise RuleViolation(
            "columns",
            None,
            f"The first line must name the columns, each once and including name. Allowed: {', '.join(_COLUMNS)}; or "
            f"companyname,ParentId,Level,State,LocationId,DeviceCountry.{invisible}",
            columns=shown,
        )


def _csv_row(number: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) > len(header):
        detail = f"The row has {len(cells)} cells, but the header has {len(header)}."
        return Row(number=number, fields={}, errors=[_error("cells", None, detail)])
    fields: Fields = {}
    errors: Errors = []
    for name, cell in zip(header, cells, strict=False):  # missing cells at the end are empty
        if cell.strip() and name != _IGNORED:
            try:
                fields[name] = _parse_cell(name, cell.strip())
            except RuleViolation as broken:
                errors.append(broken.entry)
    return _row(number, fields, errors)


def _parse_cell(name: str, cell: str) -> Any:
    """Parse a cell to the value of a JSON request. Raises RuleViolation."""
    return _PARSERS.get(name, cells.parse_text)(cell, f"/{name}")


def _json_row(number: int, line: str, columns: set[str]) -> Row:
    """Parse a line. Add the names of its fields to `columns`."""
    try:
        records = parse_strict_json(line)
    except ValueError:
        return Row(number=number, fields={}, errors=[_error("json", None, "The line is not valid JSON.")])
    if not isinstance(records, dict):
        return Row(number=number, fields={}, errors=[_error("json", None, "The line is not a JSON object.")])
    if (lost := find_lost_character(records)) is not None:
        return Row(number=number, fields={}, errors=[_error("lost_character", lost, _LOST)])
    fields: Fields = {}
    errors: Errors = []
    for header, value in records.items():
        name = _column(header)
        columns.add(name)
        if name == _IGNORED:
            continue
        if name not in (*_COLUMNS, "state"):
            errors.append(_error("unknown_field", f"/{header[:64]}", "Unknown field. Remove it or correct its name."))
        elif name in fields:
            errors.append(_error("field_twice", f"/{header[:64]}", "The field is listed twice, under two names."))
        elif value is not None:
            try:
                fields[name] = _parse_cell(name, value) if isinstance(value, str) and name in _JSON_WORDS else value
            except RuleViolation as broken:
                errors.append(broken.entry)
    return _row(number, fields, errors)


def _row(number: int, fields: Fields, errors: Errors) -> Row:
    """Return the row, or the row with the errors of its form."""
    if "state" in fields and not errors:
        state = fields.pop("state")
        if state is not False:  # "in production" is what every level is without a trial
            fields.setdefault("in_trial", state)
    key = fields.get("key")
    if key is not None and not isinstance(key, str):
        errors = [*errors, _error("wrong_type", "/key", "The value must be a string.")]
    if not errors:
        errors = _shape({name: value for name, value in fields.items() if name != "key"})
    row = Row(number=number, fields=fields)
    if not errors and len(row.model_dump_json().encode()) > _MAX_ROW_BYTES:
        errors = [_error("row_too_long", None, f"The row is too long. The limit is {_MAX_ROW_BYTES} bytes.")]
    if not errors:
        return row
    # Its children find it by these, and are refused with it.
    named = {name: fields[name][:MAX_NAME_LENGTH] for name in ("key", "name") if isinstance(fields.get(name), str)}
    return Row(number=number, fields=named, errors=errors[:MAX_ROW_ERRORS])


def _shape(fields: Fields) -> Errors:
    try:
        NewCustomer.model_validate(fields)
    except ValidationError as error:
        return [
            _error(wrong["type"], "".join(f"/{str(part)[:64]}" for part in wrong["loc"]), wrong["msg"])
            for wrong in error.errors(include_input=False, include_url=False)
        ]
    return []


def _error(code: str, pointer: str | None, detail: str) -> dict[str, Any]:
    """Build an error. `pointer` is None for one of the whole row."""
    return {"code": code, **({"pointer": pointer} if pointer else {}), "detail": detail}


def _order(rows: list[Row]) -> list[Row]:
    """Find the row of each row's parent. Return the rows, parents before children, otherwise in the file's order."""
    by_word: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if "key" in row.fields:
            by_word[f"key {row.fields['key']}"].append(row.number)
        if isinstance(row.fields.get("name"), str):
            by_word[f"name {fold_name(row.fields['name'])}"].append(row.number)
    parents: dict[int, int] = {}
    ready: list[Row] = []
    children: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        parent_text = row.fields.get("parent_id")
        if parent_text is None or _CUSTOMER_ID.fullmatch(parent_text):
            ready.append(row)
            continue
        records = by_word.get(f"key {parent_text}") or by_word.get(f"name {fold_name(parent_text)}") or []
        if len(records) == 1:
            parents[row.number] = records[0]
            children[records[0]].append(row)
        else:
            ready.append(_rejected(row, "parent_unknown" if not records else "parent_ambiguous", parent_text))
    ordered: list[Row] = []
    index_of: dict[int, int] = {}
    while ready:
        following: list[Row] = []
        for row in ready:
            parent = parents.get(row.number)
            parent_result = None if parent is None else (parent, index_of[parent] // ROWS_PER_PART)
            index_of[row.number] = len(ordered)
            ordered.append(row.model_copy(update={"parent": parent_result}))
            following += children.pop(row.number, [])
        ready = sorted(following, key=lambda row: row.number)
    # What is left hangs on itself.
    circle = sorted((row for below in children.values() for row in below), key=lambda row: row.number)
    return ordered + [_rejected(row, "parent_circular", row.fields["parent_id"]) for row in circle]


_PARENTS: Final = {
    "parent_unknown": "No customer has the id, and no row of the file has the key or name {word}.",
    "parent_ambiguous": "Several rows of the file have the key or name {word}. Add a column key.",
    "parent_circular": "The row is its own ancestor, through the parent {word}.",
}


def _rejected(row: Row, code: str, parent_text: str) -> Row:
    error = _error(code, "/parent_id", _PARENTS[code].format(word=parent_text[:128]))
    return Row(number=row.number, fields={}, errors=[error, *row.errors])


def request_from_row(
    row: Row, parent_id: str | None, parent: Customer | None, from_parents: tuple[str, ...]
) -> NewCustomer:
    """Build the request of a row. Fields for which the file has no column are taken from the parent.

    The service type is the parent's own if the parent provides it, otherwise the only one that it provides. The
    services to provide are all of the parent's.
    """
    fields = {name: value for name, value in row.fields.items() if name != "key"}
    fields["parent_id"] = parent_id
    if parent is not None:
        fields |= {field: value for field, value in _inherited(fields, parent).items() if field in from_parents}
    return NewCustomer.model_validate(fields)


def _inherited(fields: Mapping[str, Any], parent: Customer) -> Fields:
    possible = ALLOWED_CHILDREN[parent.level]
    level = (
        possible[0] if len(possible) == 1 else next((each for each in possible if each == fields.get("level")), None)
    )
    if level is None:
        return {}
    provided = list(parent.services_to_provide)
    own = parent.service_type if parent.service_type in provided else provided[0] if len(provided) == 1 else None
    values: Fields = {"service_type": own, "services_to_provide": provided}
    return {field: value for field, value in values.items() if field_rules(level, parent.level)[field] == "required"}


def parts_of(rows: list[Row]) -> Iterator[list[Row]]:
    yield from map(list, batched(rows, ROWS_PER_PART, strict=False))


def advance(done: Import, results: list[StoredResult], now: datetime) -> Import:
    """Return the import after one more part is done."""
    parts_done = done.parts_done + 1
    counts = {
        name: getattr(done, name) + sum(r.status == name for r in results) for name in ("created", "existed", "refused")
    }
    finished = now if parts_done == done.parts else None
    return done.model_copy(update={"parts_done": parts_done, "finished_at": finished, **counts})
