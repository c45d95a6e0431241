"""Helpers of the tests of devices."""

from typing import Any

from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.devices.device import NewTestDevice
from shared.devices.use_cases import add_device
from shared.storage_locations.catalogue import NewCatalogue
from shared.storage_locations.use_cases import replace_storage_locations
from tests.builders import ROOT_ACCOUNT, caller
from tests.memory_store import MemoryStore


def add(
    store: MemoryStore,
    customer: Customer,
    name: str | None = "Laptop",
    key: str = "key",
    by: Account = ROOT_ACCOUNT,
    **options: Any,
) -> Any:
    as_caller = caller(by, operation="change_devices")
    new = NewTestDevice.model_validate({} if name is None else {"name": name})
    return add_device(store, as_caller, customer.id, new, idempotency_key=key, **options)


def route(store: MemoryStore, version: int, **routes: str) -> None:
    """Replace the catalogue by the seventeen locations with these routes. The route `gone` omits a location."""
    codes = "AU BE BR CA DK FR DE IT NL NO PT ZA ES SE CH GB US".split()
    locations = [{"country": code, "routed_to": routes.get(code, code)} for code in codes if routes.get(code) != "gone"]
    new = NewCatalogue.model_validate({"locations": locations})
    replace_storage_locations(store, caller(operation="support"), new, version=version)
