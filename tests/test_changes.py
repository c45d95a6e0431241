"""A customer that is there: changed, moved by support, archived, restored, found by its reference, and its history."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.accounts.account import AccountChange, NewAccount
from shared.accounts.use_cases import AccountQuery, add_account, change_account, get_me, list_accounts, remove_account
from shared.auth.authorization import Account, Caller
from shared.customers.change_use_cases import (
    archive_customer,
    change_customer,
    change_storage_location,
    get_history,
    restore_customer,
)
from shared.customers.changes import MAX_ARCHIVES, LocationChange, entries_from_record
from shared.customers.customer import ArchivePeriod, Customer, CustomerChange, NewCustomer
from shared.customers.records import name_item, reference_items
from shared.customers.references import get_customer_by_reference, save_customer_by_reference
from shared.customers.use_cases import CustomerQuery, add_customer, get_customer, get_options, list_customers
from shared.devices.device import NewDevice
from shared.devices.use_cases import add_test_device, blocking_devices, remove_test_device
from shared.errors import (
    ArchiveBlockedError,
    ArchivedError,
    EmailExistsError,
    ForbiddenError,
    KeyReusedError,
    LastSuperUserError,
    NameExistsError,
    NotFoundError,
    ReferenceExistsError,
    RulesViolatedError,
    StaleVersionError,
    ThrottledError,
)
from shared.events.events import events_for_change
from shared.invoicing.use_cases import get_invoicing
from shared.table.keys import (
    TABLE,
    Item,
    Key,
    account_key,
    children_key,
    customer_key,
    name_key,
    reference_key,
    super_users_key,
    trial_shard,
)
from shared.table.store import Action, Increment, Put
from shared.trials.use_cases import end_trials, start_production
from shared.values.timestamps import format_timestamp
from tests.builders import (
    MICROSECOND,
    NOW,
    ROOT,
    ROOT_ACCOUNT,
    a_customer,
    a_line,
    an_account,
    asked,
    begin_in,
    caller,
    put,
)
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore

DAY = timedelta(days=1)
LATER = NOW + DAY


@pytest.fixture
def store(memory: MemoryStore) -> MemoryStore:
    begin_in(memory)
    return memory


@pytest.fixture
def line(store: MemoryStore) -> list[Customer]:
    """Root, distributor, sub-distributor, reseller, end-customer, site."""
    return a_tree(store)


def a_tree(store: MemoryStore) -> list[Customer]:
    line = a_line()
    for customer in line[1:]:
        put(store, customer)
        store.write(Increment(children_key(customer.parent_id or ""), 1))
    return line


def by(account: Account = ROOT_ACCOUNT, now: datetime = LATER, operation: Any = "change_customers") -> Caller:
    return Caller(account.id, now, operation, "request 1")


def change(store: MemoryStore, customer: Customer, version: int = 1, who: Caller | None = None, **fields: Any) -> Any:
    return change_customer(store, who or by(), customer.id, CustomerChange(**fields), version=version)


def stored(store: MemoryStore, customer: Customer) -> Customer:
    return Customer.model_validate(store.items[customer_key(customer.id)])


def codes(refused: pytest.ExceptionInfo[Any]) -> list[tuple[str, str]]:
    return [(error["code"], error["pointer"]) for error in refused.value.errors]


def assert_whole(store: MemoryStore) -> None:
    """Every name and reference record has its customer, and the reverse."""
    live = {k: Customer.model_validate(i) for k, i in store.items.items() if k[1] == "customer" and i.get("parent_id")}
    wanted: dict[Key, Item] = {}
    for customer in live.values():
        for item in (name_item(customer), *reference_items(customer)):
            wanted[item["pk"], item["sk"]] = item
    found = {k: i for k, i in store.items.items() if k[0].startswith(("name#", "reference#"))}
    assert {k: i["customer_id"] for k, i in found.items()} == {k: i["customer_id"] for k, i in wanted.items()}
    assert {k for k, i in found.items() if "expires_at" in i} == {k for k, i in wanted.items() if "expires_at" in i}


# ---- PATCH


def test_a_rename_moves_the_name_and_frees_the_old_one(store: MemoryStore, line: list[Customer]) -> None:
    store.requests.clear()
    changed = change(store, line[3], name=" Other  Name ")
    assert store.requests == ["get", "write"]
    assert (changed.name, changed.version) == ("Other  Name", 2)
    assert store.items[name_key(line[2].id, "other name")]["customer_id"] == line[3].id
    assert name_key(line[2].id, line[3].folded_name) not in store.items
    assert_whole(store)
    assert get_customer(store, caller(), line[3].id).name == "Other  Name"


def test_a_name_that_is_spelt_otherwise_stays_where_it_is(store: MemoryStore, line: list[Customer]) -> None:
    changed = change(store, line[3], name="A RESELLER")
    assert (changed.name, changed.version) == ("A RESELLER", 2)
    assert_whole(store)


def test_a_name_that_a_sibling_has_is_refused_with_its_id(store: MemoryStore, line: list[Customer]) -> None:
    sibling = a_customer("reseller", line[2], name="Sibling")
    put(store, sibling)
    before = dict(store.items)
    with pytest.raises(NameExistsError) as refused:
        change(store, line[3], name="SIBLING ")
    assert refused.value.facts == {"customer_id": sibling.id}
    assert store.items == before


def test_nothing_is_written_where_nothing_changes(store: MemoryStore, line: list[Customer]) -> None:
    before = dict(store.items)
    customer = line[3]
    same = {
        "name": customer.name,
        "service_type": customer.service_type,
        "services_to_provide": [*customer.services_to_provide][::-1],
        "device_country": "Germany",
        "references": {"none": None},
    }
    assert change(store, customer, **same).version == 1
    assert change(store, customer).version == 1
    assert store.items == before


def test_all_that_is_wrong_with_a_change_is_told(store: MemoryStore, line: list[Customer]) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        change(
            store, line[3], name="", service_type="x", services_to_provide=[], device_country="XX", references={"9": ""}
        )
    assert [pointer for _, pointer in codes(refused)] == [
        "/name", "/service_type", "/services_to_provide", "/device_country", "/references",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        (0, ("service_type", "services_to_provide")),
        (4, ("services_to_provide",)),
        (5, ("service_type", "services_to_provide")),
    ],
)
def test_a_level_takes_no_field_that_it_did_not_take_when_it_was_added(
    store: MemoryStore, line: list[Customer], place: int, fields: tuple[str, ...]
) -> None:
    asked_for: dict[str, Any] = {"service_type": "all_inclusive", "services_to_provide": ["all_inclusive"]}
    with pytest.raises(RulesViolatedError) as refused:
        change(store, line[place], **{field: asked_for[field] for field in fields})
    assert codes(refused) == [("refused", f"/{field}") for field in fields]


def test_the_root_can_be_renamed(store: MemoryStore) -> None:
    assert change(store, ROOT, name="The service").name == "The service"
    assert_whole(store)


def test_a_service_must_be_one_that_the_parent_provides(store: MemoryStore) -> None:
    distributor = a_customer("distributor", services_to_provide=["all_inclusive"])
    reseller = a_customer("reseller", distributor, services_to_provide=["all_inclusive"])
    put(store, distributor, reseller)
    with pytest.raises(RulesViolatedError) as refused:
        change(store, reseller, service_type="software_only", services_to_provide=["software_only"])
    assert codes(refused) == [
        ("service_not_provided", "/service_type"),
        ("service_not_provided", "/services_to_provide/0"),
    ]


def test_a_service_that_children_need_is_not_taken_away(store: MemoryStore, line: list[Customer]) -> None:
    needing = a_customer("end_customer", line[3], name="Needs it", service_type="software_only")
    put(store, needing)
    with pytest.raises(RulesViolatedError) as refused:
        change(store, line[3], services_to_provide=["all_inclusive"])
    assert codes(refused) == [("needed_below", "/services_to_provide")]
    assert refused.value.errors[0]["customer_id"] == needing.id
    with pytest.raises(RulesViolatedError) as refused:
        change(store, line[2], services_to_provide=["software_only"])
    assert [error["customer_id"] for error in refused.value.errors] == [line[3].id]
    assert change(store, needing, service_type="all_inclusive").service_type == "all_inclusive"
    assert change(store, line[3], services_to_provide=["all_inclusive"]).services_to_provide == ["all_inclusive"]
    with pytest.raises(RulesViolatedError):
        add_customer(
            store, by(), asked("end_customer", line[3], name="x", service_type="software_only"), idempotency_key="k"
        )


def test_more_children_than_a_page_are_all_asked(store: MemoryStore) -> None:
    reseller = a_customer("reseller")
    children = [a_customer("end_customer", reseller, name=f"{n:04}") for n in range(1001)]
    put(store, reseller, *children, a_customer("end_customer", reseller, name="z", service_type="software_only"))
    with pytest.raises(RulesViolatedError) as refused:
        change(store, reseller, services_to_provide=["all_inclusive"])
    assert len(refused.value.errors) == 1


def test_archived_children_need_nothing_and_are_asked_when_they_come_back(
    store: MemoryStore, line: list[Customer]
) -> None:
    needing = a_customer("end_customer", line[3], name="Needs it", service_type="software_only")
    put(store, needing)
    archive_customer(store, by(), needing.id, version=1, find_devices=blocking_devices)
    change(store, line[3], services_to_provide=["all_inclusive"])
    with pytest.raises(RulesViolatedError) as refused:
        restore_customer(store, by(), needing.id, version=2)
    assert codes(refused) == [("service_not_provided", "/service_type")]


class Meddling(MemoryStore):
    """Somebody else acts right before a write."""

    def __init__(self) -> None:
        super().__init__()
        self.meddle: list[Any] = []

    def write(self, *actions: Action) -> None:
        if self.meddle:
            self.meddle.pop(0)()
        super().write(*actions)


@pytest.fixture
def meddling() -> Meddling:
    store = Meddling()
    begin_in(store)
    return store


def test_a_child_that_is_added_meanwhile_keeps_its_service(meddling: Meddling) -> None:
    line = a_tree(meddling)
    new = asked("end_customer", line[3], name="New", service_type="software_only")
    meddling.meddle = [lambda: add_customer(meddling, by(), new, idempotency_key="new")]
    with pytest.raises(RulesViolatedError) as refused:
        change(meddling, line[3], services_to_provide=["all_inclusive"])
    assert codes(refused) == [("needed_below", "/services_to_provide")]


def test_a_child_that_takes_a_service_meanwhile_keeps_it(meddling: Meddling) -> None:
    line = a_tree(meddling)
    meddling.meddle = [lambda: change(meddling, line[4], service_type="software_only")]
    with pytest.raises(RulesViolatedError):
        change(meddling, line[3], services_to_provide=["all_inclusive"])
    assert stored(meddling, line[3]).services_to_provide == line[3].services_to_provide


def test_a_service_that_the_parent_takes_away_meanwhile_is_not_taken(meddling: Meddling) -> None:
    line = a_tree(meddling)
    meddling.meddle = [lambda: change(meddling, line[3], services_to_provide=["all_inclusive"])]
    with pytest.raises(RulesViolatedError):
        change(meddling, line[4], service_type="software_only")
    assert stored(meddling, line[4]).service_type == "all_inclusive"


def test_a_customer_that_is_changed_meanwhile_is_stale(meddling: Meddling) -> None:
    line = a_tree(meddling)
    meddling.meddle = [lambda: change(meddling, line[3], name="First")]
    with pytest.raises(StaleVersionError) as refused:
        change(meddling, line[3], name="Second")
    assert refused.value.facts == {"version": 2}
    assert stored(meddling, line[3]).name == "First"
    assert_whole(meddling)


def test_a_family_that_never_rests_ends_in_try_again(meddling: Meddling) -> None:
    line = a_tree(meddling)

    def add(n: int) -> Any:
        return lambda: add_customer(meddling, by(), asked("end_customer", line[3], name=f"{n}"), idempotency_key=f"{n}")

    nothing: Any = lambda: None  # noqa: E731 - before the write of the one who meddles
    meddling.meddle = [add(1), nothing, add(2), nothing, add(3), nothing]
    with pytest.raises(ThrottledError):
        change(meddling, line[3], services_to_provide=["all_inclusive"])


def test_a_change_needs_the_version_it_was_made_for(store: MemoryStore, line: list[Customer]) -> None:
    change(store, line[3], name="One")
    with pytest.raises(StaleVersionError) as refused:
        change(store, line[3], name="Two")
    assert refused.value.facts == {"version": 2}
    assert change(store, line[3], version=2, name="Two").version == 3


def test_another_device_country_leaves_the_storage_location_and_says_so(
    store: MemoryStore, line: list[Customer]
) -> None:
    changed = change(store, line[4], device_country="France")
    assert (changed.device_country.code, changed.storage_location.code) == ("FR", "DE")
    assert [notice.code for notice in changed.notices] == ["storage_location_unchanged"]
    assert change(store, line[4], version=2, name="x").notices == []


def test_a_replay_of_the_addition_still_answers_what_it_answered_first(store: MemoryStore) -> None:
    new = asked("distributor", ROOT, references={"psa": "1"})
    first = add_customer(store, by(now=NOW), new, idempotency_key="key").customer
    customer = stored(store, Customer.model_validate(store.items[customer_key(first.id or "")]))
    change(store, customer, name="B", device_country="FR", references={"psa": "2", "crm": "3"})
    change(store, customer, version=2, name="C", services_to_provide=["all_inclusive"])
    support = by(operation="support")
    change_storage_location(store, support, customer.id, LocationChange(country="NL", reason="r"), version=3)
    for version in (4, 5):
        again = add_customer(store, by(), new, idempotency_key="key")
        assert (again.outcome, again.customer) == ("replayed", first)
        if version == 4:
            archive_customer(store, by(), customer.id, version=4, find_devices=blocking_devices)


@pytest.mark.parametrize("trial", [True, False])
def test_a_replay_of_a_sites_addition_shows_what_it_shared_then(store: MemoryStore, trial: bool) -> None:
    reseller = a_customer("reseller")
    end_customer = a_customer("end_customer", reseller, in_trial=trial)
    put(store, reseller, end_customer)
    new = asked("site", end_customer)
    first = add_customer(store, by(now=NOW), new, idempotency_key="key").customer
    assert (first.service_type, first.state) == ("all_inclusive", "in_trial" if trial else "in_production")
    start_production(store, by(now=NOW), end_customer.id, version=1)  # in the very moment of the addition
    change(store, end_customer, version=1 + trial, service_type="software_only")
    for validate_only in (False, True):
        again = add_customer(store, by(), new, idempotency_key="key", validate_only=validate_only)
        assert again.customer == first
    assert get_customer(store, by(), first.id or "").service_type == "software_only"


# ---- references


def test_references_are_merged_and_each_is_taken_away_by_null(store: MemoryStore, line: list[Customer]) -> None:
    change(store, line[4], references={"psa": "1", "crm": "2"})
    assert_whole(store)
    changed = change(store, line[4], version=2, references={"psa": None, "erp": "3"})
    assert changed.references == {"crm": "2", "erp": "3"}
    assert_whole(store)
    many = {f"s{n}": "1" for n in range(9)}
    with pytest.raises(RulesViolatedError) as refused:
        change(store, line[4], version=3, references=many)
    assert codes(refused) == [("too_many", "/references")]
    assert len(change(store, line[4], version=3, references={**many, "crm": None}).references) == 10


def test_a_reference_is_unique_in_the_tree_of_a_distributor(store: MemoryStore, line: list[Customer]) -> None:
    change(store, line[5], references={"psa": "7"})
    other = a_customer("reseller", line[1], name="Other")
    put(store, other)
    for refused_by in (
        lambda: change(store, other, references={"psa": "7"}),
        lambda: add_customer(
            store, by(), asked("site", line[4], name="S", references={"psa": "7"}), idempotency_key="s"
        ),
        lambda: add_customer(
            store,
            by(),
            asked("site", line[4], name="S", references={"psa": "7"}),
            idempotency_key="s",
            validate_only=True,
        ),
    ):
        before = dict(store.items)
        with pytest.raises(ReferenceExistsError) as refused:
            refused_by()
        assert refused.value.facts == {"customer_id": line[5].id}
        assert refused.value.errors[0]["pointer"] == "/references/psa"
        assert store.items == before
    # Another system, and another distributor's tree, know nothing of it.
    assert change(store, other, references={"crm": "7"}).version == 2
    elsewhere = a_customer("reseller", a_customer("distributor", name="Elsewhere"))
    put(store, elsewhere)
    assert change(store, elsewhere, references={"psa": "7"}).references == {"psa": "7"}
    assert_whole(store)


def test_whose_a_reference_is_is_told_to_those_alone_who_may_see_it(store: MemoryStore, line: list[Customer]) -> None:
    change(store, line[5], references={"psa": "7"})
    other = a_customer("reseller", line[1], name="Other")
    account = an_account("administrator", other)
    put(store, other, account)
    with pytest.raises(ReferenceExistsError) as refused:
        change(store, other, who=by(account), references={"psa": "7"})
    assert refused.value.facts == {}
    save = lambda: save_customer_by_reference(  # noqa: E731 - one call, twice
        store, by(account), "psa", "7", asked("end_customer", other, name="E"), new_key="new"
    )
    with pytest.raises(ReferenceExistsError) as refused:
        save()
    assert refused.value.facts == {}
    with pytest.raises(NotFoundError):
        get_customer_by_reference(store, by(account), "psa", "7")


@pytest.mark.parametrize("value", ["a/b", "50%", ".", "..", "", " ", "a\u200bb", "x" * 129])
def test_a_reference_that_could_not_stand_in_an_address_is_refused(
    store: MemoryStore, line: list[Customer], value: str
) -> None:
    with pytest.raises(RulesViolatedError):
        change(store, line[4], references={"psa": value})


def test_a_customer_is_found_by_its_reference(store: MemoryStore, line: list[Customer]) -> None:
    change(store, line[4], references={"psa": "A 7"})
    change(store, line[1], references={"psa": "A 7"})
    account = an_account("supporter", line[3])
    put(store, account)
    assert get_customer_by_reference(store, caller(account), "psa", "A%207").id == line[4].id
    # The root's own tree is that of the distributors; in another one it is told where to look.
    assert get_customer_by_reference(store, caller(), "psa", "A 7").id == line[1].id
    assert get_customer_by_reference(store, caller(), "psa", "A 7", within=line[2].id).id == line[4].id
    for system, value in (("crm", "A 7"), ("psa", "a 7"), ("psa", ""), ("x" * 100, "y" * 5000)):
        with pytest.raises(NotFoundError):
            get_customer_by_reference(store, caller(account), system, value)


def test_saving_by_reference_adds_then_finds_then_changes(store: MemoryStore, line: list[Customer]) -> None:
    def save(key: str, **fields: Any) -> Any:
        new = asked("end_customer", line[3], name="By reference", in_trial=True, **fields)
        return save_customer_by_reference(store, by(), "psa", "77", new, new_key=key)

    added = save("one")
    assert (added.saved, added.customer.references, added.customer.state) == ("added", {"psa": "77"}, "in_trial")
    before = dict(store.items)
    again = save("two")
    assert (again.saved, again.customer) == ("unchanged", added.customer)
    assert store.items == before
    changed = save("three", device_country="FR", references={"crm": "5"})
    assert (changed.saved, changed.customer.id, changed.customer.version) == ("changed", added.customer.id, 2)
    assert changed.customer.references == {"psa": "77", "crm": "5"}
    assert changed.customer.storage_location.code == "DE"
    assert_whole(store)


def test_saving_by_reference_moves_nothing_that_stays(store: MemoryStore, line: list[Customer]) -> None:
    change(store, line[4], references={"psa": "7"})
    new = NewCustomer(parent_id=line[2].id, level="reseller", storage_location="NL")
    with pytest.raises(RulesViolatedError) as refused:
        save_customer_by_reference(store, by(), "psa", "7", new, new_key="k")
    assert codes(refused) == [
        ("parent_id_stays", "/parent_id"),
        ("level_stays", "/level"),
        ("storage_location_stays", "/storage_location"),
    ]
    same = NewCustomer(parent_id=line[3].id, level="end_customer", storage_location="Germany")
    assert save_customer_by_reference(store, by(), "psa", "7", same, new_key="k").saved == "unchanged"


def test_saving_by_reference_keeps_to_a_version_where_one_is_given(store: MemoryStore, line: list[Customer]) -> None:
    new = asked("end_customer", line[3], name="N")
    with pytest.raises(StaleVersionError):
        save_customer_by_reference(store, by(), "psa", "7", new, new_key="k", version=1)
    change(store, line[4], references={"psa": "7"})
    with pytest.raises(StaleVersionError):
        save_customer_by_reference(store, by(), "psa", "7", new, new_key="k", version=1)
    assert save_customer_by_reference(store, by(), "psa", "7", new, new_key="k", version=2).saved == "changed"


def test_saving_by_a_reference_in_another_form_finds_the_same_customer(
    store: MemoryStore, line: list[Customer]
) -> None:
    new = asked("end_customer", line[3], name="N")
    saved = [
        save_customer_by_reference(store, by(), "psa", value, new, new_key=value).saved
        for value in ("B1%20", "B1", "%20B1")
    ]
    assert saved == ["added", "unchanged", "unchanged"]
    with pytest.raises(RulesViolatedError):
        save_customer_by_reference(store, by(), "psa", "#1", new, new_key="k")
    with pytest.raises(NotFoundError):
        get_customer_by_reference(store, by(), "psa", "B" * 130, within=line[1].id)


def test_the_references_of_a_distributor_are_the_roots_to_give(store: MemoryStore, line: list[Customer]) -> None:
    account = an_account("super_user", line[1])
    put(store, account)
    with pytest.raises(ForbiddenError):
        change(store, line[1], who=by(account), references={"psa": "1"})
    assert change(store, line[1], references={"psa": "1"}).references == {"psa": "1"}
    assert change(store, line[3], who=by(account), references={"psa": "1"}).references == {"psa": "1"}


def test_a_change_whose_answer_was_lost_is_answered_again(store: MemoryStore, line: list[Customer]) -> None:
    first = change(store, line[3], name="Once", device_country="FR")
    before = dict(store.items)
    assert change(store, line[3], name="Once", device_country="FR") == first
    assert store.items == before
    with pytest.raises(StaleVersionError):
        change(store, line[3], name="Twice")
    other = an_account("super_user", line[1])
    put(store, other)
    with pytest.raises(StaleVersionError):
        change(store, line[3], who=by(other), name="Once")
    moved = move(store, line[3], version=2)
    assert move(store, line[3], version=2) == moved
    with pytest.raises(StaleVersionError):
        move(store, line[3], version=2, country="SE")


def test_a_reference_in_the_body_agrees_with_the_address(store: MemoryStore, line: list[Customer]) -> None:
    new = asked("end_customer", line[3], references={"psa": "8"})
    with pytest.raises(RulesViolatedError) as refused:
        save_customer_by_reference(store, by(), "psa", "7", new, new_key="k")
    assert codes(refused) == [("reference_differs", "/references/psa")]


def test_two_who_save_one_reference_at_once_make_one_customer(meddling: Meddling) -> None:
    line = a_tree(meddling)

    def save(key: str) -> Any:
        new = asked("end_customer", line[3], name=f"By {key}")
        return save_customer_by_reference(meddling, by(), "psa", "7", new, new_key=key)

    meddling.meddle = [lambda: save("first")]
    second = save("second")
    assert (second.saved, second.customer.name, second.customer.version) == ("changed", "By second", 2)
    assert_whole(meddling)


# ---- the storage location, by support


def move(store: MemoryStore, customer: Customer, account: Account = ROOT_ACCOUNT, version: int = 1, **body: str) -> Any:
    asked_for = LocationChange(**{"country": "Netherlands", "reason": "By its contract.", **body})
    return change_storage_location(store, by(account, operation="support"), customer.id, asked_for, version=version)


def test_support_moves_a_storage_location_and_it_is_kept_why(store: MemoryStore, line: list[Customer]) -> None:
    store.requests.clear()
    moved = move(store, line[4], reason=" By  its contract. ")
    assert store.requests == ["get", "write"]
    location = moved.storage_location
    assert (location.code, location.decided, location.catalogue_version) == ("NL", "support", 1)
    entry = get_history(store, caller(now=LATER), line[4].id, limit=100).entries[-1]
    assert (entry.event, entry.by, entry.at, entry.request_id, entry.reason, entry.changes) == (
        "storage_location_changed",
        ROOT_ACCOUNT.id,
        LATER,
        "request 1",
        "By its contract.",
        {"storage_location": {"from": "DE", "to": "NL"}},
    )
    assert move(store, line[4], version=2).version == 2  # it is there already


def test_everyone_else_is_told_to_contact_support(store: MemoryStore, line: list[Customer]) -> None:
    for account in (an_account("super_user", line[1]), an_account("administrator", ROOT)):
        put(store, account)
        with pytest.raises(ForbiddenError) as refused:
            move(store, line[4], account)
        assert "ontact support" in refused.value.detail


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"country": "FI"}, "storage_location_unknown"),
        ({"country": "Nowhere"}, "country_unknown"),
        ({"reason": " "}, "reason_required"),
        ({"reason": "x" * 501}, "reason_required"),
        ({"reason": "a\u200bb"}, "reason_required"),
    ],
)
def test_a_move_without_a_known_location_and_a_reason_is_refused(
    store: MemoryStore, line: list[Customer], body: dict[str, str], code: str
) -> None:
    before = dict(store.items)
    with pytest.raises(RulesViolatedError) as refused:
        move(store, line[4], **body)
    assert refused.value.errors[0]["code"] == code
    assert store.items == before


def test_a_reason_of_500_characters_is_kept(store: MemoryStore, line: list[Customer]) -> None:
    assert move(store, line[4], reason="x" * 500).version == 2


def test_a_move_of_what_was_changed_meanwhile_is_stale(meddling: Meddling) -> None:
    line = a_tree(meddling)
    with pytest.raises(StaleVersionError):
        move(meddling, line[4], version=7)
    meddling.meddle = [lambda: change(meddling, line[4], name="First")]
    with pytest.raises(StaleVersionError):
        move(meddling, line[4])
    assert stored(meddling, line[4]).storage_location.country == "DE"


# ---- archive and restore


def archive(store: MemoryStore, customer: Customer, version: int = 1, who: Caller | None = None) -> Any:
    return archive_customer(store, who or by(), customer.id, version=version, find_devices=blocking_devices)


def restore(store: MemoryStore, customer: Customer, version: int = 2, who: Caller | None = None) -> Any:
    return restore_customer(store, who or by(), customer.id, version=version)


def listed(store: MemoryStore, now: datetime = LATER, **query: Any) -> list[str]:
    page = list_customers(store, caller(now=now), CustomerQuery(**query), limit=100)
    return [customer.id or "" for customer in page.customers]


def test_an_archived_customer_appears_only_when_it_is_asked_for(store: MemoryStore, line: list[Customer]) -> None:
    store.requests.clear()
    archived = archive(store, line[5])
    assert store.requests == ["get", "write", "get"]  # a site is shown with its end-customer
    assert (archived.archive.archived_at, archived.archive.removed_at) == (LATER, LATER + 30 * DAY)
    assert line[5].id not in listed(store, within=line[1].id) + listed(store, within=ROOT.id)
    assert listed(store, parent_id=line[4].id) == []
    for top in (ROOT, line[1], line[4]):
        assert listed(store, within=top.id, archived=True) == [line[5].id]
    assert listed(store, within=line[5].id, archived=True) == [line[5].id]
    assert listed(store, within=line[5].id) == []
    archive(store, line[4])
    for top in (ROOT, line[1], line[4]):  # also below one that is archived itself
        assert listed(store, within=top.id, archived=True) == [line[4].id, line[5].id]
    assert get_customer(store, caller(now=LATER), line[5].id).archive == archived.archive
    with pytest.raises(RulesViolatedError):
        listed(store, parent_id=line[4].id, archived=True)
    assert_whole(store)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_list_of_the_root_goes_on_behind_many_archived_distributors(store: MemoryStore, limit: int) -> None:
    distributors = sorted((a_customer("distributor", name=f"D {number}") for number in range(20)), key=lambda d: d.path)
    put(store, *distributors)
    for distributor in distributors[:18]:
        archive(store, distributor)
    found, cursor = [], None
    while True:
        query = CustomerQuery(within=ROOT.id)
        page = list_customers(store, caller(now=LATER), query, limit=limit, cursor=cursor)
        found += [customer.id for customer in page.customers]
        if (cursor := page.next_cursor) is None:
            break
    assert found[0] == ROOT.id
    assert {each.id for each in distributors[18:]} <= set(found)


def test_what_stands_below_keeps_a_customer_from_being_archived(store: MemoryStore, line: list[Customer]) -> None:
    for n in range(25):
        put(store, a_customer("site", line[4], name=f"Site {n:02}"))
    with pytest.raises(ArchiveBlockedError) as refused:
        archive(store, line[4])
    assert len(refused.value.errors) == 20
    assert refused.value.errors[0] == {"code": "child", "customer_id": line[5].id, "detail": line[5].name}
    device = add_test_device(
        store, caller(operation="change_test_devices"), line[5].id, NewDevice(name="Laptop"), idempotency_key="d"
    ).device
    before = dict(store.items)
    with pytest.raises(ArchiveBlockedError) as refused:
        archive(store, line[5])
    assert refused.value.errors == [{"code": "test_device", "device_id": device.id, "detail": "Laptop"}]
    assert store.items == before
    remove_test_device(store, caller(operation="change_test_devices"), line[5].id, device.id or "")
    assert archive(store, line[5]).archive


def test_a_child_or_a_device_that_is_added_meanwhile_keeps_its_customer(meddling: Meddling) -> None:
    line = a_tree(meddling)
    meddling.meddle = [lambda: add_customer(meddling, by(), asked("site", line[4], name="New"), idempotency_key="n")]
    archive(meddling, line[5])  # lets the addition in first
    with pytest.raises(ArchiveBlockedError):
        archive(meddling, line[4])
    end_customer = a_customer("end_customer", line[3], name="Empty")
    put(meddling, end_customer)
    meddling.meddle = [
        lambda: add_customer(meddling, by(), asked("site", end_customer, name="New"), idempotency_key="m")
    ]
    with pytest.raises(ThrottledError):
        archive(meddling, end_customer)
    with pytest.raises(ArchiveBlockedError):
        archive(meddling, end_customer)
    other = a_customer("end_customer", line[3], name="Other")
    put(meddling, other)
    who = caller(operation="change_test_devices")
    meddling.meddle = [lambda: add_test_device(meddling, who, other.id, NewDevice(name="d"), idempotency_key="d")]
    with pytest.raises(ThrottledError):
        archive(meddling, other)
    assert stored(meddling, other).archived_at is None


def test_nobody_archives_their_own_company(store: MemoryStore, line: list[Customer]) -> None:
    account = an_account("super_user", line[5])
    put(store, account)
    with pytest.raises(ForbiddenError):
        archive(store, line[5], who=by(account))
    with pytest.raises(ForbiddenError):
        archive(store, ROOT)


def test_an_archived_customer_takes_no_change_but_is_restored(store: MemoryStore) -> None:
    line = a_line()
    end_customer = line[4]
    super_user = an_account("super_user", end_customer)
    put(store, *line[1:5], super_user)
    archive(store, end_customer)
    new = NewAccount(email="a@example.com", display_name="A", role="supporter")
    for refused_by in (
        lambda: change(store, end_customer, version=2, name="x"),
        lambda: move(store, end_customer, version=2),
        lambda: start_production(store, by(), end_customer.id, version=2),
        lambda: add_customer(store, by(), asked("site", end_customer), idempotency_key="s"),
        lambda: add_account(
            store, MemoryIdentities(), by(operation="change_accounts"), end_customer.id, new,
            idempotency_key="a", cursor_key="k",
        ),
        lambda: add_test_device(
            store, by(operation="change_test_devices"), end_customer.id, NewDevice(name="d"), idempotency_key="d"
        ),
    ):  # fmt: skip
        before = dict(store.items)
        with pytest.raises(ArchivedError):
            refused_by()
        assert store.items == before
    restored = restore(store, end_customer)
    assert (restored.archive, restored.version) == (None, 3)
    assert change(store, end_customer, version=3, name="x").name == "x"


def test_a_customer_that_is_archived_meanwhile_gets_nothing(meddling: Meddling) -> None:
    line = a_tree(meddling)
    meddling.meddle = [lambda: archive(meddling, line[5])]
    new = NewAccount(email="a@example.com", display_name="A", role="supporter")
    who = by(operation="change_accounts")
    with pytest.raises(ArchivedError):
        add_account(meddling, MemoryIdentities(), who, line[5].id, new, idempotency_key="a", cursor_key="k")
    restore(meddling, line[5])
    meddling.meddle = [lambda: archive(meddling, line[5], version=3)]
    who = by(operation="change_test_devices")
    with pytest.raises(ArchivedError):
        add_test_device(meddling, who, line[5].id, NewDevice(name="d"), idempotency_key="d")


def test_archiving_and_restoring_twice_changes_nothing_more(store: MemoryStore, line: list[Customer]) -> None:
    first = archive(store, line[5])
    before = dict(store.items)
    assert archive(store, line[5], version=1) == first
    assert store.items == before
    back = restore(store, line[5])
    before = dict(store.items)
    assert restore(store, line[5], version=2) == back
    assert store.items == before
    assert_whole(store)


def test_archiving_and_restoring_need_the_version(store: MemoryStore, line: list[Customer]) -> None:
    with pytest.raises(StaleVersionError):
        archive(store, line[5], version=2)
    archive(store, line[5])
    with pytest.raises(StaleVersionError):
        restore(store, line[5], version=1)


def test_two_who_archive_or_restore_at_once_both_see_it_done(meddling: Meddling) -> None:
    line = a_tree(meddling)
    meddling.meddle = [lambda: archive(meddling, line[5])]
    assert archive(meddling, line[5]).version == 2
    meddling.meddle = [lambda: restore(meddling, line[5])]
    assert restore(meddling, line[5]).version == 3


def test_a_customer_comes_back_below_a_parent_that_is_there(store: MemoryStore, line: list[Customer]) -> None:
    archive(store, line[5])
    archive(store, line[4])
    with pytest.raises(ArchivedError):
        restore(store, line[5])
    restore(store, line[4])
    assert restore(store, line[5]).version == 3


def test_a_parent_that_is_archived_meanwhile_keeps_its_child_archived(meddling: Meddling) -> None:
    line = a_tree(meddling)
    archive(meddling, line[5])
    meddling.meddle = [lambda: archive(meddling, line[4])]
    with pytest.raises(ArchivedError):
        restore(meddling, line[5])
    assert stored(meddling, line[5]).archived_at


@pytest.mark.parametrize("deleted", [False, True])
def test_the_name_and_the_references_are_free_when_the_customer_is_removed_and_not_before(
    store: MemoryStore, line: list[Customer], deleted: bool
) -> None:
    """By the clock: whether DynamoDB has deleted the records by then makes no difference."""
    change(store, line[5], references={"psa": "7"})
    archive(store, line[5], version=2)
    removed_at = LATER + 30 * DAY
    again = asked("site", line[4], name=line[5].name, references={"psa": "7"})
    last = removed_at - MICROSECOND
    with pytest.raises(NameExistsError) as refused:
        add_customer(store, by(now=last), again, idempotency_key="again")
    assert "rchived" in refused.value.detail
    assert get_customer(store, caller(now=last), line[5].id).archive
    assert listed(store, now=last, within=line[1].id, archived=True) == [line[5].id]
    if deleted:
        for key in [key for key, item in store.items.items() if item.get("expires_at")]:
            del store.items[key]
    for gone in (
        lambda: get_customer(store, caller(now=removed_at), line[5].id),
        lambda: restore(store, line[5], version=3, who=by(now=removed_at)),
        lambda: get_history(store, caller(now=removed_at), line[5].id, limit=10),
        lambda: get_customer_by_reference(store, caller(now=removed_at), "psa", "7", within=line[1].id),
    ):
        with pytest.raises(NotFoundError):
            gone()
    assert listed(store, now=removed_at, within=line[1].id, archived=True) == []
    added = add_customer(store, by(now=removed_at), again, idempotency_key="again").customer
    assert store.items[name_key(line[4].id, line[5].folded_name)]["customer_id"] == added.id
    assert get_customer_by_reference(store, caller(now=removed_at), "psa", "7", within=line[1].id).id == added.id


def test_the_last_moment_to_restore(store: MemoryStore, line: list[Customer]) -> None:
    now = LATER + MICROSECOND  # the removal is at the next whole second
    removed_at = archive(store, line[5], who=by(now=now)).archive.removed_at
    assert now + 30 * DAY <= removed_at < now + 30 * DAY + timedelta(seconds=1)
    with pytest.raises(NotFoundError):
        restore(store, line[5], who=by(now=removed_at))
    assert restore(store, line[5], who=by(now=removed_at - MICROSECOND)).version == 3


@pytest.mark.parametrize("deleted", [False, True])
def test_the_id_of_a_removed_customer_is_never_used_again(store: MemoryStore, deleted: bool) -> None:
    new = asked("distributor", ROOT)
    first = add_customer(store, by(now=NOW), new, idempotency_key="key").customer
    customer = Customer.model_validate(store.items[customer_key(first.id or "")])
    archive(store, customer)
    if deleted:
        for key in [key for key, item in store.items.items() if item.get("expires_at")]:
            del store.items[key]
    with pytest.raises(KeyReusedError):
        add_customer(store, by(now=LATER + 31 * DAY), new, idempotency_key="key")
    assert add_customer(store, by(now=LATER + 31 * DAY), new, idempotency_key="other").outcome == "added"


def test_the_root_sees_what_is_archived_below_an_archived_distributor(store: MemoryStore, line: list[Customer]) -> None:
    account = an_account("operator", line[4])
    put(store, account, a_customer("distributor", name="Zebra"))
    for customer in reversed(line[1:]):
        archive(store, customer)
    everything = [customer.id for customer in line[1:]]
    assert sorted(listed(store, within=ROOT.id, archived=True)) == sorted(everything)
    found, cursor = [], None
    while True:
        query = CustomerQuery(within=ROOT.id, archived=True)
        page = list_customers(store, caller(now=LATER), query, limit=1, cursor=cursor)
        found += [customer.id for customer in page.customers]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(str(each) for each in found) == sorted(everything)
    assert [customer for customer in listed(store, within=ROOT.id) if customer in everything] == []
    who = caller(now=LATER, operation="read_invoicing")
    page = get_invoicing(store, who, ROOT.id, month="2026-11", archived=True, limit=100)
    assert [row.customer_id for row in page.rows] == [line[4].id]
    accounts = list_accounts(store, caller(now=LATER), AccountQuery(within=ROOT.id), limit=100).accounts
    assert account.id in [each.id for each in accounts]


def test_the_address_of_an_account_of_a_removed_customer_is_free(store: MemoryStore) -> None:
    distributor = a_customer("distributor")
    account = an_account("super_user", distributor, email="ada@example.com")
    put(store, distributor, account)
    archive(store, distributor)
    new = NewAccount(email="Ada@example.com", display_name="Ada", role="super_user")

    def invite(now: datetime) -> Any:
        who = by(now=now, operation="change_accounts")
        return add_account(store, MemoryIdentities(), who, ROOT.id, new, idempotency_key="a", cursor_key="k")

    def tried(now: datetime) -> Any:
        who = by(now=now, operation="change_accounts")
        keys = {"idempotency_key": "a", "cursor_key": "k", "validate_only": True}
        return add_account(store, MemoryIdentities(), who, ROOT.id, new, **keys)

    for ask in (invite, tried):
        with pytest.raises(EmailExistsError):
            ask(LATER + 30 * DAY - MICROSECOND)
    assert tried(LATER + 30 * DAY).outcome == "validated"
    with pytest.raises(ThrottledError):
        invite(LATER + 30 * DAY)
    assert invite(LATER + 30 * DAY).outcome == "added"
    assert store.items[account_key(account.id)]["removed"]
    assert store.items[super_users_key(distributor.id)]["count"] == 0


def test_the_last_super_user_of_an_archived_customer_can_go(store: MemoryStore, line: list[Customer]) -> None:
    put(store, account := an_account("super_user", line[5]))
    who, counter = by(operation="change_accounts"), super_users_key(line[5].id)
    with pytest.raises(LastSuperUserError):
        change_account(store, who, account.id, AccountChange(role="operator"), version=1)
    archive(store, line[5])
    change_account(store, who, account.id, AccountChange(role="operator"), version=1)
    assert store.items[counter]["count"] == 0
    restore(store, line[5], version=2)
    change_account(store, who, account.id, AccountChange(role="super_user"), version=2)  # who counts again
    assert store.items[counter]["count"] == 1
    with pytest.raises(LastSuperUserError):
        remove_account(store, who, account.id, version=3)


def test_the_last_super_user_stays_where_the_customer_is_restored_in_that_moment(
    meddling: Meddling,
) -> None:
    line = a_tree(meddling)
    put(meddling, account := an_account("super_user", line[5]))
    archive(meddling, line[5])
    meddling.meddle = [lambda: None, lambda: restore(meddling, line[5])]
    with pytest.raises(LastSuperUserError):
        remove_account(meddling, by(operation="change_accounts"), account.id, version=1)
    assert meddling.meddle == []
    assert meddling.items[super_users_key(line[5].id)]["count"] == 1


def test_the_account_of_a_customer_that_is_restored_in_that_moment_keeps_its_address(meddling: Meddling) -> None:
    """One clock is ahead and takes the customer for removed; another is behind and restores it."""
    line = a_tree(meddling)
    put(meddling, account := an_account("super_user", line[5], email="ada@example.com"))
    archive(meddling, line[5])
    who = by(now=LATER + 30 * DAY, operation="change_accounts")
    new = NewAccount(email=account.email, display_name="Ada", role="super_user")
    meddling.meddle = [lambda: None, lambda: restore(meddling, line[5])]
    for refusal in (ThrottledError, EmailExistsError):
        with pytest.raises(refusal):
            add_account(meddling, MemoryIdentities(), who, ROOT.id, new, idempotency_key="a", cursor_key="k")
    assert meddling.meddle == []
    assert Account.model_validate(meddling.items[account_key(account.id)]) == account


@pytest.mark.parametrize("again", [False, True])
def test_the_last_super_user_goes_though_the_archive_changes_meanwhile(meddling: Meddling, again: bool) -> None:
    """The record is deleted, or the customer is restored and archived once more."""
    line = a_tree(meddling)
    put(meddling, account := an_account("super_user", line[5]))
    archive(meddling, line[5])

    def another() -> None:
        if again:
            restore(meddling, line[5])
            archive_customer(meddling, by(now=LATER + DAY), line[5].id, version=3, find_devices=blocking_devices)
        else:
            del meddling.items[customer_key(line[5].id)]

    meddling.meddle = [lambda: None, another]
    remove_account(meddling, by(operation="change_accounts"), account.id, version=1)
    assert meddling.items[super_users_key(line[5].id)]["count"] == 0


def test_an_archive_that_never_rests_ends_in_try_again(meddling: Meddling) -> None:
    line = a_tree(meddling)
    put(meddling, account := an_account("super_user", line[5]))
    archive(meddling, line[5])
    versions = iter(range(2, 100, 2))

    def another() -> None:
        version = next(versions)
        at = LATER + version * DAY
        restore_customer(meddling, by(now=at), line[5].id, version=version)
        archive_customer(meddling, by(now=at), line[5].id, version=version + 1, find_devices=blocking_devices)

    rest = [lambda: None, lambda: None]
    meddling.meddle = [lambda: None, another, *rest, another, *rest]
    with pytest.raises(ThrottledError):
        remove_account(meddling, by(operation="change_accounts"), account.id, version=1)
    assert meddling.items[super_users_key(line[5].id)]["count"] == 1


def test_nobody_restores_their_own_company(store: MemoryStore, line: list[Customer]) -> None:
    account = an_account("super_user", line[5])
    put(store, account)
    archive(store, line[5])
    with pytest.raises(ForbiddenError):
        restore(store, line[5], who=by(account))


def test_nothing_is_offered_below_an_archived_customer(store: MemoryStore, line: list[Customer]) -> None:
    assert get_options(store, caller(now=LATER), line[5].id).may_add
    archive(store, line[5])
    assert not get_options(store, caller(now=LATER), line[5].id).may_add


def test_a_trial_that_ends_while_archived_is_told_when_its_customer_is_back(store: MemoryStore) -> None:
    line = a_line(end_customer={"in_trial": True})
    put(store, *line[1:5])
    archive(store, line[4])
    over = NOW + 30 * DAY
    assert [entry.event for entry in entries(store, line[4], over)] == ["customer_added", "customer_archived"]
    restore(store, line[4], who=by(now=over))
    assert entries(store, line[4], over)[-2].event == "customer_entered_production"


def test_a_month_that_was_spent_archived_has_no_row(store: MemoryStore) -> None:
    line = a_line()
    put(store, *line[1:5])
    archive(store, line[4], who=by(now=datetime.fromisoformat("2027-01-31T12:00:00Z")))
    restore(store, line[4], who=by(now=datetime.fromisoformat("2027-03-01T12:00:00Z")))
    who = caller(now=datetime.fromisoformat("2027-03-02T00:00:00Z"), operation="read_invoicing")
    assert get_invoicing(store, who, ROOT.id, month="2027-02", limit=25).rows == []
    assert get_invoicing(store, who, ROOT.id, month="2027-03", limit=25).rows[0].days == 31


def test_a_trial_goes_on_by_the_clock_while_its_customer_is_archived(store: MemoryStore) -> None:
    line = a_line(end_customer={"in_trial": True})
    end_customer = line[4]
    put(store, *line[1:5])
    seven = NOW + 23 * DAY
    end_trials(store, seven, time_is_up=lambda: False)
    assert stored(store, end_customer).reminder_7_at == seven
    change(store, end_customer, version=2, name="Still reminded once")
    assert end_trials(store, seven, time_is_up=lambda: False) == {}
    archive(store, end_customer, version=3, who=by(now=seven))
    over = NOW + 31 * DAY
    assert end_trials(store, over, time_is_up=lambda: False) == {}
    restore(store, end_customer, version=4, who=by(now=over))
    assert end_trials(store, over, time_is_up=lambda: False) == {"ended": 1}
    ended = stored(store, end_customer)
    assert (ended.production_since, ended.reminder_3_at) == (NOW + 30 * DAY, None)
    assert all(store.query("trials", trial_shard(shard), limit=1).items == [] for shard in range(16))


def test_an_archived_customer_is_not_invoiced(store: MemoryStore) -> None:
    line = a_line()
    end_customer = a_customer("end_customer", line[3], now=datetime.fromisoformat("2026-11-01T00:00:00Z"))
    put(store, *line[1:4], end_customer)

    def rows(now: datetime, month: str = "2026-11", *, archived: bool = False) -> list[tuple[str, int]]:
        who = caller(now=now, operation="read_invoicing")
        page = get_invoicing(store, who, ROOT.id, month=month, archived=archived, limit=25)
        return [(format_timestamp(row.end), row.days) for row in page.rows]

    def at(text: str) -> datetime:
        return datetime.fromisoformat(text)

    end_of_month = "2026-12-01T00:00:00.000000Z"
    assert rows(LATER) == [(end_of_month, 30)]
    archived_at = at("2026-11-10T12:00:00Z")
    archive(store, end_customer, who=by(now=archived_at))
    assert rows(LATER) == []
    assert rows(LATER, archived=True) == [("2026-11-10T12:00:00.000000Z", 10)]  # the day it was archived is used
    assert rows(LATER, "2026-12", archived=True) == []
    assert rows(at("2026-12-10T12:00:00Z"), archived=True) == []  # removed
    restore(store, end_customer, who=by(now=at("2026-11-20T12:00:00Z")))
    assert rows(LATER) == [(end_of_month, 30 - 9)]  # the 11th to the 19th were spent archived
    assert rows(LATER, archived=True) == []
    assert rows(LATER, "2026-12") == [("2027-01-01T00:00:00.000000Z", 31)]


def test_a_customer_is_archived_fifty_times_and_no_more(store: MemoryStore) -> None:
    times = tuple(ArchivePeriod(start=NOW, end=NOW) for _ in range(MAX_ARCHIVES - 1))
    distributor = a_customer("distributor").model_copy(update={"archives": times})
    put(store, distributor)
    archive(store, distributor)
    restore(store, distributor)
    with pytest.raises(RulesViolatedError) as refused:
        archive(store, distributor, version=3)
    assert refused.value.errors[0]["code"] == "archived_too_often"


def test_the_accounts_of_an_archived_customer_can_all_be_removed(store: MemoryStore) -> None:
    distributor = a_customer("distributor")
    account = an_account("super_user", distributor)
    put(store, distributor, account)
    who = by(operation="change_accounts")
    with pytest.raises(LastSuperUserError):
        remove_account(store, who, account.id, version=1)
    archive(store, distributor)
    assert get_me(store, caller(account, now=LATER)).customer.archive
    with pytest.raises(NotFoundError):
        get_me(store, caller(account, now=LATER + 31 * DAY))
    remove_account(store, who, account.id, version=1)
    assert not any(key[0].startswith("email#super_user@") for key in store.items)


# ---- history


def entries(store: MemoryStore, customer: Customer, now: datetime = LATER, limit: int = 100) -> list[Any]:
    found, cursor = [], None
    while True:
        page = get_history(store, caller(now=now), customer.id, limit=limit, cursor=cursor)
        assert len(page.entries) <= limit
        found += page.entries
        cursor = page.next_cursor
        if cursor is None:
            return found


def a_long_history(store: MemoryStore) -> Customer:
    line = a_line()
    put(store, *line[1:4])
    new = asked("end_customer", line[3], in_trial=True, references={"psa": "1"})
    added = add_customer(store, by(now=NOW), new, idempotency_key="key").customer
    customer = Customer.model_validate(store.items[customer_key(added.id or "")])
    change(store, customer, name="B", who=by(now=NOW + 1 * DAY))
    end_trials(store, NOW + 23 * DAY, time_is_up=lambda: False)
    change(store, customer, version=3, name="C", references={"psa": None}, who=by(now=NOW + 24 * DAY))
    move(store, customer, version=4)  # by a clock that is behind
    end_trials(store, NOW + 30 * DAY, time_is_up=lambda: False)
    archive(store, customer, version=6, who=by(now=NOW + 31 * DAY))
    restore(store, customer, version=7, who=by(now=NOW + 32 * DAY))
    return customer


def test_a_history_tells_every_change_in_the_order_of_time(store: MemoryStore) -> None:
    customer = a_long_history(store)
    found = entries(store, customer, NOW + 33 * DAY)
    assert [(entry.event, (entry.at - NOW).days, entry.by, entry.version) for entry in found] == [
        ("customer_added", 0, ROOT_ACCOUNT.id, None),
        ("customer_changed", 1, ROOT_ACCOUNT.id, 2),
        ("trial_ending", 23, "schedule", None),
        ("customer_changed", 24, ROOT_ACCOUNT.id, 4),
        ("storage_location_changed", 24, ROOT_ACCOUNT.id, 5),
        ("customer_entered_production", 30, "schedule", None),
        ("customer_archived", 31, ROOT_ACCOUNT.id, 7),
        ("customer_restored", 32, ROOT_ACCOUNT.id, 8),
    ]
    assert [entry.request_id for entry in found] == ["request 1"] * 2 + [None] + ["request 1"] * 2 + [None] + [
        "request 1"
    ] * 2
    added = {field: values["to"] for field, values in found[0].changes.items()}
    assert added == {
        "name": "A end_customer",
        "service_type": "all_inclusive",
        "device_country": "DE",
        "storage_location": "DE",
        "references": {"psa": "1"},
    }
    assert found[1].changes == {"name": {"from": "A end_customer", "to": "B"}}
    assert found[3].changes == {
        "name": {"from": "B", "to": "C"},
        "references": {"from": {"psa": "1"}, "to": {}},
    }
    archived_at = format_timestamp(NOW + 31 * DAY)
    assert found[6].changes == {"archived_at": {"from": None, "to": archived_at}}
    assert found[7].changes == {"archived_at": {"from": archived_at, "to": None}}


@pytest.mark.parametrize("limit", range(1, 10))
def test_the_pages_of_a_history_hold_every_change_once(store: MemoryStore, limit: int) -> None:
    customer = a_long_history(store)
    later = NOW + 33 * DAY
    assert entries(store, customer, later, limit) == entries(store, customer, later)


def test_history_and_events_tell_the_same(store: MemoryStore) -> None:
    """Every version of the record, as the stream brings it, against the history."""
    versions: list[Item] = []
    write, alter = store.write, store.change

    def note() -> None:
        found = [item for item in store.items.values() if item.get("created_request_id")]
        versions.extend(dict(item) for item in found if item not in versions)

    def noting_write(*actions: Action) -> None:
        write(*actions)
        note()

    def noting_change(*arguments: Any, **options: Any) -> None:
        alter(*arguments, **options)
        note()

    store.write, store.change = noting_write, noting_change  # type: ignore[method-assign]
    customer = a_long_history(store)
    told = [told for old, new in zip([None, *versions], versions, strict=False) for told in events_for_change(old, new)]
    found = entries(store, customer, NOW + 33 * DAY)
    assert [(kind, event.occurred_at) for kind, event in told] == [(entry.event, entry.at) for entry in found]
    assert len({event.event_id for _, event in told}) == len(told)
    for (kind, event), entry in zip(told, found, strict=True):
        if hasattr(event, "changed_by"):
            assert (event.changed_by, event.request_id) == (entry.by, entry.request_id)
            assert event.sequence == entry.version
        if kind == "customer_changed":
            assert event.model_dump()["changes"] == entry.changes
    again = [
        told for old, new in zip([None, *versions], versions, strict=False) for told in events_for_change(old, new)
    ]
    assert again == told


def test_the_end_of_a_trial_is_told_by_the_clock_and_by_whom(store: MemoryStore) -> None:
    line = a_line(end_customer={"in_trial": True})
    put(store, *line[1:5])
    assert [entry.event for entry in entries(store, line[4], NOW + 30 * DAY - MICROSECOND)] == ["customer_added"]
    last = entries(store, line[4], NOW + 30 * DAY)[-1]
    assert (last.event, last.at, last.by) == ("customer_entered_production", NOW + 30 * DAY, "schedule")
    start_production(store, by(), line[4].id, version=1)
    last = entries(store, line[4], NOW + 30 * DAY)[-1]
    assert (last.at, last.by, last.request_id) == (LATER, ROOT_ACCOUNT.id, "request 1")


def test_a_customer_without_a_trial_is_in_production_from_its_beginning(store: MemoryStore) -> None:
    line = a_line()
    put(store, *line[1:])
    found = entries(store, line[4])
    assert [(entry.event, entry.at) for entry in found] == [
        ("customer_added", NOW),
        ("customer_entered_production", NOW),
    ]
    assert [entry.event for entry in entries(store, line[3])] == ["customer_added"]


def test_a_change_keeps_its_record_in_the_same_transaction(meddling: Meddling) -> None:
    line = a_tree(meddling)
    meddling.meddle = [lambda: change(meddling, line[3], name="First")]
    with pytest.raises(StaleVersionError):
        change(meddling, line[3], name="Second")
    kept = meddling.query(TABLE, customer_key(line[3].id)[0], starts_with="history#", limit=10).items
    assert [item["changes"]["name"]["to"] for item in kept] == ["First"]


def test_a_reference_of_any_length_makes_a_key_that_dynamodb_takes() -> None:
    pk, sk = reference_key("reference#" + "x" * 80, "s" * 5000, "\U0001f600" * 5000)
    assert len(pk.encode()) <= 2048
    assert len(sk.encode()) <= 1024
    assert Put(reference_items(a_customer("site", references={"psa": "1"}))[0]).key[1] == "reference"


@pytest.mark.parametrize("country", ["FI", "Nowhere"])
def test_a_location_that_is_refused_is_told_where(store: MemoryStore, line: list[Customer], country: str) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        move(store, line[4], country=country)
    assert [error["pointer"] for error in refused.value.errors] == ["/country"]


@pytest.mark.parametrize("services", [[], ["x"]])
def test_what_the_root_does_not_take_is_told_once(store: MemoryStore, services: list[str]) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        change(store, ROOT, services_to_provide=services)
    assert codes(refused) == [("refused", "/services_to_provide")]


def test_a_customer_that_was_archived_too_often_is_told_so(store: MemoryStore) -> None:
    times = tuple(ArchivePeriod(start=NOW, end=NOW) for _ in range(MAX_ARCHIVES))
    distributor = a_customer("distributor").model_copy(update={"archives": times})
    put(store, distributor)
    with pytest.raises(RulesViolatedError) as refused:
        archive(store, distributor)
    assert refused.value.errors == [
        {
            "code": "archived_too_often",
            "parameter": "customer_id",
            "detail": "A customer is archived 50 times at most, and this one was.",
        }
    ]


def test_a_company_comes_back_with_what_its_parent_provides_only(store: MemoryStore) -> None:
    parent = a_customer("distributor")
    child = a_customer("reseller", parent)  # provides both, and is all_inclusive itself
    put(store, parent, child)
    archive(store, child)
    change(store, parent, services_to_provide=["all_inclusive"])
    with pytest.raises(RulesViolatedError) as refused:
        restore(store, child)
    assert codes(refused) == [("service_not_provided", "/services_to_provide/1")]


def test_a_distributor_is_told_where_to_ask_for_its_references(store: MemoryStore, line: list[Customer]) -> None:
    account = an_account("super_user", line[1])
    put(store, account)
    with pytest.raises(ForbiddenError) as refused:
        change(store, line[1], who=by(account), references={"psa": "1"})
    assert refused.value.detail == "The references of your company are those of the company above; ask there."


def test_an_archived_customer_was_not_added_archived(store: MemoryStore, line: list[Customer]) -> None:
    archive(store, line[5])
    kept = stored(store, line[5])
    assert kept.initial_values == {}  # nothing that was told when it was added has changed
    added = entries_from_record(kept, LATER)[0]
    assert (added.event, set(added.changes)) == ("customer_added", {"name", "device_country", "storage_location"})
