"""Tests: a secret is in the first response only. No repetition of a request has one, whatever the route."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

import pytest

from functions import accounts, onboarding
from shared.api.routes import ROUTES
from tests.api.helpers import add_reseller
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, bootstrap_in
from tests.calls import Called, an_event, call
from tests.memory_identities import MemoryIdentities
from tests.simulation.fake_aws import FakeAws

SECRET: Final = re.compile(r"(?:bci_|Aa1-)[\w-]{20,}")
MACHINE: Final = {"kind": "api", "display_name": "Billing", "role": "supporter"}
CHANGES: Final = [name for name, row in ROUTES.items() if row.method in ("POST", "PUT", "PATCH")]
# The routes whose first response has secrets, with their number.
WITH_SECRETS: Final = {
    "add_account": 1, "add_credential": 1, "add_test_device": 1, "replace_test_device_token": 1, "add_onboarding": 2,
    "add_device": 1, "replace_device_token": 1,
}  # fmt: skip


@pytest.fixture(autouse=True)
def user_directory(monkeypatch: pytest.MonkeyPatch) -> MemoryIdentities:
    identities = MemoryIdentities()
    identities.users[ROOT_ACCOUNT.id] = True
    for function in (accounts, onboarding):
        monkeypatch.setattr(function, "open_user_directory", lambda: identities)
    return identities


def requests() -> dict[str, Callable[[], dict[str, Any]]]:
    """Return, by route, what its request needs to succeed and to have secrets, if it can have any."""
    customer = f"/customers/{ROOT.id}"

    def with_machine() -> dict[str, Any]:
        body = json.loads(an_event("add_onboarding")["body"])
        return {"body": {**body, "accounts": [MACHINE], "test_device": {"name": "Laptop"}}}

    def of_machine() -> dict[str, Any]:
        added = call("add_account", path=f"{customer}/accounts", body=MACHINE, headers={"idempotency-key": "first"})
        return {"path": f"/accounts/{added.body['id']}/credentials"}

    def of_device() -> dict[str, Any]:
        added = call("add_test_device", path=f"{customer}/test-devices", body={"name": "Laptop"})
        return {"path": f"{customer}/test-devices/{added.body['id']}/token"}

    def of_server() -> dict[str, Any]:
        path = f"/customers/{add_reseller()}/devices"
        return {"path": f"{path}/{call('add_device', path=path, headers={'idempotency-key': 'd'}).body['id']}/token"}

    return {
        "add_account": lambda: {"body": MACHINE},
        "add_onboarding": with_machine,
        "add_credential": of_machine,
        "replace_test_device_token": of_device,
        "add_device": lambda: {"path": f"/customers/{add_reseller()}/devices"},
        "replace_device_token": of_server,
    }


@pytest.mark.parametrize("name", CHANGES)
def test_repeated_request_has_no_secret(name: str) -> None:
    more = requests().get(name, dict)()
    headers = {"idempotency-key": "the-same-key", "if-match": '"1"'}

    def sent() -> Called:
        return call(name, headers=headers, **more)

    first = sent()
    assert len(set(SECRET.findall(first.text))) == WITH_SECRETS.get(name, 0), first.text
    for _ in range(2):
        assert not SECRET.findall(sent().text)


@pytest.mark.parametrize("name", ["add_account", "add_test_device", "add_device", "add_onboarding"])
def test_preview_has_no_secret(name: str) -> None:
    called = call(name, query={"validate_only": "true"}, **requests().get(name, dict)())
    assert (called.status, SECRET.findall(called.text)) == (200, [])


def test_secret_is_neither_in_the_table_nor_derived_from_the_request() -> None:
    seen: set[str] = set()
    for _ in range(2):  # the same requests to two systems
        aws = FakeAws(NOW)
        with aws.installed():
            bootstrap_in(aws.store)
            for name in WITH_SECRETS:
                called = call(name, headers={"idempotency-key": name}, **requests().get(name, dict)())
                found = set(SECRET.findall(called.text))
                assert not found & seen
                assert not any(secret in str(aws.dynamo.records) for secret in found)
                seen |= found
    assert len(seen) == 2 * sum(WITH_SECRETS.values())
