"""Tests: the guide, "Add Customers", step by step in the console, with a mouse and with a keyboard alone.

Each sentence of the guide is quoted where it is kept. `tests/stack/test_guide.py` does the same over HTTP. These
sentences are kept elsewhere:

- "The customer will automatically go into Production when the trial is over.": `tests/stack/test_background.py`.
- "Once the storage location has been selected, you will not be able to change this yourself and must contact support if
  you wish to change this.": `tests/console/test_location_requests.py`.
- "See our Storage management guide for more information on the service types": the form explains them instead.
- "Local data centers are not available for every country, so your selection could route your data to a different
  region. Consult your dedicated account manager for the current listing of regional data centers. New data center
  availability and the associated routing are subject to change without notice.": `tests/console/test_every_page.py` and
  `test_location_requests.py`.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.console.helpers import BROWSER_TEST, NARROW, WIDE, User, open_menu

pytestmark = BROWSER_TEST


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_root_can_follow_the_source_document(  # noqa: PLR0915 - one journey in one test
    open_browser: Callable[..., User], width: int, scheme: str
) -> None:
    """Add a distributor, sub-distributor, reseller, end-customer and site, and then everything after "Save"."""
    user = open_browser(width=width, scheme=scheme).open().sign_in()
    page, suffix = user.page, uuid4().hex[:6]

    # "Login to the Management Console", "Navigate to the Management section of the vertical menu and click Customers"
    open_menu(user)
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Customers").click()
    expect(user.title).to_have_text("Customers")
    # "Or", "From Backup > Dashboard, select the customer dropdown at the top of the page", "Click Add customer"
    open_menu(user)
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Dashboard").click()
    page.locator("#in-use > button").click()
    user.screenshot("switcher")
    user.press("Add customer", within=".switcher")
    # "Fill out the details for the customer": "Customer Level - Using the dropdown, select the level of customer".
    # Below the root there is one level only.
    expect(page.locator("#f-level")).to_have_text("Distributor")
    # "Name - The name of the customer as you want it to show on the dashboard"
    page.get_by_label("Name", exact=True).fill(f"Nordic {suffix}")
    # "Service type for customer - Use the dropdown to select either All-Inclusive or Software-Only."
    user.pick("Service type for customer", "All-Inclusive")
    # "Service type to provide - Use the checkboxes to select which services the new customer will be able to provide to
    # their customers, with a choice of All-Inclusive and Software-Only."
    user.pick("Service type to provide", "All-Inclusive")
    user.pick("Service type to provide", "Software-Only")
    # "Device country - Use the dropdown to select the country the devices will be located"
    user.choose("Device country", "Denmark")
    # "Data storage location - If you have selected a country where we host storage, this will be automatically selected
    # in the Data Storage Location dropdown and you will be unable to change it."
    expect(page.locator("#f-storage_location")).to_have_text("Denmark")
    expect(page.locator(".preview")).to_contain_text("Stored in Denmark")
    # "Click Save"
    user.press("Save")
    expect(user.title).to_have_text(f"Nordic {suffix}")
    user.expect_toast(f"Nordic {suffix} is added")
    user.screenshot("added")

    # "Parent customer - Using the dropdown, select the customer this new one should belong to": it is the customer of
    # the page. Below a distributor the level is chosen.
    user.press("Add customer")
    user.press("Save")
    for name in ("name", "level", "service_type", "services_to_provide", "device_country"):
        expect(page.locator(f"#e-{name}.error")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    user.screenshot("add-errors")
    page.get_by_label("Name", exact=True).fill(f"Suomi {suffix}")
    user.pick("Customer level", "Sub-Distributor")
    user.pick("Service type for customer", "All-Inclusive")
    user.pick("Service type to provide", "All-Inclusive")
    user.pick("Service type to provide", "Software-Only")
    # "You must assign the country at the time of customer creation.", "However, if you have selected a country where we
    # do not have storage, use the dropdown to select your preferred storage location"
    user.choose("Device country", "Finland")
    user.press("Save")
    expect(page.locator("#e-storage_location.error")).to_contain_text("We host no storage in this country")
    expect(page.get_by_role("combobox", name="Data storage location")).to_be_focused()
    user.choose("Data storage location", "Sweden")
    expect(page.locator(".preview")).to_contain_text("Stored in Sweden")
    user.screenshot("add-chosen")
    user.press("Save")
    expect(user.title).to_have_text(f"Suomi {suffix}")

    user.press("Add customer")  # a sub-distributor can only have resellers
    expect(page.locator("#f-level")).to_have_text("Reseller")
    page.get_by_label("Name", exact=True).fill("Reseller")
    user.pick("Service type for customer", "Software-Only")
    user.pick("Service type to provide", "All-Inclusive")
    user.choose("Device country", "Germany")
    user.press("Save")
    expect(user.title).to_have_text("Reseller")

    # "To add a new End-Customer to the system, they must be added as a child to a Reseller". "Ensure you are in the
    # Reseller or End-Customer you wish the End-Customer or Site should be in"
    user.press("Add end-customer")
    # "Customer Level - This will automatically be set to End customer and cannot be changed"
    expect(page.locator("#f-level")).to_have_text("End-Customer")
    expect(page.get_by_text("Service type to provide")).to_have_count(0)
    page.get_by_label("Name", exact=True).fill("Aurora")
    user.pick("Service type for customer", "All-Inclusive")
    user.choose("Device country", "United Kingdom")
    # "In trial - If selected, the customer will be added as a trial for 30 days and will not be invoiced during this
    # period."
    page.get_by_label("In trial").check()
    expect(page.locator(".preview")).to_contain_text("In trial until")
    user.screenshot("add-end-customer")
    user.press("Save")
    expect(user.title).to_have_text("Aurora")
    expect(page.locator(".page-head")).to_contain_text("30 days left")
    user.screenshot("customer-in-trial")

    # "To add Site to the system, they must be added as a child to an End-Customer." "Customer Level - This will
    # automatically be set to Site and cannot be changed"
    user.press("Add site")
    expect(page.locator("#f-level")).to_have_text("Site")
    expect(page.get_by_text("Service type for customer")).to_have_count(0)
    expect(page.get_by_label("In trial")).to_have_count(0)
    page.get_by_label("Name", exact=True).fill("Leeds")
    user.choose("Device country", "United States")
    user.press("Save")
    expect(user.title).to_have_text("Leeds")

    # "Changing the country for existing customers has no influence on the storage location."
    user.press("Edit")
    user.choose("Device country", "France")
    user.press("Save")
    expect(user.title).to_have_text("Leeds")
    expect(user.main).to_contain_text("Set at creation by the device country then, United States.")

    # "After customer is Added": "Give the customer access to the Console. For this purpose you need to create user
    # accounts for people (or teams) from the customer company." "You can create all necessary accounts yourself or
    # create one administrator account and let in-house administrators create the rest"
    user.press("Add account")
    page.get_by_label("Name", exact=True).fill("In-house")
    page.get_by_label("E-mail address").fill("no address")
    user.press("Invite")
    expect(page.locator("#e-email.error")).to_contain_text("This is not an e-mail address")
    page.get_by_label("E-mail address").fill(f"{uuid4().hex}@example.com")
    user.press("Invite")
    expect(page.get_by_role("table")).to_contain_text("In-house")
    page.go_back()
    page.go_back()
    expect(user.title).to_have_text("Leeds")
    expect(page.locator(".steps .done")).to_have_count(1)
    # "Give the customer access to the backup and recovery service. You need devices for this purpose. You may add these
    # yourself or an administrator from the customer company can do this through Backup > Dashboard"
    user.press("Add device")
    page.get_by_label("Device name").fill("Reception")
    user.pick("Device kind", "Workstation")
    user.press("Add")
    expect(page.locator("#added")).to_have_text("Reception is added")
    page.go_back()
    expect(user.title).to_have_text("Leeds")
    # "To make sure the customer has the desired storage location assigned, add a test device for this customer and
    # check the country in the Storage location column."
    page.locator(".steps").get_by_role("link", name="Add test device").click()
    user.press("Add")
    expect(user.main).to_contain_text("Expected in United States; its data lands in United States.")
    expect(page.locator("#added")).to_be_focused()
    user.screenshot("test-device")
    user.press("Check storage location")
    expect(page.get_by_role("table")).to_contain_text("United States")
    user.screenshot("storage-check")
    user.go(page.url.partition("#")[2].replace("dashboard", "customer").removesuffix("/check"))
    expect(page.locator(".overview")).to_contain_text("Recent changes")
    expect(page.locator(".steps")).to_have_count(0)  # everything is done

    # "If you do not see the column, you will need to add it to the view (more on view management)." Views are tabs.
    if width == WIDE:
        add_the_column(user, f"Storage {suffix}")


def add_the_column(user: User, view: str) -> None:
    page = user.page
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Dashboard").click()
    heads = page.get_by_role("columnheader")
    expect(heads.filter(has_text="Device name")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Storage location", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_label("Storage location", exact=True).check()
    expect(page.get_by_role("columnheader", name="Storage location", exact=True)).to_be_visible()
    user.screenshot("columns")
    page.get_by_role("button", name="Save as view").click()
    page.get_by_label("Name of the view").fill(view)
    page.get_by_role("button", name="Save", exact=True).click()
    user.expect_toast(f"The view {view} is saved")
    # The view is above the table, and is used again after a reload and on the next visit.
    expect(page.get_by_role("link", name=view)).to_have_attribute("aria-current", "page")
    page.reload()
    expect(page.get_by_role("columnheader", name="Storage location", exact=True)).to_be_visible()
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Trials").click()
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Dashboard").click()
    expect(page.get_by_role("link", name=view)).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Remove this view").click()
    user.expect_toast("is removed")
    expect(page.get_by_role("link", name=view)).to_have_count(0)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name=view)).to_have_attribute("aria-current", "page")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element that matches has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_everything_can_be_done_by_keyboard_alone(  # noqa: PLR0915 - one journey in one test
    open_browser: Callable[..., User], lineage: dict[str, Any]
) -> None:
    user = open_browser().open()
    page, press = user.page, user.page.keyboard.press
    name = f"By keyboard {uuid4().hex[:6]}"
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(user.account_id)
    press("Tab")
    page.keyboard.type(user.password)
    press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    # The tree: open it down to the reseller, and go there.
    expect(page.get_by_role("treeitem", name="Console distributor")).to_be_visible()
    page.locator(".skip").focus()
    tab_to(page, '[role="treeitem"]')
    for level in ("distributor", "reseller"):
        expect(page.locator(f'[data-id="{lineage[level]["id"]}"]')).to_be_visible()
        for _ in range(50):
            if page.evaluate("document.activeElement.dataset.id") == lineage[level]["id"]:
                break
            press("ArrowDown")
        press("ArrowRight")
        expect(page.locator(f'[data-id="{lineage[level]["id"]}"]')).to_have_attribute("aria-expanded", "true")
    press("Enter")
    expect(page.locator("#in-use")).to_contain_text("Console reseller")
    expect(page.get_by_role("main")).to_be_focused()  # the new page has the focus before the next key

    # The dropdown at the top, by its key.
    press("/")
    expect(page.get_by_role("combobox", name="Find below Console reseller")).to_be_focused()
    press("Escape")
    expect(page.get_by_role("main")).to_be_focused()  # where the focus was
    press("Control+k")
    tab_to(page, ".switcher a")
    press("Enter")
    expect(user.title).to_have_text("Add customer")

    # The form: name, service type, country, trial.
    tab_to(page, "#f-name")
    page.keyboard.type(name)
    tab_to(page, '[name="service_type"]')
    press("Space")
    tab_to(page, "#f-device_country")
    page.keyboard.type("united k")
    expect(page.get_by_role("option", name="United Kingdom")).to_be_visible()
    press("Enter")
    expect(page.locator("#f-device_country")).to_have_value("United Kingdom")
    tab_to(page, '[name="in_trial"]')
    press("Space")
    expect(page.locator(".preview")).to_contain_text("In trial until")
    press("Control+Enter")
    expect(user.title).to_have_text(name)
    expect(page.get_by_role("main")).to_be_focused()

    # The menu of actions, and the dialog: Cancel has the focus, and Escape closes it.
    more = page.get_by_role("button", name="More actions")
    more.focus()
    press("Enter")
    expect(page.get_by_role("menuitem", name="Add test device")).to_be_focused()
    press("ArrowDown")
    expect(page.get_by_role("menuitem", name="End trial…")).to_be_focused()
    press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    more.focus()
    press("Enter")
    expect(page.get_by_role("menuitem", name="Add test device")).to_be_focused()
    press("ArrowDown")
    expect(page.get_by_role("menuitem", name="End trial…")).to_be_focused()
    press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    press("Shift+Tab")
    page.keyboard.type(name)
    press("Enter")
    expect(page.locator(".page-head")).to_contain_text("In production")

    # The table: its row menu, and archiving with Undo.
    user.go(f"#/customers/{lineage['reseller']['id']}")
    row = page.get_by_role("row").filter(has_text=name)
    row.get_by_role("button", name=f"Actions for {name}").focus()
    press("Enter")
    expect(page.get_by_role("menuitem", name="Open")).to_be_focused()
    press("End")
    expect(page.get_by_role("menuitem", name="Archive")).to_be_focused()
    press("Enter")
    user.expect_toast(f"{name} is archived")
    expect(row).to_have_count(0)
    page.locator(".toast").get_by_role("button", name="Undo").focus()
    press("Enter")
    expect(row).to_have_count(1)
