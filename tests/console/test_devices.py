"""Tests: devices in a browser. They are added, renamed and removed, and block archiving."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from playwright.sync_api import expect

from tests.conftest import RunningStack
from tests.console.helpers import BROWSER_TEST, HEIGHTS, NARROW, User, post

pytestmark = BROWSER_TEST


def test_device_is_added_renamed_and_removed(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    fields = {"service_type": "all_inclusive", "device_country": "GB"}
    body = {"name": f"Devices {uuid4().hex[:6]}", "parent_id": lineage["reseller"]["id"], **fields}
    customer = post(stack, "/customers", body)
    user = open_browser().open(f"#/dashboard/{customer['id']}").sign_in()
    page, dialog = user.page, user.page.get_by_role("dialog")

    user.press("Add device")
    user.press("Add")
    expect(page.locator("#e-name.error")).to_contain_text("Enter a name.")
    expect(page.locator("#e-kind.error")).to_contain_text("Choose a device kind.")
    page.get_by_label("Device name").fill("Front desk")
    user.pick("Device kind", "Server")
    user.press("Add")
    expect(page.locator("#added")).to_have_text("Front desk is added")
    expect(page.locator(".secret code")).to_be_visible()  # the installation token, once
    user.press("To the dashboard")
    expect(page.get_by_role("row").filter(has_text="Front desk")).to_contain_text("Server")

    user.menu("Actions for Front desk", "Rename")
    expect(dialog.get_by_label("Device name")).to_be_focused()
    dialog.get_by_label("Device name").fill("Back office")
    dialog.get_by_role("button", name="Save").click()
    user.expect_toast("Back office is saved")
    row = page.get_by_role("row").filter(has_text="Back office")
    expect(row).to_have_count(1)

    user.go(f"#/customer/{customer['id']}")
    user.menu("More actions", "Archive")
    expect(dialog).to_contain_text("Back office")  # it blocks archiving
    page.set_viewport_size({"width": NARROW, "height": HEIGHTS[NARROW]})
    user.screenshot("archive-blocked")
    dialog.get_by_role("button", name="Show the devices").click()

    user.menu("Actions for Back office", "Remove")
    expect(dialog).to_contain_text("Today (UTC) is its last invoiced day.")
    user.screenshot("device-remove")
    dialog.get_by_role("button", name="Remove").click()
    user.expect_toast("Back office is removed")
    expect(row).to_have_count(0)


def test_a_distributor_can_have_test_devices_only(open_browser: Callable[..., User], lineage: dict[str, Any]) -> None:
    user = open_browser().open(f"#/dashboard/{lineage['distributor']['id']}/add").sign_in()
    expect(user.title).to_have_text("Add a test device to Console distributor")
    user.go(f"#/dashboard/{lineage['distributor']['id']}")
    expect(user.main.get_by_role("link", name="Add test device").first).to_be_visible()
    expect(user.main.get_by_role("link", name="Add device", exact=True)).to_have_count(0)
