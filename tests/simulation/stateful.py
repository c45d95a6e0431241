"""Stories of the whole API: hypothesis chooses requests, jumps of the clock, runs of the schedule, deliveries.

The functions are called as Lambda calls them, on `FakeAws`; each answer is held to the `Model`, and the table to its
invariants at the end.

python -m tests.simulation.stateful STORIES SEED
"""

import contextlib
import io
import sys

import hypothesis
from hypothesis.stateful import invariant, run_state_machine_as_test

from shared.aws.observability import log
from tests.simulation.steps.adding import AddingSteps
from tests.simulation.steps.changing import ChangingSteps
from tests.simulation.steps.common import (
    MAX_STEPS,
)
from tests.simulation.steps.devices_and_accounts import AccountSteps
from tests.simulation.steps.looking import LookingSteps
from tests.simulation.steps.time import TimeSteps


class Stories(AddingSteps, ChangingSteps, TimeSteps, AccountSteps, LookingSteps):
    """A sequence of steps of every kind."""


def play(stories: int, seed: int) -> int:
    """How many steps were taken. Raises what hypothesis found, with the shortest story that shows it."""
    log.setLevel("CRITICAL")
    settings = hypothesis.settings(
        max_examples=stories, stateful_step_count=MAX_STEPS, deadline=None, database=None,
        suppress_health_check=list(hypothesis.HealthCheck), print_blob=True,
    )  # fmt: skip
    steps = 0

    class Counted(Stories):
        @invariant()
        def after_each_step(self) -> None:
            nonlocal steps
            steps += 1

    with contextlib.redirect_stdout(io.StringIO()):
        run_state_machine_as_test(hypothesis.seed(seed)(Counted), settings=settings)
    return steps


def main() -> None:
    print(play(int(sys.argv[1]), int(sys.argv[2])), "steps")


if __name__ == "__main__":
    main()
