"""Tests: adding, reading and removing test devices."""

import hashlib
from typing import Any

import pytest

from shared.customers.customer import Customer
from shared.devices.dashboard import list_devices
from shared.devices.device import MAX_TEST_DEVICES
from shared.devices.use_cases import DeviceId, get_device, remove_device, replace_token
from shared.errors import (
    KeyReusedError,
    NotFoundError,
    RulesViolatedError,
    TooManyTestDevicesError,
)
from shared.table.keys import counted_test_devices_key, customer_key, device_key
from tests.builders import ROOT, a_customer, caller, put
from tests.devices.helpers import add, route
from tests.memory_store import MemoryStore


def remove(store: MemoryStore, customer: Customer, device_id: str) -> None:
    remove_device(store, caller(operation="change_devices"), DeviceId(customer.id, device_id, is_test=True))


def test_test_device_shows_expected_and_actual_location(store: MemoryStore, finnish: Customer) -> None:
    store.requests.clear()
    device = add(store, finnish).device
    assert store.requests == ["get", "write"]
    assert (device.expected.code, device.actual.code, device.matches, device.catalogue_version) == ("SE", "SE", True, 1)
    assert (device.is_test, device.kind, device.invoiced) == (True, None, False)
    shown = get_device(store, caller(), DeviceId(finnish.id, device.id, is_test=True))
    assert shown.model_dump() == device.model_dump(exclude={"installation_token"})


def test_replaced_catalogue_affects_every_device_and_never_the_customer(store: MemoryStore, finnish: Customer) -> None:
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
    shown = get_device(store, caller(), DeviceId(finnish.id, first.id, is_test=True))
    assert shown.model_dump(include={"expected", "actual", "matches", "catalogue_version"}) == second.model_dump(
        include={"expected", "actual", "matches", "catalogue_version"}
    )
    assert store.items[customer_key(finnish.id)] == before


def test_actual_is_none_for_a_location_not_in_the_catalogue(store: MemoryStore, finnish: Customer) -> None:
    route(store, 1, SE="gone")
    device = add(store, finnish).device
    assert (device.expected.code, device.actual, device.matches) == ("SE", None, False)


def test_installation_token_is_shown_once_and_stored_as_a_hash(store: MemoryStore, finnish: Customer) -> None:
    added = add(store, finnish)
    token = added.device.installation_token
    assert len(token) > 40
    assert token not in str(store.items)
    record = store.items[device_key(finnish.id, added.device.id)]
    assert record["token_hash"] == hashlib.sha256(token.encode()).hexdigest()
    again = add(store, finnish)
    assert (again.outcome, again.device) == ("replayed", added.device.model_copy(update={"installation_token": None}))
    assert add(store, finnish, key="other").device.installation_token != token


def test_add_test_device_with_a_used_key_returns_422_also_after_removal(store: MemoryStore, finnish: Customer) -> None:
    added = add(store, finnish)
    with pytest.raises(KeyReusedError):
        add(store, finnish, name="Other")
    remove(store, finnish, added.device.id)
    with pytest.raises(KeyReusedError):
        add(store, finnish)
    record = store.items[device_key(finnish.id, added.device.id)]
    assert (record["name"], record["token_hash"]) == ("removed", "")


@pytest.mark.parametrize(("name", "code"), [(None, "required"), ("", "name_length"), ("\u200b", "name_characters")])
def test_add_test_device_requires_a_valid_name(
    store: MemoryStore, finnish: Customer, name: str | None, code: str
) -> None:
    before = dict(store.items)
    for validate_only in (True, False):
        with pytest.raises(RulesViolatedError) as refused:
            add(store, finnish, name=name, validate_only=validate_only)
        assert [error["code"] for error in refused.value.errors] == [code]
    assert store.items == before


def test_validate_only_of_a_test_device_writes_nothing(store: MemoryStore, finnish: Customer) -> None:
    before = dict(store.items)
    tried = add(store, finnish, validate_only=True)
    assert (tried.outcome, tried.device.matches) == ("validated", True)
    assert store.items == before


def test_eleventh_test_device_returns_409(store: MemoryStore, finnish: Customer) -> None:
    devices = [add(store, finnish, key=f"{n}").device for n in range(MAX_TEST_DEVICES)]
    for validate_only in (True, False):
        with pytest.raises(TooManyTestDevicesError, match="at most 10 test devices"):
            add(store, finnish, key="eleventh", validate_only=validate_only)
    remove(store, finnish, devices[0].id)
    assert add(store, finnish, key="eleventh").outcome == "added"
    assert store.items[counted_test_devices_key(finnish.id)]["count"] == 10
    other = a_customer("distributor", ROOT, name="Other")
    put(store, other)
    assert add(store, other, key="of another").outcome == "added"


def test_removed_test_device_is_absent_and_cannot_be_removed_again(store: MemoryStore, finnish: Customer) -> None:
    device = add(store, finnish).device
    remove(store, finnish, device.id)
    for act in (
        lambda: remove(store, finnish, device.id),
        lambda: get_device(store, caller(), DeviceId(finnish.id, device.id, is_test=True)),
        lambda: remove(store, ROOT, device.id),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert store.items[counted_test_devices_key(finnish.id)]["count"] == 0
    assert list_devices(store, caller(), finnish.id, limit=10).rows == []


def test_concurrent_removals_decrement_the_count_once(store: MemoryStore, finnish: Customer) -> None:
    device = add(store, finnish).device
    write = store.write

    def someone_else_first(*actions: Any) -> None:
        store.write = write  # type: ignore[method-assign]
        remove(store, finnish, device.id)
        write(*actions)

    store.write = someone_else_first  # type: ignore[method-assign]
    with pytest.raises(NotFoundError):
        remove(store, finnish, device.id)
    assert store.items[counted_test_devices_key(finnish.id)]["count"] == 0


def test_one_key_at_two_customers_creates_two_devices(store: MemoryStore, finnish: Customer) -> None:
    one, other = add(store, finnish).device, add(store, ROOT).device
    assert one.id != other.id
    assert one.installation_token != other.installation_token


def replace(store: MemoryStore, customer: Customer, device_id: str, key: str = "key") -> Any:
    as_caller = caller(operation="change_devices")
    return replace_token(store, as_caller, DeviceId(customer.id, device_id, is_test=True), idempotency_key=key)


def test_replaced_token_is_shown_once_and_the_one_before_is_forgotten(store: MemoryStore, finnish: Customer) -> None:
    added = add(store, finnish).device
    replaced = replace(store, finnish, added.id)
    token = replaced.device.installation_token
    assert token != added.installation_token
    assert replaced.device == added.model_copy(update={"installation_token": token, "version": 2})
    hashes = [hashlib.sha256(each.encode()).hexdigest() for each in (token, added.installation_token)]
    assert store.items[device_key(finnish.id, added.id)]["token_hash"] == hashes[0]
    assert hashes[1] not in str(store.items)
    again = replace(store, finnish, added.id)
    assert (again.outcome, again.device.installation_token) == ("replayed", None)
    other = replace(store, finnish, added.id, key="other")
    assert (other.outcome, other.device.installation_token is None) == ("added", False)
    assert replace(store, finnish, added.id).outcome == "replayed"  # an earlier key never replaces it again


def test_token_of_a_removed_or_absent_device_is_not_replaced(store: MemoryStore, finnish: Customer) -> None:
    device = add(store, finnish).device.id
    remove(store, finnish, device)
    for device_id in (device, "dev_absent"):
        with pytest.raises(NotFoundError):
            replace(store, finnish, device_id)


def test_device_is_removed_although_its_token_was_replaced_meanwhile(store: MemoryStore, finnish: Customer) -> None:
    device, write, tries = add(store, finnish).device.id, store.write, iter([True])

    def overtaken(*actions: Any) -> None:
        if next(tries, False):
            replace(store, finnish, device)
        write(*actions)

    store.write = overtaken  # type: ignore[method-assign]
    remove(store, finnish, device)
    with pytest.raises(NotFoundError):
        get_device(store, caller(), DeviceId(finnish.id, device, is_test=True))
    assert store.items[counted_test_devices_key(finnish.id)]["count"] == 0


def test_add_test_device_fails_when_the_customer_is_archived_concurrently(
    store: MemoryStore, finnish: Customer
) -> None:
    write = store.write

    def gone(*actions: Any) -> None:
        del store.items[customer_key(finnish.id)]
        write(*actions)

    store.write = gone  # type: ignore[method-assign]
    with pytest.raises(NotFoundError):
        add(store, finnish)
    assert counted_test_devices_key(finnish.id) not in store.items


def test_missing_device_name_is_reported_with_its_pointer(store: MemoryStore, finnish: Customer) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        add(store, finnish, name=None)
    assert refused.value.errors == [
        {"code": "required", "pointer": "/name", "detail": "A test device requires a name."}
    ]


def test_removed_device_leaves_a_tombstone_at_the_next_version(store: MemoryStore, finnish: Customer) -> None:
    device = add(store, finnish).device
    remove(store, finnish, device.id)
    record = store.items[device_key(finnish.id, device.id)]
    assert (record["removed"], record["version"]) == (True, 2)
