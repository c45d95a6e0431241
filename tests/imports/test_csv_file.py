"""Tests: CSV files as people have them are read, and the time is linear in their size."""

import contextlib
import sys
from collections.abc import Callable

import pytest

from shared.customers.customer import Customer
from shared.errors import RulesViolatedError
from shared.imports.csv_file import MAX_COLUMNS, read_table
from shared.imports.file import CSV, JSON_LINES, read_file
from tests.imports.helpers import SCRIPT, codes, imported, stored
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
    header, rows = read_table(text)
    assert (header, [cells for _, cells in rows]) == (["a", "b"], [["x", "y"]])


def test_separator_is_the_most_frequent_outside_of_quotes() -> None:
    header, rows = read_table('"a,b,c,d";e\n"1,2";3\n')
    assert (header, rows) == (["a,b,c,d", "e"], [(1, ["1,2", "3"])])


def test_row_that_begins_with_a_number_sign_is_a_row_after_the_header() -> None:
    assert read_table("name\n#1 Dental\n")[1] == [(1, ["#1 Dental"])]


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


@pytest.mark.parametrize("line", ["M\ufffdller,R,DE", '"\ufffd",R,DE'])
def test_file_with_lost_characters_is_rejected_as_a_whole_with_advice(line: str) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        read_file(f"name,parent_id,device_country\nAcme,R,DE\n{line}\n", CSV)
    (error,) = refused.value.errors
    assert error["code"] == "encoding"
    assert error["detail"].startswith("Line 3 contains U+FFFD")
    assert "UTF-8" in error["detail"]
    assert not {"pointer", "parameter"} & set(error)


@pytest.mark.parametrize("line", ['{"name": "A", "name": "B"}', '{"name": NaN}', "[" * 5000, '{"name": "\\ud800"}'])
def test_json_line_that_is_not_strict_json_is_rejected(line: str) -> None:
    (row,) = read_file(line, JSON_LINES[0]).rows
    assert [error["code"] for error in row.errors] == ["json"]


def test_columns_are_limited() -> None:
    header = ",".join(f"c{n}" for n in range(MAX_COLUMNS))
    assert len(read_table(f"{header}\n")[0]) == MAX_COLUMNS
    with pytest.raises(Exception, match="The limit is 100"):
        read_table(f"{header},more\n")
    assert read_table("name" + "," * 250_000 + "\n") == (["name"], [])


def steps(act: Callable[[], object]) -> int:
    """Count the lines and calls of Python that `act` executes, which do not depend on the machine."""
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
                read_file(text, CSV)

        return act

    assert steps(read(2_000)) <= 2.2 * steps(read(1_000)) + 200
