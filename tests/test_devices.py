"""Test devices, the storage check, the dashboard and its views, on the store in memory."""

import csv
import hashlib
import io
from typing import Any

import pytest

from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.devices.device import MAX_TEST_DEVICES, NewDevice, installation_token
from shared.devices.use_cases import (
    add_test_device,
    check_storage,
    get_test_device,
    get_view,
    list_devices,
    list_views,
    remove_test_device,
    remove_view,
    save_view,
)
from shared.devices.views import COLUMNS, DEFAULT_COLUMNS, MAX_VIEWS, NewView
from shared.errors import (
    KeyReusedError,
    MalformedRequestError,
    NotFoundError,
    RulesViolatedError,
    ThrottledError,
    TooManyDevicesError,
)
from shared.storage_locations.catalogue import NewCatalogue
from shared.storage_locations.use_cases import replace_storage_locations
from shared.table.keys import customer_key, device_key, devices_key
from tests.builders import ROOT, ROOT_ACCOUNT, a_customer, a_device, a_line, an_account, begin_in, caller, put
from tests.memory_store import MemoryStore


@pytest.fixture
def store(memory: MemoryStore) -> MemoryStore:
    begin_in(memory)
    return memory


@pytest.fixture
def finnish(store: MemoryStore) -> Customer:
    """A customer in a country without storage, who has chosen Sweden."""
    found = a_customer("distributor", ROOT, name="Finnish", device_country="FI", storage_location="SE")
    put(store, found)
    return found


def add(
    store: MemoryStore,
    customer: Customer,
    name: str | None = "Laptop",
    key: str = "key",
    by: Account = ROOT_ACCOUNT,
    **options: Any,
) -> Any:
    who = caller(by, operation="change_test_devices")
    new = NewDevice.model_validate({} if name is None else {"name": name})
    return add_test_device(store, who, customer.id, new, idempotency_key=key, **options)


def remove(store: MemoryStore, customer: Customer, device_id: str) -> None:
    remove_test_device(store, caller(operation="change_test_devices"), customer.id, device_id)


def route(store: MemoryStore, version: int, **routes: str) -> None:
    """A catalogue of the seventeen without those named, who are routed as told."""
    codes = "AU BE BR CA DK FR DE IT NL NO PT ZA ES SE CH GB US".split()
    locations = [{"country": code, "routed_to": routes.get(code, code)} for code in codes if routes.get(code) != "gone"]
    new = NewCatalogue.model_validate({"locations": locations})
    replace_storage_locations(store, caller(operation="support"), new, version=version)


def test_a_test_device_tells_the_expected_and_the_actual_location(store: MemoryStore, finnish: Customer) -> None:
    store.requests.clear()
    device = add(store, finnish).device
    assert store.requests == ["get", "write"]
    assert (device.expected.code, device.actual.code, device.matches, device.catalogue_version) == ("SE", "SE", True, 1)
    assert (device.test, device.invoiced) == (True, False)
    shown = get_test_device(store, caller(), finnish.id, device.id)
    assert shown.model_dump() == device.model_dump(exclude={"installation_token"})


def test_a_new_catalogue_changes_where_new_devices_land_and_never_the_customer(
    store: MemoryStore, finnish: Customer
) -> None:
    first = add(store, finnish).device
    before = store.items[customer_key(finnish.id)]
    route(store, 1, SE="DK")
    second = add(store, finnish, key="second").device
    assert (second.expected.code, second.actual.code, second.matches, second.catalogue_version) == (
        "SE",
        "DK",
        False,
        2,
    )
    assert get_test_device(store, caller(), finnish.id, first.id).matches is True
    assert store.items[customer_key(finnish.id)] == before


def test_where_the_catalogue_knows_the_location_no_more_nothing_is_promised(
    store: MemoryStore, finnish: Customer
) -> None:
    route(store, 1, SE="gone")
    device = add(store, finnish).device
    assert (device.expected.code, device.actual, device.matches) == ("SE", None, False)


def test_the_token_is_shown_with_the_request_and_only_its_hash_is_kept(store: MemoryStore, finnish: Customer) -> None:
    added = add(store, finnish)
    token = added.device.installation_token
    assert len(token) > 40
    assert token not in str(store.items)
    kept = store.items[device_key(finnish.id, added.device.id)]
    assert kept["token_hash"] == hashlib.sha256(token.encode()).hexdigest()
    again = add(store, finnish)
    assert (again.outcome, again.device) == ("replayed", added.device)
    assert add(store, finnish, key="other").device.installation_token != token


def test_the_same_key_for_another_device_is_refused_also_after_its_removal(
    store: MemoryStore, finnish: Customer
) -> None:
    added = add(store, finnish)
    with pytest.raises(KeyReusedError):
        add(store, finnish, name="Other")
    remove(store, finnish, added.device.id)
    with pytest.raises(KeyReusedError):
        add(store, finnish)
    kept = store.items[device_key(finnish.id, added.device.id)]
    assert (kept["name"], kept["token_hash"]) == ("removed", "")


@pytest.mark.parametrize(("name", "code"), [(None, "required"), ("", "name_length"), ("\u200b", "name_characters")])
def test_a_device_needs_a_good_name(store: MemoryStore, finnish: Customer, name: str | None, code: str) -> None:
    before = dict(store.items)
    for validate_only in (True, False):
        with pytest.raises(RulesViolatedError) as refused:
            add(store, finnish, name=name, validate_only=validate_only)
        assert [error["code"] for error in refused.value.errors] == [code]
    assert store.items == before


def test_a_dry_run_writes_nothing(store: MemoryStore, finnish: Customer) -> None:
    before = dict(store.items)
    tried = add(store, finnish, validate_only=True)
    assert (tried.outcome, tried.device.id, tried.device.installation_token) == ("validated", None, None)
    assert tried.device.matches is True
    assert store.items == before


def test_a_customer_has_ten_test_devices_at_most(store: MemoryStore, finnish: Customer) -> None:
    devices = [add(store, finnish, key=f"{n}").device for n in range(MAX_TEST_DEVICES)]
    for validate_only in (True, False):
        with pytest.raises(TooManyDevicesError, match="none invoiced"):
            add(store, finnish, key="eleventh", validate_only=validate_only)
    remove(store, finnish, devices[0].id)
    assert add(store, finnish, key="eleventh").outcome == "added"
    assert store.items[devices_key(finnish.id)]["count"] == 10
    other = a_customer("distributor", ROOT, name="Other")
    put(store, other)
    assert add(store, other, key="of another").outcome == "added"


def test_a_removed_device_is_absent_and_removed_once(store: MemoryStore, finnish: Customer) -> None:
    device = add(store, finnish).device
    remove(store, finnish, device.id)
    for act in (
        lambda: remove(store, finnish, device.id),
        lambda: get_test_device(store, caller(), finnish.id, device.id),
        lambda: remove(store, ROOT, device.id),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert store.items[devices_key(finnish.id)]["count"] == 0
    assert list_devices(store, caller(), finnish.id, limit=10).rows == []


def test_of_two_removals_at_once_one_counts(store: MemoryStore, finnish: Customer) -> None:
    device = add(store, finnish).device
    write = store.write

    def someone_else_first(*actions: Any) -> None:
        store.write = write  # type: ignore[method-assign]
        remove(store, finnish, device.id)
        write(*actions)

    store.write = someone_else_first  # type: ignore[method-assign]
    with pytest.raises(NotFoundError):
        remove(store, finnish, device.id)
    assert store.items[devices_key(finnish.id)]["count"] == 0


# ---- the storage check


def drift(store: MemoryStore, customer: Customer, limit: int) -> list[tuple[str, str, str | None]]:
    found, cursor = [], None
    while True:
        page = check_storage(store, caller(), customer.id, limit=limit, cursor=cursor)
        assert len(page.drift) <= limit
        found += [(d.customer_id, d.expected.code, d.actual and d.actual.code) for d in page.drift]
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_the_storage_check_lists_those_whose_data_lands_elsewhere_today(store: MemoryStore, limit: int) -> None:
    line = a_line(reseller={"device_country": "FR"}, site={"device_country": "SE"})
    put(store, *line[1:])
    everyone = sorted(line, key=lambda customer: customer.path)
    assert drift(store, ROOT, limit) == []
    route(store, 1, FR="BE", SE="gone")
    assert drift(store, ROOT, limit) == [(line[3].id, "FR", "BE"), (line[5].id, "SE", None)]
    assert drift(store, line[4], limit) == [(line[5].id, "SE", None)]
    assert drift(store, line[5], limit) == [(line[5].id, "SE", None)]
    route(store, 2, DE="FR")
    assert [customer_id for customer_id, _, _ in drift(store, ROOT, limit)] == [
        customer.id for customer in everyone if customer.device_country == "DE"
    ]


def test_a_cursor_of_the_storage_check_belongs_to_its_customer(store: MemoryStore) -> None:
    line = a_line()
    put(store, *line[1:])
    route(store, 1, DE="FR")
    cursor = check_storage(store, caller(), line[1].id, limit=1).next_cursor
    assert cursor
    with pytest.raises(MalformedRequestError):
        check_storage(store, caller(), line[2].id, limit=1, cursor=cursor)


# ---- the dashboard


def test_the_dashboard_compares_with_the_customer_as_it_is_now(store: MemoryStore, finnish: Customer) -> None:
    add(store, finnish)
    store.items[customer_key(finnish.id)]["storage_location"]["country"] = "DE"  # as support would
    (row,) = rows(store, finnish, columns="storage_location,expected_storage_location,matches")
    assert row == {"storage_location": "Sweden", "expected_storage_location": "Germany", "matches": False}


def rows(store: MemoryStore, customer: Customer, limit: int = 100, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = list_devices(store, caller(), customer.id, limit=limit, cursor=cursor, **options)
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_the_default_view_lacks_the_storage_location_and_it_can_be_added(store: MemoryStore, finnish: Customer) -> None:
    add(store, finnish)
    (row,) = rows(store, finnish)
    assert list(row) == list(DEFAULT_COLUMNS)
    assert "storage_location" not in row
    save_view(store, caller(), "storage", NewView(columns=["name", "storage_location"]))
    assert rows(store, finnish, view="storage") == [{"name": "Laptop", "storage_location": "Sweden"}]
    assert rows(store, finnish, columns="storage_location, name") == [{"storage_location": "Sweden", "name": "Laptop"}]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_the_dashboard_shows_the_devices_of_all_below(store: MemoryStore, limit: int) -> None:
    line = a_line()
    put(store, *line[1:])
    put(store, *(a_device(customer, name=f"{customer.level} {n}") for customer in line for n in range(2)))
    for at, customer in enumerate(line):
        names = [row["name"] for row in rows(store, customer, limit)]
        assert sorted(names) == sorted(f"{c.level} {n}" for c in line[at:] for n in range(2))


def test_every_column_has_a_value(store: MemoryStore, finnish: Customer) -> None:
    route(store, 1, SE="DK")
    add(store, finnish)
    (row,) = rows(store, finnish, columns=",".join(COLUMNS))
    assert {name: value for name, value in row.items() if name not in ("id", "created_at", "created_by")} == {
        "name": "Laptop",
        "customer": "Finnish",
        "customer_id": finnish.id,
        "level": "distributor",
        "state": "in_production",
        "service_type": "all_inclusive",
        "country": "Finland",
        "test": True,
        "invoiced": False,
        "storage_location": "Denmark",
        "expected_storage_location": "Sweden",
        "matches": False,
        "catalogue_version": 2,
    }


def test_a_page_of_the_dashboard_is_one_query_whatever_the_page(store: MemoryStore) -> None:
    line = a_line()
    put(store, *line[1:])
    put(store, *(a_device(customer, name=f"{n}") for customer in line[1:] for n in range(30)))
    cursor, pages = None, 0
    while True:
        store.requests.clear()
        page = list_devices(store, caller(), line[1].id, limit=25, cursor=cursor)
        # A fourth one where sites are shown without their end-customer.
        assert store.requests[:3] == ["get", "query subtree", "get"]
        assert store.requests[3:] in ([], ["get"])
        pages, cursor = pages + 1, page.next_cursor
        if cursor is None:
            break
    assert pages == 6


@pytest.mark.parametrize("level", ["end_customer", "site"])
def test_a_page_shows_as_many_customers_as_it_has_rows(store: MemoryStore, level: Any) -> None:
    reseller = a_customer("reseller")
    put(store, a_customer("distributor"), reseller)
    for n in range(120):
        end_customer = a_customer("end_customer", reseller, name=f"E{n}")
        put(store, end_customer)
        customer = end_customer if level == "end_customer" else a_customer("site", end_customer)
        if level == "site":
            put(store, customer)
        put(store, a_device(customer))
    page = list_devices(store, caller(), reseller.id, columns="customer,state", limit=100)
    assert len(page.rows) == 100
    assert {row["state"] for row in page.rows} == {"in_production"}


def test_one_key_at_two_customers_is_two_devices(store: MemoryStore, finnish: Customer) -> None:
    one, other = add(store, finnish).device, add(store, ROOT).device
    assert one.id != other.id
    assert one.installation_token != other.installation_token


def test_the_table_alone_does_not_give_the_token(store: MemoryStore, finnish: Customer) -> None:
    add(store, finnish, key="a key that nobody guesses")
    assert "a key that nobody guesses" not in str(store.items)


def test_a_device_is_not_added_to_a_customer_that_is_gone_meanwhile(store: MemoryStore, finnish: Customer) -> None:
    write = store.write

    def gone(*actions: Any) -> None:
        del store.items[customer_key(finnish.id)]
        write(*actions)

    store.write = gone  # type: ignore[method-assign]
    with pytest.raises(NotFoundError):
        add(store, finnish)
    assert devices_key(finnish.id) not in store.items


@pytest.mark.parametrize("columns", ["colour", "name,colour", "name,,customer", "", "name,name"])
def test_an_unknown_column_is_refused_with_the_list_of_columns(
    store: MemoryStore, finnish: Customer, columns: str
) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        list_devices(store, caller(), finnish.id, columns=columns, limit=10)
    (error,) = refused.value.errors
    assert error["parameter"] == "columns"
    assert error.get("values", list(COLUMNS)) == list(COLUMNS)


def test_columns_and_a_view_do_not_go_together_and_an_unknown_view_is_not_found(
    store: MemoryStore, finnish: Customer
) -> None:
    with pytest.raises(RulesViolatedError):
        list_devices(store, caller(), finnish.id, columns="name", view="default", limit=10)
    with pytest.raises(NotFoundError):
        list_devices(store, caller(), finnish.id, view="nobody's", limit=10)


def test_a_cursor_of_the_dashboard_belongs_to_its_customer(store: MemoryStore, finnish: Customer) -> None:
    put(store, a_device(finnish, name="1"), a_device(finnish, name="2"), a_device(ROOT, name="3"))
    cursor = list_devices(store, caller(), finnish.id, limit=1).next_cursor
    assert cursor
    with pytest.raises(MalformedRequestError):
        list_devices(store, caller(), ROOT.id, limit=1, cursor=cursor)


def test_csv_has_titles_and_nothing_a_spreadsheet_would_run(store: MemoryStore, finnish: Customer) -> None:
    for n, name in enumerate(['=HYPERLINK("x")', "+1", "-1", "@a", 'a "quoted", one']):
        add(store, finnish, name=name, key=str(n))
    page = list_devices(store, caller(), finnish.id, columns="name,storage_location,matches", limit=10)
    assert page.as_csv().startswith('"Device name","Storage location","Matches"\r\n"')
    found = list(csv.reader(io.StringIO(page.as_csv())))
    assert found[0] == ["Device name", "Storage location", "Matches"]
    assert sorted(row[0] for row in found[1:]) == sorted(['\'=HYPERLINK("x")', "'+1", "'-1", "'@a", 'a "quoted", one'])
    assert {tuple(row[1:]) for row in found[1:]} == {("Sweden", "True")}


# ---- views


def test_views_are_an_accounts_own(store: MemoryStore, finnish: Customer) -> None:
    other = an_account("supporter", finnish)
    put(store, other)
    save_view(store, caller(other), "mine", NewView(columns=["name"]))
    assert [view.name for view in list_views(store, caller(other)).views] == ["default", "mine"]
    assert [view.name for view in list_views(store, caller()).views] == ["default"]
    for act in (lambda: get_view(store, caller(), "mine"), lambda: remove_view(store, caller(), "mine")):
        with pytest.raises(NotFoundError):
            act()


def test_a_view_is_replaced_and_removed_and_the_default_one_comes_back(store: MemoryStore) -> None:
    for columns in (["name"], ["name", "storage_location"]):
        save_view(store, caller(), "default", NewView(columns=columns))
        assert get_view(store, caller(), "default").columns == columns
    remove_view(store, caller(), "default")
    assert get_view(store, caller(), "default").columns == list(DEFAULT_COLUMNS)
    with pytest.raises(NotFoundError):
        remove_view(store, caller(), "default")


@pytest.mark.parametrize(
    ("name", "columns", "at"),
    [
        ("v", [], {"pointer": "/columns"}),
        ("v", ["name", "colour"], {"pointer": "/columns/1"}),
        ("v", ["name", "name"], {"pointer": "/columns/1"}),
        ("x" * 65, ["name"], {"parameter": "name"}),
        ("a\u202eb", ["name"], {"parameter": "name"}),
        (" v", ["name"], {"parameter": "name"}),
        ("", ["name"], {"parameter": "name"}),
        ("..", ["name"], {"parameter": "name"}),
        ("a/b", ["name"], {"parameter": "name"}),
        ("v ", ["name"], {"parameter": "name"}),
    ],
)
def test_a_view_that_is_refused(store: MemoryStore, name: str, columns: list[str], at: dict[str, str]) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        save_view(store, caller(), name, NewView(columns=columns))
    assert at.items() <= refused.value.errors[0].items()
    assert len(list_views(store, caller()).views) == 1


@pytest.mark.parametrize("name", ["v", "My view", "my%20view", "x" * 64, "Gerätesicht", "a-b_c 1"])
def test_a_view_is_found_by_the_name_it_was_saved_by(store: MemoryStore, name: str) -> None:
    saved = save_view(store, caller(), name, NewView(columns=["name"]))
    assert saved.name == name.replace("%20", " ")
    assert get_view(store, caller(), saved.name) == get_view(store, caller(), name) == saved
    assert list_devices(store, caller(), ROOT.id, view=saved.name, limit=1).view == saved.name
    remove_view(store, caller(), name)


def test_an_account_has_twenty_views_at_most(store: MemoryStore) -> None:
    for n in range(MAX_VIEWS):
        save_view(store, caller(), f"view {n}", NewView(columns=["name"]))
    with pytest.raises(RulesViolatedError, match="One rule"):
        save_view(store, caller(), "one more", NewView(columns=["name"]))
    save_view(store, caller(), "view 7", NewView(columns=["customer"]))


def test_of_two_who_save_views_at_once_one_is_told_to_try_again(store: MemoryStore) -> None:
    write = store.write

    def someone_else_first(*actions: Any) -> None:
        store.write = write  # type: ignore[method-assign]
        save_view(store, caller(), "theirs", NewView(columns=["name"]))
        write(*actions)

    store.write = someone_else_first  # type: ignore[method-assign]
    with pytest.raises(ThrottledError):
        save_view(store, caller(), "mine", NewView(columns=["name"]))
    assert [view.name for view in list_views(store, caller()).views] == ["default", "theirs"]


def test_a_device_without_a_name_is_told_where_and_what(store: MemoryStore, finnish: Customer) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        add(store, finnish, name=None)
    assert refused.value.errors == [{"code": "required", "pointer": "/name", "detail": "A test device needs a name."}]


def test_the_token_follows_from_the_key_that_no_record_holds() -> None:
    one, other = (installation_token(ROOT_ACCOUNT, "dev_1", key) for key in ("one", "other"))
    assert one != other


def test_what_stays_of_a_removed_device_is_its_next_version(store: MemoryStore, finnish: Customer) -> None:
    device = add(store, finnish).device
    remove(store, finnish, device.id)
    kept = store.items[device_key(finnish.id, device.id)]
    assert (kept["removed"], kept["version"]) == (True, 2)
