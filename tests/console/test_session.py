"""Tests: signing in to the console, sharing the session between tabs, and its end."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
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
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#sign-in-error")).to_have_text("The e-mail address or the password is wrong.")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    user.screenshot("sign-in-wrong")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Show the characters").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("New password").fill("Bb2-" + "y" * 20)
    user.screenshot("own-password")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".page-head")).to_contain_text("Console reseller and below")


def test_expired_token_is_renewed_without_a_word(open_browser: Callable[..., User], lineage: dict[str, Any]) -> None:
    user = open_browser().open().sign_in()
    page = user.page
    expired: list[str] = []

    def once(route: Route) -> None:
        if not expired:
            expired.append(route.request.url)
            route.fulfill(status=401, json={"message": "The incoming token has expired"})
        else:
            route.fallback()

    page.route("**/accounts?*", once)
    with page.expect_response(lambda response: "/accounts?" in response.url and response.ok) as renewed:
        user.go(f"#/accounts/{lineage['root']['id']}")
    assert expired == [renewed.value.url]
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_tabs_share_the_session_and_signing_out_ends_it_everywhere(
    open_browser: Callable[..., User], stack: RunningStack, lineage: dict[str, Any]
) -> None:
    user = open_browser().open().sign_in()
    first, second = user.page, user.new_tab()
    second.goto(f"{stack.stack['url']}/#/customer/{lineage['site']['id']}")
    expect(second.get_by_role("heading", level=1)).to_have_text("Console site")  # no password was asked
    refresh = first.evaluate("sessionStorage.getItem('refresh')")
    auth = {"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": stack.stack["client_id"]}
    cognito = stack.ministack.client("cognito-idp")
    assert cognito.initiate_auth(**auth, AuthParameters={"REFRESH_TOKEN": refresh})["AuthenticationResult"]

    first.locator(".avatar").click()
    with first.expect_response(
        lambda response: response.request.post_data is not None and refresh in response.request.post_data
    ) as revoked:
        first.get_by_role("menuitem", name="Sign out").click()
    assert revoked.value.request.headers["x-amz-target"].endswith(".RevokeToken")
    assert revoked.value.ok
    for tab in (first, second):
        expect(tab.get_by_text("You are signed out.")).to_be_visible()
        assert tab.evaluate("sessionStorage.length") == 0
    with pytest.raises(ClientError) as rejected:
        cognito.initiate_auth(**auth, AuthParameters={"REFRESH_TOKEN": refresh})
    assert rejected.value.response["Error"]["Code"] == "NotAuthorizedException"
    first.reload()
    expect(first.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_signing_out_without_the_service_says_that_the_session_goes_on_there(open_browser: Callable[..., User]) -> None:
    user = open_browser().open().sign_in()
    user.page.route(user.stack.stack["endpoint"] + "/", lambda route: route.abort())
    user.page.locator(".avatar").click()
    user.page.get_by_role("menuitem", name="Sign out").click()
    expect(user.page.get_by_text("it ends by itself within 24 hours")).to_be_visible()


def test_signing_in_again_in_one_tab_ends_the_question_in_the_other(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    user = open_browser().open().sign_in()
    first, second = user.page, user.new_tab()
    second.goto(f"{stack.stack['url']}/#/customers/{lineage['root']['id']}")
    expect(second.locator(".avatar")).to_be_visible()
    for tab in (first, second):
        tab.evaluate("sessionStorage.removeItem('refresh')")
        tab.route("**/history*", lambda route: route.fulfill(status=401, json={"message": "expired"}))
        tab.evaluate("at => { location.hash = at }", f"#/customer/{lineage['site']['id']}/history")
        expect(tab.get_by_role("dialog", name="Your session has ended")).to_be_visible()
        tab.unroute("**/history*")
    first.get_by_role("dialog").get_by_label("Password for").fill(user.password)
    first.get_by_role("button", name="Sign in and go on").click()
    for tab in (first, second):
        expect(tab.get_by_role("dialog")).to_have_count(0)
        expect(tab.get_by_role("table")).to_contain_text("Added")
