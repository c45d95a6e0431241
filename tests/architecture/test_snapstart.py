"""Tests: functions are primed before a snapshot, without effects that a caller could see."""

import gc
import importlib
import io
from typing import Any, get_args

import pytest

from shared.api.routes import Function
from shared.aws.observability import log
from shared.aws.snapstart import primed
from tests.builders import NOW
from tests.simulation.fake_aws import FakeAws

PREINITIALIZED = ["snap-start", "provisioned-concurrency"]


@pytest.mark.parametrize("kind", [*PREINITIALIZED, "on-demand", None])
def test_function_is_primed_only_when_preinitialized(monkeypatch: pytest.MonkeyPatch, kind: str | None) -> None:
    monkeypatch.delenv("AWS_LAMBDA_INITIALIZATION_TYPE", raising=False)
    if kind:
        monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    primings: list[str] = []
    gc.disable()  # as functions/__init__.py does
    assert primed(len, lambda: primings.append("once")) is len
    assert primings == (["once"] if kind in PREINITIALIZED else [])
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_function_that_fails_to_prime_can_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")

    def failing() -> None:
        raise OSError("no network")

    assert primed(len, failing)([1, 2]) == 2


@pytest.mark.parametrize("name", get_args(Function))
def test_priming_reads_once_writes_nothing_and_logs_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = importlib.import_module(f"functions.{name}").app
    monkeypatch.setenv("USER_POOL_CLIENT_ID", "client")
    monkeypatch.setenv("MY_SIGN_IN_CLIENT_ID", "my_sign_in")
    monkeypatch.setenv("SIGN_IN_ENDPOINT", "https://cognito-idp.eu-west-1.amazonaws.com")
    aws = FakeAws(NOW)
    requests: list[Any] = []
    read = aws.dynamo.batch_get_item
    monkeypatch.setattr(aws.dynamo, "batch_get_item", lambda **request: (requests.append(request), read(**request))[1])
    stream = io.StringIO()
    monkeypatch.setattr(log.registered_handler, "stream", stream)
    level = log.log_level
    with aws.installed():
        app._prime()
    reads = 0 if name == "console" else 1  # the console has no permission
    assert (len(requests), aws.dynamo.records, stream.getvalue(), log.log_level) == (reads, {}, "", level)
