"""Fields of a customer as cells of a CSV file: parse a cell's text to the value of a JSON request."""

import re
from collections.abc import Mapping
from typing import Any, Final

from shared.customers.levels import LEVELS, SERVICE_TYPES
from shared.errors import RuleViolation

_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_STATES: Final = {"intrial": True, "trial": True, "inproduction": False, "production": False}


def fold_word(text: str) -> str:
    """Return the letters and digits of a word: "Sub-Distributor" and "sub_distributor" are the same."""
    return re.sub("[^a-z0-9]", "", text.lower())


_LEVELS: Final = {fold_word(level): level for level in LEVELS}
_SERVICES: Final = {fold_word(service): service for service in SERVICE_TYPES}


def parse_text(cell: str, _pointer: str) -> Any:
    return cell


def parse_level(cell: str, _pointer: str) -> str:
    return _LEVELS.get(fold_word(cell), cell)


def parse_service_type(cell: str, _pointer: str) -> str:
    return _SERVICES.get(fold_word(cell), cell.strip())


def parse_service_types(cell: str, pointer: str) -> list[str]:
    return [parse_service_type(word, pointer) for word in re.split("[;,|]", cell)]


def parse_in_trial(cell: str, pointer: str) -> bool:
    """Parse true, yes or 1, and false, no or 0. Raises RuleViolation for any other word."""
    return _one_of(_BOOLEANS, cell, pointer)


def parse_state(cell: str, pointer: str) -> bool:
    """Return whether a state means that the customer is in trial. Raises RuleViolation for an unknown state."""
    return _one_of(_STATES, cell, pointer)


def parse_references(cell: str, pointer: str) -> dict[str, str]:
    """Parse 'psa=123; crm=A-1' to the references by system. Raises RuleViolation."""
    pairs = [pair.partition("=") for pair in cell.split(";") if pair.strip()]
    if not all(equals for _, equals, _ in pairs):
        raise RuleViolation(
            "wrong_value", pointer, f"{cell[:32]} is not a list of references. Write references as psa=123; crm=A-1."
        )
    return {system.strip(): value.strip() for system, _, value in pairs}


def _one_of(words: Mapping[str, bool], cell: str, pointer: str) -> bool:
    word = fold_word(cell)
    if word not in words:
        raise RuleViolation("wrong_value", pointer, f"{cell[:32]} is not allowed. Allowed values: {', '.join(words)}.")
    return words[word]
