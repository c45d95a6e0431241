"""Tests: devices of a reseller, an end-customer or a site: adding, reading, renaming, their tokens and removing."""

from datetime import timedelta
from typing import Any

import pytest

from shared.customers.change_use_cases import archive_customer, change_storage_location
from shared.customers.changes import LocationChange
from shared.customers.customer import Customer
from shared.devices.blocking import blocking_devices
from shared.devices.dashboard import list_devices
from shared.devices.device import MAX_DEVICES, DeviceChange, NewDevice
from shared.devices.use_cases import DeviceId, add_device, change_device, get_device, remove_device, replace_token
from shared.errors import (
    ArchiveBlockedError,
    KeyReusedError,
    NotFoundError,
    RulesViolatedError,
    StaleVersionError,
    TooManyDevicesError,
    UnavailableError,
)
from shared.events.events import DeviceAdded, DeviceRemoved, events_for_change
from shared.table.keys import counted_devices_key, customer_key, device_days_key, device_key
from tests.builders import NOW, a_customer, a_device, a_lineage, caller, put
from tests.devices.helpers import add as add_test_device
from tests.devices.helpers import route
from tests.events.helpers import stream_of
from tests.memory_store import MemoryStore

MANAGES = caller(operation="change_devices")


@pytest.fixture
def lineage(store: MemoryStore) -> list[Customer]:
    found = a_lineage(end_customer={"in_trial": True})
    put(store, *found[1:])
    return found


def add(store: MemoryStore, customer: Customer, key: str = "key", by: Any = MANAGES, **fields: Any) -> Any:
    new = NewDevice.model_validate({"name": "Reception", "kind": "workstation", **fields})
    return add_device(store, by, customer.id, new, idempotency_key=key)


def codes(refused: Any) -> list[tuple[str, str]]:
    return [(each["code"], each.get("pointer") or each.get("parameter")) for each in refused.value.errors]


def test_devices_are_added_for_resellers_end_customers_and_sites_only(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    for customer in lineage[:3]:
        with pytest.raises(RulesViolatedError) as refused:
            add(store, customer)
        assert codes(refused) == [("level_not_allowed", "customer_id")]
    for customer in lineage[3:]:
        device = add(store, customer).device
        assert (device.kind, device.is_test, device.name, device.version) == ("workstation", False, "Reception", 1)
        assert device.installation_token.startswith("bci_")
        assert (device.expected.code, device.actual.code, device.matches) == ("DE", "DE", True)
        shown = get_device(store, caller(), DeviceId(customer.id, device.id))
        assert shown.model_dump() == device.model_dump(exclude={"installation_token"})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kind": None}, [("required", "/kind")]),
        ({"kind": "phone"}, [("kind_unknown", "/kind")]),
        ({"name": None}, [("required", "/name")]),
        ({"name": " ", "kind": "x"}, [("name_length", "/name"), ("kind_unknown", "/kind")]),
    ],
)
def test_name_and_kind_are_required_and_each_fault_is_named(
    store: MemoryStore, lineage: list[Customer], fields: Any, expected: Any
) -> None:
    before = dict(store.items)
    with pytest.raises(RulesViolatedError) as refused:
        add(store, lineage[4], **fields)
    assert codes(refused) == expected
    assert store.items == before


def test_device_is_invoiced_from_production_on_and_never_at_a_reseller(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    devices = {customer.level: (customer, add(store, customer).device) for customer in lineage[3:]}
    assert not any(device.invoiced for _, device in devices.values())  # the end-customer is in trial
    later = caller(now=NOW + timedelta(days=30))
    for level, invoiced in {"reseller": False, "end_customer": True, "site": True}.items():
        customer, device = devices[level]
        assert get_device(store, later, DeviceId(customer.id, device.id)).invoiced is invoiced
    page = list_devices(store, later, lineage[3].id, columns="level,invoiced,device_kind,is_test", limit=10)
    assert [list(row.values()) for row in page.rows] == [
        ["reseller", False, "workstation", False],
        ["end_customer", True, "workstation", False],
        ["site", True, "workstation", False],
    ]
    assert page.invoiced == 2


def test_token_is_not_lost_if_the_end_customer_of_a_site_cannot_be_read(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    at = DeviceId(lineage[5].id, add(store, lineage[5]).device.id)
    get, written = store.get, dict(store.items)

    def fails_for_the_end_customer(*keys: Any) -> Any:
        if keys == (customer_key(lineage[4].id),):
            raise UnavailableError("Down.")
        return get(*keys)

    store.get = fails_for_the_end_customer  # type: ignore[method-assign]
    for act in (
        lambda: add(store, lineage[5], key="other"),
        lambda: replace_token(store, MANAGES, at, idempotency_key="t"),
    ):
        with pytest.raises(UnavailableError):
            act()
    assert store.items == written


def test_repeated_addition_returns_the_first_response_without_the_token(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    first = add(store, lineage[4]).device
    renamed = DeviceChange(name="Front desk")
    change_device(store, MANAGES, DeviceId(lineage[4].id, first.id), renamed, version=1)
    again = add(store, lineage[4])
    assert (again.outcome, again.device) == ("replayed", first.model_copy(update={"installation_token": None}))
    for other in ({"kind": "server"}, {"name": "Other"}):
        with pytest.raises(KeyReusedError):
            add(store, lineage[4], **other)
    remove_device(store, MANAGES, DeviceId(lineage[4].id, first.id))
    with pytest.raises(KeyReusedError):
        add(store, lineage[4])


def test_device_and_test_device_are_not_found_as_each_other(store: MemoryStore, lineage: list[Customer]) -> None:
    customer = lineage[4]
    device, test_device = add(store, customer).device, add_test_device(store, customer, key="t").device
    for wrong in (DeviceId(customer.id, device.id, is_test=True), DeviceId(customer.id, test_device.id)):
        for act in (
            lambda wrong=wrong: get_device(store, caller(), wrong),
            lambda wrong=wrong: remove_device(store, MANAGES, wrong),
            lambda wrong=wrong: replace_token(store, MANAGES, wrong, idempotency_key="k"),
            lambda wrong=wrong: change_device(store, MANAGES, wrong, DeviceChange(name="x"), version=1),
        ):
            with pytest.raises(NotFoundError):
                act()


def test_rename_needs_the_current_version_and_repeats_safely(store: MemoryStore, lineage: list[Customer]) -> None:
    customer, device = lineage[4], add(store, lineage[4]).device
    at = DeviceId(customer.id, device.id)
    renamed = change_device(store, MANAGES, at, DeviceChange(name=" Front desk "), version=1)
    assert (renamed.name, renamed.version) == ("Front desk", 2)
    assert change_device(store, MANAGES, at, DeviceChange(name="Front desk"), version=1) == renamed
    with pytest.raises(StaleVersionError):
        change_device(store, MANAGES, at, DeviceChange(name="Other"), version=1)
    with pytest.raises(RulesViolatedError):
        change_device(store, MANAGES, at, DeviceChange(name=""), version=2)
    assert get_device(store, caller(), at) == renamed


def test_rename_that_is_overtaken_changes_nothing(store: MemoryStore, lineage: list[Customer]) -> None:
    at = DeviceId(lineage[4].id, add(store, lineage[4]).device.id)
    write = store.write
    for overtake, error in (
        (lambda: replace_token(store, MANAGES, at, idempotency_key="t"), StaleVersionError),
        (lambda: remove_device(store, MANAGES, at), NotFoundError),
    ):

        def meddled(*actions: Any, overtake: Any = overtake) -> None:
            store.write = write  # type: ignore[method-assign]
            overtake()
            write(*actions)

        version = get_device(store, caller(), at).version
        store.write = meddled  # type: ignore[method-assign]
        with pytest.raises(error):
            change_device(store, MANAGES, at, DeviceChange(name="Other"), version=version)
        assert store.items[device_key(at.customer_id, at.id)]["name"] != "Other"


def test_device_over_the_limit_is_refused_and_test_devices_do_not_count(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    counter = counted_devices_key(lineage[4].id)
    store.items[counter] = {"pk": counter[0], "sk": counter[1], "count": MAX_DEVICES - 1}
    add_test_device(store, lineage[4], key="t")
    last = add(store, lineage[4], key="last").device
    new = NewDevice(name="One more", kind="server")
    for options in ({"validate_only": True}, {}):
        with pytest.raises(TooManyDevicesError, match="at most 10000 devices"):
            add_device(store, MANAGES, lineage[4].id, new, idempotency_key="more", **options)
    remove_device(store, MANAGES, DeviceId(lineage[4].id, last.id))
    assert add(store, lineage[4], key="more").outcome == "added"


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_dashboard_lists_by_customer_and_within_it_by_name(
    store: MemoryStore, lineage: list[Customer], limit: int
) -> None:
    names = {3: ["a", "Öl", "Z", "öl 2"], 4: ["server 1", "Server 2", "~"], 5: ["1"]}
    for index, of_customer in names.items():
        for name in reversed(of_customer):
            put(store, a_device(lineage[index], name=name, kind="server"))
    listed, cursor = [], None
    while True:
        page = list_devices(store, caller(), lineage[3].id, columns="level,name", limit=limit, cursor=cursor)
        listed += [tuple(row.values()) for row in page.rows]
        if (cursor := page.next_cursor) is None:
            break
    expected = {3: ["a", "Z", "Öl", "öl 2"], 4: ["server 1", "Server 2", "~"], 5: ["1"]}
    assert listed == [(lineage[index].level, name) for index in expected for name in expected[index]]


def test_longest_name_fits_into_the_position_of_a_device(store: MemoryStore, lineage: list[Customer]) -> None:
    device = add(store, lineage[5], name="\U0001d400" * 128).device
    assert list_devices(store, caller(), lineage[5].id, columns="id", limit=1).rows == [{"id": device.id}]
    path = store.items[device_key(lineage[5].id, device.id)]["path"]
    assert len(path.encode()) <= 1024


def test_devices_block_archiving_and_the_error_names_the_first_hundred_and_the_count(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    site = lineage[5]
    put(store, *(a_device(site, name=f"{number:03}", kind="server") for number in range(130)))
    add_test_device(store, site, name="A test")
    archiving = {"version": 1, "find_devices": blocking_devices}
    with pytest.raises(ArchiveBlockedError, match="still has 131 devices") as refused:
        archive_customer(store, caller(operation="change_customers"), site.id, **archiving)
    errors = refused.value.errors
    assert [error["detail"] for error in errors] == [f"{number:03}" for number in range(100)]
    assert {error["code"] for error in errors} == {"device"}
    assert refused.value.extensions == {"devices": 131}


def test_device_that_the_list_does_not_show_yet_blocks_archiving_too(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    device = add(store, lineage[5]).device
    del store.items[device_key(lineage[5].id, device.id)]["tree"]  # the index is behind
    with pytest.raises(ArchiveBlockedError, match="still has 1 device"):
        archive_customer(
            store,
            caller(operation="change_customers"),
            lineage[5].id,
            version=1,
            find_devices=blocking_devices,
        )


def test_device_shows_where_data_lands_today_not_when_it_was_added(store: MemoryStore) -> None:
    customer = a_customer("end_customer", device_country="FI", storage_location="SE")
    put(store, a_customer("distributor"), a_customer("reseller"), customer)
    at = DeviceId(customer.id, add(store, customer).device.id)
    route(store, 1, SE="NO")
    shown = get_device(store, caller(), at)
    assert (shown.expected.code, shown.actual and shown.actual.code, shown.matches) == ("SE", "NO", False)
    move = LocationChange(country="DK", reason="By contract.")
    change_storage_location(store, caller(operation="support"), customer.id, move, version=1)
    shown = get_device(store, caller(), at)
    assert (shown.expected.code, shown.actual and shown.actual.code, shown.matches) == ("DK", "DK", True)
    row = list_devices(store, caller(), customer.id, columns="storage_location,matches", limit=1).rows[0]
    assert row == {"storage_location": "Denmark", "matches": True}


def test_events_of_a_device_tell_billing_what_to_count(store: MemoryStore, lineage: list[Customer]) -> None:
    images = stream_of(store)
    devices = {customer.level: add(store, customer, kind="server").device for customer in lineage[3:]}
    later = NOW + timedelta(days=2)
    manages_later = caller(now=later, operation="change_devices")
    remove_device(store, manages_later, DeviceId(lineage[5].id, devices["site"].id))
    events = [event for old, new in images for _, event in events_for_change(old, new)]
    added = [event for event in events if isinstance(event, DeviceAdded)]
    assert [(event.device_id, event.device_kind, event.end_customer_id) for event in added] == [
        (devices["reseller"].id, "server", None),
        (devices["end_customer"].id, "server", lineage[4].id),
        (devices["site"].id, "server", lineage[4].id),
    ]
    (removed,) = [event for event in events if isinstance(event, DeviceRemoved)]
    assert (removed.device_id, removed.occurred_at, removed.end_customer_id) == (
        devices["site"].id,
        later,
        lineage[4].id,
    )


def test_days_are_counted_at_the_end_customer_also_for_its_sites(store: MemoryStore, lineage: list[Customer]) -> None:
    devices = {customer.level: add(store, customer).device for customer in lineage[3:]}
    remove_device(
        store,
        caller(now=NOW - timedelta(days=2), operation="change_devices"),
        DeviceId(lineage[5].id, devices["site"].id),
    )
    days = store.items[device_days_key(lineage[4].id)]
    assert {name: value for name, value in days.items() if name not in ("pk", "sk", "schema")} == {
        "count": 1,
        f"workstation+{NOW.date()}": 2,
        f"workstation-{NOW.date()}": 1,  # a clock that is behind removes nothing before it was added
    }
    assert device_days_key(lineage[3].id) not in store.items
