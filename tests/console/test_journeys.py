"""Tests: journeys."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.conftest import RunningStack
from tests.console.helpers import CHROMIUM, NARROW, WIDE, Person, menu, post

pytestmark = [
    pytest.mark.ministack,
    pytest.mark.enable_socket,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is on this machine: apt-get install chromium"),
]


PASSWORD = "Aa1-" + "x" * 20


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_root_can_follow_the_source_document(  # noqa: PLR0915 - it is told in one go
    opened: Callable[..., Person], width: int, scheme: str
) -> None:
    """Add a distributor, sub-distributor, reseller, end-customer and site, then all that stands after "Save"."""
    someone = opened(width=width, scheme=scheme).open()
    someone.shot("sign-in")
    someone.sign_in()
    page = someone.page
    someone.shot("customers-root")
    suffix = f"{width} {scheme}"

    # From the dropdown of the customer in use at the top of the page.
    page.locator("#in-use").click()
    expect(page.get_by_role("dialog", name="Choose a customer")).to_be_visible()
    someone.press("Add customer", within="#chooser")
    expect(page.get_by_label("Customer level")).to_be_disabled()
    assert page.get_by_label("Customer level").locator("option:checked").inner_text() == "Distributor"
    someone.shot("add-distributor")
    page.get_by_label("Name", exact=True).fill(f"Nordic {suffix}")
    someone.choose("Service type for customer", "All-Inclusive")
    page.get_by_label("All-Inclusive").check()
    page.get_by_label("Software-Only").check()
    someone.choose("Device country", "Denmark")
    expect(page.get_by_label("Data storage location")).to_be_disabled()
    assert page.get_by_label("Data storage location").locator("option:checked").inner_text() == "Denmark"
    expect(page.locator(".preview")).to_contain_text("Its data is stored in Denmark")
    someone.press("Save")
    expect(page.get_by_role("heading", name=f"Nordic {suffix} is added")).to_be_focused()
    someone.shot("added")
    someone.press(f"Open Nordic {suffix}")

    # Below a distributor the level is chosen; Finland hosts no storage, so the location is chosen too.
    someone.press("Add customer")
    expect(page.get_by_label("Customer level")).to_be_enabled()
    someone.press("Save")
    for name in ("name", "level", "service_type", "device_country"):
        expect(page.locator(f"#e-{name}")).not_to_be_empty()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    someone.shot("add-errors")
    page.get_by_label("Name", exact=True).fill(f"Suomi {suffix}")
    someone.choose("Customer level", "Sub-Distributor")
    expect(page.get_by_label("Name", exact=True)).to_have_value(f"Suomi {suffix}")
    someone.choose("Service type for customer", "All-Inclusive")
    page.get_by_label("All-Inclusive").check()
    page.get_by_label("Software-Only").check()
    someone.choose("Device country", "Finland")
    expect(page.get_by_label("Data storage location")).to_be_enabled()
    expect(page.locator("#e-device_country")).to_be_empty()
    someone.press("Save")
    expect(page.locator("#e-storage_location")).to_contain_text("No storage is hosted in Finland")
    someone.choose("Data storage location", "Sweden")
    expect(page.locator(".preview")).to_contain_text("Sweden")
    someone.shot("add-chosen")
    someone.press("Save")
    someone.press(f"Open Suomi {suffix}")

    someone.press("Add customer")  # a sub-distributor holds resellers only
    expect(page.get_by_label("Customer level")).to_be_disabled()
    page.get_by_label("Name", exact=True).fill("Reseller")
    someone.choose("Service type for customer", "Software-Only")
    page.get_by_label("All-Inclusive").check()
    someone.choose("Device country", "Germany")
    someone.press("Save")
    someone.press("Open Reseller")

    someone.press("Add customer")
    assert page.get_by_label("Customer level").locator("option:checked").inner_text() == "End-Customer"
    expect(page.get_by_text("Service type to provide")).to_have_count(0)
    page.get_by_label("Name", exact=True).fill("Aurora")
    someone.choose("Service type for customer", "All-Inclusive")
    someone.choose("Device country", "United Kingdom")
    page.get_by_label("In trial").check()
    expect(page.locator(".preview")).to_contain_text("its trial ends on")
    someone.shot("add-end-customer")
    someone.press("Save")
    expect(page.locator("main")).to_contain_text("on trial for 30 days")
    someone.press("Open Aurora")
    expect(page.locator("main")).to_contain_text("In trial: 30 days left")
    someone.shot("customer-in-trial")

    someone.press("Add customer")
    expect(page.get_by_label("Service type for customer")).to_have_count(0)
    expect(page.get_by_label("In trial")).to_have_count(0)
    page.get_by_label("Name", exact=True).fill("Leeds")
    someone.choose("Device country", "United States")
    someone.press("Save")

    # After customer is added: accounts, devices, and where the data really lands.
    someone.press("Add an account")
    page.get_by_label("Name", exact=True).fill("In-house")
    page.get_by_label("E-mail address").fill("no address")
    someone.press("Invite")
    expect(page.locator("#e-email")).not_to_be_empty()
    page.get_by_label("E-mail address").fill(f"{uuid4().hex}@example.com")
    someone.shot("add-account")
    someone.press("Invite")
    expect(page.get_by_role("table")).to_contain_text("In-house")
    someone.shot("accounts")
    page.go_back()
    page.goto(page.url.replace("/accounts/", "/customers/").removesuffix("/add"))
    someone.press("Add a test device")
    someone.press("Add")
    expect(page.locator("main")).to_contain_text("Expected in United States; its data lands in United States")
    someone.shot("test-device")
    someone.press("Check the storage location")
    expect(page.get_by_role("columnheader", name="Storage location", exact=True)).to_be_visible()
    someone.shot("storage-check")

    # If you do not see the column, you add it to the view.
    menu(someone)
    page.get_by_role("link", name="Dashboard", exact=True).click()
    expect(page.get_by_role("columnheader", name="Device name")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Storage location", exact=True)).to_have_count(0)
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Storage location", exact=True).check()
    expect(page.get_by_role("columnheader", name="Storage location", exact=True)).to_be_visible()
    page.get_by_label("Name of the view").fill(f"Storage {width}")
    someone.shot("dashboard-columns")
    someone.press("Save view")
    expect(page.locator("#view")).to_have_value(f"Storage {width}")
    expect(page.get_by_role("columnheader", name="Storage location", exact=True)).to_be_visible()
    someone.shot("dashboard")
    someone.press("Remove this view")
    expect(page.locator("#view")).to_have_value("default")


def test_everything_can_be_done_by_keyboard(opened: Callable[..., Person], line: dict[str, Any]) -> None:
    someone = opened().open()
    page = someone.page
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(someone.account_id)
    page.keyboard.press("Tab")
    page.keyboard.type(someone.password)
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
        if page.evaluate("document.activeElement.dataset.id") == line["distributor"]["id"]:
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
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "f-name":
            break
    page.keyboard.type("By keyboard")
    for word in (
        "",
        "All",
        "United K",
    ):  # the parent, (the level is locked and passed by), the service type, the country
        page.keyboard.press("Tab")
        page.keyboard.type(word)
    expect(page.locator(".preview")).to_contain_text("United Kingdom")
    page.keyboard.press("Enter")
    for _ in range(5):
        if page.evaluate("document.activeElement.type") == "submit":
            page.keyboard.press("Enter")
            break
        page.keyboard.press("Tab")
    expect(page.get_by_role("heading", name="By keyboard is added")).to_be_focused()


def test_invited_person_sets_their_own_password(
    opened: Callable[..., Person], line: dict[str, Any], stack: RunningStack
) -> None:
    email = f"{uuid4().hex}@example.com"
    body = {"email": email, "display_name": "Invited", "role": "administrator"}
    account_id = post(stack, f"/customers/{line['reseller']['id']}/accounts", body)["id"]
    for _ in range(100):
        if stack.call("GET", f"/accounts/{account_id}").json()["identity"] == "ready":
            break
    cognito = stack.ministack.client("cognito-idp")
    pool = stack.stack["user_pool_id"]
    cognito.admin_set_user_password(UserPoolId=pool, Username=account_id, Password=PASSWORD, Permanent=False)
    someone = opened(email, PASSWORD).open()
    page = someone.page
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#sign-in-error")).not_to_be_empty()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Your own password").fill("Bb2-" + "y" * 20)
    someone.shot("own-password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Console reseller")


def test_support_replaces_the_storage_locations(
    opened: Callable[..., Person], line: dict[str, Any], stack: RunningStack
) -> None:
    # Other tests have replaced the catalogue too: begin with every location open.
    current = stack.call("GET", "/storage-locations")
    every = {"locations": [{"country": each["code"]} for each in current.json()["locations"]]}
    etag = {"If-Match": current.headers["etag"]}
    before = stack.call("PUT", "/storage-locations", json=every, headers=etag).json()["version"]
    someone = opened().open(f"#/storage-locations/{line['root']['id']}").sign_in()
    page = someone.page
    page.get_by_label("Data of Norway lands in").select_option(label="Sweden")
    someone.press("Put the next version in force")
    expect(page.get_by_label("Data of Norway lands in")).to_have_value("SE")
    expect(page.locator("main")).to_contain_text(f"Version {before + 1} is in force")
