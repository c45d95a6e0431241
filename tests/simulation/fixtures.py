"""The records at the start of each simulation, and the use cases that it runs on them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from shared.accounts.account import AccountChange, NewAccount
from shared.accounts.credential_use_cases import add_credential, revoke_credential
from shared.accounts.credentials import NewCredential
from shared.accounts.identities import IdentityError, SignIn
from shared.accounts.mails import Invitation
from shared.accounts.sign_ins import record_sign_in, sync_identity
from shared.accounts.use_cases import add_account, change_account, remove_account
from shared.auth.authorization import Account, Caller, Operation
from shared.customers.change_use_cases import (
    archive_customer,
    change_customer,
    change_storage_location,
    restore_customer,
)
from shared.customers.changes import LocationChange
from shared.customers.customer import Customer, CustomerChange, NewCustomer
from shared.customers.references import save_customer_by_reference
from shared.customers.use_cases import add_customer
from shared.devices.blocking import blocking_devices
from shared.devices.device import DeviceChange, NewDevice, NewTestDevice
from shared.devices.use_cases import DeviceId, add_device, change_device, remove_device, replace_token
from shared.devices.view_use_cases import save_view
from shared.devices.views import NewView
from shared.errors import UnavailableError
from shared.imports.file import File
from shared.imports.use_cases import add_import, run_import
from shared.location_requests.request import Decision, NewDecision, NewLocationRequest
from shared.location_requests.use_cases import add_location_request, decide_location_request
from shared.onboarding import NewOnboarding, add_onboarding
from shared.storage_locations.catalogue import NewCatalogue
from shared.storage_locations.use_cases import replace_storage_locations
from shared.table.dynamodb import DynamoStore
from shared.table.keys import TRIAL_SHARDS, account_key, customer_key
from shared.table.store import Store
from shared.trials.use_cases import _process_shard, start_production
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, a_new_customer, bootstrap_in
from tests.memory_identities import MemoryIdentities
from tests.memory_queue import MemoryQueue
from tests.simulation.fake_dynamo import FakeDynamo
from tests.simulation.invariants import published_events
from tests.simulation.turns import Turns

TRIAL_END: Final = NOW + timedelta(days=30)  # the exact end of the trial
BOTH: Final = ["all_inclusive", "software_only"]
FILE: Final = "name,parent_id,service_type,device_country\nNew,{0},all_inclusive,GB\nBelow,New,,GB\nBad,{0},,GB\n"


def a_caller(account: Account | str = ROOT_ACCOUNT, operation: Operation = "change_customers") -> Caller:
    return Caller(account if isinstance(account, str) else account.id, TRIAL_END, operation, "request")


@dataclass(frozen=True)
class Fixtures:
    """The customers, accounts and devices in the table at the beginning. `records` are all of its records."""

    records: dict[Any, Any]
    reseller: Customer
    end_customer: Customer
    trial: Customer
    empty: Customer
    archived: Customer
    accounts: tuple[Account, Account]  # the active super_users of the distributor
    invited: Account  # a super_user of the distributor who has never signed in
    machine: Account
    former_super_user: Account  # the only super_user of the archived customer
    devices: tuple[str, ...]
    server: str  # a device of the end-customer
    location_request: str  # an open one of the distributor
    import_id: str
    earlier_events: tuple[tuple[str, str, str | None], ...]

    def dynamo(self) -> FakeDynamo:
        fresh = FakeDynamo()
        fresh.records = dict(self.records)  # records are replaced, never modified in place
        fresh.earlier_events = self.earlier_events
        return fresh


@cache
def fixtures() -> Fixtures:
    """Build the records by running the use cases without faults."""
    dynamo = FakeDynamo()
    store = DynamoStore(dynamo, "table", wait=lambda _: None)  # type: ignore[arg-type]
    bootstrap_in(store)

    def add(level: Any, parent: Customer, name: str, **fields: Any) -> Customer:
        actor = Caller(ROOT_ACCOUNT.id, NOW, "change_customers", "before")
        added = add_customer(store, actor, a_new_customer(level, parent, name=name, **fields), idempotency_key=name)
        key = customer_key(added.customer.id or "")
        return Customer.model_validate(store.get(key)[key])

    distributor = add("distributor", ROOT, "Distributor")
    reseller = add("reseller", distributor, "Reseller")
    end_customer = add("end_customer", reseller, "End")
    add("site", end_customer, "Site")
    trial = add("end_customer", reseller, "Trial", in_trial=True)
    empty = add("reseller", distributor, "Empty")
    archived = add("reseller", distributor, "Archived")

    def add_someone(name: str, customer: Customer, **fields: Any) -> Account:
        new = NewAccount.model_validate({"display_name": name, "role": "super_user", **fields})
        actor, limits = Caller(ROOT_ACCOUNT.id, NOW, "change_accounts"), {"max_invitations": 20}
        added = add_account(
            store, MemoryIdentities(), actor, customer.id, new, idempotency_key=name, cursor_key="key", **limits
        ).account
        if new.email and name != "invited":
            record_sign_in(store, added.id, NOW, "api")
        return Account.model_validate(store.get(key := account_key(added.id))[key])

    people = {"one": distributor, "two": distributor, "left": archived, "invited": distributor}
    accounts = {name: add_someone(name, at, email=f"{name}@example.com") for name, at in people.items()}
    machine = add_someone("machine", distributor, kind="api", role="supporter")
    archive_customer(
        store,
        Caller(ROOT_ACCOUNT.id, TRIAL_END, "change_customers"),
        archived.id,
        version=1,
        find_devices=blocking_devices,
    )
    devices = [
        add_device(
            store,
            Caller(ROOT_ACCOUNT.id, NOW, "change_devices"),
            end_customer.id,
            NewTestDevice(name="Device"),
            idempotency_key=f"device {number}",
        ).device.id
        or ""
        for number in range(9)  # one more device is allowed
    ]
    as_manager = Caller(ROOT_ACCOUNT.id, NOW, "change_devices")
    new_server = NewDevice(name="Server", kind="server")
    server = add_device(store, as_manager, end_customer.id, new_server, idempotency_key="server").device.id
    asked = _asked(store, distributor.id, "before")
    imported = add_import(
        store, MemoryQueue(), a_caller(), File(FILE.format(reseller.id)), idempotency_key="import"
    ).response
    return Fixtures(
        records=dynamo.records,
        reseller=reseller,
        end_customer=end_customer,
        trial=trial,
        empty=empty,
        archived=archived,
        accounts=(accounts["one"], accounts["two"]),
        invited=accounts["invited"],
        machine=machine,
        former_super_user=accounts["left"],
        devices=tuple(devices),
        server=server,
        location_request=asked.id,
        import_id=imported.id or "",
        earlier_events=tuple(published_events(dynamo)),
    )


class UserDirectory:
    """The user pool in memory. Each call waits for its turn."""

    def __init__(self, turns: Turns, inner: MemoryIdentities) -> None:
        self._turns, self._inner = turns, inner

    def _call(self, call: Callable[[], Any]) -> Any:
        try:
            return self._turns.call("Cognito", call)
        except (ClientError, BotoCoreError) as failed:
            raise IdentityError(type(failed).__name__) from failed

    def invite(self, account_id: str, email: str, invitation: Invitation) -> bool:
        return bool(self._call(lambda: self._inner.invite(account_id, email, invitation)))

    def create_machine_user(self, client_id: str, secret: str) -> None:
        self._call(lambda: self._inner.create_machine_user(client_id, secret))

    def enable(self, sign_in: str, *, enabled: bool) -> None:
        self._call(lambda: self._inner.enable(sign_in, enabled=enabled))

    def remove(self, sign_in: str) -> None:
        self._call(lambda: self._inner.remove(sign_in))

    def find(self, name: str) -> SignIn:
        found: SignIn = self._call(lambda: self._inner.find(name))
        return found

    def list_all(self) -> Iterator[SignIn]:
        yield from self._call(lambda: list(self._inner.list_all()))


class Queue:
    """A queue in memory. Each call waits for its turn."""

    def __init__(self, turns: Turns, inner: MemoryQueue) -> None:
        self._turns, self._inner = turns, inner

    def send(self, messages: Any) -> None:
        try:
            self._turns.call("SendMessageBatch", lambda: self._inner.send(messages))
        except (ClientError, BotoCoreError) as failed:
            raise UnavailableError("The queue does not answer.") from failed


@dataclass
class System:
    """The system under test of one history."""

    turns: Turns
    identities: MemoryIdentities
    queue: MemoryQueue

    @classmethod
    def new(cls, seed: int = 0, faults: int = 0) -> "System":
        return cls(Turns(fixtures().dynamo(), seed, faults), MemoryIdentities(), MemoryQueue())

    @property
    def store(self) -> Store:
        return self.turns.store

    @property
    def store_without_faults(self) -> Store:
        """Return a store without turns and faults, to read the final state."""
        return DynamoStore(self.turns.dynamo, "table")  # type: ignore[arg-type]


UseCase = Callable[[System], Any]


def _change(customer: Callable[[], Customer], version: int = 1, **fields: Any) -> UseCase:
    return lambda system: change_customer(
        system.store, a_caller(), customer().id, CustomerChange(**fields), version=version
    )


def _add(parent: Callable[[], Customer], key: str, name: str, **fields: Any) -> UseCase:
    def use_case(system: System) -> Any:
        level: Any = "end_customer" if parent().level == "reseller" else "site"
        new = a_new_customer(level, parent(), name=name, **fields)
        return add_customer(system.store, a_caller(), new, idempotency_key=key).customer

    return use_case


def _account(key: str, **fields: Any) -> UseCase:
    def use_case(system: System) -> Any:
        new = NewAccount.model_validate({"display_name": "New", "role": "super_user", **fields})
        identities = UserDirectory(system.turns, system.identities)
        actor = a_caller(operation="change_accounts")
        return add_account(
            system.store,
            identities,
            actor,
            fixtures().reseller.id,
            new,
            idempotency_key=key,
            cursor_key="key",
            max_invitations=20,
        ).account

    return use_case


def _credential(key: str) -> UseCase:
    def use_case(system: System) -> Any:
        identities = UserDirectory(system.turns, system.identities)
        actor, machine = a_caller(operation="change_accounts"), fixtures().machine
        return add_credential(
            system.store, identities, actor, machine.id, NewCredential(), idempotency_key=key
        ).credential

    return use_case


def _revoked(system: System) -> None:
    identities, machine = UserDirectory(system.turns, system.identities), fixtures().machine
    first = machine.usable_credentials[0].id
    revoke_credential(system.store, identities, a_caller(operation="change_accounts"), machine.id, first)


def _device(key: str) -> UseCase:
    actor = a_caller(operation="change_devices")
    return lambda system: (
        add_device(
            system.store, actor, fixtures().end_customer.id, NewTestDevice(name="New"), idempotency_key=key
        ).device
    )


def _server(system: System) -> Any:
    new = NewDevice(name="Another server", kind="server")
    actor = a_caller(operation="change_devices")
    return add_device(system.store, actor, fixtures().end_customer.id, new, idempotency_key="another server").device


def _asked(store: Store, customer_id: str, key: str) -> Any:
    new = NewLocationRequest(location="SE", reason="By contract.")
    return add_location_request(store, a_caller(), customer_id, new, idempotency_key=key).request


def _decided(decision: Decision) -> UseCase:
    new = NewDecision(decision=decision, reason="Decided.")
    support = a_caller(operation="support")

    def use_case(system: System) -> Any:
        distributor = fixtures().accounts[0].customer_id
        return decide_location_request(system.store, support, distributor, fixtures().location_request, new)

    return use_case


def _saved(system: System) -> Any:
    new = a_new_customer("end_customer", fixtures().reseller, name="By reference")
    return save_customer_by_reference(system.store, a_caller(), "psa", "7", new, new_key="reference").customer


def _catalogue(system: System) -> Any:
    new = NewCatalogue.model_validate({"locations": [{"country": "DE"}, {"country": "NL", "routed_to": "DE"}]})
    return replace_storage_locations(system.store, a_caller(operation="support"), new, version=1)


def _onboarding(system: System) -> Any:
    new = NewOnboarding(
        customer=NewCustomer.model_validate(
            {
                "name": "New",
                "parent_id": fixtures().reseller.id,
                "service_type": "all_inclusive",
                "device_country": "DE",
            }
        ),
        accounts=[NewAccount(email="new@example.com", display_name="New", role="administrator")],
        test_device=NewTestDevice(name="New"),
    )
    identities = UserDirectory(system.turns, system.identities)
    return add_onboarding(
        system.store,
        identities,
        a_caller(),
        new,
        idempotency_key="onboarding",
        cursor_key=lambda: "key",
        max_invitations=20,
    )


def _trials(system: System) -> Any:
    """Run the schedule without threads, because the calls of a thread would not wait for their turn."""
    shards = [_process_shard(system.store, shard, TRIAL_END, lambda: False, 1) for shard in range(TRIAL_SHARDS)]
    return dict(sum(shards, Counter()))


def _imported(system: System) -> Any:
    done = run_import(
        system.store, Queue(system.turns, system.queue), fixtures().import_id, lambda: TRIAL_END, lambda: False
    )
    assert done
    return done.model_dump()


def _sync_the_sign_in(system: System) -> None:
    """Update a sign-in. What has become of the invitation is not compared: a repeat sends none."""
    identities = UserDirectory(system.turns, system.identities)
    sync_identity(system.store, identities, fixtures().invited.id, TRIAL_END)


# By name: one request, or one invocation of a background function.
USE_CASES: Final[dict[str, UseCase]] = {
    "add": _add(lambda: fixtures().reseller, "one", "New"),
    "add_by_another_key": _add(lambda: fixtures().reseller, "two", "new "),
    "add_with_a_reference": _add(lambda: fixtures().reseller, "three", "Third", references={"psa": "7"}),
    "add_needing_a_service": _add(lambda: fixtures().reseller, "four", "Fourth", service_type="software_only"),
    "add_below_the_empty_one": _add(lambda: fixtures().empty, "five", "Fifth"),
    "add_a_site_in_trial": _add(lambda: fixtures().trial, "site", "New site"),
    "rename": _change(lambda: fixtures().end_customer, name="New"),
    "rename_otherwise": _change(lambda: fixtures().end_customer, name="Otherwise", device_country="FR"),
    "rename_the_trial": _change(lambda: fixtures().trial, name="Renamed"),
    "give_a_reference": _change(lambda: fixtures().trial, references={"psa": "7"}),
    "need_a_service": _change(lambda: fixtures().end_customer, service_type="software_only"),
    "take_a_service_away": _change(lambda: fixtures().reseller, services_to_provide=["all_inclusive"]),
    "move": lambda system: change_storage_location(
        system.store,
        a_caller(operation="support"),
        fixtures().end_customer.id,
        LocationChange(country="NL", reason="r"),
        version=1,
    ),
    "archive_the_empty_one": lambda system: archive_customer(
        system.store, a_caller(), fixtures().empty.id, version=1, find_devices=blocking_devices
    ),
    "archive_the_trial": lambda system: archive_customer(
        system.store, a_caller(), fixtures().trial.id, version=1, find_devices=blocking_devices
    ),
    "restore": lambda system: restore_customer(system.store, a_caller(), fixtures().archived.id, version=2),
    "save_by_reference": _saved,
    "invite": _account("one", email="New@Example.com"),
    "invite_by_another_key": _account("two", email="new@example.com"),
    "invite_an_invited_person": _account("three", email="invited@example.com"),
    "add_a_machine": _account("machine", kind="api", role="supporter"),
    "add_a_credential": _credential("one"),
    "add_another_credential": _credential("two"),
    "revoke_the_first_credential": _revoked,
    "remove_the_first_super_user": lambda system: remove_account(
        system.store, a_caller(fixtures().accounts[1], "change_accounts"), fixtures().accounts[0].id, version=2
    ),
    "remove_the_second_super_user": lambda system: remove_account(
        system.store, a_caller(fixtures().accounts[0], "change_accounts"), fixtures().accounts[1].id, version=2
    ),
    "remove_the_super_user_of_the_archived_one": lambda system: remove_account(
        system.store, a_caller(operation="change_accounts"), fixtures().former_super_user.id, version=2
    ),
    "lower_the_first_super_user": lambda system: change_account(
        system.store,
        a_caller(operation="change_accounts"),
        fixtures().accounts[0].id,
        AccountChange(role="operator"),
        version=2,
    ),
    "sign_in": lambda system: record_sign_in(system.store, fixtures().invited.id, TRIAL_END, "api"),
    "sync_the_sign_in": _sync_the_sign_in,
    "add_the_last_device": _device("one"),
    "add_another_last_device": _device("two"),
    "replace_a_token": lambda system: (
        replace_token(
            system.store,
            a_caller(operation="change_devices"),
            DeviceId(fixtures().end_customer.id, fixtures().devices[0], is_test=True),
            idempotency_key="token",
        ).device
    ),
    "remove_a_device": lambda system: remove_device(
        system.store,
        a_caller(operation="change_devices"),
        DeviceId(fixtures().end_customer.id, fixtures().devices[0], is_test=True),
    ),
    "add_a_server": _server,
    "rename_a_server": lambda system: change_device(
        system.store,
        a_caller(operation="change_devices"),
        DeviceId(fixtures().end_customer.id, fixtures().server),
        DeviceChange(name="Renamed"),
        version=1,
    ),
    "remove_a_server": lambda system: remove_device(
        system.store, a_caller(operation="change_devices"), DeviceId(fixtures().end_customer.id, fixtures().server)
    ),
    "ask_for_another_location": lambda system: _asked(system.store, fixtures().end_customer.id, "one"),
    "ask_for_another_location_too": lambda system: _asked(system.store, fixtures().end_customer.id, "two"),
    "accept_a_request": _decided("accepted"),
    "decline_a_request": _decided("declined"),
    "start_production": lambda system: start_production(
        system.store,
        Caller(ROOT_ACCOUNT.id, TRIAL_END - timedelta(seconds=1), "change_customers"),
        fixtures().trial.id,
        version=1,
    ),
    "end_trials": _trials,
    "replace_the_catalogue": _catalogue,
    "save_a_view": lambda system: save_view(
        system.store, a_caller(operation="read"), "mine", NewView(columns=["name"])
    ),
    "run_the_import": _imported,
    "onboard": _onboarding,
}
