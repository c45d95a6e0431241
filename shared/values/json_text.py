"""Strict JSON (RFC 8259)."""

import json
from typing import Any


def parse_strict_json(text: str) -> Any:
    """Parse JSON without NaN, a repeated key, half of a surrogate pair or too deep nesting. Raises ValueError."""
    try:
        parsed = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_reject_constant)
        if "\\u" in text:
            json.dumps(parsed, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return parsed


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) != len(pairs):
        raise ValueError("a key is repeated")
    return parsed


def _reject_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
