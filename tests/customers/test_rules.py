"""Tests: the rules for new customers."""

from typing import Any

import pytest

from shared.auth.authorization import Caller
from shared.customers.customer import NewCustomer
from shared.customers.fields import normalize_reference
from shared.errors import RulesViolatedError
from tests.builders import BOTH, CATALOGUE, NOW, ROOT, a_customer, a_new_customer, new_customer


def errors(level: Any, parent: Any, **fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(RulesViolatedError) as refused:
        new_customer(
            a_new_customer(level, parent, **fields),
            parent,
            CATALOGUE,
            id="cus_new",
            caller=Caller("acc_1", NOW, "change_customers"),
        )
    return [(error["code"], error["pointer"]) for error in refused.value.errors]


def test_service_type_must_be_provided_by_the_parent() -> None:
    reseller = a_customer("reseller", services_to_provide=["software_only"])
    assert errors("end_customer", reseller) == [("service_not_provided", "/service_type")]
    assert a_customer("end_customer", reseller, service_type="software_only").service_type == "software_only"


def test_services_to_provide_must_be_a_subset_of_the_parents() -> None:
    distributor = a_customer("distributor", services_to_provide=["all_inclusive"])
    assert errors("reseller", distributor) == [("service_not_provided", "/services_to_provide/1")]
    assert a_customer("reseller", distributor, services_to_provide=["all_inclusive"]).services_to_provide == (
        "all_inclusive",
    )


def test_services_to_provide_must_not_be_empty() -> None:
    assert errors("distributor", ROOT, services_to_provide=[]) == [("required", "/services_to_provide")]


def test_services_to_provide_drops_repeated_values() -> None:
    customer = a_customer("distributor", services_to_provide=["software_only", "all_inclusive", "software_only"])
    assert list(customer.services_to_provide) == BOTH


def test_root_provides_both_service_types() -> None:
    assert list(ROOT.services_to_provide) == BOTH


@pytest.mark.parametrize("service_type", ["", "both", "ALL_INCLUSIVE"])
def test_unknown_service_type_is_refused(service_type: str) -> None:
    assert errors("distributor", ROOT, service_type=service_type) == [("service_not_provided", "/service_type")]


def test_new_customer_reports_every_violation_at_once() -> None:
    found = errors(
        "end_customer",
        a_customer("reseller"),
        name="",
        service_type="x",
        services_to_provide=["all_inclusive"],
        device_country="FI",
        references={"PSA": "1"},
    )
    assert found == [
        ("refused", "/services_to_provide"),
        ("name_length", "/name"),
        ("service_not_provided", "/service_type"),
        ("reference_system", "/references"),
        ("storage_location_required", "/storage_location"),
    ]


@pytest.mark.parametrize(
    ("references", "at"),
    [
        ({"9psa": "1"}, "/references"),
        ({"a" * 33: "1"}, "/references"),
        ({"psa": ""}, "/references/psa"),
        ({"psa": "a" * 129}, "/references/psa"),
        ({"psa": "a\u200bb"}, "/references/psa"),
        ({f"s{n}": "1" for n in range(11)}, "/references"),
    ],
)
def test_invalid_references_are_refused(references: dict[str, str], at: str) -> None:
    ((_, pointer),) = errors("site", a_customer("end_customer"), references=references)
    assert pointer == at


def test_valid_references_are_stored_trimmed() -> None:
    references = {f"s{n}": "x" * 128 for n in range(10)}
    assert a_customer("site", references=references).references == references


def test_new_customer_without_a_parent_reports_all_other_violations() -> None:
    new = NewCustomer(service_type="x", services_to_provide=["all_inclusive", "y"])
    with pytest.raises(RulesViolatedError) as refused:
        new_customer(new, None, CATALOGUE, id="cus_new", caller=Caller("acc_1", NOW, "change_customers"))
    assert [(error["code"], error["pointer"]) for error in refused.value.errors] == [
        ("required", "/name"),
        ("required", "/parent_id"),
        ("required", "/device_country"),
        ("service_not_provided", "/service_type"),
        ("service_not_provided", "/services_to_provide/1"),
    ]


def test_violation_details_name_the_level_and_the_field() -> None:
    with pytest.raises(RulesViolatedError) as refused:
        new_customer(NewCustomer(), None, CATALOGUE, id="cus_new", caller=Caller("acc_1", NOW, "change_customers"))
    assert refused.value.errors[0]["detail"] == "A customer requires name."


@pytest.mark.parametrize("field", ["level", "service_type"])
def test_violation_details_repeat_at_most_32_characters_of_a_value(field: str) -> None:
    new = a_new_customer("distributor", ROOT).model_copy(update={field: "z" * 40})
    with pytest.raises(RulesViolatedError) as refused:
        new_customer(new, ROOT, CATALOGUE, id="cus_new", caller=Caller("acc_1", NOW, "change_customers"))
    assert refused.value.errors[0]["detail"].count("z") == 32


@pytest.mark.parametrize("value", ["X", "XX", ".X."])
def test_reference_accepts_every_letter(value: str) -> None:
    assert normalize_reference(value, "/references/psa") == value
