"""Tests: valid and invalid tokens on the running stack."""

import base64
import json
import time

import pytest

from local.ministack import client
from local.seed import access_token, set_password
from shared.accounts.consumer import API_SCOPE
from tests.conftest import RunningStack
from tests.stack.helpers import signed

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]


def other_pools_token(stack: RunningStack) -> str:
    cognito = client("cognito-idp", stack.ministack.endpoint)
    pool = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    app = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="other", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    root = stack.stack["accounts"]["root"]["id"]
    cognito.admin_create_user(UserPoolId=pool, Username=root, MessageAction="SUPPRESS")
    return access_token(cognito, app, root, set_password(cognito, pool, root))


def tokens(stack: RunningStack, app_client: str = "client_id") -> dict[str, str]:
    """Sign in as the first super_user with an app client, and return the tokens."""
    root = stack.stack["accounts"]["root"]
    response = client("cognito-idp", stack.ministack.endpoint).initiate_auth(
        ClientId=stack.stack[app_client],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": root["id"], "PASSWORD": root["password"]},
    )
    found: dict[str, str] = response["AuthenticationResult"]
    return found


def scopes_of(token: str) -> list[str]:
    claims = token.split(".")[1]
    scopes: str = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["scope"]
    return scopes.split()


def test_token_of_each_app_client_is_useful_at_one_place_only(stack: RunningStack) -> None:
    of_the_api, of_my_sign_in = (tokens(stack, name)["AccessToken"] for name in ("client_id", "my_sign_in_client_id"))
    assert scopes_of(of_the_api) == [API_SCOPE]
    assert scopes_of(of_my_sign_in) == ["aws.cognito.signin.user.admin"]
    assert stack.call("GET", "/me", token=of_the_api).status_code == 200
    assert stack.call("GET", "/me", token=of_my_sign_in).status_code in (401, 403)


def test_renewed_token_has_the_same_scope(stack: RunningStack) -> None:
    response = client("cognito-idp", stack.ministack.endpoint).initiate_auth(
        ClientId=stack.stack["client_id"],
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens(stack)["RefreshToken"]},
    )
    assert scopes_of(response["AuthenticationResult"]["AccessToken"]) == [API_SCOPE]


def test_token_signed_with_the_pools_key_is_accepted(stack: RunningStack) -> None:
    assert stack.call("GET", "/me", token=signed(stack)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("none", {401}),
        ("garbage", {401}),
        ("tampered", {401}),
        ("expired", {401}),
        ("of another pool", {401}),
        ("an ID token", {401, 403}),
        ("without the scope", {403}),
        ("of another client", {401}),
        ("of my sign-in", {401, 403}),
    ],
)
@pytest.mark.parametrize("method_and_path", ["GET /me", "GET /customers", "POST /customers", "PUT /storage-locations"])
def test_invalid_token_returns_401(stack: RunningStack, kind: str, statuses: set[int], method_and_path: str) -> None:
    head, claims, signature = stack.token.split(".")
    now = int(time.time())
    token = {
        "none": lambda: "",
        "garbage": lambda: "garbage",
        "tampered": lambda: f"{head}.{claims[:-4]}AAAA.{signature}",
        "expired": lambda: signed(stack, iat=now - 1000, exp=now - 1),
        "of another pool": lambda: other_pools_token(stack),
        "an ID token": lambda: tokens(stack)["IdToken"],
        "of my sign-in": lambda: tokens(stack, "my_sign_in_client_id")["AccessToken"],
        "without the scope": lambda: signed(stack, scope="openid"),
        "of another client": lambda: signed(stack, client_id="another"),
    }[kind]()
    method, path = method_and_path.split()
    assert stack.call(method, path, token=token).status_code in statuses


def test_account_missing_from_the_table_is_refused(stack: RunningStack) -> None:
    response = stack.call("GET", "/me", token=signed(stack, username="acc_nobody"))
    assert (response.status_code, response.json()["code"]) == (403, "no_active_account")
