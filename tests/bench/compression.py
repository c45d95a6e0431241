"""Measure the CPU and the bytes of compressed responses, at several levels of gzip.

    python -m tests.bench.compression

Names, times and references of the customers are random, because repeated ones would compress better than real ones.
"""

import base64
import gzip
import random
import time
from datetime import timedelta
from typing import Final

from local.paths import PROJECT
from shared.api.compression import _LEVEL
from shared.customers.customer import show
from shared.customers.use_cases import CustomerPage
from tests.bench.tables import spread, write
from tests.builders import CATALOGUE, NOW, a_customer

LEVELS: Final = (1, 3, 6, 9)
ROUNDS: Final = 9
SYLLABLES: Final = "an ber cor den el fin gar hol in jor kal lun mar nor os per quin ros sal tor ul ven wol".split()


def page(size: int) -> str:
    chance = random.Random(1)  # noqa: S311 - a seed, so that every run has the same customers
    parent = a_customer("reseller")

    def word() -> str:
        return "".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))).title()

    customers = [
        a_customer(
            "end_customer", parent, NOW + timedelta(microseconds=chance.randrange(10**13)),
            name=f"{word()} {word()} {chance.choice(('GmbH', 'Ltd', 'A/S'))} {number}",
            in_trial=chance.random() < 0.5, references={"psa": str(chance.randrange(10**7))},
        )
        for number in range(size)
    ]  # fmt: skip
    shown = [show(customer, NOW + timedelta(days=120), CATALOGUE) for customer in customers]
    return CustomerPage(customers=shown, incomplete=[], next_cursor=None).model_dump_json()


def cost(body: bytes, level: int) -> tuple[int, list[float]]:
    """Return the bytes of a compressed body, and the CPU in µs of each round, including base64."""
    repeats = max(3, 1_000_000 // len(body))
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(repeats):
            base64.b64encode(gzip.compress(body, level, mtime=0))
        times.append((time.process_time() - began) / repeats * 1e6)
    return len(gzip.compress(body, level, mtime=0)), times


def main() -> None:
    console = "".join((PROJECT / "shared" / "api" / f"console.{end}").read_text() for end in ("html", "css", "js"))
    bodies = {
        "a list of 100": page(100),
        "a list of 25": page(25),
        "the console": console,
        "the OpenAPI document": (PROJECT / "docs" / "openapi.json").read_text(),
    }
    rows = []
    for name, text in bodies.items():
        costs = [cost(text.encode(), level) for level in LEVELS]
        rows.append([name, f"{len(text.encode()):,}", *(f"{size:,}; {spread(us, ',.0f')}" for size, us in costs)])
    head = [f"**level {level}**" if level == _LEVEL else f"level {level}" for level in LEVELS]
    write("compression", ["response", "bytes", *(f"{each}: bytes; µs of CPU" for each in head)], rows)


if __name__ == "__main__":
    main()
