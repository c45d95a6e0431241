"""Tests: linters and client generators accept the committed OpenAPI document, and the clients work on the stack.

The linters and the two fastest clients run in `make test`, all clients in `make contract`.
"""

import json
import time
from pathlib import Path

import pytest

from tests.conftest import RunningStack
from tests.contract.clients import DOCUMENT, GENERATORS, HERE, generate, play, run
from tests.contract.story import NAME, STEPS
from tests.stack.helpers import signed

pytestmark = [pytest.mark.slow, pytest.mark.ministack, pytest.mark.enable_socket]

FAST = ("openapi-python-client", "openapi-fetch")
PLAYERS = [name for name, generator in GENERATORS.items() if generator.story]


def operations() -> set[str]:
    paths = json.loads(DOCUMENT.read_text())["paths"].values()
    return {operation["operationId"] for path in paths for operation in path.values()}


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.all_clients) for name in GENERATORS]
)
def test_generated_client_compiles_and_plays_the_story(name: str, stack: RunningStack, tmp_path: Path) -> None:
    generate(name, tmp_path)
    if name == "openapi-python-client":  # which leaves out operations that it does not understand
        assert {module.stem for module in tmp_path.glob("*/api/*/*.py")} - {"__init__"} == operations()
    if name in PLAYERS:
        now = int(time.time())
        given = {
            "url": stack.stack["url"],
            "token": stack.token,
            "expired_token": signed(stack, iat=now - 1000, exp=now - 1),
            "name": name,
        }
        assert play(name, tmp_path, given) == json.loads(json.dumps(STEPS).replace(NAME, name))


def test_linters_find_nothing(tmp_path: Path) -> None:
    for document in (DOCUMENT, DOCUMENT.with_name("asyncapi.json")):
        rules = ("--ruleset", HERE / "spectral.yaml", "--fail-severity", "hint")
        run("spectral", "lint", *rules, document, folder=tmp_path)
    run("redocly", "lint", "--extends", "recommended-strict", DOCUMENT, folder=tmp_path)
