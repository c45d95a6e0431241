"""The rules of adding a customer that the tables of levels do not hold."""

import itertools
from collections import Counter
from typing import Any

import pytest

from shared.auth.authorization import Caller
from shared.customers.customer import NewCustomer, show
from shared.customers.fields import normalize_reference
from shared.customers.levels import ALLOWED_CHILDREN
from shared.customers.options import options_below
from shared.customers.records import customer_item
from shared.customers.trial import TRIAL_PERIOD
from shared.errors import RulesViolatedError
from shared.idempotency import request_hash, secret_from, text_hash
from shared.table.keys import tree_below
from shared.values.timestamps import format_timestamp
from tests.builders import BOTH, CATALOGUE, NOW, ROOT, a_customer, a_line, asked, new_customer


def errors(level: Any, parent: Any, **fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(RulesViolatedError) as refused:
        new_customer(
            asked(level, parent, **fields),
            parent,
            CATALOGUE,
            id="cus_new",
            caller=Caller("acc_1", NOW, "change_customers"),
        )
    return [(error["code"], error["pointer"]) for error in refused.value.errors]


def test_a_service_type_is_among_those_the_parent_provides() -> None:
    reseller = a_customer("reseller", services_to_provide=["software_only"])
    assert errors("end_customer", reseller) == [("service_not_provided", "/service_type")]
    assert a_customer("end_customer", reseller, service_type="software_only").service_type == "software_only"


def test_services_to_provide_are_a_part_of_the_parents() -> None:
    distributor = a_customer("distributor", services_to_provide=["all_inclusive"])
    assert errors("reseller", distributor) == [("service_not_provided", "/services_to_provide/1")]
    assert a_customer("reseller", distributor, services_to_provide=["all_inclusive"]).services_to_provide == (
        "all_inclusive",
    )


def test_at_least_one_service_is_provided() -> None:
    assert errors("distributor", ROOT, services_to_provide=[]) == [("required", "/services_to_provide")]


def test_services_to_provide_are_a_set() -> None:
    customer = a_customer("distributor", services_to_provide=["software_only", "all_inclusive", "software_only"])
    assert list(customer.services_to_provide) == BOTH


def test_the_root_provides_both() -> None:
    assert list(ROOT.services_to_provide) == BOTH


@pytest.mark.parametrize("service_type", ["", "both", "ALL_INCLUSIVE"])
def test_a_service_type_is_one_of_two(service_type: str) -> None:
    assert errors("distributor", ROOT, service_type=service_type) == [("service_not_provided", "/service_type")]


def test_every_broken_rule_is_told_at_once() -> None:
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
def test_references_that_are_refused(references: dict[str, str], at: str) -> None:
    ((_, pointer),) = errors("site", a_customer("end_customer"), references=references)
    assert pointer == at


def test_references_that_are_kept() -> None:
    references = {f"s{n}": "x" * 128 for n in range(10)}
    assert a_customer("site", references=references).references == references


def test_a_path_is_the_parents_and_the_own_id() -> None:
    line = a_line()
    for parent, child in itertools.pairwise(line):
        assert child.path == f"{parent.path}/{child.id}"
        assert child.parent_id == parent.id


def test_a_record_stands_in_the_tree_of_its_top_level_ancestor() -> None:
    root, distributor, *below = a_line()
    assert customer_item(distributor)["tree"] == f"customer#{root.id}"
    assert {customer_item(customer)["tree"] for customer in below} == {f"customer#{distributor.id}"}
    assert tree_below("account", distributor.path) == f"account#{distributor.id}"
    assert "tree" not in customer_item(root)


def test_only_a_customer_in_trial_is_in_the_index_of_trials() -> None:
    in_trial = a_customer("end_customer", in_trial=True)
    item = customer_item(in_trial)
    assert item["trial_due"] == f"2026-12-17T10:00:00.000000Z#7#{in_trial.id}"
    assert 0 <= int(item["trial_shard"].removeprefix("trials#")) < 16
    for customer in [*a_line(), in_trial.model_copy(update={"production_since": NOW})]:
        assert "trial_shard" not in customer_item(customer)


def test_equal_requests_are_equal_whatever_the_order_of_their_fields() -> None:
    one = NewCustomer(name="a", parent_id="p", level=None)
    assert request_hash(one) == request_hash(NewCustomer.model_validate({"parent_id": "p", "name": "a"}))
    assert request_hash(one) != request_hash(NewCustomer(name="a", parent_id="q"))
    both = [NewCustomer(services_to_provide=services) for services in (BOTH, BOTH[::-1], [*BOTH, *BOTH])]
    assert len({request_hash(new) for new in both}) == 1
    assert request_hash(both[0]) != request_hash(NewCustomer(services_to_provide=BOTH[:1]))


def test_without_a_parent_all_that_can_be_told_is_told() -> None:
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


def test_trials_are_spread_over_all_shards() -> None:
    reseller = a_customer("reseller")
    trials = [a_customer("end_customer", reseller, name=f"E{n}", in_trial=True) for n in range(400)]
    shards = Counter(customer_item(customer)["trial_shard"] for customer in trials)
    assert len(shards) == 16
    assert max(shards.values()) < 60


@pytest.mark.parametrize("services", [["all_inclusive"], ["software_only"], BOTH])
@pytest.mark.parametrize("level", ["root", "distributor", "sub_distributor", "reseller", "end_customer", "site"])
def test_a_form_can_be_drawn_from_the_options_alone(level: Any, services: list[str]) -> None:
    """Fills in the form by its options only; what it makes is added, and what the options leave out is refused."""
    kept = {"name": "Name", "references": {"psa": "1"}, "device_country": "DE", "in_trial": True}
    parent = a_customer(level).model_copy(update={"services_to_provide": tuple(services)})
    options = options_below(parent, CATALOGUE, can_add=False)
    assert options.may_add is False
    assert [option.level for option in options.levels] == list(ALLOWED_CHILDREN[parent.level])
    for option in options.levels:
        body: dict[str, Any] = {}
        for field, rule in option.fields.items():
            if rule.rule not in ("refused", "by_device_country"):
                several = field == "services_to_provide"
                first = rule.values if several else (rule.values or [rule.value])[0]
                body[field] = option.level if field == "level" else kept.get(field, first)
        made = NewCustomer.model_validate(body)
        customer = new_customer(made, parent, CATALOGUE, id="cus_n", caller=Caller("acc_1", NOW, "change_customers"))
        assert (customer.level, customer.parent_id) == (option.level, parent.id)
        for field, rule in option.fields.items():
            if rule.rule == "refused":
                extra = kept.get(field, services if field == "services_to_provide" else services[0])
                wrong = NewCustomer.model_validate(body | {field: extra})
                with pytest.raises(RulesViolatedError) as refused:
                    new_customer(wrong, parent, CATALOGUE, id="cus_n", caller=Caller("acc_1", NOW, "change_customers"))
                assert {"code": "refused", "pointer": f"/{field}"}.items() <= refused.value.errors[0].items()


def test_equal_references_are_equal_in_any_order() -> None:
    one, other = NewCustomer(references={"psa": "1", "crm": "2"}), NewCustomer(references={"crm": "2", "psa": "1"})
    assert request_hash(one) == request_hash(other)


def test_a_request_that_was_kept_is_known_again_by_later_versions_of_the_code() -> None:
    class Later(NewCustomer):
        added_later: str | None = None

    assert request_hash(Later(name="a")) == request_hash(NewCustomer(name="a"))
    assert text_hash("") == "e3b0c44298fc1c149afbf4c8996fb924"


def test_a_secret_is_256_bits_in_43_characters() -> None:
    assert {len(secret_from("key", "id", f"{n}")) for n in range(100)} == {43}


def test_the_details_of_what_is_wrong_name_who_needs_what() -> None:
    with pytest.raises(RulesViolatedError) as refused:
        new_customer(NewCustomer(), None, CATALOGUE, id="cus_new", caller=Caller("acc_1", NOW, "change_customers"))
    assert refused.value.errors[0]["detail"] == "A customer needs name."


@pytest.mark.parametrize("field", ["level", "service_type"])
def test_of_a_long_word_32_characters_are_told_again(field: str) -> None:
    new = asked("distributor", ROOT).model_copy(update={field: "z" * 40})
    with pytest.raises(RulesViolatedError) as refused:
        new_customer(new, ROOT, CATALOGUE, id="cus_new", caller=Caller("acc_1", NOW, "change_customers"))
    assert refused.value.errors[0]["detail"].count("z") == 32


@pytest.mark.parametrize("value", ["X", "XX", ".X."])
def test_a_reference_of_any_letter_is_kept(value: str) -> None:
    assert normalize_reference(value, "/references/psa") == value


def test_a_site_has_no_production_of_its_own() -> None:
    assert a_customer("site").production_since is None


def test_only_a_site_inherits() -> None:
    *companies, site = a_line()
    assert {show(customer, NOW).inherited_from for customer in companies} == {None}
    assert show(site, NOW, companies[-1]).inherited_from == companies[-1].id


def test_a_site_keeps_what_it_shared_when_it_was_added() -> None:
    trial = a_customer("end_customer", in_trial=True)
    assert a_customer("site", trial).inherited_initial_values == {
        "service_type": "all_inclusive",
        "production_since": None,
    }
    end = NOW + TRIAL_PERIOD
    over = {"service_type": "all_inclusive", "production_since": format_timestamp(end)}
    for end_customer in (trial, trial.model_copy(update={"production_since": end})):  # recorded or not
        assert a_customer("site", end_customer, now=end).inherited_initial_values == over
    assert [each.inherited_initial_values for each in a_line()[1:5]] == [{}] * 4
