"""Histories: pairs of use cases, in every order and with faults that a seed chooses, held to the invariants.

python -m tests.simulation.interleavings SEED     plays one history again and tells what happened in it
"""

import random
import sys
from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import Any, Final

from shared.accounts.identities import IdentityError
from shared.customers.customer import Customer
from shared.errors import ApiError, ThrottledError, UnavailableError
from shared.idempotency import id_from
from shared.table.keys import customer_key
from shared.trials.schedule import ScheduledRunError
from tests.builders import ROOT_ACCOUNT
from tests.simulation.fixtures import ACTS, World
from tests.simulation.invariants import violations
from tests.simulation.turns import Crashed

PAIRS: Final = tuple(combinations_with_replacement(ACTS, 2))
# Of a hundred calls; half of the histories are without a fault.
FAULTS: Final = (0, 15)


def actors_of(seed: int) -> list[str]:
    """The pair is the seed's own, so that a run of as many seeds as there are pairs plays each; others may join."""
    chosen = random.Random(seed)
    return [*PAIRS[seed % len(PAIRS)], *chosen.choices(list(ACTS), k=chosen.choice((0, 0, 1, 2)))]


def play(seed: int) -> tuple[World, list[str], list[Any]]:
    world = World.new(seed, FAULTS[seed // len(PAIRS) % 2])
    names = actors_of(seed)
    results = world.turns.play([lambda name=name: ACTS[name](world) for name in names])
    return world, names, results


def wrong(seed: int) -> list[str]:
    """What is wrong after the history of this seed."""
    world, names, results = play(seed)
    found = violations(world.turns.dynamo)
    for name, result in zip(names, results, strict=True):
        if isinstance(result, Exception) and not isinstance(result, ApiError | ScheduledRunError | IdentityError):
            found.append(f"{name} ended with {result!r}")
        elif hasattr(result, "path") and result.id:
            found += _not_readable(world, name, result)
    found += _not_absent(world, names, results)
    return found


def _not_readable(world: World, name: str, shown: Any) -> Iterator[str]:
    """What was answered is in the table: the record itself, at that version or a later one."""
    item = world.as_it_is.get(customer_key(shown.id)).get(customer_key(shown.id))
    if item is None:
        yield f"{name} was acknowledged, and is not there"
    elif Customer.model_validate(item).version < shown.version:
        yield f"{name} was acknowledged at version {shown.version}, and the record is older"


_BY_KEY: Final = {"add": "one", "add_by_another_key": "two", "add_with_a_reference": "three"}


def _not_absent(world: World, names: list[str], results: list[Any]) -> Iterator[str]:
    """What was refused to everybody who asked for it left nothing: no record was made by its key."""
    for name, key in _BY_KEY.items():
        ends = [result for each, result in zip(names, results, strict=True) if each == name]
        unsure = [e for e in ends if isinstance(e, Crashed | UnavailableError | ThrottledError)]
        if ends and not unsure and all(isinstance(end, ApiError) for end in ends):
            at = customer_key(id_from("cus", ROOT_ACCOUNT.id, key))
            if world.as_it_is.get(at):
                yield f"{name} was refused, and its customer is there"


def main() -> None:
    seed = int(sys.argv[1])
    world, names, results = play(seed)
    print("calls:", *world.turns.calls)
    for name, result in zip(names, results, strict=True):
        print(f"{name}: {result!r}"[:300])
    print("\n".join(wrong(seed)) or "nothing is wrong")


if __name__ == "__main__":
    main()
