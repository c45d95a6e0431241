"""Tests: adding and reading imports."""

import json
from datetime import timedelta

import pytest

from shared.auth.authorization import Caller
from shared.customers.customer import Customer
from shared.errors import (
    KeyReusedError,
    MalformedRequestError,
    NotFoundError,
    UnavailableError,
)
from shared.imports.file import JSON_LINES, MAX_ROWS, ROWS_PER_PART
from shared.imports.use_cases import get_import
from shared.table.keys import name_key
from tests.builders import ROOT, ROOT_ACCOUNT, a_customer, an_account, caller, put
from tests.imports.helpers import (
    LATER,
    SCRIPT,
    WITH_LOCATION,
    a_caller,
    a_file,
    codes,
    customers,
    imported,
    results,
    run,
    send,
)
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore


def test_repeated_import_is_replayed_and_another_file_returns_422(store: MemoryStore, queue: MemoryQueue) -> None:
    file = SCRIPT + f"Nordic,{ROOT.id},,,,DK\n"
    first = send(store, queue, file)
    again = send(store, queue, file)
    assert (first.outcome, again.outcome, again.response.id) == ("added", "replayed", first.response.id)
    assert len(queue.messages) == 2  # its message may never have been sent
    run(store, queue)
    assert send(store, queue, file).response.state == "done"
    assert queue.messages == []
    with pytest.raises(KeyReusedError):
        send(store, queue, file + "Other\n")
    assert sum(customers(store).values()) == 2


@pytest.mark.parametrize("limit", [1, 99, ROWS_PER_PART, ROWS_PER_PART + 1, 1000])
def test_result_pages_contain_every_row_once(store: MemoryStore, queue: MemoryQueue, limit: int) -> None:
    response = send(store, queue, a_file() + "Bad,nowhere,,,,GB\n" * 3).response
    run(store, queue)
    found = results(store, response.id, limit)
    assert sorted(result.row for result in found) == [*range(1, 305)]
    assert [r.row for r in results(store, response.id, limit, status="refused")] == [302, 303, 304]


def test_import_is_visible_at_the_importers_customer_and_above(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    administrator = an_account("administrator", lineage[3])
    neighbour = an_account("administrator", a_customer("reseller", lineage[2], name="Other"))
    put(store, administrator, neighbour)
    response = send(
        store, queue, f"name,parent_id,device_country\nE,{lineage[3].id},GB\n", as_caller=a_caller(administrator)
    ).response
    assert get_import(store, caller(administrator, now=LATER), response.id or "", limit=1).rows == 1
    with pytest.raises(NotFoundError):
        get_import(store, caller(neighbour, now=LATER), response.id or "", limit=1)
    with pytest.raises(NotFoundError):
        get_import(store, caller(now=LATER + timedelta(days=90)), response.id or "", limit=1)
    with pytest.raises(MalformedRequestError):
        get_import(store, caller(now=LATER), response.id or "", limit=1, cursor="x.y")


def test_validate_only_reports_every_row_and_writes_nothing(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    file = (
        WITH_LOCATION
        + f"Nordic,{ROOT.id},Distributor,,,Denmark\n"
        + "Helsinki,Nordic,Reseller,,SE,Finland\n"
        + "helsinki,Nordic,Reseller,,SE,Finland\n"
        + "Oulu,Nordic,Reseller,,,Finland\n"
        + f"{lineage[1].name},{ROOT.id},,,,DE\n"
    )
    before = dict(store.items)
    tried = send(store, queue, file, validate_only=True)
    assert (store.items, queue.messages) == (before, [])
    assert tried.outcome == "validated"
    assert (tried.response.created, tried.response.existed, tried.response.refused) == (2, 2, 1)
    real = {row: (r.status, codes(r)) for row, r in imported(store, queue, file).items() if r.status != "created"}
    assert {result.row: (result.status, codes(result)) for result in tried.response.results} == real
    assert name_key(ROOT.id, "nordic") in store.items
    assert send(store, queue, file, validate_only=True).response.state == "done"


def test_repeated_request_starts_an_import_whose_message_was_lost(store: MemoryStore, queue: MemoryQueue) -> None:
    file = SCRIPT + f"Nordic,{ROOT.id},,,,DK\n"
    queue.down = True
    with pytest.raises(UnavailableError):
        send(store, queue, file)
    queue.down = False
    response = send(store, queue, file).response
    run(store, queue)
    assert get_import(store, caller(now=LATER), response.id or "", limit=1).state == "done"


def test_largest_file_fits_one_transaction(store: MemoryStore, queue: MemoryQueue) -> None:
    row = json.dumps({"name": "x" * 60, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5})
    send(store, queue, "\n".join([row] * MAX_ROWS), JSON_LINES[0])
    sizes = [len(json.dumps(item)) for key, item in store.items.items() if key[0].startswith("import#")]
    assert max(sizes) < 400_000
    assert sum(sizes) < 4_000_000
    run(store, queue)
    assert max(len(json.dumps(i)) for key, i in store.items.items() if key[0].startswith("import#")) < 400_000


def test_repeated_import_after_its_results_expired_returns_422(store: MemoryStore, queue: MemoryQueue) -> None:
    file = SCRIPT + f"Nordic,{ROOT.id},,,,DK\n"
    response = send(store, queue, file).response
    run(store, queue)
    with pytest.raises(KeyReusedError):
        send(store, queue, file, as_caller=Caller(ROOT_ACCOUNT.id, LATER + timedelta(days=90), "change_customers"))
    assert response.id


@pytest.mark.slow
@pytest.mark.parametrize("row", ["Same,{0},GB,", "N{1},{0},GB,a=1{1}; b=1{1}; c=1{1}; d=1{1}; e=1{1}"])
def test_validate_only_of_ten_thousand_rows_makes_few_requests(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer], row: str
) -> None:
    rows = "".join(row.format(lineage[3].id, n) + "\n" for n in range(MAX_ROWS))
    store.requests.clear()
    tried = send(store, queue, "name,parent_id,device_country,references\n" + rows, validate_only=True).response
    assert tried.created + tried.existed == MAX_ROWS
    assert len(store.requests) < 1_050  # twelve rows with five references are written together: eight records each
