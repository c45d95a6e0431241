"""Tests: archiving customers."""

from datetime import datetime

import pytest

from shared.accounts.account import NewAccount
from shared.accounts.use_cases import AccountQuery, add_account, list_accounts, remove_account
from shared.customers.change_use_cases import (
    archive_customer,
    restore_customer,
)
from shared.customers.changes import MAX_ARCHIVES
from shared.customers.customer import ArchivePeriod, Customer
from shared.customers.use_cases import CustomerQuery, add_customer, get_customer, get_options, list_customers
from shared.devices.blocking import blocking_devices
from shared.devices.device import NewTestDevice
from shared.devices.use_cases import DeviceId, add_device, remove_device
from shared.errors import (
    ArchiveBlockedError,
    ArchivedError,
    ForbiddenError,
    RulesViolatedError,
    StaleVersionError,
    ThrottledError,
)
from shared.invoicing.use_cases import get_invoicing
from shared.table.keys import (
    active_super_users_key,
)
from shared.trials.use_cases import start_production
from shared.values.timestamps import format_timestamp
from tests.builders import (
    NOW,
    ROOT,
    a_customer,
    a_lineage,
    a_new_customer,
    an_account,
    caller,
    put,
)
from tests.customers.change_helpers import (
    DAY,
    LATER,
    Meddling,
    a_caller,
    a_tree,
    archive,
    assert_whole,
    change,
    listed,
    move,
    restore,
    stored,
)
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore


def test_archived_customer_is_listed_only_on_request(store: MemoryStore, lineage: list[Customer]) -> None:
    store.requests.clear()
    archived = archive(store, lineage[5])
    assert store.requests == ["get", "write", "get"]  # a site is shown with its end-customer
    assert (archived.archive.archived_at, archived.archive.removed_at) == (LATER, LATER + 30 * DAY)
    assert lineage[5].id not in listed(store, within=lineage[1].id) + listed(store, within=ROOT.id)
    assert listed(store, parent_id=lineage[4].id) == []
    for top in (ROOT, lineage[1], lineage[4]):
        assert listed(store, within=top.id, archived=True) == [lineage[5].id]
    assert listed(store, within=lineage[5].id, archived=True) == [lineage[5].id]
    assert listed(store, within=lineage[5].id) == []
    archive(store, lineage[4])
    for top in (ROOT, lineage[1], lineage[4]):  # also below one that is archived itself
        assert listed(store, within=top.id, archived=True) == [lineage[4].id, lineage[5].id]
    assert get_customer(store, caller(now=LATER), lineage[5].id).archive == archived.archive
    with pytest.raises(RulesViolatedError):
        listed(store, parent_id=lineage[4].id, archived=True)
    assert_whole(store)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_list_of_the_root_continues_after_many_archived_distributors(store: MemoryStore, limit: int) -> None:
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


def test_archive_fails_with_409_and_names_the_children_and_devices(store: MemoryStore, lineage: list[Customer]) -> None:
    for n in range(105):
        put(store, a_customer("site", lineage[4], name=f"Site {n:03}"))
    with pytest.raises(ArchiveBlockedError) as refused:
        archive(store, lineage[4])
    assert len(refused.value.errors) == 100
    assert refused.value.errors[0] == {"code": "child", "customer_id": lineage[5].id, "detail": lineage[5].name}
    device = add_device(
        store, caller(operation="change_devices"), lineage[5].id, NewTestDevice(name="Laptop"), idempotency_key="d"
    ).device
    before = dict(store.items)
    with pytest.raises(ArchiveBlockedError) as refused:
        archive(store, lineage[5])
    assert refused.value.errors == [{"code": "test_device", "device_id": device.id, "detail": "Laptop"}]
    assert store.items == before
    remove_device(store, caller(operation="change_devices"), DeviceId(lineage[5].id, device.id, is_test=True))
    assert archive(store, lineage[5]).archive


def test_archive_fails_when_a_child_or_device_is_added_concurrently(meddling: Meddling) -> None:
    lineage = a_tree(meddling)
    meddling.meddle = [
        lambda: add_customer(meddling, a_caller(), a_new_customer("site", lineage[4], name="New"), idempotency_key="n")
    ]
    archive(meddling, lineage[5])  # the addition is written first
    with pytest.raises(ArchiveBlockedError):
        archive(meddling, lineage[4])
    end_customer = a_customer("end_customer", lineage[3], name="Empty")
    put(meddling, end_customer)
    meddling.meddle = [
        lambda: add_customer(
            meddling, a_caller(), a_new_customer("site", end_customer, name="New"), idempotency_key="m"
        )
    ]
    with pytest.raises(ThrottledError):
        archive(meddling, end_customer)
    with pytest.raises(ArchiveBlockedError):
        archive(meddling, end_customer)
    other = a_customer("end_customer", lineage[3], name="Other")
    put(meddling, other)
    as_caller = caller(operation="change_devices")
    meddling.meddle = [lambda: add_device(meddling, as_caller, other.id, NewTestDevice(name="d"), idempotency_key="d")]
    with pytest.raises(ThrottledError):
        archive(meddling, other)
    assert stored(meddling, other).archived_at is None


def test_archive_of_ones_own_company_returns_403(store: MemoryStore, lineage: list[Customer]) -> None:
    account = an_account("super_user", lineage[5])
    put(store, account)
    with pytest.raises(ForbiddenError):
        archive(store, lineage[5], as_caller=a_caller(account))
    with pytest.raises(ForbiddenError):
        archive(store, ROOT)


def test_archived_customer_refuses_every_change_until_restored(store: MemoryStore) -> None:
    lineage = a_lineage()
    end_customer = lineage[4]
    super_user = an_account("super_user", end_customer)
    put(store, *lineage[1:5], super_user)
    archive(store, end_customer)
    new = NewAccount(email="a@example.com", display_name="A", role="supporter")
    for refused_by in (
        lambda: change(store, end_customer, version=2, name="x"),
        lambda: move(store, end_customer, version=2),
        lambda: start_production(store, a_caller(), end_customer.id, version=2),
        lambda: add_customer(store, a_caller(), a_new_customer("site", end_customer), idempotency_key="s"),
        lambda: add_account(
            store, MemoryIdentities(), a_caller(operation="change_accounts"), end_customer.id, new,
            idempotency_key="a", cursor_key="k", max_invitations=20,
        ),
        lambda: add_device(
            store, a_caller(operation="change_devices"), end_customer.id, NewTestDevice(name="d"), idempotency_key="d"
        ),
    ):  # fmt: skip
        before = dict(store.items)
        with pytest.raises(ArchivedError):
            refused_by()
        assert store.items == before
    restored = restore(store, end_customer)
    assert (restored.archive, restored.version) == (None, 3)
    assert change(store, end_customer, version=3, name="x").name == "x"


def test_writes_fail_when_the_customer_is_archived_concurrently(meddling: Meddling) -> None:
    lineage = a_tree(meddling)
    meddling.meddle = [lambda: archive(meddling, lineage[5])]
    new = NewAccount(email="a@example.com", display_name="A", role="supporter")
    as_caller = a_caller(operation="change_accounts")
    with pytest.raises(ArchivedError):
        add_account(
            meddling,
            MemoryIdentities(),
            as_caller,
            lineage[5].id,
            new,
            idempotency_key="a",
            cursor_key="k",
            max_invitations=20,
        )
    restore(meddling, lineage[5])
    meddling.meddle = [lambda: archive(meddling, lineage[5], version=3)]
    as_caller = a_caller(operation="change_devices")
    with pytest.raises(ArchivedError):
        add_device(meddling, as_caller, lineage[5].id, NewTestDevice(name="d"), idempotency_key="d")


def test_archive_and_restore_twice_change_nothing_more(store: MemoryStore, lineage: list[Customer]) -> None:
    first = archive(store, lineage[5])
    before = dict(store.items)
    assert archive(store, lineage[5], version=1) == first
    assert store.items == before
    back = restore(store, lineage[5])
    before = dict(store.items)
    assert restore(store, lineage[5], version=2) == back
    assert store.items == before
    assert_whole(store)


def test_archive_and_restore_of_a_stale_version_return_412(store: MemoryStore, lineage: list[Customer]) -> None:
    with pytest.raises(StaleVersionError):
        archive(store, lineage[5], version=2)
    archive(store, lineage[5])
    with pytest.raises(StaleVersionError):
        restore(store, lineage[5], version=1)


def test_concurrent_archives_or_restores_both_succeed(meddling: Meddling) -> None:
    lineage = a_tree(meddling)
    meddling.meddle = [lambda: archive(meddling, lineage[5])]
    assert archive(meddling, lineage[5]).version == 2
    meddling.meddle = [lambda: restore(meddling, lineage[5])]
    assert restore(meddling, lineage[5]).version == 3


def test_root_lists_what_is_archived_below_an_archived_distributor(store: MemoryStore, lineage: list[Customer]) -> None:
    account = an_account("operator", lineage[4])
    put(store, account, a_customer("distributor", name="Zebra"))
    for customer in reversed(lineage[1:]):
        archive(store, customer)
    everything = [customer.id for customer in lineage[1:]]
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
    as_caller = caller(now=LATER, operation="read_invoicing")
    page = get_invoicing(store, as_caller, ROOT.id, month="2026-11", archived=True, limit=100)
    assert [row.customer_id for row in page.rows] == [lineage[4].id]
    accounts = list_accounts(store, caller(now=LATER), AccountQuery(within=ROOT.id), limit=100).accounts
    assert account.id in [each.id for each in accounts]


def test_archive_gives_up_with_429_when_conflicts_do_not_end(meddling: Meddling) -> None:
    lineage = a_tree(meddling)
    put(meddling, account := an_account("super_user", lineage[5]))
    archive(meddling, lineage[5])
    versions = iter(range(2, 100, 2))

    def another() -> None:
        version = next(versions)
        at = LATER + version * DAY
        restore_customer(meddling, a_caller(now=at), lineage[5].id, version=version)
        archive_customer(meddling, a_caller(now=at), lineage[5].id, version=version + 1, find_devices=blocking_devices)

    rest = [lambda: None, lambda: None]
    meddling.meddle = [lambda: None, another, *rest, another, *rest]
    with pytest.raises(ThrottledError):
        remove_account(meddling, a_caller(operation="change_accounts"), account.id, version=1)
    assert meddling.items[active_super_users_key(lineage[5].id)]["count"] == 1


def test_options_below_an_archived_customer_offer_no_addition(store: MemoryStore, lineage: list[Customer]) -> None:
    assert get_options(store, caller(now=LATER), lineage[5].id).may_add
    archive(store, lineage[5])
    assert not get_options(store, caller(now=LATER), lineage[5].id).may_add


def test_invoicing_omits_a_month_that_was_spent_archived(store: MemoryStore) -> None:
    lineage = a_lineage()
    put(store, *lineage[1:5])
    archive(store, lineage[4], as_caller=a_caller(now=datetime.fromisoformat("2027-01-31T12:00:00Z")))
    restore(store, lineage[4], as_caller=a_caller(now=datetime.fromisoformat("2027-03-01T12:00:00Z")))
    as_caller = caller(now=datetime.fromisoformat("2027-03-02T00:00:00Z"), operation="read_invoicing")
    assert get_invoicing(store, as_caller, ROOT.id, month="2027-02", limit=25).rows == []
    assert get_invoicing(store, as_caller, ROOT.id, month="2027-03", limit=25).rows[0].days == 31


def test_archived_customer_is_not_invoiced(store: MemoryStore) -> None:
    lineage = a_lineage()
    end_customer = a_customer("end_customer", lineage[3], now=datetime.fromisoformat("2026-11-01T00:00:00Z"))
    put(store, *lineage[1:4], end_customer)

    def rows(now: datetime, month: str = "2026-11", *, archived: bool = False) -> list[tuple[str, int]]:
        as_caller = caller(now=now, operation="read_invoicing")
        page = get_invoicing(store, as_caller, ROOT.id, month=month, archived=archived, limit=25)
        return [(format_timestamp(row.end), row.days) for row in page.rows]

    def at(text: str) -> datetime:
        return datetime.fromisoformat(text)

    end_of_month = "2026-12-01T00:00:00.000000Z"
    assert rows(LATER) == [(end_of_month, 30)]
    archived_at = at("2026-11-10T12:00:00Z")
    archive(store, end_customer, as_caller=a_caller(now=archived_at))
    assert rows(LATER) == []
    assert rows(LATER, archived=True) == [("2026-11-10T12:00:00.000000Z", 10)]  # the day of the archiving is invoiced
    assert rows(LATER, "2026-12", archived=True) == []
    assert rows(at("2026-12-10T12:00:00Z"), archived=True) == []  # removed
    restore(store, end_customer, as_caller=a_caller(now=at("2026-11-20T12:00:00Z")))
    assert rows(LATER) == [(end_of_month, 30 - 9)]  # it was archived from the 11th to the 19th
    assert rows(LATER, archived=True) == []
    assert rows(LATER, "2026-12") == [("2027-01-01T00:00:00.000000Z", 31)]


def test_archive_fails_after_fifty_archives(store: MemoryStore) -> None:
    times = tuple(ArchivePeriod(start=NOW, end=NOW) for _ in range(MAX_ARCHIVES - 1))
    distributor = a_customer("distributor").model_copy(update={"archives": times})
    put(store, distributor)
    archive(store, distributor)
    restore(store, distributor)
    with pytest.raises(RulesViolatedError) as refused:
        archive(store, distributor, version=3)
    assert refused.value.errors[0]["code"] == "archived_too_often"


def test_archive_after_fifty_archives_reports_the_limit(store: MemoryStore) -> None:
    times = tuple(ArchivePeriod(start=NOW, end=NOW) for _ in range(MAX_ARCHIVES))
    distributor = a_customer("distributor").model_copy(update={"archives": times})
    put(store, distributor)
    with pytest.raises(RulesViolatedError) as refused:
        archive(store, distributor)
    assert refused.value.errors == [
        {
            "code": "archived_too_often",
            "parameter": "customer_id",
            "detail": "A customer can be archived 50 times. This customer has reached the limit.",
        }
    ]
