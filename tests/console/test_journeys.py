"""Tests: whole tasks in the console, with a mouse and with a keyboard."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import RunningStack
from tests.console.helpers import BROWSER_TEST, NARROW, TIMEOUT, WIDE, User, open_menu

pytestmark = BROWSER_TEST


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_root_can_follow_the_source_document(  # noqa: PLR0915 - one journey in one test
    open_browser: Callable[..., User], width: int, scheme: str
) -> None:
    """Add a distributor, sub-distributor, reseller, end-customer and site, and then everything after "Save"."""
    user = open_browser(width=width, scheme=scheme).open()
    user.screenshot("sign-in")
    user.sign_in()
    page = user.page
    user.screenshot("customers-root")
    suffix = f"{width} {scheme}"

    # From the menu of the current customer at the top of the page.
    page.locator("#in-use").click()
    expect(page.get_by_role("dialog", name="Choose a customer")).to_be_visible()
    user.press("Add customer", within="#chooser")
    expect(page.get_by_label("Customer level")).to_be_disabled()
    assert page.get_by_label("Customer level").locator("option:checked").inner_text() == "Distributor"
    user.screenshot("add-distributor")
    page.get_by_label("Name", exact=True).fill(f"Nordic {suffix}")
    user.choose("Service type for customer", "All-Inclusive")
    page.get_by_label("All-Inclusive").check()
    page.get_by_label("Software-Only").check()
    user.choose("Device country", "Denmark")
    expect(page.get_by_label("Data storage location")).to_be_disabled()
    assert page.get_by_label("Data storage location").locator("option:checked").inner_text() == "Denmark"
    expect(page.locator(".preview")).to_contain_text("Its data is stored in Denmark")
    user.press("Save")
    expect(page.get_by_role("heading", name=f"Nordic {suffix} is added")).to_be_focused()
    user.screenshot("added")
    user.press(f"Open Nordic {suffix}")

    # Below a distributor the level is chosen; Finland hosts no storage, so the location is chosen too.
    user.press("Add customer")
    expect(page.get_by_label("Customer level")).to_be_enabled()
    user.press("Save")
    for name in ("name", "level", "service_type", "device_country"):
        expect(page.locator(f"#e-{name}")).not_to_be_empty()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    user.screenshot("add-errors")
    page.get_by_label("Name", exact=True).fill(f"Suomi {suffix}")
    user.choose("Customer level", "Sub-Distributor")
    expect(page.get_by_label("Name", exact=True)).to_have_value(f"Suomi {suffix}")
    user.choose("Service type for customer", "All-Inclusive")
    page.get_by_label("All-Inclusive").check()
    page.get_by_label("Software-Only").check()
    user.choose("Device country", "Finland")
    expect(page.get_by_label("Data storage location")).to_be_enabled()
    expect(page.locator("#e-device_country")).to_be_empty()
    user.press("Save")
    expect(page.locator("#e-storage_location")).to_contain_text("No storage is hosted in Finland")
    user.choose("Data storage location", "Sweden")
    expect(page.locator(".preview")).to_contain_text("Sweden")
    user.screenshot("add-chosen")
    user.press("Save")
    user.press(f"Open Suomi {suffix}")

    user.press("Add customer")  # a sub-distributor can only have resellers
    expect(page.get_by_label("Customer level")).to_be_disabled()
    page.get_by_label("Name", exact=True).fill("Reseller")
    user.choose("Service type for customer", "Software-Only")
    page.get_by_label("All-Inclusive").check()
    user.choose("Device country", "Germany")
    user.press("Save")
    user.press("Open Reseller")

    user.press("Add customer")
    assert page.get_by_label("Customer level").locator("option:checked").inner_text() == "End-Customer"
    expect(page.get_by_text("Service type to provide")).to_have_count(0)
    page.get_by_label("Name", exact=True).fill("Aurora")
    user.choose("Service type for customer", "All-Inclusive")
    user.choose("Device country", "United Kingdom")
    page.get_by_label("In trial").check()
    expect(page.locator(".preview")).to_contain_text("its trial ends on")
    user.screenshot("add-end-customer")
    user.press("Save")
    expect(page.locator("main")).to_contain_text("on trial for 30 days")
    user.press("Open Aurora")
    expect(page.locator("main")).to_contain_text("In trial: 30 days left")
    user.screenshot("customer-in-trial")

    user.press("Add customer")
    expect(page.get_by_label("Service type for customer")).to_have_count(0)
    expect(page.get_by_label("In trial")).to_have_count(0)
    page.get_by_label("Name", exact=True).fill("Leeds")
    user.choose("Device country", "United States")
    user.press("Save")

    # After the customer is added: accounts, devices, and where the data lands.
    user.press("Add an account")
    page.get_by_label("Name", exact=True).fill("In-house")
    page.get_by_label("E-mail address").fill("no address")
    user.press("Invite")
    expect(page.locator("#e-email")).not_to_be_empty()
    page.get_by_label("E-mail address").fill(f"{uuid4().hex}@example.com")
    user.screenshot("add-account")
    user.press("Invite")
    expect(page.get_by_role("table")).to_contain_text("In-house")
    user.screenshot("accounts")
    page.go_back()
    page.goto(page.url.replace("/accounts/", "/customers/").removesuffix("/add"))
    user.press("Add a test device")
    user.press("Add")
    expect(page.locator("main")).to_contain_text("Expected in United States; its data lands in United States")
    user.screenshot("test-device")
    user.press("Check the storage location")
    expect(page.get_by_role("columnheader", name="Storage location", exact=True)).to_be_visible()
    user.screenshot("storage-check")

    # The column is not in the default view, and can be added.
    open_menu(user)
    page.get_by_role("link", name="Dashboard", exact=True).click()
    expect(page.get_by_role("columnheader", name="Device name")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Storage location", exact=True)).to_have_count(0)
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Storage location", exact=True).check()
    expect(page.get_by_role("columnheader", name="Storage location", exact=True)).to_be_visible()
    page.get_by_label("Name of the view").fill(f"Storage {width}")
    user.screenshot("dashboard-columns")
    user.press("Save view")
    expect(page.locator("#view")).to_have_value(f"Storage {width}")
    expect(page.get_by_role("columnheader", name="Storage location", exact=True)).to_be_visible()
    user.screenshot("dashboard")
    user.press("Remove this view")
    expect(page.locator("#view")).to_have_value("default")


def select_by_typing(page: Page, start: str) -> None:
    """Select the option that starts with this text in the focused field.

    A browser forgets the typed letters after a second, which a busy machine may need for one letter. Then type again.
    """
    for _ in range(TIMEOUT // 2_000):
        page.keyboard.type(start)
        if page.evaluate("document.activeElement.selectedOptions[0].label").startswith(start):
            return
        page.wait_for_timeout(2_000)
    raise AssertionError(f"no option starts with {start}")


def test_everything_can_be_done_by_keyboard(open_browser: Callable[..., User], lineage: dict[str, Any]) -> None:
    user = open_browser().open()
    page = user.page
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(user.account_id)
    page.keyboard.press("Tab")
    page.keyboard.type(user.password)
    page.keyboard.press("Enter")
    top = page.get_by_role("treeitem", level=1)
    expect(top).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("treeitem", name="Console distributor")).to_be_visible()
    page.locator("#find-text").focus()
    page.keyboard.press("Tab")
    expect(top).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    for _ in range(20):
        if page.evaluate("document.activeElement.dataset.id") == lineage["distributor"]["id"]:
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("treeitem", name="Console reseller")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Console reseller")
    page.keyboard.press("ArrowLeft")
    skip = page.get_by_role("link", name="Skip to content")
    skip.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Add customer")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Add customer")
    expect(page.get_by_label("Name", exact=True)).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "f-name":
            break
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")  # to the parent. The next field is the service type: the level is disabled
    for option in ("All", "United K"):  # the service type, the country
        page.keyboard.press("Tab")
        select_by_typing(page, option)
    expect(page.locator(".preview")).to_contain_text("United Kingdom")
    page.keyboard.press("Enter")
    for _ in range(5):
        if page.evaluate("document.activeElement.type") == "submit":
            page.keyboard.press("Enter")
            break
        page.keyboard.press("Tab")
    expect(page.get_by_role("heading", name="By keyboard is added")).to_be_focused()


def test_support_replaces_the_storage_locations(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    # Other tests replace the catalogue too. Open every location first.
    current = stack.call("GET", "/storage-locations")
    every = {"locations": [{"country": each["code"]} for each in current.json()["locations"]]}
    etag = {"If-Match": current.headers["etag"]}
    before = stack.call("PUT", "/storage-locations", json=every, headers=etag).json()["version"]
    user = open_browser().open(f"#/storage-locations/{lineage['root']['id']}").sign_in()
    page = user.page
    page.get_by_label("Data of Norway lands in").select_option(label="Sweden")
    user.press("Put the next version in force")
    expect(page.get_by_label("Data of Norway lands in")).to_have_value("SE")
    expect(page.locator("main")).to_contain_text(f"Version {before + 1} is in force")
