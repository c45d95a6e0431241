"""The use cases on the store in memory: what they answer, what they write, how many requests they make."""

from datetime import timedelta
from typing import Any

import pytest

from shared.accounts.use_cases import get_me
from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.customers.records import customer_item
from shared.customers.subtree import MAX_QUERIES
from shared.customers.use_cases import CustomerQuery, add_customer, get_customer, get_options, list_customers
from shared.errors import (
    ArchivedError,
    ForbiddenError,
    KeyReusedError,
    MalformedRequestError,
    NameExistsError,
    NoActiveAccountError,
    NotFoundError,
    RulesViolatedError,
    StaleVersionError,
    ThrottledError,
)
from shared.storage_locations.catalogue import NewCatalogue
from shared.storage_locations.use_cases import get_storage_locations, replace_storage_locations
from shared.table.keys import CATALOGUE, children_key, customer_key, name_key
from shared.table.queries import FILTER_CHUNK, MAX_CHUNKS, paginate
from shared.table.store import Action, Increment, Page, Position, Put, Store
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, a_customer, a_line, an_account, asked, begin_in, caller, put
from tests.memory_store import MemoryStore


@pytest.fixture
def store(memory: MemoryStore) -> MemoryStore:
    begin_in(memory)
    return memory


def a_tree(store: Store) -> dict[str, Customer]:
    """One customer of each level, below one another."""
    line = a_line(end_customer={"in_trial": True})
    put(store, *line[1:])
    return {customer.level: customer for customer in line}


def add(store: Store, new: Any, account: Account = ROOT_ACCOUNT, key: str = "key", **options: Any) -> Any:
    who = caller(account, operation="change_customers")
    return add_customer(store, who, new, idempotency_key=key, **options)


# ---- adding


def test_adding_a_customer_is_one_read_and_one_write(store: MemoryStore) -> None:
    store.requests.clear()
    added = add(store, asked("distributor", ROOT))
    assert store.requests == ["get", "write"]
    assert (added.outcome, added.customer.level, added.customer.version) == ("added", "distributor", 1)
    assert store.items[customer_key(added.customer.id)]["name"] == added.customer.name
    assert store.items[name_key(ROOT.id, "a distributor")]["customer_id"] == added.customer.id


def test_the_same_request_with_the_same_key_is_answered_again_and_writes_nothing(store: MemoryStore) -> None:
    reseller = a_tree(store)["reseller"]
    first = add(store, asked("end_customer", reseller, name="New", in_trial=True))
    before = dict(store.items)
    store.requests.clear()
    later = add_customer(
        store,
        caller(now=NOW + timedelta(days=100), operation="change_customers"),
        asked("end_customer", reseller, name="New", in_trial=True),
        idempotency_key="key",
    )
    assert (later.outcome, later.customer) == ("replayed", first.customer)
    assert store.requests == ["get"]
    assert store.items == before


def test_a_dry_run_with_the_key_of_what_was_done_tells_what_was_made(store: MemoryStore) -> None:
    first = add(store, asked("distributor", ROOT))
    tried = add(store, asked("distributor", ROOT), validate_only=True)
    assert (tried.outcome, tried.customer) == ("validated", first.customer)


def test_a_replay_holds_when_the_rules_have_changed_since(store: MemoryStore) -> None:
    first = add(store, asked("distributor", ROOT, device_country="FI", storage_location="SE"))
    new = NewCatalogue.model_validate({"locations": [{"country": "DE"}]})
    replace_storage_locations(store, caller(operation="support"), new, version=1)
    again = add(store, asked("distributor", ROOT, device_country="FI", storage_location="SE"))
    assert (again.outcome, again.customer) == ("replayed", first.customer)


def test_another_request_with_the_same_key_is_refused(store: MemoryStore) -> None:
    add(store, asked("distributor", ROOT))
    with pytest.raises(KeyReusedError):
        add(store, asked("distributor", ROOT, name="Another"))


def test_a_key_belongs_to_its_caller(store: MemoryStore) -> None:
    other = an_account("super_user", ROOT)
    put(store, other)
    first = add(store, asked("distributor", ROOT))
    second = add(store, asked("distributor", ROOT, name="Another"), account=other)
    assert first.customer.id != second.customer.id


@pytest.mark.parametrize("name", ["A distributor", "a  DISTRIBUTOR ", "\uff21 distributor"])
def test_a_name_that_exists_is_refused_with_its_id(store: MemoryStore, name: str) -> None:
    first = add(store, asked("distributor", ROOT))
    for validate_only in (True, False):
        before = dict(store.items)
        with pytest.raises(NameExistsError) as refused:
            add(store, asked("distributor", ROOT, name=name), key="other", validate_only=validate_only)
        assert refused.value.facts == {"customer_id": first.customer.id}
        assert store.items == before


def test_the_same_name_is_free_below_another_parent(store: MemoryStore) -> None:
    tree = a_tree(store)
    other = a_customer("reseller", tree["distributor"], name="Other")
    put(store, other)
    assert add(store, asked("end_customer", other, name=tree["end_customer"].name)).outcome == "added"


def test_a_dry_run_tells_what_would_be_made_and_writes_nothing(store: MemoryStore) -> None:
    before = dict(store.items)
    store.requests.clear()
    tried = add(store, asked("distributor", ROOT), validate_only=True)
    assert (tried.outcome, tried.customer.id, tried.customer.path) == ("validated", None, None)
    assert (tried.customer.storage_location.code, tried.customer.production_since) == ("DE", NOW)
    assert store.requests == ["get"]
    assert store.items == before


@pytest.mark.parametrize("validate_only", [True, False])
def test_all_that_is_wrong_is_told_and_nothing_is_written(store: MemoryStore, validate_only: bool) -> None:
    before = dict(store.items)
    with pytest.raises(RulesViolatedError) as refused:
        add(store, asked("distributor", ROOT, name="\u200b", device_country="FI"), validate_only=validate_only)
    assert [error["pointer"] for error in refused.value.errors] == ["/name", "/storage_location"]
    assert store.items == before


@pytest.mark.parametrize("parent_id", ["cus_absent", "", "x" * 5000, "acc_1", "../customers"])
def test_an_absent_parent_is_not_found(store: MemoryStore, parent_id: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        add(store, asked("distributor", ROOT).model_copy(update={"parent_id": parent_id}))
    assert refused.value.errors == [{"code": "not_found", "pointer": "/parent_id"}]


class Interfering(MemoryStore):
    """Somebody else writes between the read and the write, once or always."""

    def __init__(self, *interference: Put, times: int = 1) -> None:
        super().__init__()
        self.interference = interference
        self.times = times

    def write(self, *actions: Action) -> None:
        if self.times and len(actions) == 3:
            self.times -= 1
            for action in self.interference:
                self.place(action)
        super().write(*actions)


def interfering(*interference: Put, times: int = 1) -> Interfering:
    store = Interfering(*interference, times=0)
    begin_in(store)
    store.times, store.interference = times, interference
    return store


def revised(customer: Customer, revision: int = 1) -> list[Put]:
    """What a change of a parent writes that takes something from its children."""
    pk, sk = children_key(customer.id)
    return [Put(customer_item(customer)), Put({"pk": pk, "sk": sk, "revision": revision})]


def test_a_parent_that_stops_providing_a_service_meanwhile_refuses() -> None:
    distributor = a_customer("distributor")
    store = interfering(*revised(distributor.model_copy(update={"services_to_provide": ("software_only",)})))
    put(store, distributor)
    store.requests.clear()
    with pytest.raises(RulesViolatedError) as refused:
        add(store, asked("reseller", distributor, services_to_provide=["software_only"]))
    assert [error["code"] for error in refused.value.errors] == ["service_not_provided"]
    assert store.requests == ["get", "write", "get"]


def test_a_parent_that_changes_harmlessly_meanwhile_lets_the_addition_pass() -> None:
    distributor = a_customer("distributor")
    store = interfering(*revised(distributor.model_copy(update={"services_to_provide": ("all_inclusive",)})))
    put(store, distributor)
    new = asked("reseller", distributor, services_to_provide=["all_inclusive"])
    assert add(store, new).outcome == "added"


def test_a_parent_that_is_archived_meanwhile_takes_no_child() -> None:
    distributor = a_customer("distributor")
    store = interfering(*revised(distributor.model_copy(update={"archived_at": NOW, "expires_at": 9999999999})))
    put(store, distributor)
    with pytest.raises(ArchivedError):
        add(store, asked("reseller", distributor))
    assert name_key(distributor.id, "a reseller") not in store.items


def test_a_parent_that_never_rests_ends_in_try_again() -> None:
    class Restless(MemoryStore):
        def write(self, *actions: Action) -> None:
            if isinstance(actions[-1], Increment):
                pk, sk = actions[-1].key
                self.items[actions[-1].key] = {"pk": pk, "sk": sk, "revision": len(self.requests)}
            super().write(*actions)

    store = Restless()
    begin_in(store)
    with pytest.raises(ThrottledError, match=r"^This customer is being changed. Try again in a second.$") as refused:
        add(store, asked("distributor", ROOT))
    assert refused.value.headers == {"Retry-After": "1"}


def test_two_at_once_with_one_key_make_one_customer() -> None:
    first = add(began := interfering(times=0), asked("distributor", ROOT))
    store = interfering(*(Put(item) for key, item in began.items.items() if key[0] != "catalogue"))
    second = add(store, asked("distributor", ROOT))
    assert (second.outcome, second.customer) == ("replayed", first.customer)


# ---- reading


def test_a_customer_is_read_in_one_request_and_a_site_in_two(store: MemoryStore) -> None:
    tree = a_tree(store)
    for level, requests in {"reseller": 1, "end_customer": 1, "site": 2}.items():
        store.requests.clear()
        found = get_customer(store, caller(), tree[level].id)
        assert (found.id, store.requests) == (tree[level].id, ["get"] * requests)
    assert found.inherited_from == tree["end_customer"].id
    assert found.state == "in_trial"


def test_the_state_follows_the_clock(store: MemoryStore) -> None:
    tree = a_tree(store)
    end = NOW + timedelta(days=30)
    for level in ("end_customer", "site"):
        assert get_customer(store, caller(now=end), tree[level].id).production_since == end


def test_options_are_read_in_one_request(store: MemoryStore) -> None:
    tree = a_tree(store)
    store.requests.clear()
    options = get_options(store, caller(), tree["reseller"].id)
    assert store.requests == ["get"]
    assert [option.level for option in options.levels] == ["end_customer"]
    assert len(options.device_countries) == 249
    assert sum(country.storage_location is not None for country in options.device_countries) == 17
    assert len(options.storage_locations) == 17


def test_me_tells_the_account_its_customer_and_what_it_may(store: MemoryStore) -> None:
    tree = a_tree(store)
    manager = an_account("manager", tree["site"])
    put(store, manager)
    store.requests.clear()
    me = get_me(store, caller(manager))
    assert store.requests == ["get", "get"]
    assert me.may == ["change_test_devices", "read"]
    assert (me.customer.id, me.customer.inherited_from) == (tree["site"].id, tree["end_customer"].id)
    assert "support" in get_me(store, caller()).may


@pytest.mark.parametrize("status", ["disabled", "removed", None])
def test_an_account_that_is_disabled_removed_or_absent_may_nothing(store: MemoryStore, status: str | None) -> None:
    account = an_account("super_user", ROOT, disabled=status == "disabled", removed=status == "removed")
    if status:
        put(store, account)
    for use in (
        lambda: get_me(store, caller(account)),
        lambda: get_customer(store, caller(account), ROOT.id),
        lambda: get_options(store, caller(account), ROOT.id),
        lambda: list_customers(store, caller(account), CustomerQuery(parent_id=ROOT.id), limit=1),
        lambda: get_storage_locations(store, caller(account)),
        lambda: add(store, asked("distributor", ROOT), account=account),
    ):
        with pytest.raises(NoActiveAccountError):
            use()


# ---- lists


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
    """Several distributors, below each two resellers with two end-customers, one of them in trial with two sites."""
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
def test_a_subtree_is_listed_once_in_path_order_whatever_the_page(store: MemoryStore, limit: int) -> None:
    everyone = a_forest(store)
    for top in (ROOT, *everyone[1:]):
        expected = sorted((c for c in everyone if f"{c.path}/".startswith(f"{top.path}/")), key=lambda c: c.path)
        found = pages(store, limit, within=top.id)
        assert flat(found) == [customer.id for customer in expected]
        assert all(len(page) <= limit for page in found)
        assert found[-1] or len(found) == 1


def test_a_page_of_a_subtree_is_one_read_and_one_query(store: MemoryStore) -> None:
    everyone = a_forest(store)
    store.requests.clear()
    pages(store, 100, within=everyone[1].id)
    assert store.requests == ["get", "query subtree"]


def test_sites_at_the_start_of_a_page_know_their_end_customer(store: MemoryStore) -> None:
    everyone = a_forest(store, distributors=1)
    for page in pages(store, 1, within=everyone[1].id):
        if page[0].level == "site":
            assert (page[0].state, page[0].inherited_from) == ("in_trial", page[0].parent_id)


def test_many_small_distributors_make_short_pages_of_the_root(store: MemoryStore) -> None:
    everyone = [a_customer("distributor", ROOT, name=f"D{n:02}") for n in range(20)]
    put(store, *everyone)
    store.requests.clear()
    found = pages(store, 100, within=ROOT.id)
    assert sorted(flat(found)) == sorted(customer.id for customer in [ROOT, *everyone])
    assert store.requests.count("query subtree") <= (MAX_QUERIES + 1) * len(found)


@pytest.mark.parametrize(
    ("query", "count"), [({}, 61), ({"level": "site"}, 0), ({"level": "distributor"}, 60), ({"state": "in_trial"}, 0)]
)
def test_no_page_of_the_root_makes_more_than_17_queries_whatever_the_filter(
    store: MemoryStore, query: dict[str, Any], count: int
) -> None:
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


def test_the_sites_of_an_end_customer_are_one_read_and_one_query(store: MemoryStore) -> None:
    tree = a_tree(store)
    store.requests.clear()
    (site,) = list_customers(store, caller(), CustomerQuery(parent_id=tree["end_customer"].id), limit=25).customers
    assert (site.inherited_from, store.requests) == (tree["end_customer"].id, ["get", "query children"])


def test_a_prefix_that_no_name_can_have_finds_none(store: MemoryStore) -> None:
    put(store, a_customer("distributor", ROOT, name="Second"))
    for prefix, count in {"sec": 1, "sec ": 0, "\ufdfa" * 128: 0}.items():
        assert len(flat(pages(store, 10, parent_id=ROOT.id, name_prefix=prefix))) == count


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_children_are_listed_by_name(store: MemoryStore, limit: int) -> None:
    names = ["Zeta", "acme 10", "Acme 2", "ärger", "Beta"]
    put(store, *(a_customer("distributor", ROOT, name=name) for name in names))
    found = pages(store, limit, parent_id=ROOT.id)
    assert [c.name for page in found for c in page] == ["acme 10", "Acme 2", "Beta", "Zeta", "ärger"]
    found = pages(store, limit, parent_id=ROOT.id, name_prefix="  ACME ")
    assert [c.name for page in found for c in page] == ["acme 10", "Acme 2"]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("state", ["in_trial", "in_production"])
def test_lists_are_filtered_by_level_and_state_as_the_clock_has_it(store: MemoryStore, limit: int, state: str) -> None:
    everyone = a_forest(store)
    in_trial = {c.id for c in everyone if c.trial} | {c.id for c in everyone if c.level == "site"}
    of_state = [c for c in everyone if (c.id in in_trial) == (state == "in_trial")]
    found = flat(pages(store, limit, within=ROOT.id, state=state))
    assert sorted(found) == sorted(c.id for c in of_state)
    found = flat(pages(store, limit, within=ROOT.id, state=state, level="end_customer"))
    assert sorted(found) == sorted(c.id for c in of_state if c.level == "end_customer")


def test_after_the_end_of_the_trial_the_filter_finds_none_in_trial(store: MemoryStore) -> None:
    a_forest(store)
    late = caller(now=NOW + timedelta(days=30))
    assert list_customers(store, late, CustomerQuery(within=ROOT.id, state="in_trial"), limit=100).customers == []


@pytest.mark.parametrize(
    "query", [{}, {"parent_id": ROOT.id, "within": ROOT.id}, {"within": ROOT.id, "name_prefix": "a"}]
)
def test_a_list_asks_for_parameters_that_go_together(store: MemoryStore, query: dict[str, str]) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        list_customers(store, caller(), CustomerQuery(**query), limit=1)
    assert refused.value.errors[0]["parameter"] in {"parent_id", "name_prefix"}


def test_a_cursor_is_bound_to_its_caller_and_its_query(store: MemoryStore) -> None:
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


# ---- the catalogue


def a_catalogue(*countries: str) -> NewCatalogue:
    return NewCatalogue.model_validate({"locations": [{"country": country} for country in countries]})


def test_a_new_catalogue_is_in_force_at_once_and_older_versions_stay(store: MemoryStore) -> None:
    before = get_storage_locations(store, caller())
    replace_storage_locations(store, caller(operation="support"), a_catalogue("DE", "FI"), version=1)
    assert [location.code for location in get_storage_locations(store, caller()).locations] == ["DE", "FI"]
    assert get_storage_locations(store, caller(), 1) == before
    assert get_storage_locations(store, caller(), 2) == get_storage_locations(store, caller())
    added = add(store, asked("distributor", ROOT, device_country="FI"))
    assert (added.customer.storage_location.decided, added.customer.storage_location.catalogue_version) == ("hosted", 2)


def test_a_new_catalogue_never_moves_a_customer(store: MemoryStore) -> None:
    first = add(store, asked("distributor", ROOT, device_country="FI", storage_location="SE")).customer
    replace_storage_locations(store, caller(operation="support"), a_catalogue("DE", "FI"), version=1)
    assert get_customer(store, caller(), first.id) == first


@pytest.mark.parametrize("version", [0, 3, 999_999])
def test_a_version_that_is_not_there_is_not_found(store: MemoryStore, version: int) -> None:
    with pytest.raises(NotFoundError):
        get_storage_locations(store, caller(), version)


def test_a_change_of_a_version_that_is_not_in_force_is_stale(store: MemoryStore) -> None:
    replace_storage_locations(store, caller(operation="support"), a_catalogue("DE"), version=1)
    with pytest.raises(StaleVersionError) as refused:
        replace_storage_locations(store, caller(operation="support"), a_catalogue("FR"), version=1)
    assert refused.value.facts == {"version": 2}
    assert store.items[CATALOGUE]["version"] == 2


def test_of_two_changes_at_once_the_second_is_stale(store: MemoryStore) -> None:
    read = store.get

    def get_then_someone_else_writes(*keys: Any) -> Any:
        found = read(*keys)
        store.get = read  # type: ignore[method-assign]
        replace_storage_locations(store, caller(operation="support"), a_catalogue("DE"), version=1)
        return found

    store.get = get_then_someone_else_writes  # type: ignore[method-assign]
    with pytest.raises(StaleVersionError):
        replace_storage_locations(store, caller(operation="support"), a_catalogue("FR"), version=1)
    assert [location["country"] for location in store.items[CATALOGUE]["locations"]] == ["DE"]


def test_only_a_super_user_of_the_root_replaces_the_catalogue(store: MemoryStore) -> None:
    distributor = a_customer("distributor")
    put(store, distributor)
    for role in ("super_user", "administrator", "manager", "operator", "supporter"):
        for customer in (ROOT, distributor):
            account = an_account(role, customer)
            put(store, account)
            if (role, customer) != ("super_user", ROOT):
                with pytest.raises(ForbiddenError):
                    replace_storage_locations(store, caller(account, operation="support"), a_catalogue("DE"), version=1)
    assert replace_storage_locations(
        store, caller(an_account("super_user", ROOT), operation="support"), a_catalogue("DE"), version=1
    )


def filled(count: int, wanted: set[int], limit: int, *, filtered: bool) -> tuple[list[int], int | None, list[int]]:
    """What is shown of `count` records, the last one that was looked at if more follow, and how many were asked for."""
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


def test_a_page_looks_at_no_more_records_than_it_has_to() -> None:
    everyone = set(range(1000))
    assert filled(30, everyone, 10, filtered=False) == ([*range(10)], 9, [10])
    assert filled(1000, everyone, 10, filtered=True) == ([*range(10)], 9, [FILTER_CHUNK])
    assert filled(1000, set(), 10, filtered=True) == ([], MAX_CHUNKS * FILTER_CHUNK - 1, [FILTER_CHUNK] * MAX_CHUNKS)
    assert filled(1000, {250}, 1, filtered=True) == ([250], 250, [FILTER_CHUNK] * 3)


def test_a_filter_ends_where_the_records_end_also_at_the_end_of_a_chunk() -> None:
    assert filled(FILTER_CHUNK, {7}, 10, filtered=True) == ([7], None, [FILTER_CHUNK])
    assert filled(2 * FILTER_CHUNK, {7, 107}, 10, filtered=True) == ([7, 107], None, [FILTER_CHUNK] * 2)
