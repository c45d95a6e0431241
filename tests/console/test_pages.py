"""Tests: the pages of the console, for each role."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from local.seed import set_password
from tests.conftest import RunningStack, eventually
from tests.console.helpers import BROWSER_TEST, NARROW, WIDE, User, open_menu, post

pytestmark = BROWSER_TEST


LONG = "Donaudampfschifffahrtsgesellschaft " * 3


def account(stack: RunningStack, customer_id: str, role: str) -> tuple[str, str]:
    """Add an account. Return its id and its password."""
    path = f"/customers/{customer_id}/accounts"
    body = {"email": f"{uuid4().hex}@example.com", "display_name": f"The {role}", "role": role}
    account_id: str = post(stack, path, body)["id"]
    eventually(lambda: stack.call("GET", f"/accounts/{account_id}").json()["identity"] == "ready")
    cognito = stack.ministack.client("cognito-idp")
    return account_id, set_password(cognito, stack.stack["user_pool_id"], account_id)


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "dark"), (NARROW, "light")])
def test_every_page_is_accessible_to_root(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack, width: int, scheme: str
) -> None:
    user = open_browser(width=width, scheme=scheme).open().sign_in()
    page = user.page
    one = post(
        stack,
        "/customers",
        {"name": LONG + scheme, "parent_id": lineage["reseller"]["id"], "service_type": "all_inclusive",
         "device_country": "GB", "in_trial": True},
    )  # fmt: skip
    for name, at in {
        "long-name": f"#/customers/{one['id']}",
        "trials": f"#/trials/{lineage['root']['id']}",
        "storage-locations": f"#/storage-locations/{lineage['root']['id']}",
        "import": f"#/import/{lineage['distributor']['id']}",
        "accounts-empty": f"#/accounts/{lineage['site']['id']}",
        "dashboard-empty": f"#/dashboard/{lineage['site']['id']}",
        "site": f"#/customers/{lineage['site']['id']}",
        "edit": f"#/customers/{lineage['reseller']['id']}/edit",
        "nothing": "#/customers/cus_absent",
    }.items():
        page.evaluate("at => { location.hash = at }", at)
        expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
        expect(page.locator("main h1")).to_be_visible()
        user.screenshot(name)
    if width == NARROW:
        open_menu(user)
        user.screenshot("menu")

    page.evaluate("at => { location.hash = at }", f"#/customers/{one['id']}/edit")
    page.get_by_label("Name", exact=True).fill(f"Renamed {scheme}")
    user.choose("Device country", "France")
    user.press("Save")
    expect(page.get_by_role("status").filter(has_text="The storage location has not changed")).to_be_visible()
    user.press("End the trial")
    user.screenshot("end-trial")
    page.get_by_role("dialog").get_by_role("button", name="End the trial").click()
    expect(page.locator(".head")).to_contain_text("In production")
    user.press("History")
    for words in ("Added", "Changed", "Entered production", "device country: GB → FR"):
        expect(page.get_by_role("table")).to_contain_text(words)
    user.screenshot("history")
    user.press("Back")
    user.press("Archive")
    page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    expect(page.locator(".head")).to_contain_text("Archived")
    user.screenshot("archived")
    user.press("Restore")
    expect(page.locator(".head")).to_contain_text("In production")

    page.evaluate("at => { location.hash = at }", f"#/import/{lineage['distributor']['id']}")
    rows = [f"Imp\u00f6rted {n} {scheme},{lineage['reseller']['id']},EndCustomer,InTrial,,GB" for n in range(20)]
    rows += [f"Bad {scheme},nowhere,Site,,,GB"]
    file = "companyname,ParentId,Level,State,LocationId,DeviceCountry\n" + "\n".join(rows)
    content = file.encode("windows-1252")
    page.get_by_label("File").set_input_files({"name": "f.csv", "mimeType": "text/csv", "buffer": content})
    user.press("Try it first")
    expect(page.locator("main")).to_contain_text("Line 2 of the file is not UTF-8.")
    user.choose("Encoding", "Western European (Windows-1252)")
    user.press("Try it first")
    expect(page.locator("main")).to_contain_text("LocationId is ignored")
    expect(page.locator("main")).to_contain_text("20 would be created, 0 exist, 1 would be refused.")
    user.press("Import")
    expect(page.locator("main")).to_contain_text("20 created, 0 existed, 1 refused.")
    expect(page.get_by_role("table")).to_contain_text("No customer has the id")
    user.screenshot("import-done")


def test_administrator_of_a_reseller_sees_only_their_company(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    user = open_browser(*account(stack, lineage["reseller"]["id"], "administrator")).open().sign_in()
    page = user.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Console reseller")
    expect(page.get_by_role("treeitem", level=1)).to_have_attribute("aria-label", "Console reseller, Reseller")
    expect(page.get_by_role("link", name="Storage locations", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Add a test device")).to_have_count(0)  # the role may not add test devices
    user.press("Add customer")
    expect(page.get_by_label("Parent customer")).to_be_visible()
    options = page.get_by_label("Parent customer").locator("option").all_inner_texts()
    assert "Console reseller" in options
    assert "Console distributor" not in options
    page.get_by_label("Name", exact=True).fill("Console end_customer")
    user.choose("Service type for customer", "All-Inclusive")
    user.choose("Device country", "Germany")
    user.press("Save")
    expect(page.locator("#e-name")).to_contain_text("The existing customer is")
    user.screenshot("name-exists")
    page.get_by_label("Name", exact=True).fill("By the reseller")
    user.press("Save")
    expect(page.get_by_role("heading", name="By the reseller is added")).to_be_visible()
    page.evaluate("at => { location.hash = at }", f"#/customers/{lineage['distributor']['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is here")


def test_supporter_can_only_read(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    trial = {"service_type": "all_inclusive", "device_country": "GB", "in_trial": True, "name": "Supported customer"}
    post(stack, "/customers", {**trial, "parent_id": lineage["reseller"]["id"]})
    user = open_browser(*account(stack, lineage["reseller"]["id"], "supporter"), scheme="dark").open().sign_in()
    page = user.page
    user.screenshot("supporter")
    for name in ("Add customer", "Edit", "Archive", "Add an account", "Add a test device", "End the trial"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Import", exact=True)).to_have_count(0)
    page.evaluate("at => { location.hash = at }", f"#/customers/{lineage['reseller']['id']}/add")
    expect(page.locator("main")).to_contain_text("Your role does not allow adding customers")
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page.get_by_role("columnheader", name="Role")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Actions")).to_have_count(0)
    # The service computes the days left, because a browser's clock may be wrong.
    page.clock.set_fixed_time("2020-01-01T00:00:00Z")
    page.get_by_role("link", name="Trials", exact=True).click()
    expect(page.locator("main")).to_contain_text("30 days left")


def test_first_view_is_small_and_ready_after_one_round_trip(open_browser: Callable[..., User]) -> None:
    user = open_browser().open()
    page = user.page
    sizes: list[int] = []
    page.on("response", lambda response: sizes.append(len(response.body())))
    user.requests.clear()
    first: list[str] = []
    page.expose_function("seen", lambda: first.extend(user.requests))
    page.evaluate(
        "new MutationObserver(() => document.querySelector('[role=tree]') && seen())"
        ".observe(document.body, {subtree: true, childList: true})"
    )
    user.sign_in()
    expect(page.locator("main")).not_to_contain_text("Loading")
    after = [url for url in first if "/me" in url or "/customers" in url]
    assert [url.rpartition("/")[2] for url in after][:1] == ["me"]
    assert len(set(after[: after.index(next(u for u in after if u.endswith("/me"))) + 1])) == 1
    document = page.request.get(f"{user.stack.stack['url']}/")
    assert len(document.body()) + sum(sizes) < 100 * 1024
    hosts = {re.sub(r"(https?://[^/]+).*", r"\1", url) for url in user.requests}
    assert hosts == {user.stack.stack["endpoint"]}
    policy = document.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert user.password not in document.text()
