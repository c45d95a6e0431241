"""Tests: names and codes of countries."""

import pycountry
import pytest
from babel import Locale

from shared.errors import RuleViolation
from shared.values.countries import COUNTRY_NAMES, _folded, country_code
from tests.values.helpers import COUNTRIES


def test_countries_are_those_of_iso_3166_1() -> None:
    assert len(COUNTRIES) == 249
    assert set(COUNTRY_NAMES) == {*COUNTRIES, "XK"}


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
    # Two names in pycountry differ from the standard: in one "The" is moved, in one a name is in brackets.
    differing = {"Congo, The Democratic Republic of the", "Holy See (Vatican City State)"}
    assert {word for word, found_code in found.items() if found_code != code} <= differing


def _code(word: str) -> str | None:
    try:
        return country_code(word, "/device_country")
    except RuleViolation:
        return None


@pytest.mark.parametrize("word", ["", "ZZ", "DEU1", "Atlantis", "EU", "D E", "the", "&", "\u0301" * 60_000])
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
        ("Kosovo", "XK"),
        ("xk", "XK"),
        ("The Netherlands", "NL"),
        ("UAE", "AE"),
        ("U.S.A.", "US"),
        ("Burma", "MM"),
        ("Republic of Ireland", "IE"),
        ("England", "GB"),
        ("Scotland", "GB"),
        ("Wales", "GB"),
        ("Northern Ireland", "GB"),
        ("Bosnia & Herzegovina", "BA"),
        ("St. Lucia", "LC"),
        ("st lucia", "LC"),
        ("C\u00f4te d\u2019Ivoire", "CI"),
        ("Cote d\u02bcIvoire", "CI"),
        ("U.S. Virgin Islands", "VI"),
        ("US Virgin Islands", "VI"),
        ("Virgin Islands, U.S.", "VI"),
        ("Congo", "CG"),
        ("Guinea-Bissau", "GW"),
        ("guinea bissau", "GW"),
    ],
)
def test_country_code_accepts_names_as_people_write_them(word: str, code: str) -> None:
    assert _code(word) == code


def test_country_names_are_sorted_without_accents() -> None:
    names = list(COUNTRY_NAMES.values())
    assert names[:3] == ["Afghanistan", "Åland Islands", "Albania"]


def test_every_english_name_of_cldr_is_accepted() -> None:
    names = Locale("en").territories
    assert {code: _code(names[code]) for code in COUNTRY_NAMES} == {code: code for code in COUNTRY_NAMES}


@pytest.mark.parametrize("language", ["en", "en_GB", "en_AU", "en_CA", "en_IN"])
def test_no_name_of_cldr_or_pycountry_is_taken_for_another_country(language: str) -> None:
    for code, name in Locale.parse(language).territories.items():
        assert _code(name) in (None, code), name
    for country in pycountry.countries:
        for kind in ("name", "official_name", "common_name"):
            assert _code(getattr(country, kind, "")) in (None, country.alpha_2), country


def test_folding_merges_no_two_countries() -> None:
    names: dict[str, set[str]] = {}
    for code in COUNTRY_NAMES:
        for name in (COUNTRY_NAMES[code], Locale("en").territories[code], code):
            names.setdefault(_folded(name), set()).add(code)
    assert {name: codes for name, codes in names.items() if len(codes) > 1} == {}


@pytest.mark.parametrize(
    ("word", "candidates"), [("Korea", ["KP", "KR"]), ("The Virgin Islands", ["VG", "VI"]), ("KOREA", ["KP", "KR"])]
)
def test_ambiguous_name_is_rejected_with_its_candidates(word: str, candidates: list[str]) -> None:
    with pytest.raises(RuleViolation) as refused:
        country_code(word, "/device_country")
    assert refused.value.entry["code"] == "country_ambiguous"
    assert refused.value.entry["candidates"] == candidates
    assert all(code in refused.value.entry["detail"] for code in candidates)


def test_no_shown_name_is_inverted() -> None:
    assert [name for name in COUNTRY_NAMES.values() if set(name) & set(",([")] == []


@pytest.mark.parametrize("word", ["Germ\u200bany", "\ufeffDE", "Fran\u00adce"])
def test_invisible_character_in_a_country_is_named(word: str) -> None:
    with pytest.raises(RuleViolation, match=r"invisible character U\+[0-9A-F]{4} at position [15]"):
        country_code(word, "/device_country")
