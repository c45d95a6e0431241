"""Tests: a company asks for another storage location in a browser, and support accepts it in another one."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.conftest import RunningStack
from tests.console.helpers import BOTH, BROWSER_TEST, HEIGHTS, NARROW, User, account, post

pytestmark = BROWSER_TEST

MANAGER = "Kim Berg, kim@example.com"


@pytest.fixture
def customer(stack: RunningStack, lineage: dict[str, Any]) -> Any:
    """An end-customer of a reseller, below a distributor that names an account manager."""
    suffix, company = uuid4().hex[:6], {"service_type": "all_inclusive", "device_country": "DE"}
    added = lineage["root"]
    levels: dict[str, dict[str, Any]] = {
        "Distributor": {"services_to_provide": BOTH, "account_manager": MANAGER},
        "Reseller": {"services_to_provide": BOTH, "level": "reseller"},
        "Moved": {"contact_email": "before@example.com"},
    }
    for name, fields in levels.items():
        added = post(stack, "/customers", {"name": f"{name} {suffix}", "parent_id": added["id"], **company, **fields})
    return added


def test_company_asks_for_another_storage_location_and_support_accepts(
    open_browser: Callable[..., User], stack: RunningStack, customer: Any
) -> None:
    name, reseller = customer["name"], customer["parent_id"]
    asking = open_browser(*account(stack, reseller, "administrator")).open(f"#/customer/{customer['id']}").sign_in()
    page, aside = asking.page, asking.page.locator("aside").last
    expect(aside).to_contain_text("Set at creation by the device country then, Germany.")
    asking.press("Ask for another storage location")
    asking.press("Ask support")
    expect(page.locator("#e-location.error")).to_contain_text("Choose a storage location.")
    expect(page.locator("#e-reason.error")).to_contain_text("Enter the reason.")
    page.get_by_role("combobox", name="Data storage location").fill("germ")
    expect(page.get_by_role("option")).to_have_text("Nothing matches “germ”")  # the present one is not offered
    asking.choose("Data storage location", "Sweden")
    page.get_by_label("Reason").fill("Patient records must stay in Sweden.")
    page.reload()
    expect(page.get_by_label("Reason")).to_have_value("Patient records must stay in Sweden.")  # the draft
    page.set_viewport_size({"width": NARROW, "height": HEIGHTS[NARROW]})
    asking.screenshot("location-request")
    asking.press("Ask support")
    asking.expect_toast("The request for Sweden is sent to support")
    expect(aside).to_contain_text("Waiting for support")
    expect(asking.main.get_by_role("link", name="Ask for another storage location")).to_have_count(0)

    support = open_browser().open(f"#/storage-locations/{customer['id']}").sign_in()
    dialog = support.page.get_by_role("dialog")
    support.press("Requests")
    expect(support.title).to_have_text("Requests")
    row = support.page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("Patient records must stay in Sweden.")
    support.menu(f"Actions for {name}", "Accept")
    expect(dialog).to_contain_text("The storage location changes from Germany to Sweden at once.")
    expect(dialog.get_by_role("button", name="Accept")).to_be_disabled()
    dialog.get_by_label("Your reason").fill("The contract allows it.")
    support.page.set_viewport_size({"width": NARROW, "height": HEIGHTS[NARROW]})
    support.screenshot("location-request-accept")
    dialog.get_by_role("button", name="Accept").click()
    support.expect_toast(f"The storage location of {name} is Sweden now")
    expect(row).to_have_count(0)
    support.press("Accepted")
    expect(row).to_contain_text("The contract allows it.")

    page.reload()
    expect(aside).to_contain_text("Changed by support.")
    expect(aside).to_contain_text("The contract allows it.")
    expect(asking.main.get_by_role("link", name="Ask for another storage location")).to_be_visible()


def test_contacts_are_shown_and_an_empty_text_removes_one(
    open_browser: Callable[..., User], stack: RunningStack, customer: Any
) -> None:
    asking = open_browser(*account(stack, customer["parent_id"], "administrator"))
    asking.open(f"#/customers/{customer['parent_id']}/add").sign_in()
    expect(asking.main).to_contain_text(f"Your account manager: {MANAGER}")
    asking.go(f"#/customer/{customer['id']}")
    expect(asking.main).to_contain_text("before@example.com")
    asking.press("Edit")
    email = asking.page.get_by_label("Contact e-mail")
    email.fill("no address")
    asking.press("Save")
    expect(asking.page.locator("#e-contact_email.error")).to_contain_text("This is not an e-mail address")
    email.fill("")
    asking.press("Save")
    expect(asking.title).to_have_text(customer["name"])
    expect(asking.main).not_to_contain_text("before@example.com")
