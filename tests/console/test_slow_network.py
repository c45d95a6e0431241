"""Tests: the console on a slow or failing network."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.conftest import RunningStack
from tests.console.helpers import BOTH, BROWSER_TEST, User, post

pytestmark = BROWSER_TEST


@pytest.fixture
def reseller(stack: RunningStack, lineage: dict[str, Any]) -> Any:
    """A reseller with a new trial, because another test may have moved the clock forward."""
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    parent = {"parent_id": lineage["distributor"]["id"], "level": "reseller", "name": "Network reseller"}
    added = post(stack, "/customers", {**company, **parent})
    trial = {"service_type": "all_inclusive", "device_country": "GB", "in_trial": True, "name": "Network customer"}
    post(stack, "/customers", {**trial, "parent_id": added["id"]})
    return added


def test_slow_and_failing_network_loses_nothing_typed(
    open_browser: Callable[..., User], lineage: dict[str, Any], reseller: Any
) -> None:
    # A reseller has few customers. The root has those of all other tests.
    user = open_browser().open(f"#/customers/{reseller['id']}").sign_in()
    page = user.page
    expect(page.locator("main")).not_to_contain_text("Loading")
    with aborted(page, "**/customers?within=*"):
        page.get_by_role("link", name="Trials", exact=True).click()
        expect(page.locator("main")).to_contain_text("cannot be reached")
        user.screenshot("network-failed")
    user.press("Try again")
    expect(page.locator("main")).to_contain_text("30 days left")

    # A slow response: the page says that it is loading, and the user can leave it.
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Accounts of Network reseller")
    waiting: list[Route] = []
    page.route("**/customers?within=*", lambda route: waiting.append(route))  # noqa: PLW0108 - playwright wants a function
    page.get_by_role("link", name="Trials", exact=True).click()
    expect(page.locator("main")).to_contain_text("Loading")
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Accounts of Network reseller")
    assert waiting
    page.unroute("**/customers?within=*")

    # If the response to Save is lost, the console repeats the request, and one customer is created.
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and "validate_only" not in route.request.url and not lost:
            lost.append(route.fetch().text())
            route.abort()
        else:
            route.fallback()

    page.route("**/customers", lose)
    page.evaluate("at => { location.hash = at }", f"#/customers/{lineage['end_customer']['id']}/add")
    page.get_by_label("Name", exact=True).fill("Sent once")
    user.choose("Device country", "Germany")
    user.press("Save")
    expect(page.get_by_role("heading", name="Sent once is added")).to_be_visible()
    assert json.loads(lost[0])["name"] == "Sent once"


@contextmanager
def aborted(page: Page, pattern: str) -> Iterator[None]:
    """Abort the requests that match the pattern, within the block."""
    page.route(pattern, lambda route: route.abort())
    yield
    page.unroute(pattern)
