"""Tests: the maximum of requests that each function sends to AWS equals the table in docs/benchmarks.md.

They are counted on moto, over all calls of `call_every_function`.
`WRITE=1 python -m pytest tests/architecture/test_request_counts.py` writes the table.
"""

import os
from collections import Counter
from typing import Any

import pytest
from botocore.validate import validate_parameters

from shared.aws.clients import session
from shared.table.dynamodb import DynamoStore
from tests.architecture.every_function import call_every_function
from tests.architecture.helpers import Recorded
from tests.bench.tables import PAGE, text_of, write

HEAD = ["function", "requests", "read units", "write units", "least", "why more"]
# Why a function sends more than one read, one query of a list and one write.
WHY_MORE = {
    "add_account": "the address of another account is released first",
    "add_credential": "the sign-in is created first: user and password",
    "add_import": "one message to the queue",
    "add_onboarding": "a customer, an account and a device, each like a single request",
    "change_account": "the last super_user of an archived customer: check that it still is one",
    "run_daily": "all sign-ins and all accounts, each difference is repaired; all records of a removed customer",
    "change_email": "the account contains its customer's id",
    "change_customer": "fewer services: search the children that use them",
    "end_trials": "a query for each of 16 shards, then a write for each trial",
    "get_audit": "without within, the caller's own customer is read first; the root has a query for each tree",
    "get_audit_csv": "as get_audit",
    "get_customer": "a site shows values of its end-customer",
    "get_customer_by_reference": "the reference contains the customer's id, and a site its end-customer's",
    "add_device": "a device of a site: its end-customer says whether its days are invoiced",
    "change_device": "as add_device",
    "get_device": "as add_device",
    "replace_device_token": "as add_device",
    "list_location_requests": "the customers of the requests",
    "get_import": "the import contains the keys of its results",
    "get_invoicing": "the root's subtree: a query for each distributor of the page",
    "get_me": "the account contains its customer's id",
    "get_trial": "a site's trial is its end-customer's",
    "list_accounts": "the root's subtree",
    "list_customers": "the root's subtree",
    "record_second_factor": "the user pool is asked; the account contains its customer's id",
    "revoke_credential": "the sign-in is removed",
    "resend_invitation": "the account contains its customer's id",
    "restore_customer": "the archived record contains its parent's id",
    "remove_account": "the last super_user of an archived customer: check that it still is one",
    "run_import": "several pages of rows",
    "save_customer_by_reference": "the reference contains the customer's id; fewer services as in change_customer",
    "sync_identity": "the user pool is updated",
}


def units(operation: str, request: Any) -> tuple[float, float]:
    """Return the read units for records of up to 4 KB and the write units for up to 1 KB, without those of indexes."""
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


def rows(recorded: Recorded) -> list[list[str]]:
    """Return a row for each function: its call with the most requests, and of these the one with the most units."""
    most: dict[str, tuple[int, float, float, list[str]]] = {}
    for name, sent in recorded:
        counted = [units(operation, request) for _, operation, request in sent]
        reads, writes = sum(each[0] for each in counted), sum(each[1] for each in counted)
        most[name] = max(most.get(name, (-1, 0, 0, [])), (len(sent), reads, writes, [each[1] for each in sent]))
    return [
        [name, summary(names), f"{reads:g}", f"{writes:g}", str(least(names)), WHY_MORE.get(name, "")]
        for name, (_, reads, writes, names) in sorted(most.items())
    ]


def summary(names: list[str]) -> str:
    """Return the count of the operations, such as `3: BatchGetItem, 2 Query`, in the order of their first request."""
    counts = Counter(names)
    return (
        f"{len(names)}: {', '.join(f'{n} {name}' if n > 1 else name for name, n in counts.items())}" if names else "0"
    )


def least(names: list[str]) -> int:
    """Return the fewest possible requests: one each for reads, queries and writes, or one for other services."""
    kinds = {"UpdateItem": "TransactWriteItems"}
    of_dynamo = {kinds.get(name, name) for name in names} & {"BatchGetItem", "Query", "TransactWriteItems"}
    return len(of_dynamo) or min(len(names), 1)


@pytest.mark.slow
def test_requests_of_each_function_equal_the_table(store: DynamoStore, recorded: Recorded) -> None:
    call_every_function(store)
    found = rows(recorded)
    if os.environ.get("WRITE"):
        write("requests", HEAD, found)
    assert f"<!-- requests -->\n{text_of(HEAD, found)}\n" in PAGE.read_text()
    assert {row[0] for row in found if row[1].partition(":")[0] != row[4]} == set(WHY_MORE)


@pytest.mark.slow
def test_every_request_to_dynamodb_is_valid_for_botocore(store: DynamoStore, recorded: Recorded) -> None:
    """The functions do not validate the parameters of these requests, so this test does."""
    call_every_function(store)
    model = session().client("dynamodb").meta.service_model
    requests = [
        (operation, request) for _, sent in recorded for service, operation, request in sent if service == "dynamodb"
    ]
    assert {operation for operation, _ in requests} == {"BatchGetItem", "Query", "TransactWriteItems", "UpdateItem"}
    for operation, request in requests:
        validate_parameters(request, model.operation_model(operation).input_shape)
