"""Tests: every page and dialog at each width, light and dark, without a finding of axe; and what each role sees."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.conftest import RunningStack
from tests.console.helpers import BROWSER_TEST, HEIGHTS, User, account, open_menu, post

pytestmark = BROWSER_TEST

LONG = "Donaudampfschifffahrtsgesellschaft " * 3


@pytest.fixture
def trial(stack: RunningStack, lineage: dict[str, Any]) -> Any:
    """An end-customer in trial with a long name, and a site below it."""
    fields = {"service_type": "all_inclusive", "device_country": "FI", "storage_location": "SE", "in_trial": True}
    body = {"name": LONG + uuid4().hex[:6], "parent_id": lineage["reseller"]["id"], "references": {"psa": uuid4().hex}}
    added = post(stack, "/customers", {**body, **fields})
    post(stack, "/customers", {"name": "Site", "parent_id": added["id"], "device_country": "GB"})
    return added


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "width", [360, 1440, *(pytest.param(each, marks=pytest.mark.all_widths) for each in HEIGHTS if each in (900, 1920))]
)
def test_every_page_and_dialog_is_accessible(  # noqa: PLR0915 - one tour in one test
    open_browser: Callable[..., User],
    lineage: dict[str, Any],
    stack: RunningStack,
    trial: Any,
    width: int,
    scheme: str,
) -> None:
    other = post(stack, "/customers", {"name": f"Other {uuid4().hex[:6]}", "parent_id": lineage["reseller"]["id"],
                                       "service_type": "software_only", "device_country": "GB"})  # fmt: skip
    user = open_browser(width=width, scheme=scheme).open()
    page = user.page
    expect(page.get_by_label("E-mail address")).to_be_focused()
    user.screenshot("sign-in")
    user.sign_in()
    root, distributor, reseller, site = (lineage[level]["id"] for level in ("root", "distributor", "reseller", "site"))
    for name, at in {
        "customers": f"#/customers/{reseller}",
        "customers-all": f"#/customers/{distributor}?view=all&state=in_trial&sort=-added",
        "customers-trial": f"#/customers/{distributor}?view=trial",
        "customers-elsewhere": f"#/customers/{distributor}?view=elsewhere",
        "customers-archived": f"#/customers/{distributor}?view=archived",
        "customers-no-match": f"#/customers/{distributor}?q=nobody",
        "customer": f"#/customer/{trial['id']}",
        "customer-customers": f"#/customer/{trial['id']}/customers",
        "customer-devices": f"#/customer/{trial['id']}/devices",
        "customer-accounts": f"#/customer/{trial['id']}/accounts",
        "customer-invoicing": f"#/customer/{trial['id']}/invoicing",
        "customer-history": f"#/customer/{trial['id']}/history",
        "customer-company": f"#/customer/{distributor}",
        "site": f"#/customer/{site}",
        "add": f"#/customers/{reseller}/add",
        "add-company": f"#/customers/{distributor}/add",
        "edit": f"#/customer/{reseller}/edit",
        "dashboard": f"#/dashboard/{distributor}",
        "dashboard-check": f"#/dashboard/{distributor}/check",
        "device-add": f"#/dashboard/{site}/add",
        "test-device-add": f"#/dashboard/{site}/add-test",
        "location-request-add": f"#/customer/{trial['id']}/ask-location",
        "accounts": f"#/accounts/{root}?scope=below",
        "accounts-empty": f"#/accounts/{site}",
        "account-add": f"#/accounts/{site}/add",
        "account": f"#/accounts/{root}/{stack.stack['accounts']['root']['id']}",
        "my-sign-in": "#/my-sign-in",
        "trials": f"#/trials/{root}",
        "trials-by-reseller": f"#/trials/{root}/by-reseller",
        "invoicing": f"#/invoicing/{distributor}",
        "imports": f"#/imports/{distributor}",
        "audit-log": f"#/audit/{distributor}",
        "storage-locations": f"#/storage-locations/{root}",
        "storage-locations-requests": f"#/storage-locations/{root}/requests",
        "storage-locations-change": f"#/storage-locations/{root}/change",
        "nothing": "#/customer/cus_absent",
    }.items():
        user.go(at)
        expect(user.title).to_be_visible()
        user.screenshot(name)

    # The dialogs, menus and panels.
    user.go(f"#/customer/{trial['id']}")
    user.menu("More actions", "End trial…")
    user.screenshot("dialog-end-trial")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More actions").click()
    user.screenshot("menu-actions")
    page.keyboard.press("Escape")
    page.locator("#in-use > button").click()
    user.screenshot("switcher")
    page.keyboard.press("Escape")
    page.locator(".avatar").click()
    user.screenshot("menu-account")
    page.keyboard.press("Escape")
    open_menu(user)
    user.screenshot("menu")
    user.go(f"#/customers/{reseller}/add")
    page.get_by_label("Name", exact=True).fill(trial["name"])
    page.get_by_role("combobox", name="Device country").fill("ice")
    user.screenshot("add-options")
    page.get_by_role("option", name="Iceland").click()
    user.choose("Data storage location", "Norway")
    user.press("Save")
    expect(page.locator("#e-service_type.error")).to_be_visible()
    user.pick("Service type for customer", "All-Inclusive")
    user.press("Save")
    expect(page.locator("#e-name.error")).to_contain_text("already has a customer with this name")
    user.screenshot("add-name-exists")
    user.go(f"#/customers/{reseller}")
    user.screenshot("dialog-leave")
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    row = page.get_by_role("row").filter(has_text=other["name"])
    row.get_by_role("checkbox").check()
    user.screenshot("selection")
    page.get_by_role("toolbar").get_by_role("button", name="Archive").click()
    user.expect_toast("1 customer archived")
    user.screenshot("toast-undo")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)
    page.get_by_role("button", name="Filter").click()
    user.screenshot("menu-filter")
    page.keyboard.press("Escape")


def test_administrator_of_a_reseller_sees_only_their_company(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    user = open_browser(*account(stack, lineage["reseller"]["id"], "administrator")).open().sign_in()
    page = user.page
    expect(page.locator(".page-head")).to_contain_text("Console reseller and below")
    expect(page.get_by_role("treeitem", level=1)).to_have_attribute("aria-label", "Console reseller, Reseller")
    expect(page.locator(".path a")).to_have_count(0)
    user.go(f"#/storage-locations/{lineage['reseller']['id']}")
    expect(page.get_by_role("table")).to_contain_text("Norway")
    expect(page.get_by_role("link", name="Change the routing")).to_have_count(0)
    user.go(f"#/accounts/{lineage['reseller']['id']}/add")
    expect(page.get_by_role("group", name="Role").get_by_role("radio")).to_have_count(4)  # super_user is above
    user.go(f"#/customers/{lineage['distributor']['id']}")
    expect(user.title).to_have_text("Nothing is here")
    user.press("To your own company")
    expect(page.locator(".page-head")).to_contain_text("Console reseller and below")


def test_supporter_can_only_read(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    trial = {"service_type": "all_inclusive", "device_country": "GB", "in_trial": True, "name": uuid4().hex}
    post(stack, "/customers", {**trial, "parent_id": lineage["reseller"]["id"]})
    user = open_browser(*account(stack, lineage["reseller"]["id"], "supporter")).open().sign_in()
    page = user.page
    for at in ("customers", "customer", "accounts", "dashboard"):
        user.go(f"#/{at}/{lineage['reseller']['id']}")
        expect(user.title).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        for name in (
            "Add customer",
            "Add end-customer",
            "Edit",
            "Add account",
            "Add device",
            "Add test device",
            "Import",
        ):
            expect(user.main.get_by_role("link", name=name, exact=True)).to_have_count(0)
    expect(page.get_by_role("navigation", name="Menu").get_by_role("link", name="Imports")).to_have_count(0)
    user.go(f"#/customers/{lineage['reseller']['id']}/add")
    expect(user.main).to_contain_text("You can't add customers here")
    # The service computes the days left, because a browser's clock may be wrong.
    page.clock.set_fixed_time("2020-01-01T00:00:00Z")
    user.go(f"#/trials/{lineage['reseller']['id']}")
    expect(user.main).to_contain_text("30 days left")
