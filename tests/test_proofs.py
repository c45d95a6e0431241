"""The proofs at a size for every run; `make prove` plays them at their full one."""

import pytest

from tests.proofs import crashes, prove
from tests.proofs.world import ACTS

FIRST_SEED = 20261124


def test_nothing_is_lost_and_nothing_doubled(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    found = prove.prove("small", FIRST_SEED, told.append)
    with capsys.disabled():
        print("\n" + "\n".join(told))  # noqa: T201 - the sizes
    assert found == []


def test_every_act_of_the_crash_matrix_has_a_call_that_can_fail() -> None:
    assert {case.act for case in crashes.cases()} == set(ACTS)
