"""Tests: every parser of text from a request takes linear time at most.

A text is doubled three times, and the CPU times are compared in the same run: linear time grows by 8, quadratic time by
64. A parser that checks the length first is fast for both.
"""

import base64
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from shared.api.parameters import accepts_gzip, prefers_csv, version_of
from shared.api.requests import media_type, parse_json, read_event, split_path
from shared.auth.cursors import read_cursor
from shared.customers import cells
from shared.customers.fields import normalize_references
from shared.errors import ApiError, RuleViolation
from shared.imports.csv_file import decode_csv
from shared.imports.file import JSON_LINES, File, read_file
from shared.values.countries import country_code
from shared.values.emails import normalize_email
from shared.values.names import fold_name, fold_prefix, normalize_name
from shared.values.timestamps import parse_timestamp
from tests.calls import an_event

SIZE = 50_000  # characters
GROWTH, MOST = 8, 20
FAST = 0.005  # seconds of CPU: nothing to compare
TRIES = 5

# Texts for which a naive parser takes quadratic time.
TEXTS: dict[str, Callable[[int], str]] = {
    "letters": lambda size: "a" * size,
    "spaces": lambda size: " " * size,
    "commas": lambda size: "name" + "," * size,
    "quotes": lambda size: '"' * size,
    "semicolons": lambda size: "a=b;" * (size // 4),
    "lines": lambda size: "name\n" + "x\n" * (size // 2),
    "marks": lambda size: "e" + "\u0301\u0323" * (size // 2),
    "joiners": lambda size: "\u0915\u094d\u200d" * (size // 3),
    "ligatures": lambda size: "\ufdfa" * size,
    "brackets": lambda size: "[" * size,
    "ats": lambda size: "a@" * (size // 2),
    "dots": lambda size: "a." * (size // 2),
}
LINE = '{"name": "%s", "parent_id": "x", "device_country": "DE"}\n'
PARSERS: dict[str, Callable[[str], Any]] = {
    "a CSV file": lambda text: read_file(File(text)),
    "a cell": lambda text: read_file(File(f'name,references,level\n"{text}","{text}","{text}"\n')),
    "bytes": lambda text: decode_csv(text.encode("utf-16")),
    "a JSON line": lambda text: read_file(File(LINE % text.replace('"', ""), JSON_LINES[0])),
    "JSON lines": lambda text: read_file(File(LINE * (len(text) // 200), JSON_LINES[0])),
    "a parent's name": lambda text: read_file(File(json.dumps({"name": "a", "parent_id": text}), JSON_LINES[0])),
    "a body": parse_json,
    "a text in a body": lambda text: parse_json(json.dumps({"a": text, "b": [text, "\ufffd"]})),
    "a country": lambda text: country_code(text, "/device_country"),
    "an e-mail address": normalize_email,
    "a name": normalize_name,
    "the beginning of a name": fold_prefix,
    "references": lambda text: normalize_references({"psa": text, text: "1"}),
    "a level": lambda text: cells.parse_level(text, "/level"),
    "a list of services": lambda text: cells.parse_service_types(text, "/services_to_provide"),
    "a cell of references": lambda text: cells.parse_references(text, "/references"),
    "a state": lambda text: cells.parse_state(text, "/state"),
    "Accept": prefers_csv,
    "Accept-Encoding": accepts_gzip,
    "If-Match": version_of,
    "Content-Type": media_type,
    "a path": lambda text: split_path(read_event(an_event("get_customer") | {"rawPath": f"/{text}"})),
    "a cursor": lambda text: read_cursor(ACCOUNT, {}, base64.urlsafe_b64encode(text.encode()).decode()),
    "a time": parse_timestamp,
}
ACCOUNT: Any = type("Account", (), {"id": "acc_1", "cursor_key": "key"})()


def cpu(parse: Callable[[str], Any], text: str) -> float:
    start = time.process_time()
    with contextlib.suppress(ApiError, RuleViolation, ValueError):
        parse(text)
    return time.process_time() - start


@pytest.mark.parametrize("parser", PARSERS)
def test_time_grows_no_faster_than_the_text(parser: str) -> None:
    parse = PARSERS[parser]
    for name, make in TEXTS.items():
        ratios = []
        for _ in range(TRIES):  # another process may disturb one measurement
            ratios.append(cpu(parse, make(GROWTH * SIZE)) / max(cpu(parse, make(SIZE)), FAST))
            if ratios[-1] <= MOST:
                break
        assert min(ratios) <= MOST, (name, ratios)


def test_quadratic_parser_is_found() -> None:
    marks = TEXTS["marks"]  # folding sorts the marks of a letter, so no parser may fold before it checks the length
    once, grown = (min(cpu(fold_name, marks(size)) for _ in range(3)) for size in (5_000, GROWTH * 5_000))
    assert grown > MOST * once
