"""The proofs at a size for every run; `make prove` plays them at their full one."""

import subprocess
import sys
from pathlib import Path

import pytest

from local.paths import PROJECT
from tests.simulation import crashes, prove
from tests.simulation.fixtures import USE_CASES

FIRST_SEED = 20261124


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_doubled(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    found = prove.prove("small", FIRST_SEED, told.append)
    with capsys.disabled():
        print("\n" + "\n".join(told))
    assert found == []


def test_every_act_of_the_crash_matrix_has_a_call_that_can_fail() -> None:
    assert {case.use_case for case in crashes.cases()} == set(USE_CASES)


@pytest.mark.ministack
def test_running_stack_conforms_to_its_openapi_document(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As one of the roles; `make prove` does it as each, with more examples."""
    assert built.is_dir()
    command = [
        sys.executable,
        "-m",
        "tests.simulation.contract",
        "--built",
        "--examples",
        "2",
        "--only",
        "manager of the distributor",
    ]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        print("\n" + run.stdout.partition("\n")[0])
    assert run.returncode == 0, run.stdout + run.stderr
