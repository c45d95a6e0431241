"""Tests: signing in on the running stack."""

import html
import re
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local.ministack import client
from tests.conftest import PERSONAL, RunningStack, eventually
from tests.stack.helpers import BOTH, add

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]


def sign_in(stack: RunningStack, username: str, password: str) -> dict[str, Any]:
    response: dict[str, Any] = client("cognito-idp", stack.ministack.endpoint).initiate_auth(
        ClientId=stack.stack["client_id"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )
    return response


def invited(stack: RunningStack, email: str, role: str) -> dict[str, Any]:
    """Add an account at the root, and wait until the stream has created its sign-in."""
    root = stack.call("GET", "/me").json()["customer"]["id"]
    body = {"email": email, "display_name": "Ada", "role": role}
    added = stack.call("POST", f"/customers/{root}/accounts", json=body)
    assert added.status_code == 201, added.text
    path = added.headers["location"]
    return dict(eventually(lambda: (found := stack.call("GET", path).json())["identity"] == "ready" and found))


def first_sign_in(stack: RunningStack, email: str) -> str:
    """Sign in as an invited person: with the temporary password of the e-mail, then with a password of their own."""
    cognito = client("cognito-idp", stack.ministack.endpoint)
    account_id = cognito.list_users(UserPoolId=stack.stack["user_pool_id"], Filter=f'email = "{email}"')["Users"][0]
    cognito.admin_set_user_password(  # the test cannot read the e-mail
        UserPoolId=stack.stack["user_pool_id"],
        Username=account_id["Username"],
        Password="Temporary-1234567",
        Permanent=False,
    )
    challenge = sign_in(stack, email, "Temporary-1234567")
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    response = cognito.respond_to_auth_challenge(
        ClientId=stack.stack["client_id"],
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": account_id["Username"], "NEW_PASSWORD": "My-Own-Password-1"},
    )
    token: str = response["AuthenticationResult"]["AccessToken"]
    return token


def test_invited_person_signs_in_with_their_own_password_and_is_active(stack: RunningStack) -> None:
    account = invited(stack, "ada@example.com", "administrator")
    assert account["status"] == "invited"
    token = first_sign_in(stack, "ada@example.com")
    me = stack.call("GET", "/me", token=token).json()
    assert (me["account"]["id"], me["may"]) == (
        account["id"],
        ["change_accounts", "change_customers", "change_devices", "read", "read_audit", "read_invoicing"],
    )
    active = eventually(
        lambda: (found := stack.call("GET", f"/accounts/{account['id']}").json())["status"] == "active" and found
    )
    assert active["signed_in_at"]
    assert sign_in(stack, "ada@example.com", "My-Own-Password-1")["AuthenticationResult"]["AccessToken"]


def test_disabled_account_is_refused_with_a_valid_token_and_cannot_sign_in(
    stack: RunningStack,
) -> None:
    account = invited(stack, "bob@example.com", "supporter")
    token = first_sign_in(stack, "bob@example.com")
    assert stack.call("GET", "/me", token=token).status_code == 200
    path = f"/accounts/{account['id']}"
    etag = stack.call("GET", path).headers["etag"]
    disabled = stack.call("PATCH", path, json={"disabled": True}, headers={"If-Match": etag})
    assert (disabled.status_code, disabled.json()["status"]) == (200, "disabled")
    assert stack.call("GET", "/me", token=token).json()["code"] == "no_active_account"
    eventually(lambda: stack.call("GET", path).json()["identity"] == "ready")
    with pytest.raises(ClientError, match="disabled"):
        sign_in(stack, "bob@example.com", "My-Own-Password-1")
    enabled = stack.call("PATCH", path, json={"disabled": False}, headers={"If-Match": disabled.headers["etag"]})
    assert stack.call("GET", "/me", token=token).status_code == 200
    assert stack.call("DELETE", path, headers={"If-Match": enabled.headers["etag"]}).status_code == 204
    assert stack.call("GET", "/me", token=token).status_code == 403
    cognito = client("cognito-idp", stack.ministack.endpoint)
    eventually(
        lambda: (
            account["id"]
            not in {user["Username"] for user in cognito.list_users(UserPoolId=stack.stack["user_pool_id"])["Users"]}
        )
    )


def test_machine_signs_in_with_its_credentials(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    body = {"kind": "api", "display_name": "Billing", "role": "supporter"}
    request: dict[str, Any] = {"json": body, "headers": {"Idempotency-Key": "billing"}}
    first = stack.call("POST", f"/customers/{root}/accounts", **request)
    again = stack.call("POST", f"/customers/{root}/accounts", **request)
    assert again.json() == {**first.json(), "credentials": None}
    credentials = first.json()["credentials"]
    signed_in = sign_in(stack, credentials["client_id"], credentials["client_secret"])
    token = signed_in["AuthenticationResult"]["AccessToken"]
    assert stack.call("GET", "/me", token=token).json()["account"]["kind"] == "api"
    body = {"name": "x", "parent_id": root}
    assert stack.call("POST", "/customers", token=token, json=body).status_code == 403


def test_function_logs_contain_nothing_personal(stack: RunningStack) -> None:
    """This includes the log lines of earlier tests. The fixture `stack` checks all lines again at the end."""
    root = stack.call("GET", "/me").json()["customer"]["id"]
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    for number in range(5):
        add(stack, name=f"Nordic Backup {number}", parent_id=root, **company)
    lines = stack.logged_lines()
    assert sum("customer_added" in line for line in lines) >= 5
    assert [line for line in lines if PERSONAL.search(line)] == []


def test_mail_of_an_invitation_says_what_is_needed_to_sign_in(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()
    email = "grace@example.com"
    invited(stack, email, "manager")
    (found,) = httpx.get(f"{stack.ministack.endpoint}/_ministack/ses/messages").json()["messages"].values()
    (mail,) = (each for each in found if each["To"] == [email])
    text = html.unescape(re.sub("<[^>]+>", "", mail["BodyHtml"]))
    assert mail["Subject"] == f"Invitation to the backup service of {root['customer']['name']}"
    for expected in (root["customer"]["name"], root["account"]["display_name"], "Sign in here", "7 days"):
        assert expected in text
    password = re.search("<p>(Aa1-[\\w-]+)</p>", mail["BodyHtml"])  # on a line of its own
    assert password, text
    assert sign_in(stack, email, password[1])["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
