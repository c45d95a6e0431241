"""Tests: crashes, logs and error classes."""

import importlib
import io
import json
from collections.abc import Callable
from typing import get_args

import pytest

from shared.accounts import use_cases
from shared.api.routes import Function
from shared.aws.observability import log
from shared.errors import ApiError
from shared.table.dynamodb import open_store
from tests.api.helpers import A_DISTRIBUTOR, assert_problem
from tests.builders import ROOT_ACCOUNT
from tests.calls import an_event, call, handle


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return a function that reads all logs and metrics of the test so far."""
    stream = io.StringIO()
    monkeypatch.setattr(log.registered_handler, "stream", stream)
    return lambda: stream.getvalue() + capsys.readouterr().out


def test_crash_returns_500_without_details_and_logs_where(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    monkeypatch.setattr(use_cases, "get_me", lambda *_: 1 / 0)
    problem = assert_problem(call("get_me"), 500, "internal_error")
    assert problem["request_id"] == "JKJaXmPLvHcESHA="
    lines = [json.loads(line) for line in logged().splitlines()]
    crash = next(line for line in lines if line.get("message") == "unhandled_exception")
    assert crash["error"] == "ZeroDivisionError"
    assert any("get_me" in frame for frame in crash["frames"])
    assert any(line.get("unhandled_exception") == [1.0] for line in lines)


def test_logs_contain_no_name_address_or_token(logged: Callable[[], str]) -> None:
    marker = "Zanzibar-marker"
    event = an_event("add_customer")
    event["headers"]["authorization"] = f"Bearer {marker}"
    for body in (A_DISTRIBUTOR | {"name": marker}, {"name": marker}, {marker: 1}, f'{{"{marker}'):
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        handle("add_customer", event)
    call("get_customer", path=f"/customers/{marker}")
    call("list_customers", query={marker: marker})
    call("get_me")
    lines = logged()
    added = next(json.loads(line) for line in lines.splitlines() if '"customer_added"' in line)
    assert added["customer_id"].startswith("cus_")
    assert added["customer_level"] == "distributor"
    assert added["request_id"] == "JKJaXmPLvHcESHA="
    assert (added["function"], added["route"]) == ("customers", "POST /customers")
    assert marker not in lines
    assert ROOT_ACCOUNT.email not in lines


def test_importing_a_function_needs_no_environment_and_opens_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TABLE_NAME", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    open_store.cache_clear()
    for name in get_args(Function):
        importlib.reload(importlib.import_module(f"functions.{name}"))
    assert open_store.cache_info().misses == 0


def test_every_api_error_has_a_status_and_a_code() -> None:
    classes = ApiError.__subclasses__()
    assert len({error.code for error in classes}) == len(classes)
    assert all(400 <= error.status < 600 for error in classes)
