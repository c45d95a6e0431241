"""Tests: the audit lists every change within a customer exactly once, and nothing of another tree."""

import csv
import io
from base64 import urlsafe_b64decode
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from itsdangerous import URLSafeSerializer

from shared.accounts.sign_ins import record_sign_in
from shared.audit import TYPES, AuditPage, AuditQuery, get_audit
from shared.auth.authorization import Account
from shared.customers.change_use_cases import archive_customer, change_customer, change_storage_location
from shared.customers.changes import LocationChange
from shared.customers.customer import Customer, CustomerChange
from shared.customers.use_cases import add_customer
from shared.devices.blocking import blocking_devices
from shared.devices.device import NewTestDevice
from shared.devices.use_cases import DeviceId, add_device, remove_device, replace_token
from shared.devices.view_use_cases import remove_view, save_view
from shared.devices.views import NewView
from shared.errors import ForbiddenError, MalformedRequestError, NotFoundError, RulesViolatedError
from shared.storage_locations.catalogue import NewCatalogue
from shared.storage_locations.use_cases import replace_storage_locations
from shared.table.keys import Item
from shared.trials.use_cases import start_production
from tests.accounts.helpers import Accounts
from tests.builders import MICROSECOND, NOW, ROOT, ROOT_ACCOUNT, a_customer, a_new_customer, an_account, caller, put
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore

DAY = timedelta(days=1)


def page(
    store: MemoryStore,
    reader: Account = ROOT_ACCOUNT,
    *,
    now: datetime = NOW,
    limit: int = 100,
    cursor: Any = None,
    **query: Any,
) -> AuditPage:
    as_caller = caller(reader, now, operation="read_audit")
    return get_audit(store, as_caller, AuditQuery(**query), limit=limit, cursor=cursor)


def all_pages(store: MemoryStore, reader: Account = ROOT_ACCOUNT, *, limit: int = 100, **query: Any) -> list[Any]:
    """Return the entries of all pages."""
    found: list[Any] = []
    cursor = None
    for _ in range(1000):
        one = page(store, reader, limit=limit, cursor=cursor, **query)
        assert len(one.entries) <= limit
        found += one.entries
        cursor = one.next_cursor
        if cursor is None:
            return found
    raise AssertionError("the pages do not end")


@pytest.fixture
def reseller(store: MemoryStore) -> Customer:
    """A reseller that was added by a request, below a distributor that was there before."""
    distributor = a_customer("distributor")
    put(store, distributor)
    added = add_customer(
        store, caller(operation="change_customers"), a_new_customer("reseller", distributor), idempotency_key="r"
    )
    return Customer.model_validate(store.items[f"customer#{added.customer.id}", "customer"])


def test_every_kind_of_change_has_one_entry(store: MemoryStore, reseller: Customer) -> None:
    identities = MemoryIdentities()
    accounts = Accounts(store, identities)
    does = caller(operation="change_customers")
    support = caller(operation="support")
    fields = {"in_trial": True, "device_country": "FI", "storage_location": "SE"}
    owner = add_customer(store, does, a_new_customer("end_customer", reseller, **fields), idempotency_key="e").customer
    change_customer(store, does, owner.id, CustomerChange(name="Another name"), version=1)
    change_storage_location(store, support, owner.id, LocationChange(country="DK", reason="Asked by Ada"), version=2)
    start_production(store, does, owner.id, version=3)
    device = add_device(store, does, owner.id, NewTestDevice(name="Ada's"), idempotency_key="d").device
    replace_token(store, does, DeviceId(owner.id, device.id, is_test=True), idempotency_key="t")
    remove_device(store, does, DeviceId(owner.id, device.id, is_test=True))
    person = accounts.add(reseller).account
    record_sign_in(store, person.id, NOW, "api")
    record_sign_in(store, person.id, NOW, "api")
    accounts.change(person.id, version=2, role="manager")
    accounts.remove(person.id, version=3)
    save_view(store, caller(operation="read"), "mine", NewView(columns=["name"]))
    remove_view(store, caller(operation="read"), "mine")
    archive_customer(store, does, owner.id, version=4, find_devices=blocking_devices)
    replace_storage_locations(
        store, support, NewCatalogue.model_validate({"locations": [{"country": "DK"}]}), version=1
    )

    entries = all_pages(store, within=ROOT.id)
    found = {(each.event, each.customer_id, each.account_id) for each in entries}
    assert len(found) == len(entries)
    assert found == {
        ("customer_added", reseller.id, None),
        ("customer_added", owner.id, None),
        ("customer_changed", owner.id, None),
        ("storage_location_changed", owner.id, None),
        ("customer_entered_production", owner.id, None),
        ("customer_archived", owner.id, None),
        ("test_device_added", owner.id, None),
        ("token_replaced", owner.id, None),
        ("test_device_removed", owner.id, None),
        ("account_added", reseller.id, person.id),
        ("signed_in", reseller.id, person.id),
        ("account_changed", reseller.id, person.id),
        ("account_removed", reseller.id, person.id),
        ("view_saved", ROOT.id, ROOT_ACCOUNT.id),
        ("view_removed", ROOT.id, ROOT_ACCOUNT.id),
        ("storage_locations_replaced", ROOT.id, None),
    }
    assert {each.by for each in entries} == {ROOT_ACCOUNT.id, person.id}
    text = str(entries)
    for name in ("Ada", "ada@example.com", "Another name", "mine", owner.name):
        assert name not in text
    by_type = {each.event: each for each in entries}
    assert by_type.keys() <= set(TYPES)
    assert by_type["signed_in"].changes == {"app_client": {"to": "api"}}
    assert by_type["customer_changed"].changes == {"name": {}}
    assert by_type["storage_location_changed"].changes == {"storage_location": {"from": "SE", "to": "DK"}}
    assert by_type["test_device_added"].changes == {"device_id": {"to": device.id}}
    assert by_type["storage_locations_replaced"].changes["SE"] == {"from": "SE", "to": None}
    assert "DK" not in by_type["storage_locations_replaced"].changes


def test_sign_ins_have_one_entry_for_each_day_and_app_client(store: MemoryStore, reseller: Customer) -> None:
    person = Accounts(store, MemoryIdentities()).add(reseller).account.id
    midnight = NOW.replace(hour=0) + DAY
    for at, client in (
        (NOW, "api"), (NOW + timedelta(hours=1), "api"), (NOW, "my_sign_in"),
        (midnight - MICROSECOND, "api"), (midnight, "api"), (midnight - MICROSECOND, "api"),
    ):  # fmt: skip
        record_sign_in(store, person, at, client)
    found = [(each.at, each.changes["app_client"]["to"]) for each in all_pages(store, types="signed_in")]
    assert found == [(midnight, "api"), (NOW, "my_sign_in"), (NOW, "api")]


def test_refused_change_has_no_entry(store: MemoryStore, reseller: Customer) -> None:
    before = all_pages(store)
    as_caller = caller(operation="change_customers")
    with pytest.raises(RulesViolatedError):
        add_customer(store, as_caller, a_new_customer("end_customer", reseller, name=""), idempotency_key="e")
    add_customer(store, as_caller, a_new_customer("end_customer", reseller), idempotency_key="e", validate_only=True)
    change_customer(store, as_caller, reseller.id, CustomerChange(name=reseller.name), version=1)
    assert all_pages(store) == before


def a_history(store: MemoryStore, random: Random) -> list[Customer]:
    """Change customers and accounts in two trees, at random times."""
    everyone: list[Customer] = [ROOT]
    for number in range(2):
        distributor = a_customer("distributor", name=f"D{number}")
        resellers = [a_customer("reseller", distributor, name=f"R{n}") for n in range(3)]
        owners = [a_customer("end_customer", each, name="E") for each in resellers]
        everyone += [distributor, *resellers, *owners]
    put(store, *everyone[1:])
    accounts = Accounts(store, MemoryIdentities())
    for number in range(60):
        at = NOW + random.randrange(50) * timedelta(hours=1)
        one = random.choice(everyone)
        if random.random() < 0.5:
            accounts.add(one, key=f"{number}", email=f"p{number}@example.com", now=at)
        elif one is not ROOT:
            version = store.items[f"customer#{one.id}", "customer"]["version"]
            change = CustomerChange(name=f"Name {number}")
            change_customer(store, caller(now=at, operation="change_customers"), one.id, change, version=version)
    return everyone


def scanned(store: MemoryStore, top: Customer, **fields: Any) -> list[Item]:
    """Return the records of the changes within a customer whose attributes equal these, in any order."""
    return [
        item
        for item in store.items.values()
        if item.get("event")
        and f"{item['customer_path']}/".startswith(f"{top.path}/")
        and all(item[name] == value for name, value in fields.items())
    ]


@pytest.mark.parametrize("seed", range(8))
def test_pages_equal_a_scan_for_every_caller_and_filter(store: MemoryStore, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - not for secrets
    everyone = a_history(store, random)
    for top in everyone:
        by = an_account("administrator", top)
        put(store, by)
        for event in (None, "account_added", "customer_changed"):
            fields = {"event": event} if event else {}
            limit = random.choice([1, 2, 7, 100])
            found = all_pages(store, by, limit=limit, within=top.id, **({"types": event} if event else {}))
            assert sorted(each.at for each in found) == sorted(
                datetime.fromisoformat(item["at"]) for item in scanned(store, top, **fields)
            )
            assert all(
                each.customer_id in store.items[f"customer#{each.customer_id}", "customer"]["path"] for each in found
            )
            if top is not ROOT:  # the root lists one tree after another
                assert [each.at for each in found] == sorted((each.at for each in found), reverse=True)


def test_root_lists_its_own_changes_and_then_one_tree_after_another(store: MemoryStore) -> None:
    a_history(store, Random(1))  # noqa: S311 - not for secrets
    found = all_pages(store, limit=3)
    paths = [store.items[f"customer#{each.customer_id}", "customer"]["path"] for each in found]
    trees = [[*path.split("/"), ""][1] for path in paths]
    assert [tree for at, tree in enumerate(trees) if at == 0 or trees[at - 1] != tree] == sorted(set(trees))
    for tree in set(trees):
        times = [each.at for each, of in zip(found, trees, strict=True) if of == tree]
        assert times == sorted(times, reverse=True)


def test_filters_by_account_and_time(store: MemoryStore, reseller: Customer) -> None:
    other = an_account("administrator", reseller)
    put(store, other)
    accounts = Accounts(store, MemoryIdentities())
    for hours in range(1, 4):
        accounts.add(reseller, other, key=f"{hours}", email=f"{hours}@example.com", now=NOW + timedelta(hours=hours))
    assert len(all_pages(store, by=other.id)) == 3
    assert all_pages(store, by="acc_nobody") == []
    noon = f"{NOW + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    for since, until, number in (
        (noon, None, 2),  # from this moment on
        (None, noon, 2),  # before it; the addition of the reseller is the other one
        (noon, noon.replace(":00:00Z", ":00:01Z"), 1),
        ("2026-11-24T13:00:00+01:00", None, 2),  # the same moment
        ("2026-11-24", "2026-11-24", 4),  # the whole day
        ("2026-11-25", None, 0),
        (None, "2026-11-23", 0),
    ):
        assert len(all_pages(store, since=since, until=until)) == number, (since, until)


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ({"types": "account_added,nonsense"}, "type_unknown", "types"),
        ({"since": "yesterday"}, "time_invalid", "from"),
        ({"since": "2026-11-24T10:00:00"}, "time_invalid", "from"),  # without an offset
        ({"until": "2026-13-01"}, "time_invalid", "to"),
        ({"until": "9999-12-31"}, "time_invalid", "to"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "time_invalid", "from"),
        ({"since": "2026-11-25", "until": "2026-11-24"}, "order", "to"),
        ({"since": "2026-11-25T00:00:00Z", "until": "2026-11-25T00:00:00Z"}, "order", "to"),
    ],
)
def test_wrong_query_names_the_parameter(store: MemoryStore, query: dict[str, str], code: str, parameter: str) -> None:
    with pytest.raises(RulesViolatedError) as raised:
        page(store, **query)
    (error,) = raised.value.errors
    assert (error["code"], error["parameter"]) == (code, parameter)


def test_changes_are_shown_for_400_days_to_the_second(
    store: MemoryStore, reseller: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(page(store, now=NOW + 400 * DAY).entries) == 1
    assert page(store, now=NOW + 400 * DAY + MICROSECOND).entries == []
    monkeypatch.setenv("AUDIT_DAYS", "30")
    assert page(store, now=NOW + 30 * DAY + MICROSECOND).entries == []
    assert page(store, now=NOW + 30 * DAY + MICROSECOND, since="2026-01-01").entries == []
    assert page(store, since="2020-01-01", until="2020-01-02").entries == []
    (entry,) = (item for item in store.items.values() if item["sk"].startswith("audit#"))
    assert entry["expires_at"] == (NOW + 400 * DAY).timestamp()  # DynamoDB deletes it then


def test_cursor_belongs_to_its_account_and_query(store: MemoryStore, reseller: Customer) -> None:
    a_history(store, Random(2))  # noqa: S311 - not for secrets
    first = page(store, limit=1)
    other = an_account("super_user", ROOT, id="acc_other")
    put(store, other)
    for by, query in ((other, {}), (ROOT_ACCOUNT, {"types": "account_added"}), (ROOT_ACCOUNT, {"within": reseller.id})):
        with pytest.raises(MalformedRequestError):
            page(store, by, cursor=first.next_cursor, **query)


def test_cursor_reveals_no_change_of_others(store: MemoryStore, reseller: Customer) -> None:
    """A page of a reseller can end at a change of another reseller, in whose position its ids and times are."""
    distributor = Customer.model_validate(store.items[f"customer#{reseller.parent_id}", "customer"])
    mine, other = an_account("administrator", reseller), a_customer("reseller", distributor, name="Other")
    put(store, mine, other)
    accounts = Accounts(store, MemoryIdentities())
    for number in range(600):
        theirs = number % 3 > 0
        person = {"key": f"{number}", "email": f"p{number}@example.com", "max_invitations": 1000}
        accounts.add(other if theirs else reseller, now=NOW + timedelta(minutes=number), **person)
    positions = []
    cursor = None
    while True:
        one = page(store, mine, cursor=cursor, limit=50, within=reseller.id, types="account_added")
        if (cursor := one.next_cursor) is None:
            break
        readable, payload = URLSafeSerializer("another key").loads_unsafe(cursor)
        assert not readable
        positions.append(payload)
    assert len(positions) >= 2
    assert all(payload.keys() == {"hidden"} for payload in positions)
    decoded = [urlsafe_b64decode(payload["hidden"]) for payload in positions]
    assert all(b"acc_" not in text and b"2026" not in text and b"audit" not in text for text in decoded)
    assert len({text[:16] for text in decoded}) == len(decoded)  # never the same key stream twice


def test_outside_looks_absent_and_other_roles_are_refused(store: MemoryStore, reseller: Customer) -> None:
    other = a_customer("distributor", ROOT, name="Other")
    stranger, manager = an_account("super_user", other), an_account("manager", reseller)
    put(store, other, stranger, manager)
    for by, within, error in (
        (stranger, reseller.id, NotFoundError), (stranger, "cus_absent", NotFoundError),
        (manager, reseller.id, ForbiddenError), (manager, None, ForbiddenError),
    ):  # fmt: skip
        with pytest.raises(error):
            page(store, by, within=within)
    assert page(store, stranger).entries == []


def test_requests_do_not_depend_on_the_number_of_changes(store: MemoryStore, reseller: Customer) -> None:
    accounts = Accounts(store, MemoryIdentities())
    distributor = Customer.model_validate(store.items[f"customer#{reseller.parent_id}", "customer"])
    for number in range(700):
        accounts.add(reseller, key=f"{number}", email=f"p{number}@example.com", max_invitations=1000)
    store.requests.clear()
    page(store, within=distributor.id, limit=100)
    assert store.requests == ["get", "query subtree"]
    store.requests.clear()
    assert page(store, within=distributor.id, types="customer_archived").entries == []
    assert store.requests == ["get", *["query subtree"] * 5]


def test_csv_has_a_row_for_each_change(store: MemoryStore, reseller: Customer) -> None:
    Accounts(store, MemoryIdentities()).add(reseller)
    rows = list(csv.DictReader(io.StringIO(page(store).as_csv())))
    assert {row["event"] for row in rows} == {"account_added", "customer_added"}
    assert rows[0]["changes"].startswith("{")
    assert list(rows[0]) == ["at", "event", "by", "customer_id", "account_id", "version", "changes", "request_id"]


def test_unreadable_change_is_named(store: MemoryStore, reseller: Customer) -> None:
    (entry,) = (item for item in store.items.values() if item["sk"].startswith("audit#"))
    entry["at"] = "broken"
    one = page(store)
    assert one.entries == []
    assert [each.kind for each in one.incomplete] == ["change"]
