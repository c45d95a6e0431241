"""Names: allowed characters, and when two names are equal. Source: domain.md (the comparison is ours)."""

import re
import unicodedata
from typing import Final

from shared.errors import RuleViolation

MAX_NAME_LENGTH: Final = 128  # characters, after trimming
_LONGEST_KEY: Final = 1024  # bytes: DynamoDB's limit for a sort key

# Nothing to see, yet not of a category that is refused as a whole.
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# Controls, format characters (bidirectional ones among them), unassigned and private ones, surrogates, separators.
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def normalize_name(name: str, pointer: str = "/name") -> str:
    """The name without white space at its ends. Raises RuleViolation."""
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= MAX_NAME_LENGTH:
        raise RuleViolation(
            "name_length", pointer, f"The text has {len(trimmed)} characters. The limits are 1 and {MAX_NAME_LENGTH}."
        )
    for place, character in enumerate(trimmed):
        if unicodedata.category(character) in _REFUSED_CATEGORIES or _BLANK.match(character):
            raise RuleViolation(
                "name_characters",
                pointer,
                f"The text has the invisible character U+{ord(character):04X} at position {place + 1}. Remove it.",
            )
    if len(fold_name(trimmed).encode()) > _LONGEST_KEY:
        raise RuleViolation(
            "name_length", pointer, "The text is too long once its ligatures are written out. Shorten it."
        )
    return trimmed


def fold_name(name: str) -> str:
    """The form in which names are compared: NFKC, case folded, runs of white space as one space."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


def fold_prefix(prefix: str) -> str | None:
    """Return the folded beginning of a name, or `None` if no name can begin so."""
    folded = fold_name(prefix)
    if folded and prefix != prefix.rstrip():
        folded += " "  # "sec " is the beginning of "sec ond", not of "second"
    return folded if len(folded.encode()) <= _LONGEST_KEY else None
