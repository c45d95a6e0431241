"""Tests: everything about a person is exported, and erased, and the rest of the system stays as it was."""

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

import boto3
import pytest

from local.invariants import violations
from local.privacy import UNREACHABLE, erase, export, find, main
from local.restore import read_table
from shared.accounts.identities import CognitoUserDirectory, NoIdentityError
from shared.accounts.mails import Invitation
from shared.accounts.sign_ins import record_sign_in, sync_identity
from shared.auth.authorization import Account
from shared.customers.change_use_cases import change_customer, change_storage_location
from shared.customers.changes import LocationChange
from shared.customers.customer import Customer, CustomerChange
from shared.devices.device import NewTestDevice
from shared.devices.use_cases import add_device
from shared.devices.view_use_cases import save_view
from shared.devices.views import NewView
from shared.errors import RuleViolation, UnavailableError
from shared.imports.records import pack_records, unpack_records
from shared.location_requests.request import NewLocationRequest
from shared.location_requests.use_cases import add_location_request
from shared.table.dynamodb import DynamoStore
from shared.table.keys import account_key, customer_key
from shared.table.store import Put
from tests.accounts.helpers import Accounts
from tests.builders import NOW, a_customer, an_account, bootstrap_in, caller, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore

ADDRESS, NAME = "marker@example.com", "Marker Person"
LATER = NOW + timedelta(days=1)


class System:
    """A person with an account, a view and a sign-in, whom texts of other records mention."""

    def __init__(self, store: MemoryStore) -> None:
        self.store, self.identities = store, MemoryIdentities()
        distributor = a_customer("distributor", account_manager=f"{NAME}, {ADDRESS}")
        self.reseller = a_customer("reseller", distributor, contact_email=ADDRESS)
        self.owner = a_customer("end_customer", self.reseller, device_country="FI", storage_location="SE")
        put(store, distributor, self.reseller, self.owner)
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
        contact = CustomerChange(contact_email="other@example.com")
        change_customer(store, caller(operation="change_customers"), self.reseller.id, contact, version=1)
        contact = CustomerChange(contact_email=ADDRESS)
        change_customer(store, caller(operation="change_customers"), self.reseller.id, contact, version=2)
        asked = NewLocationRequest(location="NO", reason=f"{NAME} asks for it")
        add_location_request(store, caller(operation="change_customers"), self.owner.id, asked, idempotency_key="r")
        device = NewTestDevice(name=f"Laptop of {NAME}")
        add_device(store, caller(operation="change_devices"), self.owner.id, device, idempotency_key="d")
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
        ("customer", ("account_manager",)), ("customer", ("contact_email", "first")), ("location_request", ("reason",)),
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
    reseller = Customer.model_validate(system.store.items[customer_key(system.reseller.id)])
    assert (reseller.contact_email, reseller.initial_values["contact_email"]) == (None, "erased")
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


@pytest.mark.parametrize("name", ["Root", "DE", "Reseller", "support", "created", "api", "psa"])
def test_name_that_is_also_a_value_of_the_system_breaks_no_record(system: System, name: str) -> None:
    """A team can be named like a level, a country or a status. Only texts that somebody typed are changed."""
    put(system.store, a_customer("end_customer", system.reseller, name="Other", references={"psa": "1"}))
    Accounts(system.store, system.identities).change(system.id, version=2, display_name=name)
    before = {key: item for key, item in system.store.items.items() if key[1] in ("customer", "import")}
    system.erase()
    assert violations(system.store.items) == []
    after = {key: system.store.items[key] for key in before}
    with_address = dict.fromkeys(("last_change", "account_manager", "contact_email", "first"))
    assert {key: {**item, **with_address} for key, item in after.items()} == {
        key: {**item, **with_address} for key, item in before.items()
    }


def test_names_in_rows_results_and_earlier_values_are_replaced_and_countries_are_not(system: System) -> None:
    rows = [
        {"number": 1, "fields": {"name": NAME, "parent_id": NAME, "device_country": "DE", "references": {"crm": NAME}}}
    ]
    results = [{"row": 1, "status": "refused", "errors": [{"code": "taken", "detail": f"{NAME} exists."}]}]
    for sk, records in (("rows#01", rows), ("results#01", results)):
        system.store.write(Put({"pk": "import#imp_1", "sk": sk, "records": pack_records(records)}))
    system.erase()
    assert "marker" not in system.text().replace("another marker", "")
    (row,) = unpack_records(system.store.items["import#imp_1", "rows#01"])
    assert row["fields"] == {
        "name": "erased", "parent_id": "erased", "device_country": "DE", "references": {"crm": "erased"},
    }  # fmt: skip


def test_export_names_the_records_that_refer_to_the_account_and_no_secret(system: System) -> None:
    exported = export(find(system.store.items, ADDRESS), system.identities)
    assert "cursor_key" not in exported["account"]
    assert (f"email#{ADDRESS}", "email") in [each["record"] for each in exported["referred_to_in"]]
    texts = [text for each in exported["mentioned_in"] for text in each["texts"]]
    assert f"Laptop of {NAME}" in texts


@pytest.mark.parametrize("customer", ["archived", "removed"])
def test_last_super_user_of_an_inactive_customer_is_erased(store: MemoryStore, customer: str) -> None:
    distributor = a_customer("distributor")
    put(store, distributor, an_account("super_user", distributor, email=ADDRESS, display_name=NAME))
    key = customer_key(distributor.id)
    if customer == "archived":
        store.change(key, {"version": 1}, put={"archived_at": "2026-11-24T10:00:00.000000Z"}, versioned=False)
    else:
        del store.items[key]
    before = deepcopy(store.items)
    assert list(erase(store, MemoryIdentities(), before, find(before, ADDRESS), LATER)) == []
    assert find(store.items, ADDRESS).account is None
    assert "marker" not in str(store.items).lower()


def test_sign_in_of_another_account_with_the_address_is_reported(system: System) -> None:
    system.identities.emails[ADDRESS] = system.colleague
    system.identities.users.setdefault(system.colleague, True)
    (left,) = system.erase()
    assert left.startswith(f"{system.colleague} still signs in with the address.")
    assert system.colleague in system.identities.users


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[Any, str]:
    """Run the command. Return its exit status or last words, and what it printed."""
    monkeypatch.setattr("sys.argv", ["privacy", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, capsys.readouterr().out


def test_commands_on_a_table_and_a_user_pool(
    moto_store: DynamoStore, moto_user_pool: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap_in(moto_store)
    distributor = a_customer("distributor")
    person = an_account("operator", distributor, email=ADDRESS, display_name="Marker Somebody")
    put(moto_store, distributor, person)
    directory = CognitoUserDirectory(boto3.client("cognito-idp"), moto_user_pool)
    directory.invite(person.id, ADDRESS, Invitation("Company", "Somebody", ""))
    deployed = ("--table", moto_store._table, "--pool", moto_user_pool)

    status, printed = run(capsys, monkeypatch, "export", ADDRESS.upper(), *deployed)
    exported = json.loads(printed)
    assert (status, exported["account"]["email"]) == (0, ADDRESS)
    assert exported["sign_in"]["attributes"]["email"] == ADDRESS

    before = read_table(moto_store._client, moto_store._table)
    status, printed = run(capsys, monkeypatch, "erase", ADDRESS, *deployed)
    assert (status, "Nothing was changed." in printed) == (0, True)
    assert read_table(moto_store._client, moto_store._table) == before
    for _ in range(2):
        status, printed = run(capsys, monkeypatch, "erase", ADDRESS, "--apply", *deployed)
        assert (status, UNREACHABLE in printed) == (0, True)
        items = read_table(moto_store._client, moto_store._table)
        assert "marker" not in str(items).lower()
        assert violations(items) == []
        with pytest.raises(NoIdentityError):
            directory.find(person.id)
    status, printed = run(capsys, monkeypatch, "export", ADDRESS, *deployed)
    assert (json.loads(printed)["account"], json.loads(printed)["sign_in"]) == (None, None)

    assert "The e-mail address is not valid." in str(run(capsys, monkeypatch, "erase", "nobody", *deployed)[0])
    with monkeypatch.context() as failing:
        failing.setattr(CognitoUserDirectory, "find", lambda *_: (_ for _ in ()).throw(UnavailableError("Down.")))
        assert "Run the same command again" in str(run(capsys, monkeypatch, "export", ADDRESS, *deployed)[0])
    assert run(capsys, monkeypatch, "erase", ADDRESS, "--table", "only")[0] == 2


def test_command_says_before_it_erases_that_a_last_super_user_stays(
    moto_store: DynamoStore, moto_user_pool: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap_in(moto_store)
    distributor = a_customer("distributor")
    put(moto_store, distributor, an_account("super_user", distributor, email=ADDRESS, display_name="Somebody"))
    before = read_table(moto_store._client, moto_store._table)
    for more in ((), ("--apply",)):
        deployed = ("--table", moto_store._table, "--pool", moto_user_pool)
        status, _ = run(capsys, monkeypatch, "erase", ADDRESS, *more, *deployed)
        assert "is the last active super_user" in str(status)
    assert read_table(moto_store._client, moto_store._table) == before
