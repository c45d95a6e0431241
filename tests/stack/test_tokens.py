"""Tests: valid and invalid tokens on the running stack."""

import time

import pytest

from local.ministack import client
from local.seed import access_token, set_password
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


def id_token(stack: RunningStack) -> str:
    cognito = client("cognito-idp", stack.ministack.endpoint)
    root = stack.stack["accounts"]["root"]
    response = cognito.initiate_auth(
        ClientId=stack.stack["client_id"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": root["id"], "PASSWORD": root["password"]},
    )
    token: str = response["AuthenticationResult"]["IdToken"]
    return token


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
        "an ID token": lambda: id_token(stack),
        "without the scope": lambda: signed(stack, scope="openid"),
        "of another client": lambda: signed(stack, client_id="another"),
    }[kind]()
    method, path = method_and_path.split()
    assert stack.call(method, path, token=token).status_code in statuses


def test_account_missing_from_the_table_is_refused(stack: RunningStack) -> None:
    response = stack.call("GET", "/me", token=signed(stack, username="acc_nobody"))
    assert (response.status_code, response.json()["code"]) == (403, "no_active_account")
