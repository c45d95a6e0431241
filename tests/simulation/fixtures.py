"""A small world in which every use case has something to do, and the use cases as actors in it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from shared.accounts.account import AccountChange, NewAccount
from shared.accounts.identities import IdentityError
from shared.accounts.use_cases import add_account, change_account, record_sign_in, remove_account, sync_identity
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
from shared.devices.device import NewDevice
from shared.devices.use_cases import add_test_device, blocking_devices, remove_test_device, save_view
from shared.devices.views import NewView
from shared.errors import UnavailableError
from shared.imports.file import CSV
from shared.imports.use_cases import add_import, run_import
from shared.onboarding import NewOnboarding, add_onboarding
from shared.storage_locations.catalogue import NewCatalogue
from shared.storage_locations.use_cases import replace_storage_locations
from shared.table.dynamodb import DynamoStore
from shared.table.keys import TRIAL_SHARDS, account_key, customer_key
from shared.table.store import Store
from shared.trials.use_cases import _process_shard, start_production
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, asked, begin_in
from tests.memory_identities import MemoryIdentities
from tests.memory_queue import MemoryQueue
from tests.simulation.fake_dynamo import FakeDynamo
from tests.simulation.invariants import told_by
from tests.simulation.turns import Turns

LATER: Final = NOW + timedelta(days=30)  # the trial is over at this very moment
BOTH: Final = ["all_inclusive", "software_only"]
FILE: Final = "name,parent_id,service_type,device_country\nNew,{0},all_inclusive,GB\nBelow,New,,GB\nBad,{0},,GB\n"


def who(account: Account | str = ROOT_ACCOUNT, operation: Operation = "change_customers") -> Caller:
    return Caller(account if isinstance(account, str) else account.id, LATER, operation, "request")


@dataclass(frozen=True)
class Scene:
    """Who is there. `records` are those of the table, before anything happens."""

    records: dict[Any, Any]
    reseller: Customer
    end_customer: Customer
    trial: Customer
    empty: Customer
    archived: Customer
    accounts: tuple[Account, Account]
    left: Account  # the only super_user of the archived one
    devices: tuple[str, ...]
    import_id: str
    told: tuple[tuple[str, str, str | None], ...]

    def dynamo(self) -> FakeDynamo:
        fresh = FakeDynamo()
        fresh.records = dict(self.records)  # a record is replaced and never changed in its place
        fresh.told = self.told
        return fresh


@cache
def scene() -> Scene:
    """Made by the use cases themselves, without a fault."""
    dynamo = FakeDynamo()
    store = DynamoStore(dynamo, "table", wait=lambda _: None)  # type: ignore[arg-type]
    begin_in(store)

    def add(level: Any, parent: Customer, name: str, **fields: Any) -> Customer:
        by = Caller(ROOT_ACCOUNT.id, NOW, "change_customers", "before")
        added = add_customer(store, by, asked(level, parent, name=name, **fields), idempotency_key=name)
        key = customer_key(added.customer.id or "")
        return Customer.model_validate(store.get(key)[key])

    distributor = add("distributor", ROOT, "Distributor")
    reseller = add("reseller", distributor, "Reseller")
    end_customer = add("end_customer", reseller, "End")
    add("site", end_customer, "Site")
    trial = add("end_customer", reseller, "Trial", in_trial=True)
    empty = add("reseller", distributor, "Empty")
    archived = add("reseller", distributor, "Archived")
    accounts = []
    for name, at in (("one", distributor), ("two", distributor), ("left", archived)):
        new = NewAccount(email=f"{name}@example.com", display_name=name, role="super_user")
        by = Caller(ROOT_ACCOUNT.id, NOW, "change_accounts")
        added = add_account(store, MemoryIdentities(), by, at.id, new, idempotency_key=name, cursor_key="key").account
        key = account_key(added.id or "")
        accounts.append(Account.model_validate(store.get(key)[key]))
    archive_customer(
        store, Caller(ROOT_ACCOUNT.id, LATER, "change_customers"), archived.id, version=1, find_devices=blocking_devices
    )
    devices = [
        add_test_device(
            store,
            Caller(ROOT_ACCOUNT.id, NOW, "change_test_devices"),
            end_customer.id,
            NewDevice(name="Device"),
            idempotency_key=f"device {number}",
        ).device.id
        or ""
        for number in range(9)  # one more is free
    ]
    imported = add_import(store, MemoryQueue(), who(), FILE.format(reseller.id), CSV, idempotency_key="import").answer
    return Scene(
        records=dynamo.records,
        reseller=reseller,
        end_customer=end_customer,
        trial=trial,
        empty=empty,
        archived=archived,
        accounts=(accounts[0], accounts[1]),
        left=accounts[2],
        devices=tuple(devices),
        import_id=imported.id or "",
        told=tuple(told_by(dynamo)),
    )


class UserDirectory:
    """Sign-ins in memory, each call a turn."""

    def __init__(self, turns: Turns, inner: MemoryIdentities) -> None:
        self._turns, self._inner = turns, inner

    def _call(self, act: Callable[[], None]) -> None:
        try:
            self._turns.call("Cognito", act)
        except (ClientError, BotoCoreError) as failed:
            raise IdentityError(type(failed).__name__) from failed

    def invite(self, account_id: str, email: str) -> None:
        self._call(lambda: self._inner.invite(account_id, email))

    def provide(self, account_id: str, secret: str) -> None:
        self._call(lambda: self._inner.provide(account_id, secret))

    def enable(self, account_id: str, *, enabled: bool) -> None:
        self._call(lambda: self._inner.enable(account_id, enabled=enabled))

    def remove(self, account_id: str) -> None:
        self._call(lambda: self._inner.remove(account_id))


class Queue:
    """A queue in memory, each call a turn."""

    def __init__(self, turns: Turns, inner: MemoryQueue) -> None:
        self._turns, self._inner = turns, inner

    def send(self, messages: Any) -> None:
        try:
            self._turns.call("SendMessageBatch", lambda: self._inner.send(messages))
        except (ClientError, BotoCoreError) as failed:
            raise UnavailableError("The queue does not answer.") from failed


@dataclass
class World:
    """One history's own."""

    turns: Turns
    identities: MemoryIdentities
    queue: MemoryQueue

    @classmethod
    def new(cls, seed: int = 0, faults: int = 0) -> "World":
        return cls(Turns(scene().dynamo(), seed, faults), MemoryIdentities(), MemoryQueue())

    @property
    def store(self) -> Store:
        return self.turns.store

    @property
    def as_it_is(self) -> Store:
        """The store without turns and faults, to look at what has become of it."""
        return DynamoStore(self.turns.dynamo, "table")  # type: ignore[arg-type]


Act = Callable[[World], Any]
S = scene


def _change(customer: Callable[[], Customer], version: int = 1, **fields: Any) -> Act:
    return lambda w: change_customer(w.store, who(), customer().id, CustomerChange(**fields), version=version)


def _add(parent: Callable[[], Customer], key: str, name: str, **fields: Any) -> Act:
    def act(world: World) -> Any:
        level: Any = "end_customer" if parent().level == "reseller" else "site"
        new = asked(level, parent(), name=name, **fields)
        return add_customer(world.store, who(), new, idempotency_key=key).customer

    return act


def _account(key: str, **fields: Any) -> Act:
    def act(world: World) -> Any:
        new = NewAccount.model_validate({"display_name": "New", "role": "super_user", **fields})
        identities = UserDirectory(world.turns, world.identities)
        by = who(operation="change_accounts")
        return add_account(
            world.store, identities, by, S().reseller.id, new, idempotency_key=key, cursor_key="key"
        ).account

    return act


def _device(key: str) -> Act:
    by = who(operation="change_test_devices")
    return lambda w: (
        add_test_device(w.store, by, S().end_customer.id, NewDevice(name="New"), idempotency_key=key).device
    )


def _saved(world: World) -> Any:
    new = asked("end_customer", S().reseller, name="By reference")
    return save_customer_by_reference(world.store, who(), "psa", "7", new, new_key="reference").customer


def _catalogue(world: World) -> Any:
    new = NewCatalogue.model_validate({"locations": [{"country": "DE"}, {"country": "NL", "routed_to": "DE"}]})
    return replace_storage_locations(world.store, who(operation="support"), new, version=1)


def _onboarding(world: World) -> Any:
    new = NewOnboarding(
        customer=NewCustomer.model_validate(
            {"name": "New", "parent_id": S().reseller.id, "service_type": "all_inclusive", "device_country": "DE"}
        ),
        accounts=[NewAccount(email="new@example.com", display_name="New", role="administrator")],
        test_device=NewDevice(name="New"),
    )
    identities = UserDirectory(world.turns, world.identities)
    return add_onboarding(world.store, identities, who(), new, idempotency_key="onboarding", cursor_key=lambda: "key")


def _trials(world: World) -> Any:
    """The schedule's run without its threads, which would not wait for their turn: one shard after the other."""
    shards = [_process_shard(world.store, shard, LATER, lambda: False, 1) for shard in range(TRIAL_SHARDS)]
    return dict(sum(shards, Counter()))


def _imported(world: World) -> Any:
    done = run_import(world.store, Queue(world.turns, world.queue), S().import_id, lambda: LATER, lambda: False)
    assert done
    return done.model_dump()


# What can be done, by name. Each is one request, or one call of a function in the background.
ACTS: Final[dict[str, Act]] = {
    "add": _add(lambda: S().reseller, "one", "New"),
    "add_by_another_key": _add(lambda: S().reseller, "two", "new "),
    "add_with_a_reference": _add(lambda: S().reseller, "three", "Third", references={"psa": "7"}),
    "add_needing_a_service": _add(lambda: S().reseller, "four", "Fourth", service_type="software_only"),
    "add_below_the_empty_one": _add(lambda: S().empty, "five", "Fifth"),
    "add_a_site_in_trial": _add(lambda: S().trial, "site", "New site"),
    "rename": _change(lambda: S().end_customer, name="New"),
    "rename_otherwise": _change(lambda: S().end_customer, name="Otherwise", device_country="FR"),
    "rename_the_trial": _change(lambda: S().trial, name="Renamed"),
    "give_a_reference": _change(lambda: S().trial, references={"psa": "7"}),
    "need_a_service": _change(lambda: S().end_customer, service_type="software_only"),
    "take_a_service_away": _change(lambda: S().reseller, services_to_provide=["all_inclusive"]),
    "move": lambda w: change_storage_location(
        w.store, who(operation="support"), S().end_customer.id, LocationChange(country="NL", reason="r"), version=1
    ),
    "archive_the_empty_one": lambda w: archive_customer(
        w.store, who(), S().empty.id, version=1, find_devices=blocking_devices
    ),
    "archive_the_trial": lambda w: archive_customer(
        w.store, who(), S().trial.id, version=1, find_devices=blocking_devices
    ),
    "restore": lambda w: restore_customer(w.store, who(), S().archived.id, version=2),
    "save_by_reference": _saved,
    "invite": _account("one", email="New@Example.com"),
    "invite_by_another_key": _account("two", email="new@example.com"),
    "add_a_machine": _account("machine", kind="api", role="supporter"),
    "remove_the_first_super_user": lambda w: remove_account(
        w.store, who(S().accounts[1], "change_accounts"), S().accounts[0].id, version=1
    ),
    "remove_the_second_super_user": lambda w: remove_account(
        w.store, who(S().accounts[0], "change_accounts"), S().accounts[1].id, version=1
    ),
    "remove_the_super_user_of_the_archived_one": lambda w: remove_account(
        w.store, who(operation="change_accounts"), S().left.id, version=1
    ),
    "lower_the_first_super_user": lambda w: change_account(
        w.store, who(operation="change_accounts"), S().accounts[0].id, AccountChange(role="operator"), version=1
    ),
    "sign_in": lambda w: record_sign_in(w.store, S().accounts[0].id, LATER),
    "sync_the_sign_in": lambda w: sync_identity(w.store, UserDirectory(w.turns, w.identities), S().accounts[0].id),
    "add_the_last_device": _device("one"),
    "add_another_last_device": _device("two"),
    "remove_a_device": lambda w: remove_test_device(
        w.store, who(operation="change_test_devices"), S().end_customer.id, S().devices[0]
    ),
    "start_production": lambda w: start_production(
        w.store, Caller(ROOT_ACCOUNT.id, LATER - timedelta(seconds=1), "change_customers"), S().trial.id, version=1
    ),
    "end_trials": _trials,
    "replace_the_catalogue": _catalogue,
    "save_a_view": lambda w: save_view(w.store, who(operation="read"), "mine", NewView(columns=["name"])),
    "run_the_import": _imported,
    "onboard": _onboarding,
}
