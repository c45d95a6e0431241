"""Rows as CSV."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

# How a formula begins, also in full-width letters: at the start of a cell, or after a character at which a spreadsheet
# may split the cell, because it uses another separator.
_FORMULA: Final = re.compile("(^|[;\t|])(?=\\s*[=+@\t\r\uff1d\uff0b\uff0d\uff20-])")


def as_csv(titles: Iterable[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write CSV (RFC 4180) with every cell in quotes. A cell that looks like a formula gets an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(titles)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    return _FORMULA.sub(r"\1'", value) if isinstance(value, str) else value
