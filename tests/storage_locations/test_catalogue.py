"""Tests: the rules of the catalogue."""

from typing import Any

import pytest

from shared.errors import RulesViolatedError, RuleViolation
from shared.storage_locations.catalogue import Catalogue, NewCatalogue, decide_location, first_catalogue, next_catalogue
from shared.values.countries import COUNTRY_NAMES
from tests.builders import CATALOGUE, NOW
from tests.values.helpers import COUNTRIES

HOSTED = set("AU BE BR CA DK FR DE IT NL NO PT ZA ES SE CH GB US".split())


@pytest.mark.parametrize("code", COUNTRIES)
def test_hosted_country_fixes_the_location_and_others_require_a_choice(code: str) -> None:
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


def _refusal(code: str, expected: str | None) -> dict[str, Any]:
    with pytest.raises(RuleViolation) as broken:
        decide_location(CATALOGUE, code, expected, NOW)
    assert broken.value.entry["pointer"] == "/storage_location"
    return broken.value.entry


def test_choices_lists_seventeen_locations_by_name() -> None:
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


def test_next_catalogue_increments_the_version_and_sorts_by_code() -> None:
    catalogue = after(("Sweden", "DE"), ("DE", None))
    assert catalogue.version == 2
    assert [(location.country, location.routed_to) for location in catalogue.locations] == [("DE", "DE"), ("SE", "DE")]


def test_country_removed_from_the_catalogue_is_no_longer_hosted() -> None:
    with pytest.raises(RuleViolation, match="Choose one"):
        decide_location(after(("DE", None)), "FR", None, NOW)


def test_closed_location_is_still_hosted() -> None:
    assert decide_location(after(("DE", None), ("FR", "DE")), "FR", None, NOW).country == "FR"


def test_route_must_lead_to_an_open_location_in_one_step() -> None:
    assert errors(("DE", "FR")) == [("route_not_open", "/locations/0/routed_to")]
    assert errors(("DE", "FR"), ("FR", "SE"), ("SE", None)) == [("route_not_open", "/locations/0/routed_to")]
    assert errors(("DE", "FR"), ("FR", "DE")) == [
        ("route_not_open", "/locations/0/routed_to"),
        ("route_not_open", "/locations/1/routed_to"),
    ]


def test_next_catalogue_reports_each_unknown_country() -> None:
    assert errors(("Atlantis", None), ("Nowhere", "DE"), ("DE", None))[:1] == [
        ("country_unknown", "/locations/0/country")
    ]
    assert ("country_unknown", "/locations/1/country") in errors(("Atlantis", "DE"), ("Nowhere", "DE"), ("DE", None))


def test_next_catalogue_omits_violations_that_follow_from_another() -> None:
    assert errors(("DE", "Atlantis"), ("FR", "DE")) == [("country_unknown", "/locations/0/routed_to")]


def test_lands_in_is_none_for_a_location_not_in_the_catalogue() -> None:
    catalogue = after(("DE", None), ("FR", "DE"))
    assert (catalogue.lands_in("DE"), catalogue.lands_in("FR"), catalogue.lands_in("SE")) == ("DE", "DE", None)


def test_next_catalogue_reports_every_violation_at_once() -> None:
    assert errors(("DE", None), ("Germany", None), ("Atlantis", None), ("FR", "Nowhere")) == [
        ("location_repeated", "/locations/1/country"),
        ("country_unknown", "/locations/2/country"),
        ("country_unknown", "/locations/2/routed_to"),
        ("country_unknown", "/locations/3/routed_to"),
    ]


def test_first_catalogue_is_version_1() -> None:
    assert first_catalogue(NOW, "acc_first").version == 1


def test_next_catalogue_still_reports_violations_after_a_skipped_line() -> None:
    assert errors(("DE", "FR"), ("FR", "Atlantis"), ("SE", "NO")) == [
        ("country_unknown", "/locations/1/routed_to"),
        ("route_not_open", "/locations/2/routed_to"),
    ]
