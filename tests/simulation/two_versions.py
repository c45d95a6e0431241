"""Two versions at once: pairs of use cases of the current code and of a newer version, on one table.

The newer version has an additional field and a higher schema number. The invariants of both must hold, and the older
version must not lose what the newer one has written. So a deployment can be rolled back and repeated without a loss.

    python -m tests.simulation.two_versions SEED     repeat one history and print its calls
"""

import importlib
import random
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from shared.accounts.identities import IdentityError
from shared.errors import ApiError
from shared.table.keys import customer_key
from shared.trials.schedule import ScheduledRunError
from tests.newer_code import copy_with_the_field
from tests.simulation import fixtures, invariants
from tests.simulation.fake_dynamo import FakeDynamo
from tests.simulation.turns import Turns

FIELD: Final = "contract_number"
VALUE: Final = "C-1"
_RELOADED: Final = (
    "shared", "local.invariants", "tests.builders", "tests.memory_store", "tests.memory_identities",
    "tests.memory_queue", "tests.simulation.fixtures", "tests.simulation.invariants", "tests.simulation.turns",
    "tests.simulation.fake_dynamo",
)  # fmt: skip
SET_THE_FIELD: Final = "set_the_field"


@cache
def newer() -> SimpleNamespace:
    """Import the newer code beside the current code. Return its fixtures, its invariants and its client of DynamoDB."""
    directory = tempfile.mkdtemp()
    copy_with_the_field(Path(directory))
    store = Path(directory) / "shared" / "table" / "store.py"
    store.write_text(store.read_text().replace("SCHEMA: Final = 1", "SCHEMA: Final = 2"))
    todays = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_reloaded(name)}
    sys.path.insert(0, directory)
    try:
        names = ("tests.simulation.fixtures", "tests.simulation.invariants", "tests.simulation.turns",
                 "shared.table.dynamodb", "shared.customers.customer", "shared.errors", "shared.trials.schedule",
                 "shared.accounts.identities")  # fmt: skip
        found = {name.rpartition(".")[2]: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(directory)
        for name in [name for name in sys.modules if _is_reloaded(name)]:
            del sys.modules[name]
        sys.modules.update(todays)
        for name, module in todays.items():  # a package has its modules as attributes
            package, _, own = name.rpartition(".")
            if package in sys.modules:
                setattr(sys.modules[package], own, module)
    assert found["customer"].__file__ != todays["shared.customers.customer"].__file__
    return SimpleNamespace(**found)


def _is_reloaded(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in _RELOADED)


def newer_use_cases() -> dict[str, Any]:
    code = newer()
    change = code.customer.CustomerChange(**{FIELD: VALUE})

    def set_the_field(system: Any) -> Any:
        customer_id = code.fixtures.fixtures().end_customer.id
        version = system.store.get(customer_key(customer_id))[customer_key(customer_id)]["version"]
        return code.fixtures.change_customer(
            system.store, code.fixtures.a_caller(), customer_id, change, version=version
        )

    return {**code.fixtures.USE_CASES, SET_THE_FIELD: set_the_field}


def a_newer_system(turns: Turns, system: fixtures.System) -> Any:
    """Return the newer version's system. Its calls use the same turns and the same table."""
    code = newer()

    class Store:
        """The part of `Turns` that the newer system uses."""

        dynamo, call = turns.dynamo, turns.call

        @property
        def store(self) -> Any:
            return code.dynamodb.DynamoStore(code.turns._Client(self), "table", wait=lambda _: None)

    return code.fixtures.System(Store(), system.identities, system.queue)


def actors_of(seed: int) -> list[tuple[str, bool]]:
    """Return the use cases of a history, and whether the newer version runs them."""
    chosen = random.Random(seed)
    todays, newers = list(fixtures.USE_CASES), list(newer_use_cases())
    names = [(todays[seed % len(todays)], False), (newers[seed // len(todays) % len(newers)], True)]
    names += [(chosen.choice(todays), False) for _ in range(chosen.choice((0, 1)))]
    return names + ([(SET_THE_FIELD, True)] if chosen.random() < 0.5 else [])


def run_history(seed: int) -> tuple[FakeDynamo, list[tuple[str, bool]], list[Any]]:
    code, names = newer(), actors_of(seed)
    initial = (fixtures if seed % 2 else code.fixtures).fixtures()  # written by either version
    dynamo = FakeDynamo(newer=True)
    for key, record in initial.records.items():
        dynamo.records[key] = {**record, "of_newer_code": {"SS": ["kept"]}}
    dynamo.earlier_events = initial.earlier_events
    turns = Turns(dynamo, seed, faults=(0, 15)[seed // 7 % 2])
    system = fixtures.System(turns, fixtures.MemoryIdentities(), fixtures.MemoryQueue())
    systems, use_cases = (system, a_newer_system(turns, system)), (fixtures.USE_CASES, newer_use_cases())
    results = turns.run([lambda n=name, v=is_newer: use_cases[v][n](systems[v]) for name, is_newer in names])
    return dynamo, names, results


def findings(seed: int) -> list[str]:
    """Describe what is wrong after the history of this seed."""
    code = newer()
    dynamo, names, results = run_history(seed)
    expected = (ApiError, ScheduledRunError, IdentityError, code.errors.ApiError, code.schedule.ScheduledRunError,
                code.identities.IdentityError)  # fmt: skip
    found = [f"today's code: {words}" for words in invariants.violations(dynamo)]
    found += [f"the newer code: {words}" for words in code.invariants.violations(dynamo)]
    for (name, is_newer), result in zip(names, results, strict=True):
        if isinstance(result, Exception) and not isinstance(result, expected):
            found.append(f"{name} ({'newer' if is_newer else 'today'}) ended with {result!r}")
        if name == SET_THE_FIELD and not isinstance(result, BaseException):
            record = dynamo.records[customer_key(fixtures.fixtures().end_customer.id)]
            if record.get(FIELD) != {"S": VALUE}:
                found.append("the field of the newer version is lost")
    return found


def main() -> None:
    seed = int(sys.argv[1])
    _, names, results = run_history(seed)
    for (name, is_newer), result in zip(names, results, strict=True):
        print(f"{name} ({'newer' if is_newer else 'today'}): {result!r}"[:300])
    print("\n".join(findings(seed)) or "nothing is wrong")


if __name__ == "__main__":
    main()
