"""Tests: getting in and getting back in, in the browser: invitations, second factor, passwords, machines."""

import base64
import hashlib
import hmac
import json
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from tests.conftest import RunningStack
from tests.console.helpers import BROWSER_TEST, NARROW, WIDE, User, account, await_invitation, post

pytestmark = BROWSER_TEST

FIRST, SECOND, THIRD = (f"{letter}{letter.lower()}1-{'x' * 20}" for letter in "ABC")
# ministack sends the same code in every mail for a forgotten password, and checks it only if it checks all signatures.
MAIL_CODE = "654321"


def authenticator(secret: str) -> str:
    """Return the code that an authenticator app shows for `secret` (RFC 6238)."""
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(time.time() // 30)), hashlib.sha1).digest()
    offset = mac[-1] & 0x0F
    return f"{(struct.unpack('>I', mac[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def set_invitation_password(stack: RunningStack, account_id: str) -> str:
    """Set the password that the invitation contains, because nobody can read the mail."""
    cognito = stack.ministack.client("cognito-idp")
    pool = stack.stack["user_pool_id"]
    cognito.admin_set_user_password(UserPoolId=pool, Username=account_id, Password=FIRST, Permanent=False)
    return FIRST


def let_invitation_expire(stack: RunningStack, account_id: str) -> None:
    earlier = (datetime.now(UTC) - timedelta(days=8)).strftime("%Y-%m-%dT%H:%M:%SZ")
    key = {"pk": {"S": f"account#{account_id}"}, "sk": {"S": "account"}}
    table = stack.ministack.client("dynamodb")
    found = table.get_item(TableName=stack.stack["table"], Key=key).get("Item")
    assert found, "the key of an account has changed"
    table.update_item(
        TableName=stack.stack["table"],
        Key=key,
        UpdateExpression="SET invited_at = :earlier",
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues={":earlier": {"S": earlier}},
    )


def refuse(page: Page, action: str, error: str, message: str) -> None:
    """Let the user pool answer the next request of `action` with an error."""
    done: list[str] = []

    def once(route: Route) -> None:
        if route.request.headers.get("x-amz-target", "").endswith(f".{action}") and not done:
            done.append(action)
            route.fulfill(status=400, body=json.dumps({"__type": error, "message": message}))
        else:
            route.fallback()

    page.route("**/*", once)


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_person_is_invited_and_gets_in_and_back_in(  # noqa: PLR0915 - one story in one test
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack, width: int, scheme: str
) -> None:
    email, reseller, name = f"{uuid4().hex}@example.com", lineage["reseller"]["id"], f"Invited at {width}"
    root = open_browser(width=width, scheme=scheme).open(f"#/accounts/{reseller}/add").sign_in()
    page = root.page

    # Invited. Only roles up to one's own are offered, each with what it may do.
    expect(page.get_by_role("group", name="Role").get_by_role("radio")).to_have_count(5)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("E-mail address").fill(email)
    root.pick("Role", "Administrator")
    root.screenshot("account-add-person")
    root.press("Invite")
    page.get_by_role("link", name=name).click()
    expect(root.title).to_have_text(name)
    account_id = page.url.rsplit("/", 1)[-1]
    await_invitation(stack, account_id)
    page.reload()
    expect(root.main).to_contain_text("The invitation was sent on")
    root.screenshot("account-invited")

    # Lapsed, and resent.
    let_invitation_expire(stack, account_id)
    page.reload()
    expect(root.main).to_contain_text("The invitation was not used within 7 days")
    root.screenshot("account-lapsed")
    root.press("Resend invitation")
    root.expect_toast(f"Another invitation to {name} is on its way")
    await_invitation(stack, account_id)

    # The person signs in: with the password of the lapsed invitation first.
    set_invitation_password(stack, account_id)
    user = open_browser(email, FIRST, width=width, scheme=scheme).open()
    page = user.page
    refuse(page, "InitiateAuth", "NotAuthorizedException", "Temporary password has expired and must be reset.")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(FIRST)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#sign-in-error")).to_contain_text("Your invitation has expired.")
    user.screenshot("sign-in-lapsed")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(user.title).to_have_text("Choose your own password")
    page.get_by_label("New password").fill("Bbb1")
    expect(page.locator(".rules .met")).to_have_text(["Upper and lower case, met", "A number, met"])
    user.screenshot("sign-in-own-password")
    refuse(page, "RespondToAuthChallenge", "InvalidPasswordException", "Password not long enough")  # as Cognito does
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#sign-in-error")).to_contain_text("does not meet the rules")
    page.get_by_label("New password").fill(SECOND)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".avatar")).to_be_visible()

    # The second factor, with the password again.
    user.menu(name, "My sign-in")
    page.get_by_label("Password for").fill("wrong")
    user.press("Go on")
    expect(page.get_by_role("alert")).to_contain_text("The password is wrong.")
    user.screenshot("my-sign-in-confirm")
    page.get_by_label("Password for").fill(SECOND)
    page.keyboard.press("Enter")
    user.press("Set up an authenticator app")
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    user.screenshot("my-sign-in-factor")
    secret = (page.locator(".factor code").text_content() or "").replace(" ", "")
    page.get_by_label("Enter the code that the app shows").fill("000000")
    user.press("Turn on")
    expect(page.get_by_role("alert").first).to_contain_text("The code is wrong.")
    page.get_by_label("Enter the code that the app shows").fill(authenticator(secret))
    user.press("Turn on")
    user.expect_toast("Your second factor is on")
    expect(user.main).to_contain_text("On: signing in asks for a code")
    user.screenshot("my-sign-in")
    assert stack.call("GET", f"/accounts/{account_id}").json()["second_factor"] is True

    # Signed out, and the password forgotten.
    page.locator(".avatar").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.get_by_role("button", name="Forgotten password?").click()
    user.screenshot("forgotten")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send the code").click()
    expect(user.title).to_have_text("Choose a new password")
    expect(page.get_by_label("Code from the e-mail")).to_be_focused()
    refuse(page, "ConfirmForgotPassword", "CodeMismatchException", "Invalid verification code provided")
    page.get_by_label("Code from the e-mail").fill("111 111")
    page.get_by_label("New password").fill(THIRD)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.locator("#sign-in-error")).to_contain_text("The code is wrong.")
    user.screenshot("forgotten-code")
    page.get_by_role("button", name="send another code").click()
    expect(page.get_by_role("status")).to_contain_text("another code is on its way")
    page.get_by_label("Code from the e-mail").fill(MAIL_CODE)
    page.get_by_role("button", name="Save and sign in").click()
    expect(user.title).to_have_text("Enter the code of your app")
    user.screenshot("sign-in-code")
    page.get_by_label("Code of your authenticator app").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#sign-in-error")).to_contain_text("The code is wrong.")
    page.get_by_label("Code of your authenticator app").fill(authenticator(secret))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".avatar")).to_be_visible()

    # The refresh token is dead: the page stays as it is, and the code is asked again.
    page.evaluate("sessionStorage.setItem('refresh', 'dead')")
    page.route("**/history*", lambda route: route.fulfill(status=401, json={"message": "expired"}))
    user.go(f"#/customer/{reseller}/history")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()
    page.unroute("**/history*")
    dialog.get_by_label("Password for").fill(THIRD)
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_label("Code of your authenticator app").fill(authenticator(secret))
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("table")).to_be_visible()


def test_my_sign_in_changes_the_password_turns_the_factor_off_and_ends_all_sessions(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    account_id, password = account(stack, lineage["reseller"]["id"], "administrator")
    user = open_browser(account_id, password).open().sign_in()
    page = user.page
    user.go("#/my-sign-in")
    expect(user.title).to_have_text("My sign-in")
    page.get_by_label("Password for").fill(password)
    user.press("Go on")
    page.get_by_label("New password").fill("short")
    user.press("Change the password")
    expect(page.get_by_role("alert").filter(has_text="does not meet the rules")).to_be_visible()
    page.get_by_label("New password").fill(SECOND)
    user.press("Change the password")
    user.expect_toast("Your password is changed")

    user.press("Set up an authenticator app")
    secret = (page.locator(".factor code").text_content() or "").replace(" ", "")
    page.get_by_label("Enter the code that the app shows").fill(authenticator(secret))
    user.press("Turn on")
    expect(user.main).to_contain_text("On: signing in asks for a code")
    user.press("Turn off")
    user.screenshot("dialog-factor-off")
    page.get_by_role("dialog").get_by_role("button", name="Turn off").click()
    expect(user.main).to_contain_text("Off: your password alone")
    assert stack.call("GET", f"/accounts/{account_id}").json()["second_factor"] is False

    refuse(page, "ChangePassword", "NotAuthorizedException", "Access Token has expired")
    page.get_by_label("New password").fill(THIRD)
    user.press("Change the password")
    expect(user.main).to_contain_text("More than five minutes have passed.")
    page.get_by_label("Password for").fill(SECOND)
    user.press("Go on")
    user.press("Sign out everywhere")
    page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_second_factor_that_is_required_leads_to_my_sign_in(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    account_id, password = account(stack, lineage["reseller"]["id"], "administrator")
    user = open_browser(account_id, password).open()
    page, required = user.page, {"code": "second_factor_required", "status": 403, "detail": "x"}
    page.route(
        "**/customers*",
        lambda route: route.fulfill(status=403, json=required),
    )
    user.sign_in()
    expect(user.title).to_have_text("My sign-in")
    expect(user.main).to_contain_text("Your company requires a second factor")
    page.get_by_label("Password for").fill(password)
    user.press("Go on")
    page.unroute("**/customers*")
    user.press("Set up an authenticator app")
    secret = (page.locator(".factor code").text_content() or "").replace(" ", "")
    user.screenshot("my-sign-in-required")
    page.get_by_label("Enter the code that the app shows").fill(authenticator(secret))
    user.press("Turn on")
    user.expect_toast("Your second factor is on")
    user.go(f"#/customers/{lineage['reseller']['id']}")
    expect(user.title).to_have_text("Customers")


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "dark"), (NARROW, "light")])
def test_machine_gets_a_secret_once_and_a_second_credential(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack, width: int, scheme: str
) -> None:
    user = open_browser(width=width, scheme=scheme).open(f"#/accounts/{lineage['reseller']['id']}/add").sign_in()
    page = user.page
    user.pick("Who signs in", "A machine")
    expect(page.get_by_label("E-mail address")).to_have_count(0)
    page.get_by_label("Name", exact=True).fill("Nightly script")
    user.pick("Role", "Operator")
    user.screenshot("account-add-machine")
    user.press("Add machine")
    dialog = page.get_by_role("dialog", name="Credential of Nightly script")
    expect(dialog).to_contain_text("This is shown only once.")
    client_id, secret = dialog.locator("code").all_text_contents()
    user.screenshot("machine-secret")
    cognito = stack.ministack.client("cognito-idp")
    auth = {"ClientId": stack.stack["client_id"], "AuthFlow": "USER_PASSWORD_AUTH"}
    parameters = {"USERNAME": client_id, "PASSWORD": secret}
    assert cognito.initiate_auth(**auth, AuthParameters=parameters)["AuthenticationResult"]
    dialog.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_text(secret)).to_have_count(0)
    assert secret not in page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")

    user.press("Add a credential")
    page.get_by_label("Expires on").fill(f"{datetime.now(UTC).year + 1}-06-01")
    user.press("Add a credential")
    dialog = page.get_by_role("dialog", name="Credential of Nightly script")
    expect(dialog).to_contain_text("This is shown only once.")
    second_id, second = dialog.locator("code").all_text_contents()
    assert second_id != client_id
    assert second != secret
    dialog.get_by_role("button", name="I have copied it").click()
    expect(user.main).to_contain_text("2 of 2")
    expect(user.main.get_by_role("button", name="Add a credential")).to_have_count(0)
    credentials = page.get_by_role("region", name="Credentials")
    expect(credentials).to_contain_text("1 Jun")
    user.screenshot("machine")
    credentials.get_by_role("row").nth(1).get_by_role("button", name="Revoke").click()
    user.screenshot("dialog-revoke")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    user.expect_toast("The credential is revoked")
    expect(user.main).to_contain_text("1 of 2")


def test_newer_version_of_an_account_leaves_what_is_typed(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    reseller = lineage["reseller"]["id"]
    account_id, _ = account(stack, reseller, "operator")
    user = open_browser().open(f"#/accounts/{reseller}").sign_in()
    page = user.page
    held: list[Route] = []

    def hold(route: Route) -> None:  # the page shows what the list had, until this response is here
        held.append(route)

    page.route(f"**/accounts/{account_id}", hold)
    page.locator(f'.page a[href$="{account_id}"]').click()
    user.press("Edit: Name")
    page.get_by_label("Name", exact=True).fill("Typed")
    etag = stack.call("GET", f"/accounts/{account_id}").headers["etag"]
    changed = stack.call("PATCH", f"/accounts/{account_id}", json={"role": "manager"}, headers={"If-Match": etag})
    assert changed.is_success, changed.text
    for each in held:
        each.continue_()
    expect(user.main).to_contain_text("Manager")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Typed")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()


def test_account_is_edited_in_place_disabled_and_removed(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    reseller = lineage["reseller"]["id"]
    body = {"email": f"{uuid4().hex}@example.com", "display_name": "Before", "role": "manager"}
    account_id = post(stack, f"/customers/{reseller}/accounts", body)["id"]
    await_invitation(stack, account_id)
    user = open_browser().open(f"#/accounts/{reseller}/{account_id}").sign_in()
    page = user.page
    page.get_by_role("button", name="Edit: Name").press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Edit: Name")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Name", exact=True).fill("After")
    page.keyboard.press("Enter")
    expect(user.title).to_have_text("After")
    expect(page.get_by_role("button", name="Edit: Name")).to_be_focused()
    page.get_by_role("button", name="Edit: Role").click()
    user.pick("Role", "Supporter")
    user.screenshot("account-edit-role")
    user.press("Save")
    expect(user.main).to_contain_text("Supporter")

    page.get_by_role("button", name="Edit: E-mail address").click()
    page.get_by_label("E-mail address", exact=True).fill("nobody")
    user.press("Change and invite")
    expect(page.locator("#e-email.error")).to_contain_text("This is not an e-mail address")
    address = f"{uuid4().hex}@example.com"
    page.get_by_label("E-mail address", exact=True).fill(address)
    user.screenshot("account-edit-email")
    user.press("Change and invite")
    expect(user.main).to_contain_text(address)
    await_invitation(stack, account_id)

    user.press("Disable")
    user.screenshot("dialog-disable")
    page.reload()
    user.press("Disable")
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    user.expect_toast("After is disabled")
    expect(user.main).to_contain_text("The account can do nothing until it is enabled.")
    user.screenshot("account-disabled")
    user.press("Enable")
    user.expect_toast("After is enabled")
    user.go(f"#/accounts/{reseller}")
    page.get_by_role("row").filter(has_text="After").get_by_role("button", name="Actions for").click()
    user.screenshot("menu-of-account")
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    user.expect_toast("The account of After is removed")


def test_token_of_a_test_device_is_replaced_and_shown_once(
    open_browser: Callable[..., User], lineage: dict[str, Any], stack: RunningStack
) -> None:
    site = lineage["site"]["id"]
    before = post(stack, f"/customers/{site}/test-devices", {"name": "Replaced"})
    user = open_browser().open(f"#/dashboard/{site}").sign_in()
    page = user.page
    page.get_by_role("row").filter(has_text="Replaced").get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Replace the token").click()
    page.get_by_role("dialog").get_by_role("button", name="Replace the token").click()
    dialog = page.get_by_role("dialog", name="Installation token of Replaced")
    assert dialog.locator("code").text_content() != before["installation_token"]
    user.screenshot("device-token")
