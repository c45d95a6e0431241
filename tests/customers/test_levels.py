"""Tests: every pair of levels, and every field at every level. The tables are copied by hand from domain.md."""

from typing import Any

import pytest

from shared.auth.authorization import Caller
from shared.customers.fields import field_rules
from shared.customers.levels import ALLOWED_CHILDREN, LEVELS, Level
from shared.errors import RulesViolatedError
from tests.builders import CATALOGUE, NOW, a_customer, a_new_customer, new_customer

# Parent -> child, in the order of the levels: distributor, sub-distributor, reseller, end-customer, site.
PAIRS = {
    "root": "Y....",
    "distributor": ".YY..",
    "sub_distributor": "..Y..",
    "reseller": "...Y.",
    "end_customer": "....Y",
    "site": ".....",
}


UPPER = {
    "name": "required",
    "parent_id": "required",
    "service_type": "required",
    "services_to_provide": "required",
    "device_country": "required",
    "in_trial": "refused",
    "references": "optional",
}


TABLE = {
    "distributor": UPPER,
    "sub_distributor": UPPER,
    "reseller": UPPER,
    "end_customer": UPPER | {"services_to_provide": "refused", "in_trial": "optional"},
    "site": UPPER | {"service_type": "refused", "services_to_provide": "refused"},
}


GOOD: dict[str, Any] = {
    "name": "Name",
    "service_type": "all_inclusive",
    "services_to_provide": ["all_inclusive"],
    "device_country": "DE",
    "in_trial": False,
    "references": {"psa": "1"},
}


def add(parent: Any, new: Any) -> Any:
    return new_customer(new, parent, CATALOGUE, id="cus_new", caller=Caller("acc_1", NOW, "change_customers"))


def broken(parent: Any, new: Any) -> list[tuple[str, str]]:
    with pytest.raises(RulesViolatedError) as refused:
        add(parent, new)
    return [(error["code"], error["pointer"]) for error in refused.value.errors]


@pytest.mark.parametrize("parent_level", LEVELS)
@pytest.mark.parametrize("level", LEVELS)
def test_parent_accepts_only_the_levels_of_the_table(parent_level: Level, level: Level) -> None:
    parent = a_customer(parent_level)
    allowed = level != "root" and PAIRS[parent_level][LEVELS.index(level) - 1] == "Y"
    new = a_new_customer(level, parent)
    if allowed:
        assert add(parent, new).level == level
    else:
        code = ("parent_holds_nothing", "/parent_id") if parent_level == "site" else ("level_not_allowed", "/level")
        assert code in broken(parent, new)


@pytest.mark.parametrize("parent_level", [level for level in LEVELS if level not in ("distributor", "site")])
def test_level_is_set_when_the_parent_allows_only_one(parent_level: Level) -> None:
    parent = a_customer(parent_level)
    (level,) = ALLOWED_CHILDREN[parent_level]
    assert add(parent, a_new_customer(level, parent).model_copy(update={"level": None})).level == level


def test_level_is_required_below_a_distributor() -> None:
    parent = a_customer("distributor")
    assert broken(parent, a_new_customer("reseller", parent).model_copy(update={"level": None})) == [
        ("required", "/level")
    ]


def test_missing_level_still_reports_rules_common_to_all_possible_levels() -> None:
    parent = a_customer("distributor", services_to_provide=["all_inclusive"])
    new = a_new_customer(
        "reseller", parent, name="", service_type="software_only", in_trial=True, services_to_provide=None
    )
    assert broken(parent, new.model_copy(update={"level": None})) == [
        ("required", "/level"),
        ("required", "/services_to_provide"),
        ("refused", "/in_trial"),
        ("name_length", "/name"),
        ("service_not_provided", "/service_type"),
    ]


@pytest.mark.parametrize("level", TABLE)
@pytest.mark.parametrize("field", [field for field in UPPER if field != "parent_id"])
def test_each_field_follows_its_rule_at_each_level(level: Level, field: str) -> None:
    child = a_customer(level)
    parent = (
        a_customer("distributor")
        if level in ("sub_distributor", "reseller")
        else a_customer(LEVELS[LEVELS.index(level) - 1])
    )
    with_it = a_new_customer(level, parent, **{field: GOOD[field]})
    without = a_new_customer(level, parent).model_copy(update={field: None})
    rule = TABLE[child.level][field]
    if rule == "refused":
        assert broken(parent, with_it) == [("refused", f"/{field}")]
        add(parent, without)
    elif rule == "required":
        assert broken(parent, without) == [("required", f"/{field}")]
        add(parent, with_it)
    else:
        add(parent, with_it)
        add(parent, without)


def test_missing_parent_still_reports_the_other_violations() -> None:
    new = a_new_customer("site", a_customer("end_customer"), name=" ", device_country="Atlantis").model_copy(
        update={"parent_id": None}
    )
    assert broken(None, new) == [
        ("required", "/parent_id"),
        ("name_length", "/name"),
        ("country_unknown", "/device_country"),
    ]


def test_field_rules_match_the_domain_table() -> None:
    for level, table in TABLE.items():
        rules = field_rules(level, "root" if level == "distributor" else "distributor")
        assert {field: rules[field] for field in table} == table
        assert rules["storage_location"] == "by_device_country"


@pytest.mark.parametrize("service_type", ["all_inclusive", "software_only", "nonsense"])
def test_addition_below_a_site_says_only_that_it_has_no_children(service_type: str) -> None:
    site = a_customer("site")
    new = a_new_customer("site", site, service_type=service_type, device_country="Nowhere")
    assert broken(site, new) == [("parent_holds_nothing", "/parent_id")]


def test_site_with_an_unknown_service_type_is_told_once_that_it_has_none() -> None:
    parent = a_customer("end_customer")
    assert broken(parent, a_new_customer("site", parent, service_type="nonsense")) == [("refused", "/service_type")]
