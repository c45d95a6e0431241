"""Tests: the simulation at a small size. `make prove` runs it at its full size."""

import subprocess
import sys
from pathlib import Path

import pytest

from local.paths import PROJECT
from tests.simulation import crashes, prove
from tests.simulation.fixtures import USE_CASES

FIRST_SEED = 20261124


@pytest.mark.slow
@pytest.mark.untraced  # tracing makes it more than twice as long, and other tests reach the same lines
def test_simulation_finds_no_lost_and_no_duplicated_data(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    found = prove.prove("small", FIRST_SEED, lines.append)
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert found == []


def test_crash_matrix_has_a_failing_call_of_every_use_case() -> None:
    assert {case.use_case for case in crashes.cases()} == set(USE_CASES)


@pytest.mark.ministack
def test_running_stack_conforms_to_its_openapi_document(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs as one role. `make prove` runs as every role, with more examples."""
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
