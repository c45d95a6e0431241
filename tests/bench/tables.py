"""Write the tables of docs/benchmarks.md for `make bench`, each between two marks."""

import re
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from local.paths import PROJECT

PAGE: Final = PROJECT / "docs" / "benchmarks.md"


def spread(numbers: Sequence[float], form: str = ".2f") -> str:
    """Return the median, the minimum and the maximum as text."""
    return f"{statistics.median(numbers):{form}} ({min(numbers):{form}} to {max(numbers):{form}})"


def text_of(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (head, ["---"] * len(head), *rows))


def write(
    name: str, head: Sequence[str], rows: Iterable[Sequence[object]], words: str = "", *, page: Path = PAGE
) -> None:
    """Print a table and write it to the page, between `<!-- name -->` and `<!-- end -->`."""
    text = text_of(head, rows) + (f"\n\n{words}" if words else "")
    print(f"\n{text}", flush=True)
    changed, found = re.subn(
        rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)",
        lambda m: f"{m[1]}{text}\n{m[2]}",
        page.read_text(),
        flags=re.DOTALL,
    )
    if found != 1:
        raise ValueError(f"{page.name} has no place for {name}")
    page.write_text(changed)
