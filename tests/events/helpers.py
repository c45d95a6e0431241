"""Helpers of the tests of events."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import timedelta
from typing import Any

from shared.accounts.account import account_tombstone
from shared.accounts.records import account_item
from shared.auth.authorization import Caller
from shared.customers.changes import (
    CustomerChange,
    LocationChange,
    apply_change,
    archive,
    restore,
    with_storage_location,
)
from shared.customers.records import customer_item
from shared.devices.device import device_tombstone
from shared.devices.records import device_item
from shared.events.events import EventEnvelope, events_for_change
from shared.location_requests.records import location_request_item
from shared.location_requests.request import NewDecision, NewLocationRequest, decided, new_location_request
from shared.storage_locations.records import catalogue_items
from shared.table.keys import Key
from shared.table.store import Action
from tests.builders import CATALOGUE, NOW, a_customer, a_device, a_lineage, an_account
from tests.memory_store import MemoryStore

END = NOW + timedelta(days=30)


def stream_of(store: MemoryStore) -> list[tuple[Any, Any]]:
    """Return a list to which the store adds the old and the new image of every record that it changes from now on."""
    images: list[tuple[Any, Any]] = []

    change, write = store.change, store.write

    def changed(keys: Iterable[Key], act: Callable[[], None]) -> None:
        before = {key: deepcopy(store.items.get(key)) for key in keys}
        act()
        images.extend((old, deepcopy(store.items[key])) for key, old in before.items() if key in store.items)

    def streamed_change(key: Key, *arguments: Any, **options: Any) -> None:
        changed([key], lambda: change(key, *arguments, **options))

    def streamed_write(*actions: Action) -> None:
        changed([action.key for action in actions], lambda: write(*actions))

    store.change, store.write = streamed_change, streamed_write  # type: ignore[method-assign]
    return images


def all_events() -> list[EventEnvelope]:
    trial = a_customer("end_customer", in_trial=True)
    changes: list[tuple[Any, Any]] = [(None, customer_item(customer)) for customer in [*a_lineage(), trial]]
    device, account = a_device(trial), an_account("manager", trial)
    server = a_device(trial, name="Server", kind="server", end_customer_id=trial.id)
    later = {"version": 2}
    asked_for = NewLocationRequest(location="SE", reason="By contract.")
    asked = new_location_request(asked_for, trial, CATALOGUE, Caller("acc_1", NOW, "change_customers"), id="slr_1")
    decision = NewDecision(decision="declined", reason="No.")
    support = Caller("acc_1", NOW, "support", "request 1")
    moved = with_storage_location(LocationChange(country="FR", reason="Why."), trial, CATALOGUE, support)
    renamed = apply_change(CustomerChange(name="Other"), trial, None, support)
    archived = archive(trial, support)
    restored = restore(archived, a_customer("reseller"), support)
    changes += [
        (customer_item(trial), customer_item(trial.model_copy(update={"reminder_7_at": NOW, **later}))),
        (customer_item(trial), customer_item(trial.model_copy(update={"production_since": END, **later}))),
        *((customer_item(trial), customer_item(after)) for after in (moved, renamed, archived)),
        (customer_item(archived), customer_item(restored)),
        (None, device_item(device)),
        (device_item(device), device_item(device_tombstone(device, trial, CATALOGUE, END))),
        (None, device_item(server)),
        (device_item(server), device_item(device_tombstone(server, trial, CATALOGUE, END))),
        (None, location_request_item(asked)),
        (location_request_item(asked), location_request_item(decided(asked, decision, support))),
        (None, account_item(account)),
        (account_item(account), account_item(account.model_copy(update={"role": "operator", **later}))),
        (account_item(account), account_item(account_tombstone(account))),
        (None, catalogue_items(CATALOGUE)[1]),
    ]
    return [envelope for old, new in changes for envelope in events_for_change(old, new)]
