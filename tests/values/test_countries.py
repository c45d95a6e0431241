"""Tests: countries."""

import pytest

from shared.errors import RuleViolation
from shared.values.countries import COUNTRY_NAMES, country_code
from tests.values.helpers import COUNTRIES


def test_countries_are_those_of_iso_3166_1() -> None:
    assert len(COUNTRIES) == 249
    assert set(COUNTRY_NAMES) == set(COUNTRIES)


@pytest.mark.parametrize("code", COUNTRIES)
def test_country_code_accepts_every_code_and_name(code: str) -> None:
    country = COUNTRIES[code]
    words = [
        country.alpha_2,
        country.alpha_3,
        country.numeric,
        country.name,
        COUNTRY_NAMES[code],
        country.alpha_2.lower(),
    ]
    words += [country.common_name] if hasattr(country, "common_name") else []
    found = {word: _code(word) for word in words}
    # Two names of pycountry's are not the standard's own words: "The" moved, and a name in brackets.
    differing = {"Congo, The Democratic Republic of the", "Holy See (Vatican City State)"}
    assert {word for word, found_code in found.items() if found_code != code} <= differing


def _code(word: str) -> str | None:
    try:
        return country_code(word, "/device_country")
    except RuleViolation:
        return None


@pytest.mark.parametrize("word", ["", "XK", "Kosovo", "ZZ", "DEU1", "Atlantis", "EU", "D E"])
def test_country_code_refuses_unknown_words(word: str) -> None:
    assert _code(word) is None


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("  germany ", "DE"),
        ("GERMANY", "DE"),
        ("United  Kingdom", "GB"),
        ("Curacao", "CW"),
        ("Cote d'Ivoire", "CI"),
        ("Aland Islands", "AX"),
        ("Tu\u0308rkiye", "TR"),
        ("Turkey", "TR"),
        ("Czech Republic", "CZ"),
        ("Russia", "RU"),
        ("UK", "GB"),
        ("USA", "US"),
        ("Cape Verde", "CV"),
    ],
)
def test_country_code_accepts_names_as_people_write_them(word: str, code: str) -> None:
    assert _code(word) == code


def test_country_names_are_sorted_without_accents() -> None:
    names = list(COUNTRY_NAMES.values())
    assert names[:3] == ["Afghanistan", "Åland Islands", "Albania"]
