"""Tests: pages."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from local.seed import set_password
from tests.conftest import RunningStack
from tests.console.helpers import CHROMIUM, NARROW, WIDE, Person, menu, post

pytestmark = [
    pytest.mark.ministack,
    pytest.mark.enable_socket,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is on this machine: apt-get install chromium"),
]


LONG = "Donaudampfschifffahrtsgesellschaft " * 3


def account(stack: RunningStack, customer_id: str, role: str) -> tuple[str, str]:
    """The id and the password of a new account."""
    path = f"/customers/{customer_id}/accounts"
    body = {"email": f"{uuid4().hex}@example.com", "display_name": f"The {role}", "role": role}
    account_id: str = post(stack, path, body)["id"]
    for _ in range(100):
        if stack.call("GET", f"/accounts/{account_id}").json()["identity"] == "ready":
            break
    cognito = stack.ministack.client("cognito-idp")
    return account_id, set_password(cognito, stack.stack["user_pool_id"], account_id)


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "dark"), (NARROW, "light")])
def test_every_page_is_accessible_to_root(
    opened: Callable[..., Person], line: dict[str, Any], stack: RunningStack, width: int, scheme: str
) -> None:
    someone = opened(width=width, scheme=scheme).open().sign_in()
    page = someone.page
    one = post(
        stack,
        "/customers",
        {"name": LONG + scheme, "parent_id": line["reseller"]["id"], "service_type": "all_inclusive",
         "device_country": "GB", "in_trial": True},
    )  # fmt: skip
    for name, at in {
        "long-name": f"#/customers/{one['id']}",
        "trials": f"#/trials/{line['root']['id']}",
        "storage-locations": f"#/storage-locations/{line['root']['id']}",
        "import": f"#/import/{line['distributor']['id']}",
        "accounts-empty": f"#/accounts/{line['site']['id']}",
        "dashboard-empty": f"#/dashboard/{line['site']['id']}",
        "site": f"#/customers/{line['site']['id']}",
        "edit": f"#/customers/{line['reseller']['id']}/edit",
        "nothing": "#/customers/cus_absent",
    }.items():
        page.evaluate("at => { location.hash = at }", at)
        expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
        expect(page.locator("main h1")).to_be_visible()
        someone.shot(name)
    if width == NARROW:
        menu(someone)
        someone.shot("menu")

    page.evaluate("at => { location.hash = at }", f"#/customers/{one['id']}/edit")
    page.get_by_label("Name", exact=True).fill(f"Renamed {scheme}")
    someone.choose("Device country", "France")
    someone.press("Save")
    expect(page.get_by_role("status").filter(has_text="The storage location has not changed")).to_be_visible()
    someone.press("End the trial")
    someone.shot("end-trial")
    page.get_by_role("dialog").get_by_role("button", name="End the trial").click()
    expect(page.locator(".head")).to_contain_text("In production")
    someone.press("History")
    for words in ("Added", "Changed", "Entered production", "device country: GB → FR"):
        expect(page.get_by_role("table")).to_contain_text(words)
    someone.shot("history")
    someone.press("Back")
    someone.press("Archive")
    page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    expect(page.locator(".head")).to_contain_text("Archived")
    someone.shot("archived")
    someone.press("Restore")
    expect(page.locator(".head")).to_contain_text("In production")

    page.evaluate("at => { location.hash = at }", f"#/import/{line['distributor']['id']}")
    rows = [f"Imported {n} {scheme},{line['reseller']['id']},EndCustomer,InTrial,,GB" for n in range(20)]
    rows += [f"Bad {scheme},nowhere,Site,,,GB"]
    file = "companyname,ParentId,Level,State,LocationId,DeviceCountry\n" + "\n".join(rows)
    page.get_by_label("File").set_input_files({"name": "f.csv", "mimeType": "text/csv", "buffer": file.encode()})
    someone.press("Try it first")
    expect(page.locator("main")).to_contain_text("20 would be created, 0 exist, 1 would be refused.")
    someone.press("Import")
    expect(page.locator("main")).to_contain_text("20 created, 0 existed, 1 refused.")
    expect(page.get_by_role("table")).to_contain_text("No customer has the id")
    someone.shot("import-done")


def test_administrator_of_a_reseller_sees_only_their_company(
    opened: Callable[..., Person], line: dict[str, Any], stack: RunningStack
) -> None:
    someone = opened(*account(stack, line["reseller"]["id"], "administrator")).open().sign_in()
    page = someone.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Console reseller")
    expect(page.get_by_role("treeitem", level=1)).to_have_attribute("aria-label", "Console reseller, Reseller")
    expect(page.get_by_role("link", name="Storage locations", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Add a test device")).to_have_count(0)  # the role adds none
    someone.press("Add customer")
    expect(page.get_by_label("Parent customer")).to_be_visible()
    options = page.get_by_label("Parent customer").locator("option").all_inner_texts()
    assert "Console reseller" in options
    assert "Console distributor" not in options
    page.get_by_label("Name", exact=True).fill("Console end_customer")
    someone.choose("Service type for customer", "All-Inclusive")
    someone.choose("Device country", "Germany")
    someone.press("Save")
    expect(page.locator("#e-name")).to_contain_text("The existing customer is")
    someone.shot("name-exists")
    page.get_by_label("Name", exact=True).fill("By the reseller")
    someone.press("Save")
    expect(page.get_by_role("heading", name="By the reseller is added")).to_be_visible()
    page.evaluate("at => { location.hash = at }", f"#/customers/{line['distributor']['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is here")


def test_supporter_can_only_read(opened: Callable[..., Person], line: dict[str, Any], stack: RunningStack) -> None:
    someone = opened(*account(stack, line["reseller"]["id"], "supporter"), scheme="dark").open().sign_in()
    page = someone.page
    someone.shot("supporter")
    for name in ("Add customer", "Edit", "Archive", "Add an account", "Add a test device", "End the trial"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Import", exact=True)).to_have_count(0)
    page.evaluate("at => { location.hash = at }", f"#/customers/{line['reseller']['id']}/add")
    expect(page.locator("main")).to_contain_text("Your role may not add customers")
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page.get_by_role("columnheader", name="Role")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Actions")).to_have_count(0)
    page.get_by_role("link", name="Trials", exact=True).click()
    expect(page.locator("main")).to_contain_text("30 days left")


def test_first_view_is_small_and_ready_after_one_round_trip(opened: Callable[..., Person]) -> None:
    someone = opened().open()
    page = someone.page
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    someone.requests.clear()
    first: list[str] = []
    page.expose_function("seen", lambda: first.extend(someone.requests))
    page.evaluate(
        "new MutationObserver(() => document.querySelector('[role=tree]') && seen())"
        ".observe(document.body, {subtree: true, childList: true})"
    )
    someone.sign_in()
    expect(page.locator("main")).not_to_contain_text("One moment")
    after = [url for url in first if "/me" in url or "/customers" in url]
    assert [url.rpartition("/")[2] for url in after][:1] == ["me"]
    assert len(set(after[: after.index(next(u for u in after if u.endswith("/me"))) + 1])) == 1
    document = page.request.get(f"{someone.stack.stack['url']}/")
    assert len(document.body()) + sum(sizes) < 100 * 1024
    hosts = {re.sub(r"(https?://[^/]+).*", r"\1", url) for url in someone.requests}
    assert hosts == {someone.stack.stack["endpoint"]}
    policy = document.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert someone.password not in document.text()
