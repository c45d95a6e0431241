"""Tests: CSV files of common programs can be read, in time that is linear in their size."""

import contextlib
import json
import sys
from collections.abc import Callable
from typing import get_args

import pytest

from shared.customers.customer import Customer
from shared.errors import RulesViolatedError
from shared.imports.csv_file import MAX_COLUMNS, Encoding, decode_csv, read_table
from shared.imports.file import JSON_LINES, File, read_file
from tests.imports.helpers import SCRIPT, codes, imported, send, stored
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore


@pytest.mark.parametrize(
    "text",
    [
        "a,b\nx,y\n",
        "a;b\r\nx;y\r\n",
        "a\tb\nx\ty",
        "sep=;\na;b\nx;y\n",
        "SEP=|\na|b\nx|y\n",
        '"sep=;"\r\na;b\r\nx;y',
        "\na,b\n\nx,y\n\n",
        ",,\na,b\nx,y\n",
        "# a comment, with commas\n# another\na,b\nx,y\n",
        "a,b\n#\nx,y\n#,\n",
        "a,b,,,\nx,y,,\n",
        '"a",b\n"x",y\n',
    ],
)
def test_table_is_read_whatever_the_separator_and_the_lines_around_it(text: str) -> None:
    header, rows = read_table(text, 99)
    assert (header, [cells for _, cells in rows]) == (["a", "b"], [["x", "y"]])


def test_separator_is_the_most_frequent_outside_of_quotes() -> None:
    header, rows = read_table('"a,b,c,d";e\n"1,2";3\n', 99)
    assert (header, rows) == (["a,b,c,d", "e"], [(1, ["1,2", "3"])])


def test_row_that_begins_with_a_number_sign_is_a_row_after_the_header() -> None:
    assert read_table("name\n#1 Dental\n", 99)[1] == [(1, ["#1 Dental"])]


def test_missing_cells_at_the_end_are_empty_and_more_cells_are_an_error(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    reseller = lineage[3].id
    header = "name,parent_id,device_country,service_type,in_trial\n"
    rows = f"Acme,{reseller},DE,all_inclusive\nMore,{reseller},DE,all_inclusive,no,x\n"
    results = imported(store, queue, header + rows)
    assert results[1].status == "created"
    assert stored(store, results[1]).trial is None
    assert codes(results[2]) == [("cells", "")]
    assert "pointer" not in results[2].errors[0]


def test_scripts_own_sample_is_imported_and_its_location_id_is_no_country(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    results = imported(store, queue, SCRIPT + f"Linden Joinery,{lineage[3].id},EndCustomer,InTrial,18,US\n")
    customer = stored(store, results[1])
    assert (customer.device_country, customer.storage_location.country, customer.trial is None) == ("US", "US", False)
    (notice,) = send(store, queue, SCRIPT + "Other,R,EndCustomer,InTrial,18,US\n", key="other").response.notices
    assert (notice.code, "LocationId is ignored" in notice.detail) == ("column_ignored", True)
    line = json.dumps({"companyname": "Elm", "ParentId": lineage[3].id, "LocationId": 18, "DeviceCountry": "GB"})
    added = send(store, queue, line, JSON_LINES[0], key="lines", validate_only=True).response
    assert (added.created, [each.code for each in added.notices]) == (1, ["column_ignored"])


@pytest.mark.parametrize("line", ["M\ufffdller,R,DE", '"\ufffd",R,DE'])
def test_file_with_lost_characters_is_rejected_as_a_whole_with_advice(line: str) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        read_file(File(f"name,parent_id,device_country\nAcme,R,DE\n{line}\n"))
    (error,) = refused.value.errors
    assert error["code"] == "encoding"
    assert error["detail"].startswith("Line 3 of the file contains U+FFFD")
    assert "UTF-8" in error["detail"]
    assert not {"pointer", "parameter"} & set(error)


@pytest.mark.parametrize("line", ['{"name": "A", "name": "B"}', '{"name": NaN}', "[" * 5000, '{"name": "\\ud800"}'])
def test_json_line_that_is_not_strict_json_is_rejected(line: str) -> None:
    (row,) = read_file(File(line, JSON_LINES[0])).rows
    assert [error["code"] for error in row.errors] == ["json"]


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        ('{"name": "M\ufffdller"}', "/name"),
        ('{"name": "M\\ufffdller"}', "/name"),
        ('{"references": {"psa": "\ufffd"}}', "/references/psa"),
        ('{"services_to_provide": ["x", "\ufffd"]}', "/services_to_provide/1"),
    ],
)
def test_json_line_with_a_lost_character_is_rejected(line: str, pointer: str) -> None:
    (row,) = read_file(File(line, JSON_LINES[0])).rows
    assert [(error["code"], error["pointer"]) for error in row.errors] == [("lost_character", pointer)]


TEXT = "name,parent_id,device_country\nAcm\u00e9,R,DE\nM\u00fcller,R,DE\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), None),
        (TEXT.encode("utf-8-sig"), None),
        (TEXT.encode("utf-8-sig"), "windows-1252"),  # the byte order mark is certain
        (TEXT.encode("utf-16"), None),
        (TEXT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), None),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("windows-1252"), "windows-1252"),
        (TEXT.encode("mac_roman"), "macintosh"),
        (TEXT.encode("iso-8859-15"), "iso-8859-15"),
    ],
)
def test_file_is_decoded_by_its_mark_or_its_encoding(content: bytes, encoding: Encoding | None) -> None:
    assert File(content, "application/octet-stream", encoding).text() == TEXT


@pytest.mark.parametrize("encoding", get_args(Encoding))
def test_every_encoding_is_known_to_python(encoding: Encoding) -> None:
    assert decode_csv(b"\xef\xbb\xbfname", encoding) == "name"
    assert decode_csv("name".encode(encoding), encoding) == "name"


@pytest.mark.parametrize(
    ("content", "encoding", "words"),
    [
        (TEXT.encode("windows-1252"), None, "Line 2 of the file is not UTF-8"),
        (TEXT.encode() + b"\x81", "windows-1252", "Line 4 of the file is not WINDOWS-1252"),
        (TEXT.encode("utf-16") + b"x", None, "of the file is not UTF-16-LE"),
        (TEXT.encode("windows-1252").decode(errors="replace"), None, "Line 2 of the file contains U+FFFD"),
        (TEXT, "windows-1252", "must be sent as bytes"),
    ],
)
def test_file_in_another_encoding_is_rejected_with_advice(
    content: str | bytes, encoding: Encoding | None, words: str
) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        read_file(File(content, encoding=encoding))
    (error,) = refused.value.errors
    assert (error["code"], words in error["detail"]) == ("encoding", True), error
    assert "application/octet-stream" in error["detail"]


def test_invisible_character_in_a_column_is_named() -> None:
    with pytest.raises(RulesViolatedError) as refused:
        read_file(File("na\u200bme,device_country\nAcme,DE\n"))
    assert "na\u200bme has the invisible character U+200B at position 3." in refused.value.errors[0]["detail"]


def test_columns_are_limited() -> None:
    header = ",".join(f"c{n}" for n in range(MAX_COLUMNS))
    assert len(read_table(f"{header}\n", 9)[0]) == MAX_COLUMNS
    with pytest.raises(Exception, match="The limit is 100"):
        read_table(f"{header},more\n", 9)
    assert read_table("name" + "," * 250_000 + "\n", 9) == (["name"], [])


def steps(act: Callable[[], object]) -> int:
    """Count the lines and calls of Python that `act` executes. The number does not depend on the machine."""
    count = 0

    def trace(_frame: object, _event: str, _argument: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        act()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "make",
    [
        lambda size: "name" + "," * size,
        lambda size: "name\n" + "x," * size,
        lambda size: "\n" * size + "name\nx\n",
        lambda size: "#\n" * size + "name\nx\n",
        lambda size: "name\n" + "x\n" * size,
        lambda size: "sep=;\n" * size,
        lambda size: '"' * size + "name\n",
        lambda size: ",".join(f"c{n}" for n in range(size)),
    ],
)
def test_twice_the_size_takes_at_most_twice_the_steps(make: Callable[[int], str]) -> None:
    def read(size: int) -> Callable[[], object]:
        text = make(size)

        def act() -> None:
            with contextlib.suppress(RulesViolatedError):
                read_file(File(text))

        return act

    assert steps(read(2_000)) <= 2.2 * steps(read(1_000)) + 200
