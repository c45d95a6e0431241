"""Tests: a machine changes its secret several times while it sends requests, and none of them is rejected."""

import threading
from collections import Counter
from typing import Any

import pytest

from local.ministack import client
from local.seed import access_token
from tests.conftest import RunningStack, eventually

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]

WORKERS = 4
ROTATIONS = 3


class Machine:
    """A machine with several workers. Each signs in with the current credential and sends some requests, repeatedly."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self.cognito = client("cognito-idp", stack.ministack.endpoint)
        root = stack.call("GET", "/me").json()["customer"]["id"]
        body = {"kind": "api", "display_name": "Rotating", "role": "supporter"}
        self.account = stack.call("POST", f"/customers/{root}/accounts", json=body).json()
        self.current: dict[str, Any] = self.account["credentials"]
        self.in_use: dict[int, str] = {}
        self.statuses: Counter[int] = Counter()
        self.stopped = threading.Event()

    def work(self, worker: int) -> None:
        while not self.stopped.is_set():
            credential = self.current
            self.in_use[worker] = credential["client_id"]
            token = access_token(
                self.cognito, self.stack.stack["client_id"], credential["client_id"], credential["client_secret"]
            )
            for _ in range(5):
                self.statuses[self.stack.call("GET", "/me", token=token).status_code] += 1

    def rotate(self) -> None:
        path, before = f"/accounts/{self.account['id']}/credentials", self.current
        added = self.stack.call("POST", path, json={})
        assert added.status_code == 201, added.text
        self.current = added.json()
        eventually(lambda: set(self.in_use.values()) == {self.current["client_id"]})
        assert self.stack.call("DELETE", f"{path}/{before['id']}").status_code == 204
        token = access_token_or_none(self, before)
        assert token is None or self.stack.call("GET", "/me", token=token).status_code == 403


def access_token_or_none(machine: Machine, credential: dict[str, Any]) -> str | None:
    """Sign in with a revoked credential: its sign-in is usually gone by now."""
    try:
        return access_token(
            machine.cognito, machine.stack.stack["client_id"], credential["client_id"], credential["client_secret"]
        )
    except machine.cognito.exceptions.NotAuthorizedException:
        return None


def test_rotation_under_load_has_no_rejected_request(stack: RunningStack) -> None:
    machine = Machine(stack)
    workers = [threading.Thread(target=machine.work, args=(number,)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    try:
        eventually(lambda: len(machine.in_use) == WORKERS)
        for _ in range(ROTATIONS):
            machine.rotate()
    finally:
        machine.stopped.set()
        for worker in workers:
            worker.join()
    assert set(machine.statuses) == {200}
    assert machine.statuses[200] > WORKERS * ROTATIONS
    listed = stack.call("GET", f"/accounts/{machine.account['id']}/credentials").json()["credentials"]
    assert [each["client_id"] for each in listed] == [machine.current["client_id"]]
    assert listed[0]["last_used_on"]
    assert "client_secret" not in listed[0]


def test_disabling_an_account_ends_its_sessions(stack: RunningStack) -> None:
    machine = Machine(stack)
    refresh = machine.cognito.initiate_auth(
        ClientId=stack.stack["client_id"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={
            "USERNAME": machine.current["client_id"],
            "PASSWORD": machine.current["client_secret"],
        },
    )["AuthenticationResult"]["RefreshToken"]
    path = f"/accounts/{machine.account['id']}"
    etag = stack.call("GET", path).headers["etag"]
    assert stack.call("PATCH", path, json={"disabled": True}, headers={"If-Match": etag}).status_code == 200
    eventually(lambda: stack.call("GET", path).json()["identity"] == "ready")
    with pytest.raises(machine.cognito.exceptions.NotAuthorizedException):
        machine.cognito.initiate_auth(
            ClientId=stack.stack["client_id"],
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": refresh},
        )
