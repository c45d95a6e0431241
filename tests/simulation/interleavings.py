"""Histories: pairs of use cases. A seed chooses their interleaving and faults, and the invariants must hold.

python -m tests.simulation.interleavings SEED     repeat one history and print its calls
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
from tests.simulation.fixtures import USE_CASES, System
from tests.simulation.invariants import violations
from tests.simulation.turns import Crashed

PAIRS: Final = tuple(combinations_with_replacement(USE_CASES, 2))
# Faults in a hundred calls. Half of the histories have none.
FAULTS: Final = (0, 15)


def actors_of(seed: int) -> list[str]:
    """Return the use cases of a history. Consecutive seeds go through all pairs; the seed may add one or two more."""
    chosen = random.Random(seed)
    return [*PAIRS[seed % len(PAIRS)], *chosen.choices(list(USE_CASES), k=chosen.choice((0, 0, 1, 2)))]


def run_history(seed: int) -> tuple[System, list[str], list[Any]]:
    system = System.new(seed, FAULTS[seed // len(PAIRS) % 2])
    names = actors_of(seed)
    results = system.turns.run([lambda name=name: USE_CASES[name](system) for name in names])
    return system, names, results


def findings(seed: int) -> list[str]:
    """Describe what is wrong after the history of this seed."""
    system, names, results = run_history(seed)
    found = violations(system.turns.dynamo)
    for name, result in zip(names, results, strict=True):
        if isinstance(result, Exception) and not isinstance(result, ApiError | ScheduledRunError | IdentityError):
            found.append(f"{name} ended with {result!r}")
        elif hasattr(result, "path") and result.id:
            found += _not_readable(system, name, result)
    found += _not_absent(system, names, results)
    return found


def _not_readable(system: System, name: str, shown: Any) -> Iterator[str]:
    """Check that the customer of a successful response is in the table, at the response's version or a later one."""
    item = system.store_without_faults.get(customer_key(shown.id)).get(customer_key(shown.id))
    if item is None:
        yield f"{name} succeeded, but its customer is not in the table"
    elif Customer.model_validate(item).version < shown.version:
        yield f"{name} returned version {shown.version}, but the record is older"


_BY_KEY: Final = {"add": "one", "add_by_another_key": "two", "add_with_a_reference": "three"}


def _not_absent(system: System, names: list[str], results: list[Any]) -> Iterator[str]:
    """Check that a request that only returned errors has not created the customer of its key."""
    for name, key in _BY_KEY.items():
        ends = [result for each, result in zip(names, results, strict=True) if each == name]
        unknown = [e for e in ends if isinstance(e, Crashed | UnavailableError | ThrottledError)]
        if ends and not unknown and all(isinstance(end, ApiError) for end in ends):
            customer = customer_key(id_from("cus", ROOT_ACCOUNT.id, key))
            if system.store_without_faults.get(customer):
                yield f"{name} returned errors, but its customer is in the table"


def main() -> None:
    seed = int(sys.argv[1])
    system, names, results = run_history(seed)
    print("calls:", *system.turns.calls)
    for name, result in zip(names, results, strict=True):
        print(f"{name}: {result!r}"[:300])
    print("\n".join(findings(seed)) or "nothing is wrong")


if __name__ == "__main__":
    main()
