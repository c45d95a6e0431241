"""Tests: after an erasure, nothing on the stack contains the person: table, stream, user pool, logs, responses."""

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from local.privacy import erase, export, find
from local.restore import read_table
from local.seed import access_token, set_password
from shared.accounts.identities import CognitoUserDirectory
from shared.imports.records import unpack_records
from shared.table.dynamodb import DynamoStore
from tests.conftest import RunningStack, eventually
from tests.stack.helpers import BOTH, add, await_invitation

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]


class Marked:
    """A person whose name and address contain a unique text, and to whom much happens."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack, self.mark = stack, f"marker{uuid4().hex[:8]}"
        self.address, self.name = f"{self.mark}@example.com", f"Ada {self.mark}"
        self.dynamodb, self.cognito = (stack.ministack.client(each) for each in ("dynamodb", "cognito-idp"))
        self.pool, self.table = stack.stack["user_pool_id"], stack.stack["table"]
        self.directory = CognitoUserDirectory(self.cognito, self.pool)
        root = self.call("GET", "/me")["customer"]["id"]
        company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
        self.distributor = add(stack, name=f"Tree {uuid4().hex[:8]}", parent_id=root, **company)["id"]
        self.accounts = f"/customers/{self.distributor}/accounts"
        earlier = {"email": self.address, "display_name": f"Old {self.name}", "role": "administrator"}
        self.id = self.call("POST", self.accounts, json=earlier)["id"]
        await_invitation(stack, self.id)
        self.call("POST", f"/accounts/{self.id}/invitation")
        self.await_sign_in()
        self.change("PATCH", f"/accounts/{self.id}", display_name=self.name)
        self.await_sign_in()
        password = set_password(self.cognito, self.pool, self.id)
        self.token = access_token(self.cognito, stack.stack["client_id"], self.address, password)

    def await_sign_in(self) -> None:
        """Wait until the user pool agrees with the account. Otherwise its sign-in can still be replaced."""
        eventually(lambda: self.call("GET", f"/accounts/{self.id}")["identity"] == "ready")

    def call(self, method: str, path: str, **request: Any) -> Any:
        response = self.stack.call(method, path, **request)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def change(self, method: str, path: str, token: str | None = None, **body: Any) -> None:
        account = "/".join(path.split("/")[:3])
        headers = {"If-Match": f'"{self.call("GET", account)["version"]}"'}
        self.call(method, path, token=token, headers=headers, **({"json": body} if body else {}))

    def act(self) -> str:
        """Let the person do things, and others mention them. Return the id of an import that does."""
        self.call("PUT", f"/views/{self.mark}", token=self.token, json={"columns": ["name"]})
        device = {"name": f"Laptop of {self.name}"}
        self.call("POST", f"/customers/{self.distributor}/test-devices", token=self.token, json=device)
        machine = {"kind": "api", "display_name": "Billing", "role": "operator"}
        added = self.call("POST", self.accounts, token=self.token, json=machine)["id"]
        self.call("POST", f"/accounts/{added}/credentials", token=self.token, json={})
        invited = {"email": f"{uuid4().hex[:8]}@example.com", "display_name": "Other", "role": "operator"}
        self.change("DELETE", f"/accounts/{self.call('POST', self.accounts, token=self.token, json=invited)['id']}")
        moved = {"country": "DK", "reason": f"{self.name} <{self.address}> asked for it"}
        path = f"/customers/{self.distributor}"
        self.call("PUT", f"{path}/storage-location", json=moved, headers={"If-Match": '"1"'})
        rows = {"rows": [{"name": f"For {self.address}", "parent_id": self.name, "device_country": "DE"}]}
        imported: str = self.call("POST", "/imports", json=rows, headers={"Idempotency-Key": self.mark})["id"]
        eventually(lambda: self.call("GET", f"/imports/{imported}")["state"] == "done")
        return imported

    def everything(self, imported: str) -> str:
        """Return all records, sign-ins, and what the API shows, as text."""
        items = read_table(self.dynamodb, self.table).values()
        packed = [unpack_records(item) for item in items if "records" in item]
        users = self.cognito.list_users(UserPoolId=self.pool)["Users"]
        shown = [
            self.stack.call("GET", path).text
            for path in (
                f"/accounts?within={self.distributor}", f"/accounts/{self.id}/history",
                f"/audit?within={self.distributor}", f"/customers/{self.distributor}",
                f"/customers/{self.distributor}/history", f"/customers/{self.distributor}/devices",
                f"/imports/{imported}",
            )
        ]  # fmt: skip
        return json.dumps([[*items], packed, users, shown], default=str, ensure_ascii=False)

    def new_images(self) -> list[str]:
        """Return the records of the table's stream, as they were after each change."""
        streams = self.stack.ministack.client("dynamodbstreams")
        arn = self.dynamodb.describe_table(TableName=self.table)["Table"]["LatestStreamArn"]
        images: list[str] = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            at = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            following = streams.get_shard_iterator(**at)["ShardIterator"]
            while following:
                page = streams.get_records(ShardIterator=following)
                images += [json.dumps(each["dynamodb"].get("NewImage", {}), default=str) for each in page["Records"]]
                following = page.get("NextShardIterator") if page["Records"] else None
        return images

    def erase(self) -> list[str]:
        items = read_table(self.dynamodb, self.table)
        person = find(items, self.address, also=self.name)
        store = DynamoStore(self.dynamodb, self.table)
        return list(erase(store, self.directory, items, person, datetime.now(UTC), self.name))


def test_nothing_of_an_erased_person_remains_on_the_stack(stack: RunningStack) -> None:
    person = Marked(stack)
    imported = person.act()
    assert person.mark in person.everything(imported)
    exported = export(find(read_table(person.dynamodb, person.table), person.address), person.directory)
    assert exported["account"]["display_name"] == person.name
    assert exported["sign_in"]["email"] == person.address
    records = {each["record"][1].partition("#")[0] for each in exported["mentioned_in"]}
    assert {"customer", "history", "device", "rows"} <= records

    images = person.new_images()
    assert any(person.mark in image for image in images)
    for _ in range(2):  # the second time, there is nothing left
        assert person.erase() == []
    assert re.findall(f".{{,60}}{person.mark}.{{,60}}", person.everything(imported)) == []
    since = person.new_images()[len(images) :]
    assert since
    assert not [image for image in since if person.mark in image]
    exported = export(find(read_table(person.dynamodb, person.table), person.address, person.name), person.directory)
    assert (exported["account"], exported["sign_in"], exported["mentioned_in"]) == (None, None, [])
    assert stack.call("GET", "/me", token=person.token).status_code == 403  # a token is of no use any more
    lines = stack.logged_lines()
    assert any(person.id in line for line in lines)
    assert not [line for line in lines if person.mark in line]
