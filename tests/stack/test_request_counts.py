"""Tests: the requests and capacity units of operations, counted by ministack and by boto3's events."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.customers.use_cases import CustomerQuery, add_customer, get_customer, list_customers
from shared.devices.dashboard import list_devices
from shared.devices.records import device_item
from shared.errors import NameExistsError
from shared.table.dynamodb import DynamoStore
from shared.table.store import Put
from tests.builders import ROOT, a_customer, a_device, a_lineage, a_new_customer, bootstrap_in, caller, put

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]


@pytest.fixture
def store(ministack_store: DynamoStore) -> DynamoStore:
    bootstrap_in(ministack_store)
    return ministack_store


@pytest.fixture
def sent(store: DynamoStore) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Collect every request to DynamoDB with its consumed capacity."""
    found: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    events = store._client.meta.events
    open_requests: list[dict[str, Any]] = []

    def before(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"
        open_requests.append(params)

    def after(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        found.append((model.name, open_requests.pop(), parsed))

    events.register("provide-client-params.dynamodb.*", before)
    events.register("after-call.dynamodb.*", after)
    return found


def test_add_end_customer_takes_two_requests_and_minimal_write_units(store: DynamoStore, sent: list[Any]) -> None:
    lineage = a_lineage()
    put(store, *lineage[1:4])
    for in_trial, indexes in ((False, 3), (True, 5)):
        sent.clear()
        new = a_new_customer("end_customer", lineage[3], name=f"Trial {in_trial}", in_trial=in_trial)
        add_customer(store, caller(operation="change_customers"), new, idempotency_key=f"key {in_trial}")
        assert [name for name, _, _ in sent] == ["BatchGetItem", "TransactWriteItems"]
        _, request, response = sent[1]
        assert [next(iter(action)) for action in request["TransactItems"]] == ["Put", "Put", "Put", "Update"]
        (consumed,) = response["ConsumedCapacity"]
        in_indexes = sum(index["WriteCapacityUnits"] for index in consumed["GlobalSecondaryIndexes"].values())
        # Two for each action, and one for each index that the customer is in, and for the audit. A trial is in one more
        # index, and so is the record that counts the reseller's trials.
        assert consumed["WriteCapacityUnits"] == 8
        assert in_indexes == indexes
        assert consumed["CapacityUnits"] == 8 + indexes


def test_conflict_is_explained_without_another_read(store: DynamoStore, sent: list[Any]) -> None:
    add_customer(
        store, caller(operation="change_customers"), a_new_customer("distributor", ROOT), idempotency_key="one"
    )
    sent.clear()
    with pytest.raises(NameExistsError):
        add_customer(
            store, caller(operation="change_customers"), a_new_customer("distributor", ROOT), idempotency_key="two"
        )
    assert [name for name, _, _ in sent] == ["BatchGetItem", "TransactWriteItems"]


def test_replay_takes_one_request_and_no_write(store: DynamoStore, sent: list[Any]) -> None:
    add_customer(
        store, caller(operation="change_customers"), a_new_customer("distributor", ROOT), idempotency_key="one"
    )
    sent.clear()
    assert (
        add_customer(
            store, caller(operation="change_customers"), a_new_customer("distributor", ROOT), idempotency_key="one"
        ).outcome
        == "replayed"
    )
    assert [name for name, _, _ in sent] == ["BatchGetItem"]


def test_list_page_takes_one_query_and_one_read(store: DynamoStore, sent: list[Any]) -> None:
    put(store, *(a_customer("distributor", ROOT, name=f"D{n}") for n in range(30)))
    sent.clear()
    page = list_customers(store, caller(), CustomerQuery(parent_id=ROOT.id), limit=25)
    assert len(page.customers) == 25
    assert [name for name, _, _ in sent] == ["BatchGetItem", "Query"]


def test_subtree_of_1000_customers_takes_no_request_per_customer(store: DynamoStore, sent: list[Any]) -> None:
    _, distributor, sub_distributor, reseller, *_ = a_lineage()
    put(store, distributor, sub_distributor, reseller)
    end_customers = [a_customer("end_customer", reseller, name=f"E{n:03}") for n in range(997)]
    put(store, *end_customers)
    expected = sorted(c.path for c in [distributor, sub_distributor, reseller, *end_customers])
    read: Callable[[str | None], Any] = lambda cursor: list_customers(  # noqa: E731
        store, caller(), CustomerQuery(within=distributor.id), limit=100, cursor=cursor
    )
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        sent.clear()
        page = read(cursor)
        assert [name for name, _, _ in sent] == ["BatchGetItem", "Query"]
        found += [customer.path for customer in page.customers]
        cursor, pages = page.next_cursor, pages + 1
    assert (found, pages) == (expected, 10)


def test_get_customer_takes_one_request(store: DynamoStore, sent: list[Any]) -> None:
    assert get_customer(store, caller(), ROOT.id).id == ROOT.id
    assert [name for name, _, _ in sent] == ["BatchGetItem"]


def test_dashboard_of_10000_devices_costs_the_same_on_every_page(store: DynamoStore, sent: list[Any]) -> None:
    _, distributor, sub_distributor, reseller, *_ = a_lineage()
    put(store, distributor, sub_distributor, reseller)
    customers = [a_customer("end_customer", reseller, name=f"E{n:03}") for n in range(1000)]
    put(store, *customers)
    for customer in customers:
        store.write(*(Put(device_item(a_device(customer, name=f"{n}"))) for n in range(10)))
    cursor, pages, seen = None, 0, set()
    units: list[float] = []
    while pages == 0 or cursor:
        sent.clear()
        page = list_devices(store, caller(), distributor.id, columns="id,storage_location", limit=100, cursor=cursor)
        assert [name for name, _, _ in sent] == ["BatchGetItem", "Query", "BatchGetItem"]
        units.append(sent[1][2]["ConsumedCapacity"]["CapacityUnits"])
        seen |= {row["id"] for row in page.rows}
        cursor, pages = page.next_cursor, pages + 1
    assert (len(seen), pages) == (10_000, 100)
    assert max(units) - min(units) <= 1
