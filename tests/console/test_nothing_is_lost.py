"""Tests: what the console before this one got wrong. Each was reproduced there first."""

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Route, expect

from tests.conftest import RunningStack
from tests.console.helpers import BOTH, BROWSER_TEST, NARROW, User, post

pytestmark = BROWSER_TEST


@pytest.fixture
def reseller(stack: RunningStack, lineage: dict[str, Any]) -> Any:
    """A reseller of its own with two end-customers."""
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    parent = {"parent_id": lineage["distributor"]["id"], "level": "reseller", "name": f"Reseller {uuid4().hex[:8]}"}
    added = post(stack, "/customers", {**company, **parent})
    for name in ("First", "Second"):
        body = {"name": name, "parent_id": added["id"], "service_type": "all_inclusive", "device_country": "GB"}
        added[name] = post(stack, "/customers", {**body, "in_trial": True})
    return added


def held_in(waiting: list[Route]) -> Callable[[Route], None]:
    """Return a handler of requests that keeps them waiting."""

    def hold(route: Route) -> None:
        waiting.append(route)

    return hold


def test_header_page_and_tree_show_the_same_customer_after_slow_responses_out_of_order(
    open_browser: Callable[..., User], reseller: Any
) -> None:
    user = open_browser().open(f"#/customers/{reseller['id']}").sign_in()
    page = user.page
    for kind in ("customer", "accounts", "dashboard", "trials", "invoicing", "imports", "customers"):
        waiting: list[Route] = []
        first, second = reseller["First"], reseller["Second"]

        page.route(re.compile(f"[/=]{first['id']}"), held_in(waiting))
        page.reload()  # nothing is known yet
        expect(page.locator(".avatar")).to_be_visible()
        user.go(f"#/{kind}/{first['id']}")
        user.go(f"#/{kind}/{second['id']}")
        expect(page.locator("#in-use")).to_have_text(second["name"])
        expect(page.locator(".skeleton")).to_have_count(0)
        for route in waiting:  # the late responses arrive
            route.continue_()
        page.unroute(re.compile(f"[/=]{first['id']}"))
        page.wait_for_load_state("networkidle")
        expect(page.locator("#in-use")).to_have_text(second["name"])
        expect(user.main).not_to_contain_text(first["name"])
        expect(page.locator('[role="treeitem"][aria-selected="true"]')).to_have_attribute(
            "aria-label", f"{second['name']}, End-Customer"
        )


def test_draft_survives_a_reload_another_page_and_two_401s(open_browser: Callable[..., User], reseller: Any) -> None:
    user = open_browser().open(f"#/customers/{reseller['id']}/add").sign_in()
    page, name = user.page, page_name(user)
    name.fill("Typed and not saved")
    user.pick("Service type for customer", "Software-Only")
    user.choose("Device country", "Finland")
    user.choose("Data storage location", "Sweden")

    def expect_kept() -> None:
        expect(name).to_have_value("Typed and not saved")
        expect(page.get_by_label("Software-Only")).to_be_checked()
        expect(page.get_by_role("combobox", name="Device country")).to_have_value("Finland")
        expect(page.get_by_role("combobox", name="Data storage location")).to_have_value("Sweden")

    page.once("dialog", lambda dialog: dialog.accept())  # the browser asks before the page is left
    page.reload()
    expect_kept()
    # Another page of the console: the guard asks, and the draft is there after coming back.
    user.go(f"#/trials/{reseller['id']}")
    dialog = page.get_by_role("dialog", name="Leave this form?")
    expect(dialog.get_by_role("button", name="Stay")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect_kept()
    assert page.url.endswith("/add")
    user.go(f"#/trials/{reseller['id']}")
    dialog.get_by_role("button", name="Leave").click()
    expect(user.title).to_have_text("Trials")
    page.go_back()
    expect_kept()

    # The session ends while saving, and the new one is rejected once more: the page stays, and saving goes on.
    page.evaluate("sessionStorage.removeItem('refresh')")
    rejected: list[str] = []

    def reject(route: Route) -> None:
        if route.request.method == "POST" and "validate_only" not in route.request.url and len(rejected) < 2:
            rejected.append(route.request.url)
            route.fulfill(status=401, json={"message": "Unauthorized"})
        else:
            route.fallback()

    page.route("**/customers", reject)
    user.press("Save")
    for attempt in (1, 2):
        dialog = page.get_by_role("dialog", name="Your session has ended")
        expect(dialog).to_be_visible()
        expect_kept()
        if attempt == 1:
            user.screenshot("session-ended")
        dialog.get_by_label("Password for").fill(user.password)
        dialog.get_by_role("button", name="Sign in and go on").click()
        if attempt == 1:
            page.wait_for_function("() => sessionStorage.getItem('refresh')")
            page.evaluate("sessionStorage.removeItem('refresh')")
    expect(user.title).to_have_text("Typed and not saved")
    user.expect_toast("Typed and not saved is added")
    # What is saved is no draft any more.
    user.go(f"#/customers/{reseller['id']}/add")
    expect(page_name(user)).to_have_value("")


def page_name(user: User) -> Any:
    return user.page.get_by_label("Name", exact=True)


def test_signing_in_later_leaves_the_form_as_it_is(open_browser: Callable[..., User], reseller: Any) -> None:
    user = open_browser().open(f"#/customers/{reseller['id']}/add").sign_in()
    page = user.page
    page_name(user).fill("Kept")
    page.evaluate("sessionStorage.removeItem('refresh')")
    page.route("**/customers?validate_only=*", lambda route: route.fulfill(status=401, json={"message": "expired"}))
    user.pick("Service type for customer", "All-Inclusive")
    page.get_by_role("dialog").get_by_role("button", name="Not now").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page_name(user)).to_have_value("Kept")


def test_cancel_is_focused_and_the_name_must_be_typed_before_a_trial_ends(
    open_browser: Callable[..., User], reseller: Any
) -> None:
    user = open_browser().open(f"#/customer/{reseller['First']['id']}").sign_in()
    page = user.page
    user.menu("More actions", "End trial…")
    dialog = page.get_by_role("dialog", name="End the trial of First?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    expect(dialog.get_by_role("button", name="End trial")).to_be_disabled()
    expect(dialog.get_by_role("listitem")).to_have_count(3)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator(".page-head")).to_contain_text("In trial")
    expect(page.get_by_role("button", name="More actions")).to_be_focused()
    user.menu("More actions", "End trial…")
    dialog.get_by_label("Type the customer's name to confirm").fill("First")
    dialog.get_by_role("button", name="End trial").click()
    expect(page.locator(".page-head")).to_contain_text("In production")
    user.press("History")
    expect(page.get_by_role("table")).to_contain_text("Entered production")


def test_catalogue_is_not_replaced_without_a_question(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    # Other tests replace the catalogue too. Open every location first.
    current = stack.call("GET", "/storage-locations")
    every = {"locations": [{"country": each["code"]} for each in current.json()["locations"]]}
    before = stack.call("PUT", "/storage-locations", json=every, headers={"If-Match": current.headers["etag"]}).json()
    user = open_browser().open(f"#/storage-locations/{lineage['root']['id']}").sign_in()
    page, version = user.page, before["version"]
    user.press("Change the routing")
    user.press(f"Replace version {version}")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(user.main).to_contain_text("Change where the data of a location lands first.")
    page.get_by_label("Data of Norway lands in").select_option(label="Sweden")
    expect(user.main).to_contain_text("Norway: data lands in Sweden, no longer in Norway.")
    user.press(f"Replace version {version}")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    expect(dialog.get_by_role("button", name=f"Replace version {version}")).to_be_disabled()
    user.screenshot("dialog-replace")
    page.keyboard.press("Escape")
    assert stack.call("GET", "/storage-locations").json()["version"] == version
    user.press(f"Replace version {version}")
    dialog.get_by_role("textbox").fill(f"replace {version}")
    dialog.get_by_role("button", name=f"Replace version {version}").click()
    user.expect_toast(f"Version {version + 1} is in force")
    expect(page.get_by_role("row").filter(has_text="Norway")).to_contain_text("Sweden")
    # Wherever Norway is chosen from now on, the console says where its data lands.
    user.go(f"#/customers/{lineage['reseller']['id']}/add")
    user.choose("Device country", "Norway")
    expect(user.main).to_contain_text("Lands in Sweden today.")


def test_archived_customer_can_be_found_and_restored(open_browser: Callable[..., User], reseller: Any) -> None:
    user = open_browser().open(f"#/customers/{reseller['id']}").sign_in()
    page = user.page
    user.menu("Actions for First", "Archive")
    user.expect_toast("First is archived")
    user.press("Archived")
    row = page.get_by_role("row").filter(has_text="First")
    expect(row).to_contain_text("Archived, restorable until")
    row.get_by_role("link", name="First").click()
    expect(page.locator(".page-head")).to_contain_text("Archived, restorable until")
    user.screenshot("archived")
    user.press("Restore")
    user.expect_toast("First is restored")
    expect(page.locator(".page-head")).to_contain_text("In trial")


def test_decision_about_the_location_stays_true_after_the_country_changes(
    open_browser: Callable[..., User], reseller: Any
) -> None:
    user = open_browser().open(f"#/customer/{reseller['First']['id']}/edit").sign_in()
    page = user.page
    expect(user.main).to_contain_text("The storage location stays United Kingdom, whatever the country.")
    user.choose("Device country", "France")
    user.press("Save")
    user.expect_toast("The storage location has not changed")
    expect(page.locator("aside")).to_contain_text("Set at creation by the device country then, United Kingdom.")


def test_somebody_elses_change_is_shown_and_what_was_typed_is_kept(
    open_browser: Callable[..., User], stack: RunningStack, reseller: Any
) -> None:
    first = reseller["First"]
    user = open_browser().open(f"#/customer/{first['id']}/edit").sign_in()
    page_name(user).fill("Mine")
    changed = stack.call(
        "PATCH", f"/customers/{first['id']}", json={"name": "Theirs"}, headers={"If-Match": f'"{first["version"]}"'}
    )
    assert changed.is_success, changed.text
    user.press("Save")
    expect(user.main).to_contain_text("Somebody else changed this customer in the meantime.")
    expect(user.main).to_contain_text("Name is now “Theirs”.")
    expect(page_name(user)).to_have_value("Mine")
    user.screenshot("conflict")
    user.press("Save")
    expect(user.title).to_have_text("Mine")


def test_choosing_keeps_the_focus_and_what_was_chosen_before(
    open_browser: Callable[..., User], lineage: dict[str, Any]
) -> None:
    user = open_browser().open(f"#/customers/{lineage['distributor']['id']}/add").sign_in()
    page = user.page
    user.pick("Service type for customer", "All-Inclusive")
    user.pick("Service type to provide", "Software-Only")
    user.choose("Device country", "Finland")
    level = page.get_by_label("Reseller", exact=True)
    level.focus()
    page.keyboard.press("Space")
    expect(level).to_be_checked()
    expect(level).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Sub-Distributor", exact=True)).to_be_focused()
    # Another parent has other rules: what it does not have is hidden and not lost.
    user.choose("Parent customer", "Console reseller")
    expect(page.get_by_role("group", name="Service type to provide")).to_have_count(0)
    user.choose("Parent customer", "Console distributor")
    for group, name in (("Service type for customer", "All-Inclusive"), ("Service type to provide", "Software-Only")):
        expect(page.get_by_role("group", name=group).get_by_label(name)).to_be_checked()
    expect(page.get_by_role("combobox", name="Device country")).to_have_value("Finland")
    # Text that names no country is not cleared, and no other country is sent in its place.
    box = page.get_by_role("combobox", name="Device country")
    box.fill("Atlantis")
    expect(page.get_by_role("listbox")).to_contain_text("Nothing matches “Atlantis”")
    page.keyboard.press("Tab")
    expect(box).to_have_value("Atlantis")
    user.press("Save")
    expect(page.locator("#e-device_country.error")).to_have_text("Choose the device country.")


def test_place_in_a_table_is_kept_when_a_column_is_ticked_and_on_back(
    open_browser: Callable[..., User], stack: RunningStack, reseller: Any
) -> None:
    for n in range(60):
        body = {"name": f"Row {n:02}", "parent_id": reseller["id"], "service_type": "all_inclusive"}
        post(stack, "/customers", {**body, "device_country": "GB"})
    user = open_browser().open(f"#/customers/{reseller['id']}").sign_in()
    page = user.page
    expect(user.main).to_contain_text(re.compile("1.50 of 62 customers"))
    region = page.locator(".table-scroll")
    region.evaluate("region => region.scrollTo(0, 600)")
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_label("Customer id").check()
    expect(page.get_by_role("columnheader", name="Customer id")).to_be_attached()
    assert region.evaluate("region => region.scrollTop") == 600
    expect(page.get_by_label("Customer id")).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Row 30").click()
    expect(user.title).to_have_text("Row 30")
    page.go_back()
    expect(page.get_by_role("link", name="Row 30")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.table-scroll').scrollTop === 600")
    page.get_by_role("button", name="Next").click()
    expect(user.main).to_contain_text(re.compile("51.62 of 62 customers"))
    # The order and the filters are in the address: a copy of it shows the same.
    page.get_by_role("button", name="Name").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Second")
    page.get_by_placeholder("Find by start of name").fill("row 1")
    expect(user.main).to_contain_text(re.compile("1.10 of 10 customers"))
    page.reload()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Row 19")
    # A row is one line of 32 pixels, and a date is one line.
    heights = page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert set(heights) <= {32, 33}


def test_rows_are_cards_on_a_phone(open_browser: Callable[..., User], reseller: Any) -> None:
    user = open_browser(width=NARROW).open(f"#/customers/{reseller['id']}").sign_in()
    card = user.page.get_by_role("row").filter(has_text="First")
    expect(card).to_contain_text("30 days left")
    box = card.bounding_box()
    assert box
    assert box["width"] <= NARROW
    assert box["height"] < 127


def test_errors_are_said_in_the_consoles_own_words(open_browser: Callable[..., User], lineage: dict[str, Any]) -> None:
    user = open_browser().open(f"#/customers/{lineage['distributor']['id']}/add").sign_in()
    page = user.page
    user.pick("Customer level", "Reseller")
    user.press("Save")
    expect(page.locator("#e-service_type.error")).to_have_text("Choose a service type.")
    expect(page.locator("#e-name.error")).to_have_text("Enter a name.")
    expect(user.main).not_to_contain_text("service_type")
    page.route(
        "**/accounts",
        lambda route: (
            route.fulfill(
                status=403,
                content_type="application/problem+json",
                body=json.dumps(
                    {
                        "code": "forbidden",
                        "status": 403,
                        "detail": "x",
                        "errors": [{"code": "role_too_high", "pointer": "/role"}],
                    }
                ),
            )
            if route.request.method == "POST"
            else route.fallback()
        ),
    )
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    user.go(f"#/accounts/{lineage['distributor']['id']}/add")
    page.get_by_label("E-mail address").fill("somebody@example.com")
    user.press("Invite")
    expect(page.locator("#e-role.error")).to_have_text("You can't give a role above your own. Choose another one.")


def test_results_of_an_import_have_names(open_browser: Callable[..., User], reseller: Any) -> None:
    user = open_browser().open(f"#/imports/{reseller['id']}").sign_in()
    page = user.page
    rows = [f"Impörted {n:02},{reseller['id']},EndCustomer,InTrial,,GB" for n in range(20)]
    rows += ["Wröng,nowhere,Site,,,GB"]
    file = "companyname,ParentId,Level,State,LocationId,DeviceCountry\n" + "\n".join(rows)
    user.press("Import")
    expect(page.locator("#import-hint")).to_contain_text("Choose a file")
    content = file.encode("windows-1252")
    page.get_by_label("Drop a CSV").set_input_files({"name": "f.csv", "mimeType": "text/csv", "buffer": content})
    expect(user.main).to_contain_text("21 rows, 6 columns, separated by commas.")
    user.press("Try it first")
    expect(user.main).to_contain_text("Line 2 of the file is not UTF-8.")
    page.get_by_label("Encoding").select_option(label="Western European (Windows-1252)")
    expect(page.get_by_role("table")).to_contain_text("Impörted 00")
    user.press("Try it first")
    expect(user.main).to_contain_text("20 would be added, 0 exist, 1 would be rejected.")
    expect(page.get_by_role("table")).to_contain_text("Wröng")
    user.screenshot("import-tried")
    user.press("Import")
    expect(user.main).to_contain_text("20 added, 0 existed, 1 rejected.")
    expect(page.get_by_role("link", name="Impörted 07")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Wröng")).to_contain_text("No customer has the id")
    user.screenshot("import-done")
    page.reload()
    expect(page.get_by_role("row").filter(has_text="Wröng")).to_contain_text("Rejected")


def test_lost_response_to_save_creates_one_customer(
    open_browser: Callable[..., User], stack: RunningStack, reseller: Any
) -> None:
    user = open_browser().open(f"#/customers/{reseller['First']['id']}/add").sign_in()
    page = user.page
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().text())
            route.abort()
        else:
            route.fallback()

    page.route("**/customers", lose)
    page_name(user).fill("Sent once")
    user.choose("Device country", "Germany")
    user.press("Save")
    expect(user.title).to_have_text("Sent once")
    listed = stack.call("GET", "/customers", params={"parent_id": reseller["First"]["id"]}).json()["customers"]
    assert [each["id"] for each in listed] == [json.loads(lost[0])["id"]]


def test_failing_network_keeps_the_rows_and_can_be_tried_again(
    open_browser: Callable[..., User], reseller: Any
) -> None:
    user = open_browser().open(f"#/customers/{reseller['id']}").sign_in()
    page = user.page
    expect(page.get_by_role("table")).to_contain_text("First")
    page.route("**/customers?within=*", lambda route: route.abort())
    user.go(f"#/trials/{reseller['id']}")
    expect(page.get_by_role("alert")).to_contain_text("The service cannot be reached")
    user.screenshot("network-failed")
    page.unroute("**/customers?within=*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("table")).to_contain_text("Second")
