"""What each function asks of AWS at most, held word for word: the table of docs/benchmarks.md.

Counted on moto, over all calls of test_permissions.
`WRITE=1 python -m pytest tests/architecture/test_request_counts.py` writes it.
"""

import os
from collections import Counter
from typing import Any

from shared.table.dynamodb import DynamoStore
from tests.architecture.helpers import Noted
from tests.architecture.test_permissions import everything
from tests.bench.tables import PAGE, text_of, write

HEAD = ["function", "requests", "read units", "write units", "least", "why more"]
# What is more than one read, one query of a list, and one write.
MORE = {
    "add_account": "a machine's sign-in is made at once: user, password, what became of it",
    "add_import": "the queue is told",
    "add_onboarding": "a customer, an account and a device, each as alone",
    "change_account": "the last super_user of an archived customer: whether it still is one",
    "change_customer": "fewer services: who uses them below is looked for",
    "end_trials": "a query for each of 16 shards, and then a write for each trial",
    "get_customer": "a site shows what its end-customer has",
    "get_customer_by_reference": "the reference tells the customer, and a site its end-customer",
    "get_import": "the import tells where its rows are",
    "get_invoicing": "the root's subtree: a query for each distributor that the page reaches",
    "get_me": "the account tells its customer",
    "get_trial": "a site's trial is its end-customer's",
    "list_accounts": "the root's subtree",
    "list_customers": "the root's subtree",
    "restore_customer": "the archived record tells its parent",
    "remove_account": "the last super_user of an archived customer: whether it still is one",
    "run_import": "several pages of rows",
    "save_customer_by_reference": "the reference tells the customer; fewer services as in change_customer",
    "sync_identity": "the user pool is told",
}


def units(operation: str, request: Any) -> tuple[float, float]:
    """Read and write units of the table for records of up to 4 and 1 KB; those of indexes are not here."""
    match operation:
        case "BatchGetItem":
            return sum(len(table["Keys"]) for table in request["RequestItems"].values()), 0
        case "Query":
            return (1 if request.get("ConsistentRead") else 0.5), 0
        case "TransactWriteItems":
            return 0, 2 * len(request["TransactItems"])
        case "UpdateItem":
            return 0, 1
    return 0, 0


def rows(called: Noted) -> list[list[str]]:
    """A row for each function: of its calls the one with the most requests, then the most units."""
    most: dict[str, tuple[int, float, float, list[str]]] = {}
    for name, sent in called:
        counted = [units(operation, request) for _, operation, request in sent]
        reads, writes = sum(each[0] for each in counted), sum(each[1] for each in counted)
        most[name] = max(most.get(name, (-1, 0, 0, [])), (len(sent), reads, writes, [each[1] for each in sent]))
    return [
        [name, asked(names), f"{reads:g}", f"{writes:g}", str(least(names)), MORE.get(name, "")]
        for name, (_, reads, writes, names) in sorted(most.items())
    ]


def asked(names: list[str]) -> str:
    """Such as `3: BatchGetItem, 2 Query`, each where it first comes."""
    counts = Counter(names)
    return (
        f"{len(names)}: {', '.join(f'{n} {name}' if n > 1 else name for name, n in counts.items())}" if names else "0"
    )


def least(names: list[str]) -> int:
    """One read, one query, one write, of what there is; anything else once."""
    kinds = {"UpdateItem": "TransactWriteItems"}
    of_dynamo = {kinds.get(name, name) for name in names} & {"BatchGetItem", "Query", "TransactWriteItems"}
    return len(of_dynamo) or min(len(names), 1)


def test_each_function_asks_for_what_the_table_says_and_for_no_more(
    store: DynamoStore,
    noted: Noted,
) -> None:
    everything(store)
    found = rows(noted)
    if os.environ.get("WRITE"):
        write("requests", HEAD, found)
    assert f"<!-- requests -->\n{text_of(HEAD, found)}\n" in PAGE.read_text()
    assert {row[0] for row in found if row[1].partition(":")[0] != row[4]} == set(MORE)
