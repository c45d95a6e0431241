"""Tests: a row is `existed` only if nothing in it contradicts the customer that has its name or reference."""

from typing import Any

import pytest

from shared.customers.customer import Customer
from tests.builders import a_customer, put
from tests.imports.helpers import a_file, imported, send, stored
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore

HEADER = (
    "key,name,parent_id,device_country,storage_location,service_type,services_to_provide,level,in_trial,references\n"
)


def row(**cells: str) -> str:
    """Return a file with one row."""
    names = HEADER.strip().split(",")
    return HEADER + ",".join(cells.get(name, "") for name in names) + "\n"


@pytest.fixture
def existing(store: MemoryStore, lineage: list[Customer]) -> Customer:
    customer = a_customer("end_customer", lineage[3], name="Acme", references={"psa": "1", "crm": "2"})
    put(store, customer)
    return customer


def cells(existing: Customer, **changed: str) -> dict[str, str]:
    own = {"name": "Acme", "parent_id": existing.parent_id or "", "device_country": existing.device_country}
    return {**own, "service_type": existing.service_type or "", **changed}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"references": "psa=1"},
        {"references": "psa=1;crm=2"},
        {"in_trial": "no"},
        {"level": "end_customer"},
        {"name": " ACME ", "references": "crm=2"},
        {"name": "Another name", "references": "psa=1"},  # the reference identifies it
    ],
)
def test_row_that_agrees_with_the_customer_is_existed(
    store: MemoryStore, queue: MemoryQueue, existing: Customer, changed: dict[str, str]
) -> None:
    result = imported(store, queue, row(**cells(existing, **changed)))[1]
    assert (result.status, result.customer_id, result.errors) == ("existed", existing.id, [])


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"device_country": "GB"}, "name_exists", "device_country"),
        ({"service_type": "software_only"}, "name_exists", "service_type"),
        ({"in_trial": "yes"}, "name_exists", "in_trial"),
        ({"references": "psa=3"}, "name_exists", "references/psa"),
        ({"references": "psa=1;erp=4"}, "name_exists", "references/erp"),
        ({"name": "Other", "references": "psa=1", "device_country": "FR"}, "reference_exists", "device_country"),
        ({"name": "Other", "references": "psa=1;crm=9"}, "reference_exists", "references/crm"),
    ],
)
def test_row_that_contradicts_the_customer_is_rejected_with_its_id(
    store: MemoryStore, queue: MemoryQueue, existing: Customer, changed: dict[str, str], code: str, field: str
) -> None:
    result = imported(store, queue, row(**cells(existing, **changed)))[1]
    (error,) = result.errors
    assert (result.status, error["code"], error["customer_id"]) == ("refused", code, existing.id)
    assert error["detail"].endswith(f"It differs in {field}.")


def test_two_companies_of_one_name_are_not_merged(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    file = (
        "key,name,parent_id,device_country,references\n"
        f"A1,Smith Dental,{lineage[3].id},DE,psa=101\n"
        f"A2,Smith Dental,{lineage[3].id},FR,psa=102\n"
        "S2,Paris office,A2,FR,\n"
    )
    results = imported(store, queue, file)
    first = stored(store, results[1])
    assert [results[n].status for n in (1, 2, 3)] == ["created", "refused", "refused"]
    assert (results[2].errors[0]["code"], results[2].errors[0]["customer_id"]) == ("name_exists", first.id)
    assert results[3].errors[0]["code"] == "parent_refused"
    assert first.references == {"psa": "101"}


def test_reference_of_another_resellers_customer_is_not_taken_over(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    other = a_customer("reseller", lineage[1], name="Other reseller")
    theirs = a_customer("end_customer", lineage[3], name="Theirs", references={"psa": "7"})
    put(store, other, theirs)
    file = f"key,name,parent_id,device_country,references\nB1,Bakery Rossi,{other.id},IT,psa=7\nT1,Rossi shop,B1,IT,\n"
    results = imported(store, queue, file)
    assert [results[n].status for n in (1, 2)] == ["refused", "refused"]
    error = results[1].errors[0]
    assert (error["code"], error["customer_id"]) == ("reference_exists", theirs.id)
    assert "parent_id" in error["detail"]


def test_references_of_two_customers_are_rejected(
    store: MemoryStore, queue: MemoryQueue, existing: Customer, lineage: list[Customer]
) -> None:
    put(store, a_customer("end_customer", lineage[3], name="Second", references={"erp": "5"}))
    result = imported(store, queue, row(**cells(existing, name="Third", references="psa=1;erp=5")))[1]
    assert (result.status, result.errors[0]["customer_id"]) == ("refused", existing.id)
    assert result.errors[0]["detail"].endswith("It differs in references/erp.")


def test_dry_run_says_the_same_as_the_run(store: MemoryStore, queue: MemoryQueue, existing: Customer) -> None:
    file = HEADER + "".join(
        ",".join(values.get(name, "") for name in HEADER.strip().split(",")) + "\n"
        for values in (
            cells(existing),
            cells(existing, device_country="FR"),
            cells(existing, name="New", key="n"),
            cells(existing, name="New", references="psa=1"),
            {"name": "Site", "parent_id": "n", "device_country": "GB"},
        )
    )
    dry: Any = send(store, queue, file, validate_only=True).response
    results = imported(store, queue, file)
    statuses = [results[n].status for n in sorted(results)]
    assert statuses == ["existed", "refused", "created", "refused", "created"]
    assert (dry.created, dry.existed, dry.refused) == (2, 1, 2)


def test_existing_customers_are_read_many_in_one_request(store: MemoryStore, queue: MemoryQueue) -> None:
    file = a_file(300)
    imported(store, queue, file)
    store.requests.clear()
    results = imported(store, queue, file, key="again")
    assert {result.status for result in results.values()} == {"existed"}
    assert store.requests.count("get") < 30
