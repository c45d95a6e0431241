"""Each function's role allows what the function really asks of AWS, and nothing else.

Twice: every call of boto3 is noted while the functions are called as Lambda calls them, on moto, and compared with the
roles; and each permission is taken away from the deployed functions, on a ministack that asks for permissions. `SELDOM`
names what only a race asks for.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest

from local.deploy import deploy
from local.ministack import free_port, running
from shared.table.dynamodb import DynamoStore
from tests import calls
from tests.architecture.helpers import Noted
from tests.builders import NOW, ROOT, a_customer, a_line, an_account, begin_in, put
from tests.calls import an_event

# What Lambda itself asks for, with the function's role: the event sources, their dead letters, the log.
OF_LAMBDA = {
    "logs:CreateLogStream", "logs:PutLogEvents", "dynamodb:DescribeStream", "dynamodb:GetRecords",
    "dynamodb:GetShardIterator", "dynamodb:ListStreams", "sqs:ReceiveMessage", "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}  # fmt: skip
# An account that is disabled or removed while its sign-in is made; an import whose time is up.
SELDOM = {
    "add_account": {"cognito-idp:AdminDisableUser", "cognito-idp:AdminDeleteUser"},
    "add_onboarding": {"cognito-idp:AdminDisableUser", "cognito-idp:AdminDeleteUser"},
    "run_import": {"sqs:SendMessage"},
    "end_trials": {"sqs:SendMessage"},
    "sync_identity": {"sqs:SendMessage"},
    "publish_events": {"sqs:SendMessage"},
}
VERBS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def actions(service: str, operation: str, request: dict[str, Any]) -> Iterator[str]:
    if operation == "TransactWriteItems":
        yield from (f"dynamodb:{VERBS[verb]}" for item in request["TransactItems"] for verb in item)
    elif operation == "Query":
        yield f"dynamodb:Query {request.get('IndexName', 'table')}"
    elif operation == "SendMessageBatch":
        yield "sqs:SendMessage"
    else:
        yield f"{service}:{operation}"


def everything(store: DynamoStore) -> None:  # noqa: PLR0915 - it is a list
    """Each function, with all that it can be asked to do."""
    call = calls.call
    line = a_line(end_customer={"in_trial": True})
    put(store, *line[1:], an_account("super_user", line[1]))
    empty = a_customer("distributor", name="Empty", references={"psa": "old"})
    put(store, empty)

    def at(version: int) -> dict[str, str]:
        return {"if-match": f'"{version}"'}

    for name in (
        "get_me", "get_storage_locations", "list_views", "save_view", "remove_view", "get_view", "add_customer",
        "add_test_device", "get_console",
    ):  # fmt: skip
        calls.handle(name, an_event(name))
    call("save_view", path="/views/mine", body={"columns": ["name"]})
    call("remove_view", path="/views/mine")
    for name, rest in {
        "get_customer": "", "get_options": "/options", "get_trial": "/trial", "check_storage": "/storage-check",
        "list_devices": "/devices", "get_history": "/history",
    }.items():  # fmt: skip
        call(name, path=f"/customers/{line[5].id}{rest}")
    call("get_invoicing", path=f"/customers/{ROOT.id}/invoicing", query={"month": "2026-11"})
    call("list_customers", query={"parent_id": ROOT.id})
    call("list_customers", query={"within": ROOT.id})
    call("list_accounts", query={"within": ROOT.id})
    call("list_accounts", query={"customer_id": ROOT.id})
    call("start_production", path=f"/customers/{line[4].id}/production", headers=at(1))

    path = f"/customers/{empty.id}"
    call("change_customer", path=path, headers=at(1), body={"name": "Named", "references": {"psa": "7"}})
    call("change_customer", path=path, headers=at(2), body={"services_to_provide": ["all_inclusive"]})
    call("change_storage_location", path=f"{path}/storage-location", headers=at(3))
    call("archive_customer", path=path, headers=at(4))
    call("restore_customer", path=f"{path}/restore", headers=at(5))
    put(store, a_customer("reseller", empty))
    call("archive_customer", path=path, headers=at(6))  # refused by what stands below

    new = {"name": "Saved", "parent_id": ROOT.id, "service_type": "all_inclusive", "device_country": "DE"}
    for more in ({"services_to_provide": ["all_inclusive", "software_only"]}, {"name": "Saved again"},
                 {"services_to_provide": ["all_inclusive"]}):  # fmt: skip
        call("save_customer_by_reference", path="/customers/by-reference/psa/8", body={**new, **more})
    call("get_customer_by_reference", path="/customers/by-reference/psa/8")
    call("add_onboarding")
    machine = {"kind": "api", "display_name": "Billing", "role": "supporter"}
    customer = json.loads(an_event("add_customer")["body"]) | {"name": "With a machine", "device_country": "DE"}
    done = call("add_onboarding", body={"customer": customer, "accounts": [machine], "test_device": {"name": "d"}})
    assert done.status == 201, done.text

    account_path = f"/customers/{ROOT.id}/accounts"
    call("add_account", path=account_path, body=machine)
    person = {"email": "ada@example.com", "display_name": "Ada", "role": "super_user"}
    added = call("add_account", path=account_path, body=person).body
    call("get_account", path=f"/accounts/{added['id']}")
    for changes in ({"disabled": True}, {"disabled": False}):
        version = call("get_account", path=f"/accounts/{added['id']}").body["version"]
        call("change_account", path=f"/accounts/{added['id']}", headers=at(version), body=changes)
        _synced(added["id"])
    calls.invoke("record_sign_in", {**an_event("record_sign_in"), "userName": added["id"]})
    version = call("get_account", path=f"/accounts/{added['id']}").body["version"]
    call("remove_account", path=f"/accounts/{added['id']}", headers=at(version))
    _synced(added["id"])

    for number in (1, 2):  # the address of an account of a removed customer is made free
        gone = a_customer("distributor", name=f"Gone {number}").model_copy(update={"archived_at": NOW, "expires_at": 1})
        put(store, gone, an_account("super_user", gone, email=f"gone{number}@example.com"))
    back = {**person, "email": "gone1@example.com"}
    assert call("add_account", path=account_path, body=back).status == 429
    customer = {**customer, "name": "With one who is back"}
    accounts = [{**person, "email": "gone2@example.com"}]
    steps = call("add_onboarding", body={"customer": customer, "accounts": accounts}).body["steps"]
    assert steps[1]["problem"]["status"] == 429

    left = a_customer("reseller", line[1], name="Left")
    put(store, left)
    for removed in (False, True):  # the last super_user of what is archived
        another = {**person, "email": f"left{removed}@example.com"}
        super_user = call("add_account", path=f"/customers/{left.id}/accounts", body=another).body["id"]
        call("archive_customer", path=f"/customers/{left.id}", headers=at(1 + 2 * removed))
        if removed:
            call("remove_account", path=f"/accounts/{super_user}", headers=at(1))
        else:
            call("change_account", path=f"/accounts/{super_user}", headers=at(1), body={"role": "operator"})
            call("remove_account", path=f"/accounts/{super_user}", headers=at(2))
        call("restore_customer", path=f"/customers/{left.id}/restore", headers=at(2 + 2 * removed))

    device = call("add_test_device", path=f"/customers/{line[4].id}/test-devices", body={"name": "d"}).body["id"]
    call("get_test_device", path=f"/customers/{line[4].id}/test-devices/{device}")
    call("remove_test_device", path=f"/customers/{line[4].id}/test-devices/{device}")

    accepted = call("add_import", headers={"idempotency-key": "one"}).body["id"]
    calls.invoke("run_import", {"Records": [{"body": json.dumps({"import_id": accepted})}]})
    call("get_import", path=f"/imports/{accepted}")
    calls.invoke("publish_events", an_event("publish_events"))
    put(store, a_customer("end_customer", now=datetime(2026, 1, 1, tzinfo=UTC), in_trial=True))
    calls.invoke("end_trials", {"time": "2026-01-31T00:00:00Z"})
    calls.handle("replace_storage_locations", an_event("replace_storage_locations"))


def _synced(account_id: str) -> None:
    event = an_event("sync_identity")
    event["Records"][0]["dynamodb"]["Keys"]["pk"]["S"] = f"account#{account_id}"
    calls.invoke("sync_identity", event)


def allowed(template: dict[str, Any], name: str) -> set[str]:
    role = template["Resources"]["".join(word.title() for word in name.split("_")) + "Role"]
    found: set[str] = set()
    for statement in role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
        each = statement["If"][1] if "If" in statement else statement
        given = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
        for action in given:
            if action == "dynamodb:Query":
                found |= {f"{action} {_index(resource)}" for resource in each["Resource"]}
            else:
                found.add(action)
    return found - OF_LAMBDA


def _index(resource: dict[str, Any]) -> str:
    return str(resource["Sub"]).rpartition("/")[2] if "Sub" in resource else "table"


def test_every_role_allows_what_its_function_asks_for_and_nothing_else(
    template: dict[str, Any], store: DynamoStore, noted: Noted
) -> None:
    everything(store)
    asked: dict[str, set[str]] = defaultdict(set)
    for name, sent in noted:
        asked[name].update(action for each in sent for action in actions(*each))
    functions = [
        resource["Properties"]["Handler"].split(".")[1]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    wrong = {}
    for name in functions:
        lacking = asked[name] - allowed(template, name)
        unused = allowed(template, name) - asked[name] - SELDOM.get(name, set())
        if lacking or unused:
            wrong[name] = {"lacking": lacking, "unused": unused}
    assert wrong == {}


@dataclass
class Deployed:
    """The functions on ministack by their names, and what the role of each allows; called there one at a time."""

    functions: Any
    iam: Any
    dynamodb: Any
    table: str
    names: dict[str, str]
    roles: dict[str, str]
    policies: dict[str, Any]

    def invoke(self, name: str, event: Any) -> tuple[Any, bool]:
        """What a function answers, and whether it could do all that it was asked for."""
        answer = self.functions.invoke(FunctionName=self.names[name], Payload=json.dumps(event))
        text = answer["Payload"].read().decode()
        found = json.loads(text)
        failed = "FunctionError" in answer or (found or {}).get("batchItemFailures")
        return found, not (failed or '"statusCode": 5' in text or "unavailable" in text or "internal_error" in text)

    def emptied(self) -> DynamoStore:
        """The table with nothing but its beginnings."""
        for page in self.dynamodb.get_paginator("scan").paginate(TableName=self.table):
            for item in page["Items"]:
                self.dynamodb.delete_item(TableName=self.table, Key={"pk": item["pk"], "sk": item["sk"]})
        store = DynamoStore(self.dynamodb, self.table)
        begin_in(store)
        return store

    def allow(self, name: str, policy: Any) -> None:
        self.iam.put_role_policy(RoleName=self.roles[name], PolicyName="least", PolicyDocument=json.dumps(policy))


@pytest.fixture(scope="module")
def deployed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """With the event sources off: who calls a function is the test alone."""
    assert built.is_dir()
    directory = tmp_path_factory.mktemp("permissions")
    with running(directory, free_port(), ask_permission=True) as ministack:
        table = deploy(ministack, directory / "clock", fan_out=True)["TableName"]
        functions, iam = ministack.client("lambda"), ministack.client("iam")
        for source in functions.list_event_source_mappings()["EventSourceMappings"]:
            functions.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
        pages = functions.get_paginator("list_functions").paginate()
        every = {each["Handler"].split(".")[1]: each for page in pages for each in page["Functions"]}
        roles = {name: each["Role"].rpartition("/")[2] for name, each in every.items()}
        yield Deployed(
            functions,
            iam,
            ministack.client("dynamodb"),
            table,
            names={name: each["FunctionName"] for name, each in every.items()},
            roles=roles,
            policies={
                name: iam.get_role_policy(RoleName=role, PolicyName="least")["PolicyDocument"]
                for name, role in roles.items()
            },
        )


def one_less(policy: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Each permission of a role that is asked for here, with the policy that lacks it."""
    for number, statement in enumerate(policy["Statement"]):
        given = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        ours = [a for a in given if a not in OF_LAMBDA | SELDOM.get(name, set()) | {"sqs:SendMessageBatch"}]
        for action in ours:
            resources = statement["Resource"] if action == "dynamodb:Query" else [statement["Resource"]]
            for resource in resources:
                lacking = deepcopy(policy)
                left = lacking["Statement"][number]
                left["Action"] = [a for a in given if not a.startswith(action)] or ["none:Nothing"]
                if len(resources) > 1:
                    left |= {"Action": given, "Resource": [r for r in resources if r != resource]}
                yield f"{name}: {action} on {str(resource).rpartition(':')[2]}", lacking


@pytest.mark.ministack
@pytest.mark.enable_socket
def test_a_permission_that_is_taken_away_is_missed(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each round every function lacks one of its permissions, until it misses it; then it gets it back."""
    rounds = list(zip_longest(*(list(one_less(policy, name)) for name, policy in deployed.policies.items())))
    assert len([permission for lacking in rounds for permission in lacking if permission]) > 90
    for lacking in rounds:
        wanted = {lack[0].partition(":")[0]: lack for lack in lacking if lack}
        for name, (_, policy) in wanted.items():
            deployed.allow(name, policy)
        monkeypatch.setattr(calls, "invoke", partial(until_missed, deployed, wanted))
        everything(deployed.emptied())
        assert [permission for permission, _ in wanted.values()] == []


def until_missed(deployed: Deployed, wanted: dict[str, Any], name: str, event: Any) -> Any:
    """What a function answers; where it could not for want of a permission, it gets all back and the same request."""
    if "headers" in event:
        event["headers"].setdefault("idempotency-key", uuid5(NAMESPACE_OID, json.dumps(event)).hex)
    answer, well = deployed.invoke(name, event)
    if not well:
        assert name in wanted, f"{name} lacks nothing and failed: {answer}"
        del wanted[name]
        deployed.allow(name, deployed.policies[name])
        answer, well = deployed.invoke(name, event)
        assert well, f"{name} has all again and failed: {answer}"
    return answer
