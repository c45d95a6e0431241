"""Tests: everything about a person is exported, and erased, and the rest of the system stays as it was."""

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from local.invariants import violations
from local.privacy import erase, export, find
from shared.accounts.sign_ins import record_sign_in, sync_identity
from shared.auth.authorization import Account
from shared.customers.change_use_cases import change_storage_location
from shared.customers.changes import LocationChange
from shared.customers.customer import Customer
from shared.devices.device import NewDevice
from shared.devices.use_cases import add_test_device, save_view
from shared.devices.views import NewView
from shared.errors import RuleViolation, UnavailableError
from shared.imports.records import pack_records, unpack_records
from shared.table.keys import account_key, customer_key
from shared.table.store import Put
from tests.accounts.helpers import Accounts
from tests.builders import NOW, a_customer, an_account, caller, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore

ADDRESS, NAME = "marker@example.com", "Marker Person"
LATER = NOW + timedelta(days=1)


class System:
    """A person with an account, a view and a sign-in, whom texts of other records mention."""

    def __init__(self, store: MemoryStore) -> None:
        self.store, self.identities = store, MemoryIdentities()
        self.reseller = a_customer("reseller")
        self.owner = a_customer("end_customer", self.reseller, device_country="FI", storage_location="SE")
        put(store, a_customer("distributor"), self.reseller, self.owner)
        accounts = Accounts(store, self.identities)
        self.id = accounts.add(self.reseller, email=ADDRESS, display_name=NAME).account.id
        self.colleague = accounts.add(
            self.reseller, key="2", email="other@example.com", display_name="Another Marker"
        ).account.id
        sync_identity(store, self.identities, self.id, NOW)
        record_sign_in(store, self.id, NOW, "api")
        save_view(store, caller(self.account), "Marker", NewView(columns=["name"]))
        reason = f"{NAME} <{ADDRESS.upper()}> asked for it"
        moved = LocationChange(country="DK", reason=reason)
        change_storage_location(store, caller(operation="support"), self.owner.id, moved, version=1)
        device = NewDevice(name=f"Laptop of {NAME}")
        add_test_device(store, caller(operation="change_test_devices"), self.owner.id, device, idempotency_key="d")
        store.write(Put({"pk": "import#imp_1", "sk": "rows#00", "records": pack_records([{"name": f"For {ADDRESS}"}])}))

    @property
    def account(self) -> Account:
        return Account.model_validate(self.store.items[account_key(self.id)])

    def erase(self, also: str = "") -> list[str]:
        items = deepcopy(self.store.items)
        return list(erase(self.store, self.identities, items, find(items, ADDRESS, also), LATER, also))

    def text(self) -> str:
        packed = [unpack_records(item) for item in self.store.items.values() if "records" in item]
        return f"{self.store.items} {packed} {self.identities.users}".lower()


@pytest.fixture
def system(store: MemoryStore) -> System:
    return System(store)


def test_export_contains_everything_about_the_person(system: System) -> None:
    exported = export(find(system.store.items, ADDRESS.upper()), system.identities)
    assert exported["account"]["display_name"] == NAME
    assert exported["sign_in"]["name"] == system.id
    assert {item["sk"].partition("#")[0] for item in exported["other_records"]} == {"history", "views"}
    found = {(tuple(each["record"])[1].partition("#")[0], each["attributes"]) for each in exported["mentioned_in"]}
    assert found == {
        ("customer", ("last_change",)), ("history", ("reason",)), ("device", ("name",)), ("rows", ("records",)),
    }  # fmt: skip
    assert "Another" not in json.dumps(exported, default=str)


def test_nothing_of_an_erased_person_remains(system: System) -> None:
    assert NAME.lower() in system.text()
    assert system.erase() == []
    text = system.text().replace("another marker", "")
    assert "marker" not in text
    assert violations(system.store.items) == []
    owner = Customer.model_validate(system.store.items[customer_key(system.owner.id)])
    assert owner.last_change
    assert owner.last_change.reason == "erased <erased> asked for it"
    removed = system.account
    assert (removed.removed, removed.last_change and removed.last_change.by) == (True, "erasure")
    assert system.erase() == []  # a second time changes nothing
    assert find(system.store.items, ADDRESS).mentions == []


def test_interrupted_erasure_is_finished_by_the_next_one(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    before, users = deepcopy(system.store.items), deepcopy(system.identities.users)
    change, write, remove = system.store.change, system.store.write, system.identities.remove
    for calls in range(6):
        system.store.items, system.identities.users = deepcopy(before), deepcopy(users)
        left = iter(range(calls))

        def counted(act: Any, left: Any = left) -> Any:
            def acting(*arguments: Any, **options: Any) -> Any:
                if next(left, None) is None:
                    raise UnavailableError("Down.")
                return act(*arguments, **options)

            return acting

        with monkeypatch.context() as failing:
            failing.setattr(system.store, "change", counted(change))
            failing.setattr(system.store, "write", counted(write))
            failing.setattr(system.identities, "remove", counted(remove))
            with pytest.raises(UnavailableError):
                system.erase()
        assert system.erase() == []
        assert "marker" not in system.text().replace("another marker", "")
        assert violations(system.store.items) == []


def test_last_super_user_is_not_erased_and_nothing_is_changed(store: MemoryStore) -> None:
    distributor = a_customer("distributor")
    last = an_account("super_user", distributor, email=ADDRESS, display_name=NAME)
    put(store, distributor, last)
    before = deepcopy(store.items)
    (left,) = erase(store, MemoryIdentities(), before, find(before, ADDRESS), LATER)
    assert left.startswith(f"{last.id} is the last active super_user of {distributor.id}")
    assert store.items == before


def test_name_of_a_customer_is_left_to_a_person(system: System) -> None:
    put(system.store, a_customer("end_customer", system.reseller, name=NAME))
    (left,) = system.erase()
    assert left.endswith("change name, folded_name in the console")


def test_former_person_is_found_by_the_name(system: System) -> None:
    Accounts(system.store, system.identities).remove(system.id, version=2)
    assert find(system.store.items, ADDRESS).mentions  # by the address
    assert system.erase(also=NAME) == []
    assert "marker person" not in system.text()


def test_unknown_address_is_found_nowhere(store: MemoryStore) -> None:
    person = find(store.items, "nobody@example.com")
    assert (person.account, person.own, person.mentions) == (None, [], [])
    with pytest.raises(RuleViolation):
        find(store.items, "nobody")
