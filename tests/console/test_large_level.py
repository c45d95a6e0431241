"""Tests: a level of the tree with 10,000 customers."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.conftest import RunningStack, eventually
from tests.console.helpers import BOTH, BROWSER_TEST, User, post

pytestmark = BROWSER_TEST

PAGE_ROWS = 101  # one page of the tree: 100 customers, and the row that loads the next page


def test_level_with_10_000_children_opens_without_freezing(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    reseller = post(
        stack,
        "/customers",
        {"name": "Ten thousand", "parent_id": lineage["distributor"]["id"], "level": "reseller",
         "service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"},
    )  # fmt: skip
    rows = "".join(f"Child {n:05},{reseller['id']},EndCustomer,,,GB\n" for n in range(10_000))
    file = "companyname,ParentId,Level,State,LocationId,DeviceCountry\n" + rows
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "ten-thousand"}
    path = stack.call("POST", "/imports", content=file, headers=headers).headers["location"]
    eventually(lambda: stack.call("GET", path, params={"limit": "1"}).json()["state"] == "done", seconds=3_600)
    user = open_browser().open().sign_in()
    page = user.page
    user.go(f"#/customers/{lineage['distributor']['id']}")
    page.locator(f'[data-id="{lineage["distributor"]["id"]}"] > .row .twist').click()
    row = page.locator(f'[data-id="{reseller["id"]}"] > .row')
    expect(row).to_be_visible()
    # A browser freezes when many rows are added at once: count the rows of each task instead of timing it.
    page.evaluate(
        "window.most = 0; new MutationObserver((changes) => { most = Math.max(most, changes.flatMap((each) =>"
        " [...each.addedNodes]).filter((node) => node.matches?.('[role=treeitem]')"
        " || node.querySelector?.('[role=treeitem]')).length) })"
        ".observe(document.body, {childList: true, subtree: true})"
    )
    row.locator(".twist").click()
    expect(page.get_by_role("treeitem", name="Child 00000")).to_be_visible()
    side = page.locator(".tree-part")
    children = page.locator(f'[data-id="{reseller["id"]}"] [role="treeitem"]')
    assert children.count() <= PAGE_ROWS
    while (seen := children.count()) <= 1_000:  # scrolling to the end loads the next page
        side.evaluate("side => side.scrollTo(0, side.scrollHeight)")
        expect(children.nth(seen)).to_be_attached()
    assert 0 < page.evaluate("most") <= PAGE_ROWS
    # The table has one page, says that there are more, and finds by the beginning of a name.
    user.go(f"#/customers/{reseller['id']}")
    expect(user.main).to_contain_text(re.compile("1.50 of more than"))
    assert page.locator("tbody tr").count() <= PAGE_ROWS
    page.get_by_placeholder("Find by start of name").fill("child 0999")
    expect(user.main).to_contain_text(re.compile("1.10 of 10 customers"))
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find below Ten thousand").fill("child 09998")
    expect(page.locator(".switcher").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#in-use")).to_have_text("Child 09998")
    # The tree shows the customer in use, although its page of the list is not loaded.
    expect(page.get_by_role("treeitem", name="Child 09998", selected=True)).to_be_visible()
