"""Tests: signing in to the console, and the end of a session."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from playwright.sync_api import Route, expect

from tests.conftest import RunningStack, eventually
from tests.console.helpers import BROWSER_TEST, User, post

pytestmark = BROWSER_TEST

PASSWORD = "Aa1-" + "x" * 20


def test_invited_person_sets_their_own_password(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    email = f"{uuid4().hex}@example.com"
    body = {"email": email, "display_name": "Invited", "role": "administrator"}
    account_id = post(stack, f"/customers/{lineage['reseller']['id']}/accounts", body)["id"]
    eventually(lambda: stack.call("GET", f"/accounts/{account_id}").json()["identity"] == "ready")
    cognito = stack.ministack.client("cognito-idp")
    pool = stack.stack["user_pool_id"]
    cognito.admin_set_user_password(UserPoolId=pool, Username=account_id, Password=PASSWORD, Permanent=False)
    user = open_browser(email, PASSWORD).open()
    page = user.page
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#sign-in-error")).not_to_be_empty()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Your own password").fill("Bb2-" + "y" * 20)
    user.screenshot("own-password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Console reseller")


def test_expired_session_is_renewed_and_an_ended_one_requires_sign_in(
    open_browser: Callable[..., User], lineage: dict[str, Any]
) -> None:
    user = open_browser().open().sign_in()
    page = user.page
    expect(page.locator("main")).not_to_contain_text("Loading")
    expired: list[str] = []

    def once(route: Route) -> None:
        if not expired:
            expired.append(route.request.url)
            route.fulfill(status=401, json={"message": "The incoming token has expired"})
        else:
            route.fallback()

    page.route("**/accounts?*", once)
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Accounts of Root company")
    expect(page.get_by_role("table")).to_be_visible()
    assert expired
    page.evaluate("sessionStorage.clear()")
    page.route("**/customers/*/history*", lambda route: route.fulfill(status=401, json={"message": "expired"}))
    page.evaluate("at => { location.hash = at }", f"#/customers/{lineage['reseller']['id']}/history")
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    user.screenshot("session-ended")
    page.unroute("**/customers/*/history*")
    user.sign_in()
    expect(page.get_by_role("heading", level=1)).to_have_text("History of Console reseller")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("History of Console reseller")
    expect(page.locator("main")).not_to_contain_text("Loading")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out")).to_be_visible()
