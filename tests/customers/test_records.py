"""Tests: the records that are built for a customer."""

import itertools
from collections import Counter

from shared.customers.customer import NewCustomer, show
from shared.customers.records import customer_item
from shared.customers.trial import TRIAL_PERIOD
from shared.idempotency import request_hash, text_hash
from shared.table.keys import tree_below
from shared.values.timestamps import format_timestamp
from tests.builders import BOTH, CATALOGUE, NOW, a_customer, a_lineage


def test_path_is_the_parents_path_and_the_own_id() -> None:
    lineage = a_lineage()
    for parent, child in itertools.pairwise(lineage):
        assert child.path == f"{parent.path}/{child.id}"
        assert child.parent_id == parent.id


def test_record_is_in_the_tree_of_its_top_level_ancestor() -> None:
    root, distributor, *below = a_lineage()
    assert customer_item(distributor)["tree"] == f"customer#{root.id}"
    assert {customer_item(customer)["tree"] for customer in below} == {f"customer#{distributor.id}"}
    assert tree_below("account", distributor.path) == f"account#{distributor.id}"
    assert "tree" not in customer_item(root)


def test_only_customers_in_trial_are_in_the_trials_index() -> None:
    in_trial = a_customer("end_customer", in_trial=True)
    item = customer_item(in_trial)
    assert item["trial_due"] == f"2026-12-17T10:00:00.000000Z#7#{in_trial.id}"
    assert 0 <= int(item["trial_shard"].removeprefix("trials#")) < 16
    for customer in [*a_lineage(), in_trial.model_copy(update={"production_since": NOW})]:
        assert "trial_shard" not in customer_item(customer)


def test_request_hash_ignores_the_order_of_fields() -> None:
    one = NewCustomer(name="a", parent_id="p", level=None)
    assert request_hash(one) == request_hash(NewCustomer.model_validate({"parent_id": "p", "name": "a"}))
    assert request_hash(one) != request_hash(NewCustomer(name="a", parent_id="q"))
    both = [NewCustomer(services_to_provide=services) for services in (BOTH, BOTH[::-1], [*BOTH, *BOTH])]
    assert len({request_hash(new) for new in both}) == 1
    assert request_hash(both[0]) != request_hash(NewCustomer(services_to_provide=BOTH[:1]))


def test_trials_are_spread_over_all_shards() -> None:
    reseller = a_customer("reseller")
    trials = [a_customer("end_customer", reseller, name=f"E{n}", in_trial=True) for n in range(400)]
    shards = Counter(customer_item(customer)["trial_shard"] for customer in trials)
    assert len(shards) == 16
    assert max(shards.values()) < 60


def test_request_hash_ignores_the_order_of_references() -> None:
    one, other = NewCustomer(references={"psa": "1", "crm": "2"}), NewCustomer(references={"crm": "2", "psa": "1"})
    assert request_hash(one) == request_hash(other)


def test_request_hash_of_a_stored_request_never_changes() -> None:
    class Later(NewCustomer):
        added_later: str | None = None

    assert request_hash(Later(name="a")) == request_hash(NewCustomer(name="a"))
    assert text_hash("") == "e3b0c44298fc1c149afbf4c8996fb924"


def test_site_has_no_production_since_of_its_own() -> None:
    assert a_customer("site").production_since is None


def test_only_sites_store_inherited_values() -> None:
    *companies, site = a_lineage()
    assert {show(customer, NOW, CATALOGUE).inherited_from for customer in companies} == {None}
    assert show(site, NOW, CATALOGUE, companies[-1]).inherited_from == companies[-1].id


def test_site_stores_what_it_inherited_at_creation() -> None:
    trial = a_customer("end_customer", in_trial=True)
    assert a_customer("site", trial).inherited_initial_values == {
        "service_type": "all_inclusive",
        "production_since": None,
    }
    end = NOW + TRIAL_PERIOD
    over = {"service_type": "all_inclusive", "production_since": format_timestamp(end)}
    for end_customer in (trial, trial.model_copy(update={"production_since": end})):  # recorded or not
        assert a_customer("site", end_customer, now=end).inherited_initial_values == over
    assert [each.inherited_initial_values for each in a_lineage()[1:5]] == [{}] * 4
