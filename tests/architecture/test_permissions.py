"""Tests: each function's role allows the requests that the function sends to AWS, and no others.

Two tests check this. The first calls every function on moto, records each request of boto3 and compares the requests
with the roles. The second deploys the functions on a ministack that enforces permissions and removes each permission
in turn. `ONLY_IN_RACES` lists the permissions that no call here needs.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest

from local.deploy import deploy
from local.ministack import free_port, running
from shared.table.dynamodb import DynamoStore
from shared.table.keys import account_key
from tests import calls
from tests.architecture.every_function import call_every_function
from tests.architecture.helpers import Recorded, camel
from tests.builders import ROOT, an_account, bootstrap_in, put
from tests.conftest import start_mails

# The permissions that Lambda itself needs in the function's role, for event sources and logs.
LAMBDA_ACTIONS = {
    "logs:CreateLogStream", "logs:PutLogEvents", "dynamodb:DescribeStream", "dynamodb:GetRecords",
    "dynamodb:GetShardIterator", "dynamodb:ListStreams", "sqs:ReceiveMessage", "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}  # fmt: skip
# Needed if two requests add the same machine at once, if a sign-in without an account is an hour old, if the sign-in of
# an account that has lost its address is removed late, and if a run reaches its time limit. A revoked credential is
# removed by the stream's function, if its own request can't.
ONLY_IN_RACES = {
    "accounts": {"cognito-idp:AdminDeleteUser"},
    "onboarding": {"cognito-idp:AdminDeleteUser"},
    "run_daily": {"cognito-idp:AdminDeleteUser"},
    "run_import": {"sqs:SendMessage"},
    "end_trials": {"sqs:SendMessage"},
    "sync_identity": {"sqs:SendMessage", "cognito-idp:AdminGetUser"},
    "publish_events": {"sqs:SendMessage"},
}
WRITE_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def actions(service: str, operation: str, request: dict[str, Any]) -> Iterator[str]:
    """Yield the IAM actions that a request needs. A query's action ends in the name of its index, or in `table`."""
    if operation == "TransactWriteItems":
        yield from (f"dynamodb:{WRITE_ACTIONS[verb]}" for item in request["TransactItems"] for verb in item)
    elif operation == "Query":
        yield f"dynamodb:Query {request.get('IndexName', 'table')}"
    elif operation == "SendMessageBatch":
        yield "sqs:SendMessage"
    else:
        yield f"{service}:{operation}"


def allowed_actions(template: dict[str, Any], name: str) -> set[str]:
    """Return the actions that the function's role allows, in the form of `actions`."""
    role = template["Resources"][f"{camel(name)}Role"]
    found: set[str] = set()
    for statement in role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
        each = statement["If"][1] if "If" in statement else statement
        listed = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
        for action in listed:
            if action == "dynamodb:Query":
                found |= {f"{action} {_index(resource)}" for resource in each["Resource"]}
            else:
                found.add(action)
    return found - LAMBDA_ACTIONS


def _index(resource: dict[str, Any]) -> str:
    """Return the index of a resource: an index is a Sub with the table's ARN among its variables."""
    return str(resource["Sub"][0]).rpartition("/")[2] if isinstance(resource.get("Sub"), list) else "table"


@pytest.mark.slow
def test_every_role_allows_exactly_the_requests_of_its_function(
    template: dict[str, Any], store: DynamoStore, recorded: Recorded
) -> None:
    call_every_function(store)
    needed: dict[str, set[str]] = defaultdict(set)
    for name, sent in recorded:
        needed[calls.function_of(name)].update(action for each in sent for action in actions(*each))
    functions = [
        resource["Properties"]["Handler"].split(".")[1]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    wrong = {}
    for name in functions:
        missing = needed[name] - allowed_actions(template, name)
        unused = allowed_actions(template, name) - needed[name] - ONLY_IN_RACES.get(name, set())
        if missing or unused:
            wrong[name] = {"missing": missing, "unused": unused}
    assert wrong == {}


@dataclass
class Deployed:
    """The deployed functions on ministack. `names`, `roles` and `policies` are by the name of the function's module."""

    functions: Any
    iam: Any
    dynamodb: Any
    table: str
    names: dict[str, str]
    roles: dict[str, str]
    policies: dict[str, Any]
    cognito: Any
    pool: str
    client_id: str

    def invoke(self, name: str, event: Any) -> tuple[Any, bool]:
        """Return a function's response and whether no part of the call failed."""
        invocation = self.functions.invoke(FunctionName=self.names[name], Payload=json.dumps(event))
        text = invocation["Payload"].read().decode()
        response = json.loads(text)
        failed = "FunctionError" in invocation or (response or {}).get("batchItemFailures")
        if name == "record_sign_in":  # a failure never blocks the sign-in, so the response does not show it
            failed = not self.record(event["userName"]).get("signed_in_at")
        media = response.get("headers", {}).get("Content-Type", "") if isinstance(response, dict) else ""
        if media.startswith("text/"):  # a page, whose words for errors are not errors
            text = f'"statusCode": {response["statusCode"]}'
        return response, not (failed or '"statusCode": 5' in text or "unavailable" in text or "internal_error" in text)

    def record(self, account_id: str) -> Any:
        return DynamoStore(self.dynamodb, self.table).get(account_key(account_id))[account_key(account_id)]

    def reset_table(self) -> DynamoStore:
        """Delete all records, write those of the bootstrap and return the store."""
        for page in self.dynamodb.get_paginator("scan").paginate(TableName=self.table):
            for item in page["Items"]:
                self.dynamodb.delete_item(TableName=self.table, Key={"pk": item["pk"], "sk": item["sk"]})
        store = DynamoStore(self.dynamodb, self.table)
        bootstrap_in(store)
        return store

    def set_policy(self, name: str, policy: Any) -> None:
        self.iam.put_role_policy(RoleName=self.roles[name], PolicyName="least", PolicyDocument=json.dumps(policy))


@pytest.fixture(scope="module")
def deployed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Deploy with the event sources disabled, so that only the test calls the functions."""
    assert built.is_dir()
    directory = tmp_path_factory.mktemp("permissions")
    with running(directory, free_port(), ask_permission=True) as ministack:
        outputs = deploy(ministack, directory / "clock", parameters={"FanOut": "true"})
        start_mails(ministack, outputs["UserPoolId"])
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
            outputs["TableName"],
            names={name: each["FunctionName"] for name, each in every.items()},
            roles=roles,
            policies={
                name: iam.get_role_policy(RoleName=role, PolicyName="least")["PolicyDocument"]
                for name, role in roles.items()
            },
            cognito=ministack.client("cognito-idp"),
            pool=outputs["UserPoolId"],
            client_id=outputs["UserPoolClientId"],
        )


def policies_without_one(policy: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield each permission that a call here needs, with a copy of the policy without it."""
    for number, statement in enumerate(policy["Statement"]):
        listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        needed = [
            a for a in listed if a not in LAMBDA_ACTIONS | ONLY_IN_RACES.get(name, set()) | {"sqs:SendMessageBatch"}
        ]
        for action in needed:
            resources = statement["Resource"] if action == "dynamodb:Query" else [statement["Resource"]]
            for resource in resources:
                reduced = deepcopy(policy)
                left = reduced["Statement"][number]
                left["Action"] = [a for a in listed if not a.startswith(action)] or ["none:Nothing"]
                if len(resources) > 1:
                    left |= {"Action": listed, "Resource": [r for r in resources if r != resource]}
                yield f"{name}: {action} on {str(resource).rpartition(':')[2]}", reduced


@pytest.mark.ministack
@pytest.mark.enable_socket
def test_function_fails_without_any_one_of_its_permissions(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each round every function lacks one permission. The permission is restored when a call fails."""
    rounds = list(
        zip_longest(*(list(policies_without_one(policy, name)) for name, policy in deployed.policies.items()))
    )
    assert len([each for removed in rounds for each in removed if each]) > 45
    for removed in rounds:
        missing = {each[0].partition(":")[0]: each for each in removed if each}
        for name, (_, policy) in missing.items():
            deployed.set_policy(name, policy)
        monkeypatch.setattr(calls, "invoke", partial(invoke_and_give_back, deployed, missing))
        call_every_function(deployed.reset_table())
        assert [permission for permission, _ in missing.values()] == []


def invoke_and_give_back(deployed: Deployed, missing: dict[str, Any], name: str, event: Any) -> Any:
    """Return a function's response. If the call fails, restore all permissions and repeat the same request."""
    if "headers" in event:
        event["headers"].setdefault("idempotency-key", uuid5(NAMESPACE_OID, json.dumps(event)).hex)
    name = calls.function_of(name)
    response, succeeded = deployed.invoke(name, event)
    if not succeeded:
        assert name in missing, f"{name} failed with all its permissions: {response}"
        del missing[name]
        deployed.set_policy(name, deployed.policies[name])
        response, succeeded = deployed.invoke(name, event)
        assert succeeded, f"{name} failed after it got its permissions back: {response}"
    return response


@pytest.mark.ministack
@pytest.mark.enable_socket
def test_sign_in_succeeds_when_it_cannot_be_recorded(deployed: Deployed) -> None:
    """The local user pool is as strict as AWS's: if the trigger failed, the sign-in would fail."""
    account = an_account("super_user", ROOT).model_copy(update={"signed_in_at": None})
    put(deployed.reset_table(), account)
    password = "A-password-of-ministack-1"
    deployed.cognito.admin_create_user(
        UserPoolId=deployed.pool, Username=account.id, TemporaryPassword=password, MessageAction="SUPPRESS"
    )
    deployed.cognito.admin_set_user_password(
        UserPoolId=deployed.pool, Username=account.id, Password=password, Permanent=True
    )
    for allowed in (False, True):
        policy = deployed.policies["record_sign_in"]
        only_logs = policy | {"Statement": policy["Statement"][:1]}
        deployed.set_policy("record_sign_in", policy if allowed else only_logs)
        signed_in = deployed.cognito.initiate_auth(
            ClientId=deployed.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": account.id, "PASSWORD": password},
        )
        assert signed_in["AuthenticationResult"]["AccessToken"]
        assert bool(deployed.record(account.id).get("signed_in_at")) == allowed
