"""CSV files as people have them: encodings, separators, comments, empty lines, missing cells.

Source: domain.md, "Imports".
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final, Literal

from shared.errors import RuleViolation

# What spreadsheets save, by the names that browsers and editors show. Python's codecs have the same names.
Encoding = Literal[
    "utf-8", "utf-16", "utf-16-le", "utf-16-be",
    "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256",
    "windows-1257", "windows-1258", "iso-8859-1", "iso-8859-2", "iso-8859-15", "macintosh",
    "shift_jis", "euc-kr", "gb18030", "big5",
]  # fmt: skip

MAX_COLUMNS: Final = 100
_MAX_LINES_BEFORE_HEADER: Final = 1_000  # empty lines and comments
_BYTE_ORDER_MARKS: Final[dict[bytes, Encoding]] = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_SEPARATORS: Final = (",", ";", "\t")
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?[;,\t]*', re.IGNORECASE)


def decode_csv(content: bytes, encoding: Encoding | None = None) -> str:
    """Decode a CSV file. A byte order mark wins over `encoding`; without both it is UTF-8.

    Raises RuleViolation for bytes that are not of the encoding.
    """
    name = encoding or "utf-8"
    for mark, marked in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            name, content = marked, content[len(mark) :]
    try:
        return content.decode(name)
    except UnicodeDecodeError as error:
        raise wrong_encoding(f"is not {name.upper()}", content.count(b"\n", 0, error.start) + 1) from error


def wrong_encoding(defect: str, line: int) -> RuleViolation:
    """Return the error of a file in another encoding, where `line` is the first to show the `defect`."""
    detail = (
        f"Line {line} of the file {defect}. Save the file as UTF-8 (in Excel: CSV UTF-8). Or send it as "
        "application/octet-stream with its encoding, such as ?encoding=windows-1252."
    )
    return RuleViolation("encoding", None, detail)


def read_table(text: str, max_rows: int) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header, and each row that is not empty with its number: from 1, after the header.

    Returns one row more than `max_rows` for a file that is too long. Raises RuleViolation for a file that is not CSV or
    has too many columns. The time is linear in the size.
    """
    separator, text = _separator_and_rest(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = _without_empty_end(next(reader, []))
        if len(header) > MAX_COLUMNS:
            detail = f"The file has {len(header)} columns. The limit is {MAX_COLUMNS}. Remove the empty ones."
            raise RuleViolation("too_many_columns", None, detail)
        filled = (
            (number, _without_empty_end(cells))
            for number, cells in enumerate(reader, 1)
            if "".join(cells).strip() not in ("", "#")
        )
        rows = list(islice(filled, max_rows + 1))
    except csv.Error as error:
        raise RuleViolation("file_malformed", None, f"The file is not valid CSV: {error}.") from error
    return header, rows


def _separator_and_rest(text: str) -> tuple[str, str]:
    """Return the separator, and the text from the header on. A first line `sep=;` says the separator."""
    start, named = 0, None
    for line, end in islice(_lines(text), _MAX_LINES_BEFORE_HEADER):
        said = _SEPARATOR_LINE.fullmatch(line.strip()) if named is None else None
        if said:
            named = said[1]
        elif line.strip(" \t,;\r\n") and not line.lstrip().startswith("#"):
            counts = Counter(re.sub(r'"[^"]*"', "", line))
            return named or max(_SEPARATORS, key=lambda separator: counts[separator]), text[start:]
        start = end
    return named or ",", ""


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """Yield each line, and where the next one begins."""
    for match in re.finditer(r"[^\n]*(?:\n|$)", text):
        if match[0]:
            yield match[0], match.end()


def _without_empty_end(cells: list[str]) -> list[str]:
    """Remove the empty cells at the end, which spreadsheets write."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]
