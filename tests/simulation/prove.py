"""`make prove`: the simulation at its full size. `python -m tests.simulation.prove --size small` runs a small one.

Prints the sizes and the seeds. Prints each failure with the command that repeats it, and then exits with an error.
"""

import argparse
import contextlib
import io
import random
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Final

from shared.aws.observability import log
from shared.customers.customer import Customer, new_customer
from shared.customers.records import customer_item, name_item
from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import CATALOGUE, customer_key, name_key
from shared.table.store import Put
from tests.builders import a_new_customer
from tests.simulation import crashes, deliveries, fuzz, interleavings, stateful, two_versions
from tests.simulation.fixtures import System, a_caller, fixtures
from tests.simulation.invariants import violations

# The numbers of histories, naive histories, deliveries, malformed events, and stateful examples (about 45 steps each).
SIZES: Final = {"small": (1_500, 400, 2_000, 10_000, 50), "full": (20_000, 400, 50_000, 1_000_000, 2_400)}


def naive(seed: int) -> bool:
    """Return whether the invariants detect two naive additions of the same name, which read first and then write."""
    system = System.new(seed)

    def add(key: str) -> None:
        parent = fixtures().reseller
        store = system.store
        found = store.get(customer_key(parent.id), CATALOGUE, name_key(parent.id, "naive"))
        if name_key(parent.id, "naive") in found:
            return
        parent_now = Customer.model_validate(found[customer_key(parent.id)])
        catalogue = Catalogue.model_validate(found[CATALOGUE])
        customer = new_customer(
            a_new_customer("end_customer", parent_now, name="Naive"),
            parent_now,
            catalogue,
            id=f"cus_{key}",
            caller=a_caller(),
        )
        taken = store.get(name_key(parent.id, "naive"))
        store.write(Put(customer_item(customer)))
        if not taken:
            key_of = name_key(parent.id, "naive")
            stored = store.get(key_of)
            store.write(
                Put(name_item(customer), condition={"customer_id": stored[key_of]["customer_id"]} if stored else None)
            )

    system.turns.run([lambda: add("one"), lambda: add("two")])
    return bool(violations(system.turns.dynamo))


def prove(size: str, first: int, report: Callable[[str], None]) -> list[str]:
    """Run the simulation with consecutive seeds from `first`. Describe everything that is wrong."""
    histories, naive_histories, delivered, sent, examples = SIZES[size]
    found: list[str] = []
    pairs = len(interleavings.PAIRS)
    report(f"interleavings: {histories}, seeds {first} to {first + histories - 1}, over {pairs} pairs of use cases")
    for seed in range(first, first + histories):
        again = f"\n  again: python -m tests.simulation.interleavings {seed}"
        found += [words + again for words in interleavings.findings(seed)]
    caught = sum(naive(seed) for seed in range(first, first + naive_histories))
    report(f"a naive addition is caught in {caught} of {naive_histories} histories")
    if caught < naive_histories // 4:
        found.append("the naive addition is caught too rarely: check the invariants and the turns")
    report(f"two versions at once: {histories}, seeds {first} to {first + histories - 1}")
    for seed in range(first, first + histories):
        again = f"\n  again: python -m tests.simulation.two_versions {seed}"
        found += [words + again for words in two_versions.findings(seed)]
    counts: Counter[str] = Counter()
    for case in crashes.cases():
        counts[case.use_case] += 1
        found += [f"{case}: {words}" for words in crashes.findings(case)]
    report(f"crash matrix: {counts.total()} cases of {len(counts)} use cases")
    report(f"deliveries: {delivered}, seeds {first} to {first + delivered - 1}")
    log.setLevel("CRITICAL")
    with contextlib.redirect_stdout(io.StringIO()):  # where metrics are printed
        for seed in range(first, first + delivered):
            found += [f"deliveries of seed {seed}: {words}" for words in deliveries.findings(seed)]
    report(f"events: {sent} to {len(fuzz.FUNCTIONS)} functions, seeds {first} to {first + sent // fuzz.BLOCK - 1}")
    for seed, block in enumerate(fuzz.blocks(first, sent), first):
        found += [f"{words}\n  again: python -m tests.simulation.fuzz {seed}" for words in block]
    try:
        steps = stateful.run_examples(examples, first)
        report(f"model: {steps} steps in {examples} examples, seed {first}")
    except Exception as failed:  # noqa: BLE001 - any exception is a failure of the example
        again = f"again: python -m tests.simulation.stateful {examples} {first}"
        found.append(f"{failed}\n{traceback.format_exc()}\n  {again}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--seed", type=int, default=None, help="the first seed; random by default")
    arguments = parser.parse_args()
    first = random.randrange(10**6) if arguments.seed is None else arguments.seed
    found = prove(arguments.size, first, lambda line: print(line, flush=True))
    print("\n".join(found) or "nothing is wrong")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
