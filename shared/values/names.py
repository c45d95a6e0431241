"""Names: allowed characters, and when two names are equal. Source: domain.md, "Fields" (the comparison is ours)."""

import re
import unicodedata
from typing import Final

from shared.errors import RuleViolation

MAX_NAME_LENGTH: Final = 128  # characters, after trimming
_LONGEST_KEY: Final = 1024  # bytes: DynamoDB's limit for a sort key
_MAX_MARKS: Final = 4  # on one letter; no language uses more (Unicode Technical Standard 39, section 5.4)

# Characters that display nothing, yet have the category of a letter, a symbol or a mark.
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U00013441\U00013442\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)
# Controls, format characters (bidirectional ones among them), unassigned and private ones, surrogates, separators.
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_ZERO_WIDTH_JOINER: Final = "\u200d"
_EMOJI_STYLE: Final = "\ufe0f"
_JOINERS: Final = {"\u200c": None, _ZERO_WIDTH_JOINER: None, _EMOJI_STYLE: None}
_DROP_JOINERS: Final = str.maketrans(_JOINERS)
_KEYCAP: Final = "\u20e3"
# Tibetan letters below a letter. Unicode calls them marks.
_SUBJOINED: Final = re.compile("[\u0f8d-\u0fbc]")
_ARROW: Final = "\u2194"  # the only part of an emoji sequence that is not of the category So


def normalize_name(name: str, pointer: str = "/name") -> str:
    """Return the name without white space at its ends. Raises RuleViolation."""
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= MAX_NAME_LENGTH:
        raise RuleViolation(
            "name_length", pointer, f"The text has {len(trimmed)} characters. The limits are 1 and {MAX_NAME_LENGTH}."
        )
    if wrong := find_invisible(trimmed) or _find_wrong_mark(trimmed):
        raise RuleViolation("name_characters", pointer, f"The text has {wrong}. Remove it.")
    if len(fold_name(trimmed).encode()) > _LONGEST_KEY:
        raise RuleViolation(
            "name_length", pointer, "The text is too long once its ligatures are written out. Shorten it."
        )
    return trimmed


def find_invisible(text: str) -> str | None:
    """Describe the first invisible character and its position, or return None.

    A joiner is allowed where the script needs it (RFC 5892, CONTEXTJ) and inside an emoji.
    """
    for place, character in enumerate(text):
        refused = unicodedata.category(character) in _REFUSED_CATEGORIES or _BLANK.match(character)
        if refused and not (character in _JOINERS and _is_needed(text, place)):
            return f"the invisible character U+{ord(character):04X} at position {place + 1}"
    return None


def _is_needed(text: str, place: int) -> bool:
    """Return whether the script or an emoji needs the joiner at `place`."""
    before, following = text[:place].rstrip(_EMOJI_STYLE), text[place + 1 : place + 2]
    if before and unicodedata.category(before[-1]) == "Sk":  # a skin tone
        before = before[:-1]
    after_emoji = bool(before) and (unicodedata.category(before[-1]) == "So" or before[-1] == _ARROW)
    if text[place] == _EMOJI_STYLE:
        return following == _KEYCAP or (after_emoji and text[place - 1] != _EMOJI_STYLE)
    if text[place] == _ZERO_WIDTH_JOINER and after_emoji and following:
        return unicodedata.category(following) == "So" or following == _ARROW
    from idna import valid_contextj  # noqa: PLC0415 - large, and few names have a joiner

    try:
        return valid_contextj(text, place)
    except ValueError:  # beside a character without a name
        return False


def _find_wrong_mark(text: str) -> str | None:
    """Describe the first combining mark that has no letter, or is one too many on its letter, or return None."""
    marks = 0
    base = False
    for character in unicodedata.normalize("NFD", text):
        category = unicodedata.category(character)
        if not category.startswith("M"):
            marks, base = 0, not character.isspace()
            continue
        marks += category != "Mc" and not _SUBJOINED.match(character)
        if not base:
            return f"the combining mark U+{ord(character):04X} without a letter before it"
        if marks > _MAX_MARKS:
            return f"more than {_MAX_MARKS} combining marks on one letter, such as U+{ord(character):04X}"
    return None


def fold_name(name: str) -> str:
    """Return the form in which names are compared: NFKC, case folded, spaces collapsed, without joiners."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.translate(_DROP_JOINERS)).casefold())
    return " ".join(folded.split())


def fold_prefix(prefix: str) -> str | None:
    """Return the folded beginning of a name, or `None` if no name can begin so."""
    if len(prefix) > _LONGEST_KEY:  # before folding, whose time is not linear
        return None
    folded = fold_name(prefix)
    if folded and prefix != prefix.rstrip():
        folded += " "  # "sec " is the beginning of "sec ond", not of "second"
    return folded if len(folded.encode()) <= _LONGEST_KEY else None
