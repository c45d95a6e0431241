"""`make prove`: the proofs at their full size. `python -m tests.simulation.prove --size small` plays a small one.

Prints each size, the seeds, and whatever is wrong with the command that plays it again; ends with an error if anything
is.
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
from tests.builders import asked
from tests.simulation import crashes, deliveries, fuzz, interleavings, stateful
from tests.simulation.fixtures import System, a_caller, fixtures
from tests.simulation.invariants import violations

# Histories, naive ones, deliveries, events, stories of the model (of 45 steps on average).
SIZES: Final = {"small": (1_500, 400, 2_000, 10_000, 50), "full": (20_000, 400, 50_000, 1_000_000, 2_400)}


def naive(seed: int) -> bool:
    """Whether a naive addition, which reads and then writes, is caught: two add one name at once."""
    system = System.new(seed)

    def add(key: str) -> None:
        parent = fixtures().reseller
        store = system.store
        found = store.get(customer_key(parent.id), CATALOGUE, name_key(parent.id, "naive"))
        if name_key(parent.id, "naive") in found:
            return
        above = Customer.model_validate(found[customer_key(parent.id)])
        catalogue = Catalogue.model_validate(found[CATALOGUE])
        customer = new_customer(
            asked("end_customer", above, name="Naive"), above, catalogue, id=f"cus_{key}", caller=a_caller()
        )
        taken = store.get(name_key(parent.id, "naive"))
        store.write(Put(customer_item(customer)))
        if not taken:
            key_of = name_key(parent.id, "naive")
            there = store.get(key_of)
            store.write(
                Put(name_item(customer), condition={"customer_id": there[key_of]["customer_id"]} if there else None)
            )

    system.turns.play([lambda: add("one"), lambda: add("two")])
    return bool(violations(system.turns.dynamo))


def prove(size: str, first: int, report: Callable[[str], None]) -> list[str]:
    """Everything that is wrong."""
    played, naive_runs, delivered, sent, examples = SIZES[size]
    found: list[str] = []
    pairs = len(interleavings.PAIRS)
    report(f"interleavings: {played}, seeds {first} to {first + played - 1}, over {pairs} pairs of use cases")
    for seed in range(first, first + played):
        again = f"\n  again: python -m tests.simulation.interleavings {seed}"
        found += [words + again for words in interleavings.findings(seed)]
    caught = sum(naive(seed) for seed in range(first, first + naive_runs))
    report(f"a naive addition is caught in {caught} of {naive_runs} histories")
    if caught < naive_runs // 4:
        found.append("the naive addition is caught too seldom: the invariants or the turns see too little")
    counts: Counter[str] = Counter()
    for case in crashes.cases():
        counts[case.use_case] += 1
        found += [f"{case}: {words}" for words in crashes.findings(case)]
    report(f"crash matrix: {counts.total()} cases of {len(counts)} use cases")
    report(f"deliveries: {delivered}, seeds {first} to {first + delivered - 1}")
    log.setLevel("CRITICAL")
    with contextlib.redirect_stdout(io.StringIO()):  # where metrics go
        for seed in range(first, first + delivered):
            found += [f"deliveries of seed {seed}: {words}" for words in deliveries.findings(seed)]
    report(f"events: {sent} to {len(fuzz.FUNCTIONS)} functions, seeds {first} to {first + sent // fuzz.BLOCK - 1}")
    for seed, block in enumerate(fuzz.blocks(first, sent), first):
        found += [f"{words}\n  again: python -m tests.simulation.fuzz {seed}" for words in block]
    try:
        steps = stateful.play(examples, first)
        report(f"model: {steps} steps in {examples} stories, seed {first}")
    except Exception as failed:  # noqa: BLE001 - whatever broke, a story shows it
        again = f"again: python -m tests.simulation.stateful {examples} {first}"
        found.append(f"{failed}\n{traceback.format_exc()}\n  {again}")
    return found


def main() -> None:
    words = argparse.ArgumentParser(prog="make prove", description=__doc__)
    words.add_argument("--size", choices=SIZES, default="full")
    words.add_argument("--seed", type=int, default=None, help="the first seed; a new one each time if left out")
    asked_for = words.parse_args()
    first = random.randrange(10**6) if asked_for.seed is None else asked_for.seed
    found = prove(asked_for.size, first, lambda line: print(line, flush=True))
    print("\n".join(found) or "nothing is wrong")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
