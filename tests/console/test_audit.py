"""Tests of the audit log in a browser: who has changed a role."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import RunningStack
from tests.console.helpers import BROWSER_TEST, NARROW, WIDE, User, account

pytestmark = [*BROWSER_TEST, pytest.mark.slow]


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_who_has_changed_a_role_is_found(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack, width: int, scheme: str
) -> None:
    reseller = lineage["reseller"]["id"]
    person, _ = account(stack, reseller, "operator")
    found = stack.call("GET", f"/accounts/{person}")
    headers = {"If-Match": found.headers["etag"]}
    assert stack.call("PATCH", f"/accounts/{person}", json={"role": "manager"}, headers=headers).is_success

    user = open_browser(width=width, scheme=scheme).open(f"#/audit/{reseller}").sign_in()
    page = user.page
    changed = page.get_by_role("row").filter(has_text="Account changed").filter(has_text="Manager").first
    expect(changed).to_contain_text("Operator → Manager")
    expect(changed).to_contain_text("The operator")
    expect(changed).to_contain_text("You")
    user.screenshot("audit")
    changed.get_by_role("button", name="Actions for Account changed").click()
    page.get_by_role("menuitem", name="Only changes of this kind").click()
    page.wait_for_url("**types=account_changed**")
    again = page.get_by_role("button", name="Try again")  # a busy machine may answer that it is not available
    expect(changed.or_(again)).to_be_visible()
    if again.is_visible():
        again.click()
    expect(page.get_by_role("row").filter(has_text="Account added")).to_have_count(0)
    expect(changed).to_be_visible()
    user.screenshot("audit-filtered")
    page.get_by_label("From").fill("2020-01-01")
    page.get_by_label("To", exact=True).fill("2020-01-02")
    expect(page.get_by_text("Nothing matches these filters")).to_be_visible()

    user.go(f"#/accounts/{reseller}/{person}")
    history = page.get_by_role("region", name="Changes of The operator")
    expect(history).to_contain_text("Operator → Manager")
    user.screenshot("account-history")


def test_who_may_not_read_the_audit_log_has_no_entry_for_it(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    reseller = lineage["reseller"]["id"]
    person, password = account(stack, reseller, "supporter")
    user = open_browser(person, password).open().sign_in()
    expect(user.page.get_by_role("link", name="Customers", exact=True).first).to_be_visible()
    expect(user.page.get_by_role("link", name="Audit log")).to_have_count(0)
    user.go(f"#/audit/{reseller}")
    expect(user.main).to_contain_text("Your role")
