"""Countries: ISO 3166-1 by code or English name, kept as the alpha-2 code."""

import unicodedata
from typing import Final

import iso3166

from shared.errors import BrokenRule

_NOT_ISO: Final = "XK"  # iso3166 lists Kosovo's user-assigned code

# Where the standard's name is not the one a person types; both are understood, this one is shown.
_EVERYDAY: Final = {
    "BO": "Bolivia",
    "CD": "Democratic Republic of the Congo",
    "GB": "United Kingdom",
    "IR": "Iran",
    "KP": "North Korea",
    "KR": "South Korea",
    "LA": "Laos",
    "MD": "Moldova",
    "NR": "Nauru",
    "PS": "Palestine",
    "SY": "Syria",
    "TW": "Taiwan",
    "TZ": "Tanzania",
    "US": "United States",
    "VA": "Vatican City",
    "VE": "Venezuela",
    "VN": "Vietnam",
}


def _sorting(name: str) -> str:
    """Åland stands at A: letters without their marks."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()


_COUNTRIES: Final = [country for country in iso3166.countries if country.alpha2 != _NOT_ISO]
# Alpha-2 code -> English name, in the order of the names.
NAMES: Final = dict(
    sorted(((c.alpha2, _EVERYDAY.get(c.alpha2, c.name)) for c in _COUNTRIES), key=lambda pair: _sorting(pair[1]))
)
_BY_WORD: Final = {
    word.casefold(): c.alpha2
    for c in _COUNTRIES
    for word in (c.alpha2, c.alpha3, c.numeric, c.name, c.apolitical_name, NAMES[c.alpha2])
}


def country_code(word: str, pointer: str) -> str:
    """'DE', 'deu', '276' or 'Germany' -> 'DE'. Raises BrokenRule."""
    code = _BY_WORD.get(" ".join(word.split()).casefold())
    if code is None:
        raise BrokenRule("country_unknown", pointer, 'Give an ISO 3166-1 code ("DE") or its English name ("Germany").')
    return code
