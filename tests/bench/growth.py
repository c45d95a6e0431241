"""Measure whether operations get slower with more customers: requests in memory, times on ministack.

python -m tests.bench.growth
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from local.ministack import free_port, running
from local.paths import PROJECT
from shared.customers.records import customer_item
from shared.customers.use_cases import CustomerQuery, add_customer, get_customer, get_options, list_customers
from shared.devices.dashboard import list_devices
from shared.devices.records import device_item
from shared.table.dynamodb import DynamoStore, _serialize
from shared.table.keys import Item
from shared.table.store import Store
from tests.bench.tables import spread, write
from tests.builders import a_customer, a_device, a_lineage, a_new_customer, bootstrap_in, caller
from tests.conftest import _create_table, _Tags
from tests.memory_store import MemoryStore

IN_MEMORY: Final = (1_000, 100_000, 1_000_000)
ON_MINISTACK: Final = (1_000, 10_000, 100_000)
BELOW_ONE: Final = 100  # end-customers of a reseller
TURNS: Final = 15

LINE: Final = a_lineage()
_, DISTRIBUTOR, SUB_DISTRIBUTOR, RESELLER, *_ = LINE


def crowd(number: int) -> Iterator[Item]:
    """Yield the records of `number` customers below one distributor, and 200 devices of the first reseller."""
    yield from (customer_item(customer) for customer in LINE[1:4])
    reseller = RESELLER
    like = customer_item(a_customer("end_customer", reseller))
    for index in range(number - 3):
        if index % BELOW_ONE == 0 and index:
            reseller = a_customer("reseller", SUB_DISTRIBUTOR, name=f"R{index}")
            yield customer_item(reseller)
            continue
        name = f"cus_{index:026}"
        yield {
            **like,
            "pk": f"customer#{name}",
            "id": name,
            "name": f"E{index}",
            "folded_name": f"e{index}",
            "parent_id": reseller.id,
            "path": f"{reseller.path}/{name}",
        }
    yield from (device_item(a_device(RESELLER, name=f"{n}")) for n in range(200))


def operations(store: Store) -> dict[str, Callable[[int], Any]]:
    """Return each operation as a function of a number, which makes the names unique."""
    adds = caller(operation="change_customers")
    children, subtree = CustomerQuery(parent_id=RESELLER.id), CustomerQuery(within=DISTRIBUTOR.id)
    return {
        "add an end-customer": lambda turn: add_customer(
            store, adds, a_new_customer("end_customer", RESELLER, name=f"New {turn}"), idempotency_key=f"{turn}"
        ),
        "get a customer": lambda _: get_customer(store, caller(), RESELLER.id),
        "a page of children": lambda _: list_customers(store, caller(), children, limit=25),
        "a page of a subtree": lambda _: list_customers(store, caller(), subtree, limit=25),
        "a page of the dashboard": lambda _: list_devices(
            store, caller(), DISTRIBUTOR.id, columns="name,storage_location", limit=100
        ),
        "the options of a form": lambda _: get_options(store, caller(), RESELLER.id),
    }


def counted(number: int) -> dict[str, str]:
    """Return the requests of each operation with `number` customers in memory."""
    store = MemoryStore()
    bootstrap_in(store)
    for item in crowd(number):
        store.items[item["pk"], item["sk"]] = item
    found = {}
    for name, act in operations(store).items():
        store.requests.clear()
        act(0)
        found[name] = ", ".join(store.requests)
    return found


def timed(client: Any, table: str, number: int) -> dict[str, list[float]]:
    """Return the milliseconds of each operation with `number` customers on ministack."""
    store = DynamoStore(client, table)
    bootstrap_in(store)
    batch: list[Any] = []
    for item in crowd(number):
        batch.append({"PutRequest": {"Item": _serialize(dict(item))["M"]}})
        if len(batch) == 25:
            client.batch_write_item(RequestItems={table: batch})
            batch = []
    if batch:
        client.batch_write_item(RequestItems={table: batch})
    found: dict[str, list[float]] = {}
    for name, act in operations(store).items():
        act(TURNS)
        for turn in range(TURNS):
            began = time.perf_counter()
            act(turn)
            found.setdefault(name, []).append(1e3 * (time.perf_counter() - began))
    return found


def main() -> None:
    requests = {}
    for number in IN_MEMORY:
        print(f"growth: {number} customers in memory ...", file=sys.stderr)
        requests[number] = counted(number)
    template = yaml.load((PROJECT / "template.yaml").read_text(), Loader=_Tags)  # noqa: S506
    took = {}
    for number in ON_MINISTACK:
        print(f"growth: {number} customers on ministack ...", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder, running(Path(folder), free_port()) as ministack:
            client = ministack.client("dynamodb")
            took[number] = timed(client, _create_table(client, template), number)
    least = took[ON_MINISTACK[0]]
    rows = []
    for name, of_first in least.items():
        counts = {requests[number][name] for number in IN_MEMORY}
        ratios = [f"{statistics.median(took[n][name]) / statistics.median(of_first):.2f}" for n in ON_MINISTACK[1:]]
        rows.append([name, " or ".join(sorted(counts)), spread(of_first, ".1f"), *ratios])
    write(
        "growth",
        [
            "operation",
            f"requests with {', '.join(f'{number:,}' for number in IN_MEMORY)} customers",
            f"ms with {ON_MINISTACK[0]:,}",
            *(f"with {number:,}, of that" for number in ON_MINISTACK[1:]),
        ],
        rows,
        "The emulator sorts a whole partition for each query, and a distributor's subtree is one: on DynamoDB a page is"
        " read from where it starts, and costs what it holds.",
    )


if __name__ == "__main__":
    main()
