"""Strict JSON (RFC 8259)."""

import json
from typing import Any, Final

# U+FFFD: a character was lost on the way, because bytes of another encoding were read as UTF-8.
LOST_CHARACTER: Final = "\ufffd"


def parse_strict_json(text: str) -> Any:
    """Parse JSON without NaN, a repeated key, half of a surrogate pair or too deep nesting. Raises ValueError."""
    try:
        parsed = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_reject_constant)
        if "\\u" in text:
            json.dumps(parsed, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return parsed


def find_lost_character(parsed: Any) -> str | None:
    """Return the JSON pointer of a text or a key that contains U+FFFD, or None if there is none."""
    remaining = [("", parsed)]  # not by recursion: JSON can be nested deeper than calls
    while remaining:
        pointer, value = remaining.pop()
        if LOST_CHARACTER in (value if isinstance(value, str) else pointer.rpartition("/")[2]):
            return pointer
        items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        remaining += [(f"{pointer}/{str(key)[:64].replace('~', '~0').replace('/', '~1')}", item) for key, item in items]
    return None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) != len(pairs):
        raise ValueError("a key is repeated")
    return parsed


def _reject_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
