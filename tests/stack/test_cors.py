"""Tests: pages of other origins may call the API only if the parameter AllowedOrigins names them."""

from pathlib import Path

import pytest

from local.deploy import deploy
from local.ministack import free_port, running
from local.run import make_stack
from tests.conftest import RunningStack

pytestmark = [pytest.mark.ministack, pytest.mark.slow, pytest.mark.enable_socket]

APP = "https://app.example.com"


def test_only_allowed_origins_may_read_responses(built: Path, tmp_path: Path) -> None:
    assert built.is_dir()
    with running(tmp_path, free_port(), ask_permission=True) as ministack:
        outputs = deploy(ministack, tmp_path / "clock", parameters={"AllowedOrigins": f"{APP},https://b.example.com"})
        stack = RunningStack(ministack, make_stack(ministack, outputs, earlier={}), tmp_path)
        asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match"}
        preflight = stack.call("OPTIONS", "/customers/cus_1", headers={"Origin": APP, **asked})
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == APP
        assert "PATCH" in preflight.headers["access-control-allow-methods"]
        assert "if-match" in preflight.headers["access-control-allow-headers"]
        allowed = stack.call("GET", "/me", headers={"Origin": APP})
        assert allowed.headers["access-control-allow-origin"] == APP
        assert "etag" in allowed.headers["access-control-expose-headers"]
        other = stack.call("GET", "/me", headers={"Origin": "https://evil.example.com"})
        assert "access-control-allow-origin" not in other.headers


def test_no_origin_is_allowed_without_the_parameter(stack: RunningStack) -> None:
    called = stack.call("GET", "/me", headers={"Origin": APP})
    assert called.is_success
    assert "access-control-allow-origin" not in called.headers
