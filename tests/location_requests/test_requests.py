"""Tests: requests for another storage location: asking, listing and deciding. Source: domain.md, "Storage location"."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.auth.authorization import Account
from shared.customers.change_use_cases import (
    archive_customer,
    change_customer,
    change_storage_location,
    get_history,
    restore_customer,
)
from shared.customers.changes import RESTORE_PERIOD, LocationChange
from shared.customers.customer import Customer, CustomerChange
from shared.customers.use_cases import get_customer
from shared.devices.blocking import blocking_devices
from shared.errors import (
    ArchivedError,
    ForbiddenError,
    KeyReusedError,
    NotFoundError,
    OpenRequestError,
    RequestDecidedError,
    RulesViolatedError,
    StaleVersionError,
)
from shared.events.events import events_for_change
from shared.location_requests.request import NewDecision, NewLocationRequest
from shared.location_requests.use_cases import (
    add_location_request,
    decide_location_request,
    get_location_request,
    list_customers_requests,
    list_location_requests,
)
from shared.table.keys import customer_key, location_request_key, open_location_request_key
from tests.builders import NOW, ROOT_ACCOUNT, a_customer, an_account, caller, put
from tests.devices.helpers import route
from tests.events.helpers import stream_of
from tests.memory_store import MemoryStore

SUPPORT, CHANGES = caller(operation="support"), caller(operation="change_customers")


@pytest.fixture
def customer(store: MemoryStore) -> Customer:
    """An end-customer in Finland, which hosts no storage. It has chosen Sweden."""
    found = a_customer("end_customer", device_country="FI", storage_location="SE")
    put(store, a_customer("distributor"), a_customer("reseller"), found)
    return found


def ask(store: MemoryStore, customer: Customer, location: str = "DK", key: str = "key", by: Any = CHANGES) -> Any:
    new = NewLocationRequest(location=location, reason="  By \n contract. ")
    return add_location_request(store, by, customer.id, new, idempotency_key=key)


def decide(
    store: MemoryStore, customer: Customer, id: str, decision: Any = "accepted", by: Any = SUPPORT, reason: str = "Yes."
) -> Any:
    return decide_location_request(store, by, customer.id, id, NewDecision(decision=decision, reason=reason))


def test_request_says_what_was_asked_and_where_it_would_land(store: MemoryStore, customer: Customer) -> None:
    route(store, 1, DK="NO")
    store.requests.clear()
    asked = ask(store, customer).request
    assert store.requests == ["get", "write"]
    assert (asked.storage_location.code, asked.requested.code, asked.lands_in.code) == ("SE", "DK", "NO")
    assert [notice.code for notice in asked.notices] == ["lands_elsewhere"]
    assert (asked.reason, asked.state, asked.decision) == ("By contract.", "open", None)
    assert (asked.customer_name, asked.customer_version) == (customer.name, 1)
    assert get_location_request(store, caller(), customer.id, asked.id) == asked
    assert get_customer(store, caller(), customer.id).storage_location.code == "SE"


@pytest.mark.parametrize(
    ("location", "reason", "expected"),
    [
        ("Sweden", "r", [("same_location", "/location")]),
        ("FI", "r", [("not_hosted", "/location")]),
        ("Nowhere", "", [("country_unknown", "/location"), ("reason_required", "/reason")]),
        ("DK", "r" * 501, [("reason_required", "/reason")]),
    ],
)
def test_request_that_makes_no_sense_is_refused_with_each_fault(
    store: MemoryStore, customer: Customer, location: str, reason: str, expected: Any
) -> None:
    before = dict(store.items)
    new = NewLocationRequest(location=location, reason=reason)
    with pytest.raises(RulesViolatedError) as refused:
        add_location_request(store, CHANGES, customer.id, new, idempotency_key="k")
    assert [(error["code"], error["pointer"]) for error in refused.value.errors] == expected
    if expected[0][0] == "not_hosted":
        assert len(refused.value.errors[0]["choices"]) == 17
    assert store.items == before


def test_customer_has_one_open_request(store: MemoryStore, customer: Customer) -> None:
    first = ask(store, customer)
    with pytest.raises(OpenRequestError) as refused:
        ask(store, customer, "NO", key="other")
    assert refused.value.extensions == {"location_request_id": first.request.id}
    again = ask(store, customer)
    assert (again.outcome, again.request) == ("replayed", first.request)
    with pytest.raises(KeyReusedError):
        ask(store, customer, "NO")
    decide(store, customer, first.request.id, "declined")
    assert ask(store, customer, "NO", key="other").outcome == "added"
    assert ask(store, customer).request.state == "declined"  # a repeat shows what has become of it


def test_two_requests_at_once_leave_one(store: MemoryStore, customer: Customer) -> None:
    write = store.write

    def overtaken(*actions: Any) -> None:
        store.write = write  # type: ignore[method-assign]
        ask(store, customer, "NO", key="first")
        write(*actions)

    store.write = overtaken  # type: ignore[method-assign]
    with pytest.raises(OpenRequestError):
        ask(store, customer, key="second")
    assert [
        each.requested.code for each in list_customers_requests(store, caller(), customer.id, limit=10).requests
    ] == ["NO"]


def test_request_that_an_archiving_overtakes_is_not_added(store: MemoryStore, customer: Customer) -> None:
    write = store.write

    def overtaken(*actions: Any) -> None:
        store.write = write  # type: ignore[method-assign]
        archive_customer(store, CHANGES, customer.id, version=1, find_devices=blocking_devices)
        write(*actions)

    store.write = overtaken  # type: ignore[method-assign]
    with pytest.raises(ArchivedError):
        ask(store, customer)
    assert open_location_request_key(customer.id) not in store.items
    assert list_customers_requests(store, caller(), customer.id, limit=10).requests == []


def test_accepting_moves_the_storage_and_closes_the_request_together(store: MemoryStore, customer: Customer) -> None:
    asked = ask(store, customer).request
    images = stream_of(store)
    store.requests.clear()
    accepted = decide(store, customer, asked.id)
    assert store.requests == ["get", "write"]
    assert (accepted.state, accepted.decision.reason, accepted.decision.decided_by) == (
        "accepted",
        "Yes.",
        ROOT_ACCOUNT.id,
    )
    moved = get_customer(store, caller(), customer.id)
    assert (moved.storage_location.code, moved.storage_location.decided, moved.version) == ("DK", "support", 2)
    assert moved.storage_location.explanation == "Changed by support. The history has the reason."
    last = get_history(store, caller(), customer.id, limit=10).entries[-1]
    assert (last.event, last.reason) == ("storage_location_changed", "Yes.")
    assert last.changes == {"storage_location": {"from": "SE", "to": "DK"}}
    assert open_location_request_key(customer.id) not in store.items
    events = [kind for old, new in images for kind, _ in events_for_change(old, new)]
    assert sorted(events) == ["storage_location_changed", "storage_location_request_decided"]


def test_declining_changes_nothing_of_the_customer(store: MemoryStore, customer: Customer) -> None:
    asked = ask(store, customer).request
    before = store.items[customer_key(customer.id)]
    declined = decide(store, customer, asked.id, "declined", reason="No capacity.")
    assert (declined.state, declined.decision.reason) == ("declined", "No capacity.")
    assert store.items[customer_key(customer.id)] == before
    assert ask(store, customer, key="again").outcome == "added"


def test_decision_is_final_and_its_repeat_is_answered(store: MemoryStore, customer: Customer) -> None:
    asked = ask(store, customer).request
    accepted = decide(store, customer, asked.id)
    assert decide(store, customer, asked.id) == accepted
    other = an_account("super_user", a_customer("root"), id="acc_other", email="other@example.com")
    put(store, other)
    for again in (
        lambda: decide(store, customer, asked.id, "declined"),
        lambda: decide(store, customer, asked.id, reason="Another."),
        lambda: decide(store, customer, asked.id, by=caller(other, operation="support")),
    ):
        with pytest.raises(RequestDecidedError):
            again()
    assert get_customer(store, caller(), customer.id).version == 2


def test_request_is_stale_only_if_the_location_has_changed_since(store: MemoryStore, customer: Customer) -> None:
    asked = ask(store, customer).request
    change_customer(store, CHANGES, customer.id, CustomerChange(name="Renamed", device_country="NO"), version=1)
    move = LocationChange(country="NO", reason="Other.")
    change_storage_location(store, SUPPORT, customer.id, move, version=2)
    with pytest.raises(StaleVersionError):
        decide(store, customer, asked.id)
    back = LocationChange(country="SE", reason="Back.")
    change_storage_location(store, SUPPORT, customer.id, back, version=3)
    assert decide(store, customer, asked.id).state == "accepted"  # it is as the request has seen it
    assert get_customer(store, caller(), customer.id).storage_location.code == "DK"


def test_accepting_although_the_customer_is_changed_meanwhile(store: MemoryStore, customer: Customer) -> None:
    asked, write = ask(store, customer).request, store.write

    def overtaken(*actions: Any) -> None:
        store.write = write  # type: ignore[method-assign]
        change_customer(store, CHANGES, customer.id, CustomerChange(name="Renamed"), version=1)
        write(*actions)

    store.write = overtaken  # type: ignore[method-assign]
    assert decide(store, customer, asked.id).customer_version == 3
    found = get_customer(store, caller(), customer.id)
    assert (found.name, found.storage_location.code) == ("Renamed", "DK")


def test_request_for_a_location_that_has_left_the_catalogue_is_not_accepted(
    store: MemoryStore, customer: Customer
) -> None:
    asked = ask(store, customer).request
    route(store, 1, DK="gone")
    with pytest.raises(RulesViolatedError) as refused:
        decide(store, customer, asked.id)
    assert refused.value.errors[0]["code"] == "not_hosted"
    assert get_location_request(store, caller(), customer.id, asked.id).lands_in is None
    assert decide(store, customer, asked.id, "declined").state == "declined"


def test_request_of_an_archived_customer_waits_and_goes_with_it(store: MemoryStore, customer: Customer) -> None:
    asked = ask(store, customer).request
    archive_customer(store, CHANGES, customer.id, version=1, find_devices=blocking_devices)
    with pytest.raises(ArchivedError):
        decide(store, customer, asked.id)
    with pytest.raises(ArchivedError):
        ask(store, customer, key="other")
    assert ask(store, customer).outcome == "replayed"
    assert [each.id for each in list_location_requests(store, SUPPORT, state="open", limit=10).requests] == [asked.id]
    removed = caller(now=NOW + RESTORE_PERIOD, operation="support")
    assert list_location_requests(store, removed, state="open", limit=10).requests == []
    restore_customer(store, CHANGES, customer.id, version=2)
    assert decide(store, customer, asked.id).state == "accepted"


def test_only_support_decides_and_lists_all(store: MemoryStore, customer: Customer) -> None:
    asked = ask(store, customer).request
    distributor = a_customer("distributor")
    accounts = [an_account(role, distributor) for role in ("super_user", "administrator", "manager")]  # type: ignore[arg-type]
    put(store, *accounts)
    for account in accounts:
        by = caller(account, operation="support")
        for act in (
            lambda by=by: decide(store, customer, asked.id, by=by),
            lambda by=by: list_location_requests(store, by, state="open", limit=10),
        ):
            with pytest.raises(ForbiddenError):
                act()
    assert list_customers_requests(store, caller(accounts[2]), customer.id, limit=10).requests == [asked]


def test_other_trees_do_not_see_a_request(store: MemoryStore, customer: Customer) -> None:
    asked = ask(store, customer).request
    stranger = a_customer("distributor", name="Stranger")
    account = an_account("super_user", stranger)
    put(store, stranger, account)
    reads: list[Callable[[Account], Any]] = [
        lambda by: get_location_request(store, caller(by), customer.id, asked.id),
        lambda by: get_location_request(store, caller(by), stranger.id, asked.id),
        lambda by: list_customers_requests(store, caller(by), customer.id, limit=10),
        lambda by: ask(store, customer, key="other", by=caller(by, operation="change_customers")),
    ]
    for read in reads:
        with pytest.raises(NotFoundError):
            read(account)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_requests_are_listed_by_time(store: MemoryStore, limit: int) -> None:
    customers = [a_customer("end_customer", name=f"E{n}") for n in range(4)]
    put(store, a_customer("distributor"), a_customer("reseller"), *customers)
    asked = []
    for hour, customer in enumerate([*customers, *customers[:2]]):
        now = NOW + timedelta(hours=hour)
        for open_one in [each for each in asked if each.customer_id == customer.id and each.state == "open"]:
            decide(store, customer, open_one.id, "declined", by=caller(now=now, operation="support"))
        asked.append(
            ask(store, customer, "NO", key=f"{hour}", by=caller(now=now, operation="change_customers")).request
        )

    def listed(read: Callable[[str | None], Any]) -> list[str]:
        ids, cursor = [], None
        while True:
            page = read(cursor)
            ids += [each.id for each in page.requests]
            if (cursor := page.next_cursor) is None:
                return ids

    of_all = listed(lambda cursor: list_location_requests(store, SUPPORT, state="open", limit=limit, cursor=cursor))
    assert of_all == [each.id for each in asked[2:]]
    declined = listed(
        lambda cursor: list_location_requests(store, SUPPORT, state="declined", limit=limit, cursor=cursor)
    )
    assert declined == [asked[1].id, asked[0].id]
    of_one = listed(
        lambda cursor: list_customers_requests(store, caller(), customers[0].id, limit=limit, cursor=cursor)
    )
    assert of_one == [asked[4].id, asked[0].id]


def test_unreadable_request_is_named_and_the_others_are_listed(store: MemoryStore, customer: Customer) -> None:
    first = ask(store, customer).request
    decide(store, customer, first.id, "declined")
    second = ask(store, customer, key="two", by=caller(now=NOW + timedelta(1), operation="change_customers")).request
    del store.items[location_request_key(customer.id, first.id)]["reason"]
    page = list_customers_requests(store, caller(), customer.id, limit=10)
    assert ([each.id for each in page.requests], [(each.kind, each.id) for each in page.incomplete]) == (
        [second.id],
        [("location_request", first.id)],
    )
