"""Tests: lists of customers."""

from datetime import timedelta
from typing import Any

import pytest

from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.customers.subtree import MAX_QUERIES
from shared.customers.use_cases import CustomerQuery, list_customers
from shared.errors import (
    MalformedRequestError,
    RulesViolatedError,
)
from shared.table.queries import FILTER_CHUNK, MAX_CHUNKS, paginate
from shared.table.store import Page, Position
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, a_customer, an_account, caller, put
from tests.customers.helpers import a_tree
from tests.memory_store import MemoryStore


def pages(store: MemoryStore, limit: int, account: Account = ROOT_ACCOUNT, **query: Any) -> list[list[Any]]:
    found, cursor = [], None
    while True:
        page = list_customers(store, caller(account), CustomerQuery(**query), limit=limit, cursor=cursor)
        found.append(page.customers)
        cursor = page.next_cursor
        if cursor is None:
            return found


def flat(found: list[list[Any]]) -> list[str]:
    return [customer.id for page in found for customer in page]


def a_forest(store: MemoryStore, distributors: int = 3) -> list[Customer]:
    """Store several distributors. Each has two resellers with two end-customers; one is in trial and has two sites."""
    everyone: list[Customer] = []
    for d in range(distributors):
        distributor = a_customer("distributor", ROOT, name=f"D{d}")
        everyone.append(distributor)
        for r in range(2):
            reseller = a_customer("reseller", distributor, name=f"R{r}")
            everyone.append(reseller)
            for e in range(2):
                end_customer = a_customer("end_customer", reseller, name=f"E{e}", in_trial=e == 0)
                everyone.append(end_customer)
                if e == 0:
                    everyone += [a_customer("site", end_customer, name=f"S{s}") for s in range(2)]
    put(store, *everyone)
    return [ROOT, *everyone]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 100])
def test_list_within_returns_every_customer_once_in_path_order(store: MemoryStore, limit: int) -> None:
    everyone = a_forest(store)
    for top in (ROOT, *everyone[1:]):
        expected = sorted((c for c in everyone if f"{c.path}/".startswith(f"{top.path}/")), key=lambda c: c.path)
        found = pages(store, limit, within=top.id)
        assert flat(found) == [customer.id for customer in expected]
        assert all(len(page) <= limit for page in found)
        assert found[-1] or len(found) == 1


def test_list_within_makes_one_read_and_one_query(store: MemoryStore) -> None:
    everyone = a_forest(store)
    store.requests.clear()
    pages(store, 100, within=everyone[1].id)
    assert store.requests == ["get", "query subtree"]


def test_sites_at_the_start_of_a_page_show_their_end_customers_state(store: MemoryStore) -> None:
    everyone = a_forest(store, distributors=1)
    for page in pages(store, 1, within=everyone[1].id):
        if page[0].level == "site":
            assert (page[0].state, page[0].inherited_from) == ("in_trial", page[0].parent_id)


def test_list_within_the_root_returns_short_pages_for_many_small_distributors(store: MemoryStore) -> None:
    everyone = [a_customer("distributor", ROOT, name=f"D{n:02}") for n in range(20)]
    put(store, *everyone)
    store.requests.clear()
    found = pages(store, 100, within=ROOT.id)
    assert sorted(flat(found)) == sorted(customer.id for customer in [ROOT, *everyone])
    assert store.requests.count("query subtree") <= (MAX_QUERIES + 1) * len(found)


@pytest.mark.parametrize(
    ("query", "count"), [({}, 61), ({"level": "site"}, 0), ({"level": "distributor"}, 60), ({"state": "in_trial"}, 0)]
)
def test_list_within_the_root_makes_at_most_17_queries(store: MemoryStore, query: dict[str, Any], count: int) -> None:
    put(store, *(a_customer("distributor", ROOT, name=f"D{n:03}") for n in range(60)))
    cursor, seen = None, 0
    while True:
        store.requests.clear()
        page = list_customers(store, caller(), CustomerQuery(within=ROOT.id, **query), limit=100, cursor=cursor)
        assert store.requests.count("query subtree") <= MAX_QUERIES + 1
        seen, cursor = seen + len(page.customers), page.next_cursor
        if cursor is None:
            break
    assert seen == count


def test_list_of_sites_makes_one_read_and_one_query(store: MemoryStore) -> None:
    tree = a_tree(store)
    store.requests.clear()
    (site,) = list_customers(store, caller(), CustomerQuery(parent_id=tree["end_customer"].id), limit=25).customers
    assert (site.inherited_from, store.requests) == (tree["end_customer"].id, ["get", "query children"])


def test_list_with_an_impossible_prefix_is_empty(store: MemoryStore) -> None:
    put(store, a_customer("distributor", ROOT, name="Second"))
    for prefix, count in {"sec": 1, "sec ": 0, "\ufdfa" * 128: 0}.items():
        assert len(flat(pages(store, 10, parent_id=ROOT.id, name_prefix=prefix))) == count


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_list_of_children_is_sorted_by_name(store: MemoryStore, limit: int) -> None:
    names = ["Zeta", "acme 10", "Acme 2", "ärger", "Beta"]
    put(store, *(a_customer("distributor", ROOT, name=name) for name in names))
    found = pages(store, limit, parent_id=ROOT.id)
    assert [c.name for page in found for c in page] == ["acme 10", "Acme 2", "Beta", "Zeta", "ärger"]
    found = pages(store, limit, parent_id=ROOT.id, name_prefix="  ACME ")
    assert [c.name for page in found for c in page] == ["acme 10", "Acme 2"]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("state", ["in_trial", "in_production"])
def test_list_filters_by_level_and_by_state_at_the_clocks_time(store: MemoryStore, limit: int, state: str) -> None:
    everyone = a_forest(store)
    in_trial = {c.id for c in everyone if c.trial} | {c.id for c in everyone if c.level == "site"}
    of_state = [c for c in everyone if (c.id in in_trial) == (state == "in_trial")]
    found = flat(pages(store, limit, within=ROOT.id, state=state))
    assert sorted(found) == sorted(c.id for c in of_state)
    found = flat(pages(store, limit, within=ROOT.id, state=state, level="end_customer"))
    assert sorted(found) == sorted(c.id for c in of_state if c.level == "end_customer")


def test_list_in_trial_is_empty_after_the_trials_end(store: MemoryStore) -> None:
    a_forest(store)
    late = caller(now=NOW + timedelta(days=30))
    assert list_customers(store, late, CustomerQuery(within=ROOT.id, state="in_trial"), limit=100).customers == []


@pytest.mark.parametrize(
    "query", [{}, {"parent_id": ROOT.id, "within": ROOT.id}, {"within": ROOT.id, "name_prefix": "a"}]
)
def test_list_with_contradictory_parameters_returns_422(store: MemoryStore, query: dict[str, str]) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        list_customers(store, caller(), CustomerQuery(**query), limit=1)
    assert refused.value.errors[0]["parameter"] in {"parent_id", "name_prefix"}


def test_cursor_of_another_caller_or_query_is_refused(store: MemoryStore) -> None:
    a_forest(store)
    other = an_account("super_user", ROOT)
    put(store, other)
    query = CustomerQuery(within=ROOT.id)
    cursor = list_customers(store, caller(), query, limit=2).next_cursor
    assert cursor
    for account, asked_for, given in [
        (other, query, cursor),
        (ROOT_ACCOUNT, CustomerQuery(parent_id=ROOT.id), cursor),
        (ROOT_ACCOUNT, CustomerQuery(within=ROOT.id, level="site"), cursor),
        (ROOT_ACCOUNT, query, cursor[:-1]),
        (ROOT_ACCOUNT, query, "x"),
        (ROOT_ACCOUNT, query, ""),
    ]:
        with pytest.raises(MalformedRequestError):
            list_customers(store, caller(account), asked_for, limit=2, cursor=given)


def filled(count: int, wanted: set[int], limit: int, *, filtered: bool) -> tuple[list[int], int | None, list[int]]:
    """Return the shown records of `count`, the last one that was read if more follow, and the requested number."""
    sizes: list[int] = []

    def query(size: int, after: Position | None) -> Page:
        sizes.append(size)
        start = int(after["n"]) + 1 if after else 0
        items = [{"n": str(n)} for n in range(start, min(start + size, count))]
        return Page(items, items[-1] if start + size < count else None)

    def show(items: list[Any]) -> list[int | None]:
        return [int(item["n"]) if int(item["n"]) in wanted else None for item in items]

    shown, after = paginate(query, show, lambda item: item, limit=limit, after=None, filtered=filtered)
    return shown, int(after["n"]) if after else None, sizes


def test_filtered_page_reads_no_more_records_than_needed() -> None:
    everyone = set(range(1000))
    assert filled(30, everyone, 10, filtered=False) == ([*range(10)], 9, [10])
    assert filled(1000, everyone, 10, filtered=True) == ([*range(10)], 9, [FILTER_CHUNK])
    assert filled(1000, set(), 10, filtered=True) == ([], MAX_CHUNKS * FILTER_CHUNK - 1, [FILTER_CHUNK] * MAX_CHUNKS)
    assert filled(1000, {250}, 1, filtered=True) == ([250], 250, [FILTER_CHUNK] * 3)


def test_filtered_list_ends_with_the_records_at_a_chunk_boundary() -> None:
    assert filled(FILTER_CHUNK, {7}, 10, filtered=True) == ([7], None, [FILTER_CHUNK])
    assert filled(2 * FILTER_CHUNK, {7, 107}, 10, filtered=True) == ([7, 107], None, [FILTER_CHUNK] * 2)


def test_list_by_ids_returns_visible_customers_in_the_order_of_the_ids(store: MemoryStore) -> None:
    everyone = a_forest(store, distributors=2)
    mine, other = everyone[1], next(each for each in everyone[2:] if each.level == "distributor")
    below = [each for each in everyone if each.path.startswith(f"{mine.path}/") and each.level != "site"]
    site = next(each for each in everyone if each.path.startswith(f"{mine.path}/") and each.level == "site")
    wanted = [site.id, mine.id, site.id, other.id, "cus_none", *(each.id for each in below[:3])]
    actor = an_account("manager", mine)
    put(store, actor)
    store.requests.clear()
    page = list_customers(store, caller(actor), CustomerQuery(ids=" , ".join(wanted)), limit=1)
    assert [each.id for each in page.customers] == [site.id, mine.id, *(each.id for each in below[:3])]
    assert page.next_cursor is None
    assert next(each for each in page.customers if each.id == site.id).trial  # from its end-customer
    assert store.requests == ["get"]  # the end-customer of the site is among them
    store.requests.clear()
    list_customers(store, caller(actor), CustomerQuery(ids=site.id), limit=1)
    assert store.requests == ["get", "get"]  # the second one for its end-customer
    in_trial = list_customers(store, caller(actor), CustomerQuery(ids=",".join(wanted), state="in_trial"), limit=1)
    assert {each.state for each in in_trial.customers} == {"in_trial"}


def test_list_by_ids_takes_100_ids(store: MemoryStore) -> None:
    distributor = a_customer("distributor", ROOT)
    children = [a_customer("reseller", distributor, name=f"R{number}") for number in range(101)]
    put(store, distributor, *children)
    for count, requests in ((98, 1), (99, 2), (100, 2)):  # with the caller's account and the catalogue
        store.requests.clear()
        ids = ",".join(child.id for child in children[:count])
        page = list_customers(store, caller(), CustomerQuery(ids=ids), limit=1)
        assert (len(page.customers), len(store.requests)) == (count, requests)
    for ids in (",".join(child.id for child in children), "", " , "):
        with pytest.raises(RulesViolatedError) as refused:
            list_customers(store, caller(), CustomerQuery(ids=ids), limit=1)
        assert refused.value.errors[0]["parameter"] == "ids"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [({"parent_id": ROOT.id}, "parent_id"), ({"within": ROOT.id}, "parent_id"), ({"archived": True}, "archived")],
)
def test_ids_exclude_other_lists(store: MemoryStore, query: dict[str, Any], parameter: str) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        list_customers(store, caller(), CustomerQuery(ids=ROOT.id, **query), limit=1)
    assert parameter in {error["parameter"] for error in refused.value.errors}


def test_list_by_ids_has_no_cursor(store: MemoryStore) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        list_customers(store, caller(), CustomerQuery(ids=ROOT.id), limit=1, cursor="x")
    assert refused.value.errors[0]["parameter"] == "cursor"
