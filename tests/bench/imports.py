"""Measure the rows per second of an import, and interrupt an import.

The first part compares an import with bare loops of the same transactions. It runs in this process on one ministack, in
alternating rounds, each on a table of its own. The second part deploys the real template. It sends a file of 10,000
rows over HTTP, kills the workers twice, and sends the same file again with another key. It fails unless the table then
has exactly 10,000 customers with different names.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from local.deploy import build, deploy
from local.ministack import free_port, running
from local.paths import PROJECT
from local.run import make_stack
from shared.auth.authorization import Caller
from shared.customers.use_cases import add_customer
from shared.errors import ApiError
from shared.imports.file import File
from shared.imports.use_cases import add_import, run_import
from shared.table.dynamodb import DynamoStore
from tests.bench.tables import spread, write
from tests.bench.trials import Took, function_client, measured, plain_client
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, a_customer, a_new_customer, bootstrap_in, put
from tests.conftest import _create_table, _Tags, kill_workers
from tests.memory_queue import MemoryQueue

ROWS: Final = 10_000
BENCH_ROWS: Final = 3_000
ROUNDS: Final = 5
THREADS: Final = 16
HEADER: Final = "companyname,ParentId,Level,State,storage_location,DeviceCountry\n"
WHO: Final = Caller(ROOT_ACCOUNT.id, NOW, "change_customers")


def a_file(root: str, rows: int, resellers: int) -> str:
    """Return a file with a distributor, resellers below it and end-customers below them. Parents are last."""
    ends = rows - resellers - 1
    lines = [f"End {n},Reseller {n % resellers},EndCustomer,InTrial,,GB\n" for n in range(ends)]
    lines += [f"Reseller {n},Bench,Reseller,InProduction,SE,FI\n" for n in range(resellers)]
    return HEADER + "".join(lines) + f"Bench,{root},Distributor,InProduction,,DE\n"


def fresh(client: Any, template: dict[str, Any]) -> tuple[str, DynamoStore]:
    table = _create_table(client, template)
    store = DynamoStore(client, table)
    bootstrap_in(store)
    return table, store


def ours(client: Any, store: DynamoStore, rows: int, resellers: int) -> tuple[Took, list[Any], Counter[str]]:
    """Return the time of an import, the transactions that added its customers, and the counts of all requests."""
    queue, sent, requests = MemoryQueue(), list[Any](), Counter[str]()
    response = add_import(store, queue, WHO, File(a_file(ROOT.id, rows, resellers)), idempotency_key="bench").response

    def before(params: dict[str, Any], model: Any, **_: Any) -> None:
        requests[model.name] += 1
        if model.name == "TransactWriteItems" and "Update" in params["TransactItems"][-1]:
            sent.append(params["TransactItems"])

    client.meta.events.register("provide-client-params.dynamodb.*", before)

    def run() -> None:
        done = run_import(store, queue, response.id or "", lambda: NOW, lambda: False)
        assert done is not None
        assert done.created == rows, done

    took = measured(run)
    client.meta.events.unregister("provide-client-params.dynamodb.*", before)
    return took, sent, requests


def bare(client: Any, table: str, transactions: list[Any]) -> Took:
    """Return the time of these transactions in a bare loop of boto3 calls."""
    for actions in transactions:
        for action in actions:
            next(iter(action.values()))["TableName"] = table

    def loop() -> None:
        for actions in transactions:
            client.transact_write_items(TransactItems=actions)

    return measured(loop)


def one_by_one(transactions: list[Any]) -> list[Any]:
    """Return a separate transaction for each row: customer, name, children record of the parent."""
    found = []
    for actions in transactions:
        updates = {action["Update"]["Key"]["pk"]["S"]: action for action in actions if "Update" in action}
        puts = [action for action in actions if "Put" in action]
        for customer, name in zip(puts[::2], puts[1::2], strict=True):
            parent = updates[f"customer#{customer['Put']['Item']['parent_id']['S']}"]
            update = deepcopy(parent)
            update["Update"]["ExpressionAttributeValues"][":by"] = {"N": "1"}
            found.append([customer, name, update])
    return found


def below_one_parent(store: DynamoStore, parents: int, rows: int) -> tuple[float, int]:
    """Return the rows per second of 16 threads with a transaction for each row, and how many rows failed."""
    above = [a_customer("distributor", name=f"Parent {n}") for n in range(parents)]
    put(store, *above)

    def add(number: int) -> int:
        new = a_new_customer("reseller", above[number % parents], name=f"Child {number}")
        try:
            add_customer(store, WHO, new, idempotency_key=f"{parents} {number}")
        except ApiError:
            return 1
        return 0

    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        refused = sum(pool.map(add, range(rows)))
    return rows / (time.perf_counter() - started), refused


def beside_bare_loops(template: dict[str, Any]) -> list[list[str]]:
    """Return the rows of the table, for 50 parents and for one: ratios to bare loops, rates, requests."""
    columns = []
    for resellers in (50, 1):
        took: list[Took] = []
        bares: dict[str, list[Took]] = {"same client": [], "plain boto3": [], "alone": []}
        with tempfile.TemporaryDirectory() as folder, running(Path(folder), free_port()) as ministack:
            client, plain = function_client(ministack), plain_client(ministack)
            for turn in range(ROUNDS):
                print(f"imports: {resellers} parents, round {turn + 1} of {ROUNDS} ...", file=sys.stderr)
                _, store = fresh(client, template)
                mine, sent, requests = ours(client, store, BENCH_ROWS, resellers)
                took.append(mine)
                for name, used in (("same client", client), ("plain boto3", plain), ("alone", client)):
                    table, _ = fresh(used, template)
                    bares[name].append(bare(used, table, one_by_one(sent) if name == "alone" else deepcopy(sent)))
        expected = ", ".join(f"{number} {name}" for name, number in requests.items())

        def of(name: str, figure: str, took: list[Took] = took, bares: dict[str, list[Took]] = bares) -> list[float]:
            pairs = zip(took, bares[name], strict=True)
            return [getattr(mine, figure) / getattr(theirs, figure) for mine, theirs in pairs]

        columns.append(
            [
                spread(of("same client", "cpu")),
                spread(of("plain boto3", "cpu")),
                spread([1e3 * each.cpu / BENCH_ROWS for each in took]),
                spread([1 / each for each in of("same client", "wall")]),
                spread([1 / each for each in of("alone", "wall")]),
                spread([BENCH_ROWS / each.wall for each in took], ".0f"),
                expected,
            ]
        )
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), free_port()) as ministack:
        client = function_client(ministack)
        for column, parents in zip(columns, (100, 1), strict=True):
            _, store = fresh(client, template)
            rate, refused = below_one_parent(store, parents, 1_000)
            column.append(f"{rate:.0f}; {refused} gave up; {parents} parents")
    heads = (
        "CPU of a row, of a bare loop of the same transactions with the same client",
        "CPU of a row, of a bare loop of the same transactions with boto3's own client",
        "CPU of a row, ms",
        "rows a second, of a bare loop of the same transactions",
        "of a bare loop with a transaction for each row",
        "rows a second there",
        f"requests for {BENCH_ROWS:,} rows",
        "16 threads, a transaction for each row: rows a second",
    )
    return [[head, *values] for head, *values in zip(heads, *columns, strict=True)]


def interrupted_twice() -> str:
    """Kill the workers of an import twice, then send the file again. Return the results in words."""
    build()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), free_port()) as ministack:
        stack = make_stack(ministack, deploy(ministack, Path(folder) / "clock"), earlier={})
        headers = {"Authorization": f"Bearer {stack['tokens']['root']}"}
        root = call(stack, "GET", "/me", headers=headers)["customer"]["id"]
        file = a_file(root, ROWS, 50)

        def send(key: str, at: Callable[[int], None]) -> dict[str, Any]:
            sent = {**headers, "Content-Type": "text/csv", "Idempotency-Key": key}
            response = call(stack, "POST", "/imports", headers=sent, content=file)
            while response["state"] != "done":
                time.sleep(0.2)
                response = call(stack, "GET", f"/imports/{response['id']}?limit=1", headers=headers)
                at(response["rows_done"])
            return response

        kills: list[int] = []

        def interrupt(done: int) -> None:
            if len(kills) < 2 and ROWS * (0.2 if not kills else 0.6) < done < ROWS:
                assert kill_workers(ministack) > 0
                kills.append(done)

        first = send("first", interrupt)
        started = time.perf_counter()
        second = send("second", lambda _: None)
        rate = ROWS / (time.perf_counter() - started)
        names = Counter[tuple[str, str]]()
        for page in ministack.client("dynamodb").get_paginator("scan").paginate(TableName=stack["table"]):
            for item in page["Items"]:
                if item["sk"]["S"] == "customer" and "parent_id" in item:
                    names[item["parent_id"]["S"], item["folded_name"]["S"]] += 1
        assert (len(kills), first["created"], second["existed"]) == (2, ROWS, ROWS)
        assert len(names) == ROWS
        assert set(names.values()) == {1}
        return (
            f"{ROWS:,} rows over HTTP, every function's process killed with `kill -9` at {kills[0]:,} and {kills[1]:,}:"
            f" {first['created']:,} created. The same file under another key: {second['existed']:,} existed,"
            f" {rate:.0f} rows a second. In the table {len(names):,} customers, each name once."
        )


def call(stack: dict[str, Any], method: str, path: str, **request: Any) -> dict[str, Any]:
    response = httpx.request(method, stack["url"] + path, timeout=60, **request)
    response.raise_for_status()
    found: dict[str, Any] = response.json()
    return found


def main() -> None:
    rows = beside_bare_loops(yaml.load((PROJECT / "template.yaml").read_text(), Loader=_Tags))  # noqa: S506
    print("imports: 10,000 rows over HTTP, interrupted twice ...", file=sys.stderr)
    write("imports", ["what", "below 50 parents", "below one"], rows, interrupted_twice())


if __name__ == "__main__":
    main()
