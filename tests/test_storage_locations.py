"""Which storage location a customer gets, in all 249 countries; pycountry is the oracle."""

from typing import Any

import pycountry
import pytest

from shared.errors import RulesViolatedError, RuleViolation
from shared.storage_locations.catalogue import Catalogue, NewCatalogue, decide_location, first_catalogue, next_catalogue
from shared.values.countries import COUNTRY_NAMES, country_code
from tests.builders import CATALOGUE, NOW

HOSTED = set("AU BE BR CA DK FR DE IT NL NO PT ZA ES SE CH GB US".split())
COUNTRIES = {country.alpha_2: country for country in pycountry.countries}


def test_the_countries_are_those_of_iso_3166_1() -> None:
    assert len(COUNTRIES) == 249
    assert set(COUNTRY_NAMES) == set(COUNTRIES)


@pytest.mark.parametrize("code", COUNTRIES)
def test_every_country_is_known_by_its_codes_and_its_names(code: str) -> None:
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
def test_what_is_no_country_is_refused(word: str) -> None:
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
def test_names_are_read_as_people_write_them(word: str, code: str) -> None:
    assert _code(word) == code


def test_countries_are_listed_as_people_look_them_up() -> None:
    names = list(COUNTRY_NAMES.values())
    assert names[:3] == ["Afghanistan", "Åland Islands", "Albania"]


@pytest.mark.parametrize("code", COUNTRIES)
def test_a_hosted_country_is_locked_and_any_other_asks_for_a_choice(code: str) -> None:
    if code in HOSTED:
        location = decide_location(CATALOGUE, code, None, NOW)
        assert (location.country, location.decided, location.catalogue_version) == (code, "hosted", 1)
        assert decide_location(CATALOGUE, code, code, NOW) == location
        other = "DE" if code != "DE" else "FR"
        assert _refusal(code, other)["code"] == "storage_location_set"
    else:
        refusal = _refusal(code, None)
        assert refusal["code"] == "storage_location_required"
        assert {choice["code"] for choice in refusal["choices"]} == HOSTED
        for chosen in HOSTED:
            location = decide_location(CATALOGUE, code, COUNTRY_NAMES[chosen], NOW)
            assert (location.country, location.decided, location.decided_at) == (chosen, "chosen", NOW)
        assert _refusal(code, code)["code"] == "storage_location_unknown"
        assert _refusal(code, "Atlantis")["code"] == "country_unknown"


def _refusal(code: str, wanted: str | None) -> dict[str, Any]:
    with pytest.raises(RuleViolation) as broken:
        decide_location(CATALOGUE, code, wanted, NOW)
    assert broken.value.entry["pointer"] == "/storage_location"
    return broken.value.entry


def test_seventeen_locations_are_offered_by_name() -> None:
    names = [choice["name"] for choice in _refusal("FI", None)["choices"]]
    assert len(names) == 17
    assert names == sorted(names)
    assert {"United Kingdom", "United States", "South Africa"} <= set(names)


def after(*locations: tuple[str, str | None]) -> Catalogue:
    new = [{"country": country, "routed_to": to} for country, to in locations]
    return next_catalogue(CATALOGUE, NewCatalogue.model_validate({"locations": new}), NOW, "acc_support")


def errors(*locations: tuple[str, str | None]) -> list[tuple[str, str]]:
    with pytest.raises(RulesViolatedError) as refused:
        after(*locations)
    return [(error["code"], error["pointer"]) for error in refused.value.errors]


def test_the_next_version_is_one_higher_and_sorted_by_code() -> None:
    catalogue = after(("Sweden", "DE"), ("DE", None))
    assert catalogue.version == 2
    assert [(location.country, location.routed_to) for location in catalogue.locations] == [("DE", "DE"), ("SE", "DE")]


def test_a_country_taken_out_of_the_catalogue_is_no_longer_hosted() -> None:
    with pytest.raises(RuleViolation, match="Choose one"):
        decide_location(after(("DE", None)), "FR", None, NOW)


def test_a_closed_location_is_still_hosted() -> None:
    assert decide_location(after(("DE", None), ("FR", "DE")), "FR", None, NOW).country == "FR"


def test_data_is_routed_to_an_open_location_of_the_same_version_in_one_step() -> None:
    assert errors(("DE", "FR")) == [("route_not_open", "/locations/0/routed_to")]
    assert errors(("DE", "FR"), ("FR", "SE"), ("SE", None)) == [("route_not_open", "/locations/0/routed_to")]
    assert errors(("DE", "FR"), ("FR", "DE")) == [
        ("route_not_open", "/locations/0/routed_to"),
        ("route_not_open", "/locations/1/routed_to"),
    ]


def test_two_lines_with_a_broken_country_are_told_each() -> None:
    assert errors(("Atlantis", None), ("Nowhere", "DE"), ("DE", None))[:1] == [
        ("country_unknown", "/locations/0/country")
    ]
    assert ("country_unknown", "/locations/1/country") in errors(("Atlantis", "DE"), ("Nowhere", "DE"), ("DE", None))


def test_what_follows_from_a_broken_line_is_not_told_again() -> None:
    assert errors(("DE", "Atlantis"), ("FR", "DE")) == [("country_unknown", "/locations/0/routed_to")]


def test_a_location_that_the_catalogue_knows_no_more_lands_nowhere_that_can_be_promised() -> None:
    catalogue = after(("DE", None), ("FR", "DE"))
    assert (catalogue.lands_in("DE"), catalogue.lands_in("FR"), catalogue.lands_in("SE")) == ("DE", "DE", None)


def test_every_broken_rule_of_a_catalogue_is_told_at_once() -> None:
    assert errors(("DE", None), ("Germany", None), ("Atlantis", None), ("FR", "Nowhere")) == [
        ("location_repeated", "/locations/1/country"),
        ("country_unknown", "/locations/2/country"),
        ("country_unknown", "/locations/2/routed_to"),
        ("country_unknown", "/locations/3/routed_to"),
    ]


def test_the_first_catalogue_is_version_1() -> None:
    assert first_catalogue(NOW, "acc_first").version == 1


def test_after_a_line_that_follows_from_a_broken_one_the_others_are_told_too() -> None:
    assert errors(("DE", "FR"), ("FR", "Atlantis"), ("SE", "NO")) == [
        ("country_unknown", "/locations/1/routed_to"),
        ("route_not_open", "/locations/2/routed_to"),
    ]
