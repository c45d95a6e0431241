"""Countries: ISO 3166-1 and Kosovo, by code or English name, stored as the alpha-2 code."""

import re
import unicodedata
from functools import cache
from typing import Annotated, Final

import iso3166
from pydantic import BaseModel, Field

from shared.errors import RuleViolation
from shared.values.names import find_invisible

CountryCode = Annotated[
    str, Field(pattern="^[A-Z]{2}$", description="An ISO 3166-1 alpha-2 code, or XK for Kosovo.", examples=["DE"])
]

MAX_COUNTRY_LENGTH: Final = 100  # characters; the longest name has half of them

# The name that is shown, where ISO's is inverted or not the one that people use. All are accepted.
_COMMON_NAMES: Final = {
    "BO": "Bolivia",
    "BQ": "Caribbean Netherlands",
    "CC": "Cocos Islands",
    "CD": "Democratic Republic of the Congo",
    "FK": "Falkland Islands",
    "FM": "Micronesia",
    "GB": "United Kingdom",
    "IR": "Iran",
    "KP": "North Korea",
    "KR": "South Korea",
    "LA": "Laos",
    "MD": "Moldova",
    "MF": "Saint Martin",
    "NR": "Nauru",
    "PS": "Palestine",
    "SH": "Saint Helena",
    "SX": "Sint Maarten",
    "SY": "Syria",
    "TW": "Taiwan",
    "TZ": "Tanzania",
    "US": "United States",
    "VA": "Vatican City",
    "VE": "Venezuela",
    "VG": "British Virgin Islands",
    "VI": "U.S. Virgin Islands",
    "VN": "Vietnam",
}
_APOSTROPHES: Final = str.maketrans("", "", "'\u2018\u2019\u201b\u02bc\u02bb\u0060\u00b4\u2032\uff07.")


def _without_accents(name: str) -> str:
    if name.isascii():  # nearly all names: folding the letters would take most of the import
        return name.casefold()
    letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return "".join(letters).casefold()


def _folded(name: str) -> str:
    """Fold a name for comparing: case, accents, apostrophes, full stops, "&", "St.", hyphens and a leading "the"."""
    text = _without_accents(name).translate(_APOSTROPHES).replace("&", " and ")
    words = ["saint" if word == "st" else word for word in re.split(r"[\s,()\[\]\u2010-\u2015-]+", text) if word]
    return " ".join(words[1:] if words[:1] == ["the"] else words)


# Alpha-2 code -> English name, in the order of the names, so that Åland sorts at A. iso3166 includes Kosovo as XK.
COUNTRY_NAMES: Final = dict(
    sorted(
        ((c.alpha2, _COMMON_NAMES.get(c.alpha2, c.name)) for c in iso3166.countries),
        key=lambda pair: _without_accents(pair[1]),
    )
)
# More names that people use, beside the codes, ISO's names and the ones above. A test compares them with CLDR's.
_ALIASES: Final = {
    "AE": ("UAE", "Emirates"),
    "BN": ("Brunei",),
    "CD": ("Congo - Kinshasa", "DR Congo", "DRC"),
    "CG": ("Congo - Brazzaville", "Republic of the Congo"),
    "CI": ("Ivory Coast",),
    "CV": ("Cape Verde",),
    "CZ": ("Czech Republic",),
    "FK": ("Falklands",),
    "GB": ("Great Britain", "UK", "England", "Scotland", "Wales", "Northern Ireland"),
    "HK": ("Hong Kong SAR China", "Hong Kong SAR"),
    "IE": ("Republic of Ireland", "Eire"),
    "MK": ("Macedonia",),
    "MM": ("Burma", "Myanmar (Burma)"),
    "MO": ("Macau", "Macao SAR China", "Macao SAR"),
    "NL": ("Holland",),
    "PN": ("Pitcairn Islands",),
    "PS": ("Palestinian Territories",),
    "RU": ("Russia",),
    "SZ": ("Swaziland",),
    "TF": ("French Southern and Antarctic Lands",),
    "TL": ("East Timor",),
    "TR": ("Turkey",),
    "UM": ("U.S. Outlying Islands",),
    "US": ("USA", "United States of America", "America"),
    "VA": ("Vatican",),
    "VC": ("St. Vincent & Grenadines",),
    "BL": ("St. Barth\u00e9lemy",),
    "GS": ("South Georgia & South Sandwich Islands",),
}
# Never guess: these may mean either country.
_AMBIGUOUS: Final = {"korea": ("KP", "KR"), "virgin islands": ("VG", "VI")}
# Codes are not folded: "&" would be Andorra, whose alpha-3 code is AND.
_CODES: Final = {code.casefold(): c.alpha2 for c in iso3166.countries for code in (c.alpha2, c.alpha3, c.numeric)}


@cache
def _code_by_name() -> dict[str, str]:
    """Return the code of each folded name. Most requests contain codes, so a start does not build this."""
    return {
        _folded(name): c.alpha2
        for c in iso3166.countries
        for name in (c.name, c.apolitical_name, COUNTRY_NAMES[c.alpha2], *_ALIASES.get(c.alpha2, ()))
    }


def country_code(word: str, pointer: str) -> str:
    """Return 'DE' for 'DE', 'deu', '276' or 'Germany'. Raises RuleViolation, with candidates for an ambiguous name."""
    word = word[: MAX_COUNTRY_LENGTH + 1]  # before folding, whose time is not linear
    folded = _folded(word) if len(word) <= MAX_COUNTRY_LENGTH else ""
    if candidates := _AMBIGUOUS.get(folded):
        names = " or ".join(f"{COUNTRY_NAMES[code]} ({code})" for code in candidates)
        detail = f"{word} may mean {names}. Use one of them."
        raise RuleViolation("country_ambiguous", pointer, detail, candidates=list(candidates))
    code = _CODES.get(word.strip().casefold()) or _code_by_name().get(folded)
    if code is None:
        invisible = find_invisible(word.strip())
        advice = (
            f"It has {invisible}." if invisible else 'Use an ISO 3166-1 code ("DE") or an English name ("Germany").'
        )
        raise RuleViolation("country_unknown", pointer, f"{word[:64]} is not a known country. {advice}")
    return code


class CountryResponse(BaseModel):
    """A country in a response."""

    code: CountryCode
    name: str


def country_name(code: str) -> str:
    """Return the English name of a stored code, or the code if only a newer version of the code knows it."""
    return COUNTRY_NAMES.get(code, code)


def country_response(code: str) -> CountryResponse:
    return CountryResponse(code=code, name=country_name(code))
