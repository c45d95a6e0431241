"""Tests: parsing a file to import."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.customers.customer import Customer
from shared.errors import (
    RulesViolatedError,
)
from shared.imports.file import JSON_LINES, MAX_ROWS, ROWS_PER_PART, File, read_file
from tests.builders import ROOT
from tests.imports.helpers import (
    WITH_LOCATION,
    codes,
    imported,
    send,
    stored,
)
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore


def test_read_file_accepts_the_onboarding_scripts_header(store: MemoryStore, queue: MemoryQueue) -> None:
    file = (
        WITH_LOCATION
        + "Leeds,Aurora,Site,,,GB\n"
        + f"Nordic,{ROOT.id},Distributor,InProduction,,Denmark\n"
        + "Helsinki,Nordic,Reseller,InProduction,SE,Finland\n"
        + "Finland,Nordic,Sub-Distributor,,Sweden,FI\n"
        + "Aurora,Helsinki,EndCustomer,InTrial,,GB\n"
    )
    found = imported(store, queue, file)
    assert {row: result.status for row, result in found.items()} == dict.fromkeys(range(1, 6), "created")
    site, nordic, helsinki, finland, aurora = (stored(store, found[row]) for row in range(1, 6))
    assert [c.level for c in (nordic, finland, helsinki, aurora, site)] == [
        "distributor", "sub_distributor", "reseller", "end_customer", "site",
    ]  # fmt: skip
    assert (site.parent_id, aurora.parent_id, helsinki.parent_id) == (aurora.id, helsinki.id, nordic.id)
    assert (helsinki.storage_location.country, finland.storage_location.decided) == ("SE", "chosen")
    assert (aurora.trial is None, nordic.trial) == (False, None)
    # Values of missing columns are taken from the parent.
    assert {c.service_type for c in (nordic, helsinki, aurora)} == {"all_inclusive"}
    assert nordic.services_to_provide == helsinki.services_to_provide == ("all_inclusive", "software_only")
    assert (aurora.services_to_provide, site.service_type) == ((), None)
    assert aurora.created_request_id == "request 1"


def test_read_file_accepts_every_field_by_its_own_name(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    file = (
        "\ufeffname;key;parent_id;level;service_type;services_to_provide;device_country;storage_location;in_trial;references\r\n"
        f'"Reseller; one";r1;{lineage[1].id};reseller;Software-Only;"all_inclusive|software_only";FI;SE;;\r\n'
        'End;;r1;;software only;;GB;;yes;"psa=1; crm=A 2"\r\n'
        "\r\n"
    )
    found = imported(store, queue, file)
    reseller, end = stored(store, found[1]), stored(store, found[2])
    assert (reseller.name, reseller.service_type) == ("Reseller; one", "software_only")
    assert reseller.services_to_provide == ("all_inclusive", "software_only")
    assert (end.parent_id, end.references, end.trial is None) == (reseller.id, {"psa": "1", "crm": "A 2"}, False)


def test_read_file_accepts_json_lines(store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]) -> None:
    rows: list[Any] = [
        {"name": "S", "parent_id": "e", "device_country": "GB"},
        {"key": "e", "name": "E", "parent_id": lineage[3].id, "device_country": "GB", "in_trial": True,
         "references": {"psa": "1"}, "service_type": "all_inclusive"},
    ]  # fmt: skip
    wrong = ["{", '"text"', '{"name": 7}', '{"what": 1}', '{"key": 1}', '{"a": "\\ud800"}', "[" * 100_000]
    file = "\n\n".join([*map(json.dumps, rows), *wrong])
    found = imported(store, queue, file, JSON_LINES[0])
    assert [found[row].status for row in (1, 3)] == ["created", "created"]
    assert stored(store, found[1]).parent_id == found[3].customer_id
    assert [codes(found[row]) for row in range(5, 19, 2)] == [
        [("json", "")], [("json", "")], [("string_type", "/name")], [("unknown_field", "/what")],
        [("wrong_type", "/key")], [("json", "")], [("json", "")],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("", "columns"),
        ("name,parent_id\n", "file_empty"),
        ("parent_id,level\nx,y\n", "columns"),
        ("name,name\na,b\n", "columns"),
        ("companyname,name\na,b\n", "columns"),
        ("name,colour\na,b\n", "columns"),
        ('name,parent_id\nx,y\n"a,b\nc,d\n', "file_malformed"),
        ("name\n" + "x\n" * (MAX_ROWS + 1), "file_too_long"),
    ],
)
def test_read_file_refuses_an_invalid_file(store: MemoryStore, queue: MemoryQueue, file: str, code: str) -> None:
    before = dict(store.items)
    with pytest.raises(RulesViolatedError) as refused:
        send(store, queue, file)
    assert [error["code"] for error in refused.value.errors] == [code]
    assert (store.items, queue.messages) == (before, [])


def test_read_file_refuses_empty_json_lines(store: MemoryStore, queue: MemoryQueue) -> None:
    with pytest.raises(RulesViolatedError):
        send(store, queue, "\n \n", JSON_LINES[1])


def test_read_file_accepts_ten_thousand_rows() -> None:
    file = "name,parent_id\n" + "".join(f"{n},{'' if n == MAX_ROWS - 1 else n + 1}\n" for n in range(MAX_ROWS))
    rows = read_file(File(file)).rows
    assert [row.number for row in rows] == [*range(MAX_ROWS, 0, -1)]  # each below the next one
    assert rows[ROWS_PER_PART + 1].parent == (MAX_ROWS - ROWS_PER_PART, 1)
    assert rows[ROWS_PER_PART].parent == (MAX_ROWS - ROWS_PER_PART + 1, 0)


@settings(max_examples=200)
@given(st.data())
def test_read_file_orders_parents_first_and_loses_no_row(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 30))
    words = st.sampled_from([*map(str, range(size)), "nobody", "", ROOT.id])
    parents = [data.draw(words) for _ in range(size)]
    file = "key,name,parent_id\n" + "".join(f"{n},Name {n},{parents[n]}\n" for n in range(size))
    rows = read_file(File(file)).rows
    assert sorted(row.number for row in rows) == [*range(1, size + 1)]
    place = {row.number: index for index, row in enumerate(rows)}
    for index, row in enumerate(rows):
        word = parents[row.number - 1]
        if row.errors:
            assert row.errors[0]["code"] == ("parent_unknown" if word == "nobody" else "parent_circular")
        elif word in ("", ROOT.id):
            assert row.parent is None
        else:
            assert row.parent == (int(word) + 1, place[int(word) + 1] // ROWS_PER_PART)
            assert place[int(word) + 1] < index


def test_read_file_accepts_the_forms_of_spreadsheets(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    found = imported(store, queue, f"name,parent_id,device_country,,\nA,{lineage[3].id},GB,,\nB,{lineage[3].id},GB\n")
    assert [found[row].status for row in (1, 2)] == ["created", "created"]
    rows: list[Any] = [
        {"companyname": "C\u2028D\u0085E", "ParentId": lineage[3].id, "DeviceCountry": "GB", "State": "InTrial"},
        {
            "companyname": "F",
            "ParentId": lineage[3].id,
            "DeviceCountry": "GB",
            "State": "InProduction",
            "Level": "EndCustomer",
        },
        {"companyname": "G", "name": "H", "ParentId": lineage[3].id},
        {"companyname": "I", "State": "perhaps"},
    ]
    file = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    found = imported(store, queue, file, JSON_LINES[0], key="json")
    assert [codes(found[row]) for row in (1, 2, 3, 4)] == [
        [("name_characters", "/name")],
        [],
        [("field_twice", "/name")],
        [("wrong_value", "/state")],
    ]
