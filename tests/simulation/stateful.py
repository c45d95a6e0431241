"""The stateful test of the whole API: hypothesis chooses requests, clock changes, schedule runs and deliveries.

The functions are called as Lambda calls them, on `FakeAws`. Each response is compared with the `Model`. At the end the
table is checked against its invariants.

    python -m tests.simulation.stateful EXAMPLES SEED
"""

import contextlib
import io
import sys

import hypothesis
from hypothesis.stateful import invariant, run_state_machine_as_test

from shared.aws.observability import log
from tests.simulation.steps.adding import AddingSteps
from tests.simulation.steps.changing import ChangingSteps
from tests.simulation.steps.common import MAX_STEPS
from tests.simulation.steps.devices_and_accounts import AccountSteps
from tests.simulation.steps.reading import ReadingSteps
from tests.simulation.steps.time import TimeSteps


class ApiMachine(AddingSteps, ChangingSteps, TimeSteps, AccountSteps, ReadingSteps):
    """The steps of every topic."""


def run_examples(examples: int, seed: int) -> int:
    """Run the examples and return the number of steps. Raises the first failure, with the shortest example of it."""
    log.setLevel("CRITICAL")
    settings = hypothesis.settings(
        max_examples=examples, stateful_step_count=MAX_STEPS, deadline=None, database=None,
        suppress_health_check=list(hypothesis.HealthCheck), print_blob=True,
    )  # fmt: skip
    steps = 0

    class Counted(ApiMachine):
        @invariant()
        def after_each_step(self) -> None:
            nonlocal steps
            steps += 1

    with contextlib.redirect_stdout(io.StringIO()):
        run_state_machine_as_test(hypothesis.seed(seed)(Counted), settings=settings)
    return steps


def main() -> None:
    print(run_examples(int(sys.argv[1]), int(sys.argv[2])), "steps")


if __name__ == "__main__":
    main()
