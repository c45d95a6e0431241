"""Tests: after an erasure, nothing on the stack contains the person: table, user pool, logs, responses."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from local.privacy import erase, find
from local.restore import read_table
from local.seed import set_password
from shared.accounts.identities import CognitoUserDirectory
from shared.table.dynamodb import DynamoStore
from tests.conftest import RunningStack, eventually
from tests.stack.helpers import BOTH, add, await_invitation

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]


def test_nothing_of_an_erased_person_remains_on_the_stack(stack: RunningStack) -> None:
    mark = f"marker{uuid4().hex[:8]}"
    address, name = f"{mark}@example.com", f"Ada {mark}"
    root = stack.call("GET", "/me").json()["customer"]["id"]
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    distributor = add(stack, name=f"Tree {uuid4().hex[:8]}", parent_id=root, **company)["id"]
    body = {"email": address, "display_name": name, "role": "administrator"}
    person = stack.call("POST", f"/customers/{distributor}/accounts", json=body).json()["id"]
    await_invitation(stack, person)
    cognito, dynamodb = (stack.ministack.client(each) for each in ("cognito-idp", "dynamodb"))
    pool = stack.stack["user_pool_id"]
    password = set_password(cognito, pool, person)
    auth = {"ClientId": stack.stack["client_id"], "AuthFlow": "USER_PASSWORD_AUTH"}
    token = cognito.initiate_auth(**auth, AuthParameters={"USERNAME": address, "PASSWORD": password})
    as_person = token["AuthenticationResult"]["AccessToken"]
    view = {"columns": ["name"]}
    assert stack.call("PUT", f"/views/{mark}", token=as_person, json=view).is_success
    device = {"name": f"Laptop of {name}"}
    assert stack.call("POST", f"/customers/{distributor}/test-devices", token=as_person, json=device).is_success
    moved = {"country": "DK", "reason": f"{name} <{address}> asked for it"}
    headers = {"If-Match": '"1"'}
    path = f"/customers/{distributor}/storage-location"
    assert stack.call("PUT", path, json=moved, headers=headers).is_success
    rows = {"rows": [{"name": f"For {address}", "parent_id": "nonsense", "device_country": "DE"}]}
    imported = stack.call("POST", "/imports", json=rows, headers={"Idempotency-Key": mark}).json()["id"]
    eventually(lambda: stack.call("GET", f"/imports/{imported}").json()["state"] == "finished")

    def everything() -> str:
        """Return all records, sign-ins, and what the API shows, as text."""
        items = read_table(dynamodb, stack.stack["table"])
        users = cognito.list_users(UserPoolId=pool)["Users"]
        shown = [
            stack.call("GET", path).text
            for path in (
                f"/accounts?within={distributor}", f"/accounts/{person}/history", f"/audit?within={distributor}",
                f"/customers/{distributor}/history", f"/customers/{distributor}/devices.csv", f"/imports/{imported}",
            )
        ]  # fmt: skip
        return json.dumps([{str(key): item for key, item in items.items()}, users, shown], default=str)

    assert mark in everything()
    assert find(read_table(dynamodb, stack.stack["table"]), address).account
    directory, store = CognitoUserDirectory(cognito, pool), DynamoStore(dynamodb, stack.stack["table"])
    for _ in range(2):  # the second time, there is nothing left
        items = read_table(dynamodb, stack.stack["table"])
        assert list(erase(store, directory, items, find(items, address, also=name), datetime.now(UTC), name)) == []
    assert mark not in everything()
    logs = stack.ministack.client("logs")
    groups = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
    lines = [each["message"] for group in groups for each in logs.filter_log_events(logGroupName=group)["events"]]
    assert any(person in line for line in lines)
    assert not [line for line in lines if mark in line]
