"""Countries: ISO 3166-1, by code or English name, stored as the alpha-2 code."""

import unicodedata
from typing import Annotated, Final

import iso3166
from pydantic import BaseModel, Field

from shared.errors import RuleViolation

CountryCode = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code", examples=["DE"])]

_NOT_ISO: Final = "XK"  # iso3166 lists Kosovo's user-assigned code

# Where the standard's name is not the one a person types; both are understood, this one is shown.
_COMMON_NAMES: Final = {
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


def _folded(name: str) -> str:
    """Fold a name for comparing and sorting: without accents, case and repeated spaces, so that Åland sorts at A."""
    letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join("".join(letters).casefold().split())


_COUNTRIES: Final = [country for country in iso3166.countries if country.alpha2 != _NOT_ISO]
# Alpha-2 code -> English name, in the order of the names.
COUNTRY_NAMES: Final = dict(
    sorted(((c.alpha2, _COMMON_NAMES.get(c.alpha2, c.name)) for c in _COUNTRIES), key=lambda pair: _folded(pair[1]))
)
# More words that people use, beside the codes, the standard's names and the everyday ones.
_ALIASES: Final = {
    "Brunei": "BN",
    "British Virgin Islands": "VG",
    "Cape Verde": "CV",
    "Czech Republic": "CZ",
    "Falkland Islands": "FK",
    "Great Britain": "GB",
    "Holland": "NL",
    "Ivory Coast": "CI",
    "Macau": "MO",
    "Micronesia": "FM",
    "Russia": "RU",
    "Swaziland": "SZ",
    "Turkey": "TR",
    "UK": "GB",
    "US Virgin Islands": "VI",
    "USA": "US",
}
_CODE_BY_NAME: Final = {
    _folded(word): code
    for words in (
        {word: c.alpha2 for c in _COUNTRIES for word in (c.name, c.apolitical_name, COUNTRY_NAMES[c.alpha2])},
        _ALIASES,
        {word: c.alpha2 for c in _COUNTRIES for word in (c.alpha2, c.alpha3, c.numeric)},  # a code goes before a name
    )
    for word, code in words.items()
}


def country_code(word: str, pointer: str) -> str:
    """'DE', 'deu', '276' or 'Germany' -> 'DE'. Raises RuleViolation."""
    code = _CODE_BY_NAME.get(_folded(word))
    if code is None:
        raise RuleViolation(
            "country_unknown",
            pointer,
            f'{word[:64]} is not a known country. Use an ISO 3166-1 code ("DE") or an English name ("Germany").',
        )
    return code


class CountryResponse(BaseModel):
    """A country in a response."""

    code: CountryCode
    name: str


def country_response(code: str) -> CountryResponse:
    return CountryResponse(code=code, name=COUNTRY_NAMES[code])
