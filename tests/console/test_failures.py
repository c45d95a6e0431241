"""Tests: failures."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.conftest import RunningStack, eventually
from tests.console.helpers import BOTH, CHROMIUM, Person, post

PAGE_ROWS = 101  # of a level in the tree: 100 customers, and the row that reads the next page

pytestmark = [
    pytest.mark.ministack,
    pytest.mark.enable_socket,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is on this machine: apt-get install chromium"),
]


def test_level_with_10_000_children_opens_without_freezing(
    opened: Callable[..., Person], line: dict[str, Any], stack: RunningStack
) -> None:
    reseller = post(
        stack,
        "/customers",
        {"name": "Ten thousand", "parent_id": line["distributor"]["id"], "level": "reseller",
         "service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"},
    )  # fmt: skip
    rows = "".join(f"Child {n:05},{reseller['id']},EndCustomer,,,GB\n" for n in range(10_000))
    file = "companyname,ParentId,Level,State,LocationId,DeviceCountry\n" + rows
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "ten-thousand"}
    path = stack.call("POST", "/imports", content=file, headers=headers).headers["location"]
    eventually(lambda: stack.call("GET", path, params={"limit": "1"}).json()["state"] == "done")
    someone = opened().open().sign_in()
    page = someone.page
    page.evaluate("at => { location.hash = at }", f"#/customers/{line['distributor']['id']}")
    page.locator(f'[data-id="{line["distributor"]["id"]}"] > .row .twist').click()
    # A browser freezes when many rows are added at once: count the rows of each task instead of timing it.
    page.evaluate(
        "window.most = 0; new MutationObserver((changes) => { most = Math.max(most, changes.flatMap((each) =>"
        " [...each.addedNodes]).filter((node) => node.matches?.('[role=treeitem]')"
        " || node.querySelector?.('[role=treeitem]')).length) })"
        ".observe(document.body, {childList: true, subtree: true})"
    )
    page.locator(f'[data-id="{reseller["id"]}"] > .row .twist').click()
    expect(page.get_by_role("treeitem", name="Child 00000")).to_be_visible()
    side = page.locator("#side")
    children = page.locator(f'[data-id="{reseller["id"]}"] [role="treeitem"]')
    assert children.count() <= PAGE_ROWS
    while (seen := children.count()) <= 1_000:  # scroll: the next page is read when the end is reached
        side.evaluate("side => side.scrollTo(0, side.scrollHeight)")
        expect(children.nth(seen)).to_be_attached()
    assert 0 < page.evaluate("most") <= PAGE_ROWS
    page.evaluate("at => { location.hash = at }", f"#/customers/{reseller['id']}")
    page.locator("#find-text").fill("child 0999")
    expect(page.locator("#tree").get_by_role("treeitem")).to_have_count(10)


def test_slow_and_failing_network_loses_nothing_typed(opened: Callable[..., Person], line: dict[str, Any]) -> None:
    # At a customer with few below it: the root's trials are looked for among all that other tests have made.
    someone = opened().open(f"#/customers/{line['reseller']['id']}").sign_in()
    page = someone.page
    expect(page.locator("main")).not_to_contain_text("One moment")
    with failing(page, "**/customers?within=*"):
        page.get_by_role("link", name="Trials", exact=True).click()
        expect(page.locator("main")).to_contain_text("cannot be reached")
        someone.shot("network-failed")
    someone.press("Try again")
    expect(page.locator("main")).to_contain_text("30 days left")

    # A slow one: the page says that it waits, and can be left meanwhile.
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Accounts of Console reseller")
    held: list[Route] = []
    page.route("**/customers?within=*", lambda route: held.append(route))  # noqa: PLW0108 - playwright wants a function
    page.get_by_role("link", name="Trials", exact=True).click()
    expect(page.locator("main")).to_contain_text("One moment")
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Accounts of Console reseller")
    assert held
    page.unroute("**/customers?within=*")

    # A lost answer to Save is asked for again, and makes one customer.
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and "validate_only" not in route.request.url and not lost:
            lost.append(route.fetch().text())
            route.abort()
        else:
            route.fallback()

    page.route("**/customers", lose)
    page.evaluate("at => { location.hash = at }", f"#/customers/{line['end_customer']['id']}/add")
    page.get_by_label("Name", exact=True).fill("Sent once")
    someone.choose("Device country", "Germany")
    someone.press("Save")
    expect(page.get_by_role("heading", name="Sent once is added")).to_be_visible()
    assert json.loads(lost[0])["name"] == "Sent once"


@contextmanager
def failing(page: Page, pattern: str) -> Iterator[None]:
    page.route(pattern, lambda route: route.abort())
    yield
    page.unroute(pattern)


def test_expired_session_is_renewed_and_an_ended_one_requires_sign_in(
    opened: Callable[..., Person], line: dict[str, Any]
) -> None:
    someone = opened().open().sign_in()
    page = someone.page
    expect(page.locator("main")).not_to_contain_text("One moment")
    expired: list[str] = []

    def once(route: Route) -> None:
        if not expired:
            expired.append(route.request.url)
            route.fulfill(status=401, json={"message": "The incoming token has expired"})
        else:
            route.fallback()

    page.route("**/accounts?*", once)
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Accounts of Root company")
    expect(page.get_by_role("table")).to_be_visible()
    assert expired
    page.evaluate("sessionStorage.clear()")
    page.route("**/customers/*/history*", lambda route: route.fulfill(status=401, json={"message": "expired"}))
    page.evaluate("at => { location.hash = at }", f"#/customers/{line['reseller']['id']}/history")
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    someone.shot("session-ended")
    page.unroute("**/customers/*/history*")
    someone.sign_in()
    expect(page.get_by_role("heading", level=1)).to_have_text("History of Console reseller")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("History of Console reseller")
    expect(page.locator("main")).not_to_contain_text("One moment")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out")).to_be_visible()
