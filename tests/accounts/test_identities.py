"""One contract suite for the user directory in memory, on moto and on ministack."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import moto
import pytest
from botocore.exceptions import ConnectTimeoutError

from local.ministack import Ministack
from shared.accounts.identities import CognitoUserDirectory, IdentityError, NoIdentityError, UserDirectory, new_secret
from shared.accounts.mails import Invitation
from tests.memory_identities import MemoryIdentities

INVITATION = Invitation("Nordic", "Ada", "https://console.example.com")
Users = Callable[[], dict[str, bool]]


def cognito(client: Any) -> tuple[UserDirectory, Users]:
    pool = client.create_user_pool(PoolName="pool", AliasAttributes=["email"])["UserPool"]["Id"]

    def users() -> dict[str, bool]:
        return {user["Username"]: user["Enabled"] for user in client.list_users(UserPoolId=pool)["Users"]}

    return CognitoUserDirectory(client, pool), users


@pytest.fixture
def in_memory() -> tuple[UserDirectory, Users]:
    identities = MemoryIdentities()
    return identities, lambda: identities.users


@pytest.fixture
def on_moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[UserDirectory, Users]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with moto.mock_aws():
        yield cognito(boto3.client("cognito-idp", region_name="eu-west-1"))


@pytest.fixture
def on_ministack(ministack: Ministack) -> tuple[UserDirectory, Users]:
    return cognito(ministack.client("cognito-idp"))


@pytest.fixture(
    params=[
        "in_memory",
        "on_moto",
        pytest.param("on_ministack", marks=[pytest.mark.ministack, pytest.mark.enable_socket]),
    ]
)
def pool(request: pytest.FixtureRequest) -> tuple[UserDirectory, Users]:
    found: tuple[UserDirectory, Users] = request.getfixturevalue(request.param)
    return found


def test_invite_sends_one_invitation_however_often_it_is_called(pool: tuple[UserDirectory, Users]) -> None:
    identities, users = pool
    for _ in range(3):
        identities.invite("acc_1", "one@example.com", INVITATION)
    assert users() == {"acc_1": True}


def test_create_machine_user_again_sets_the_same_secret(pool: tuple[UserDirectory, Users]) -> None:
    identities, users = pool
    secret = new_secret()
    for _ in range(2):
        identities.create_machine_user("acc_2", secret)
    assert users() == {"acc_2": True}


def test_enable_disable_and_remove_can_be_repeated(pool: tuple[UserDirectory, Users]) -> None:
    identities, users = pool
    identities.invite("acc_3", "three@example.com", INVITATION)
    for enabled in (False, False, True, True, False):
        identities.enable("acc_3", enabled=enabled)
        assert users() == {"acc_3": enabled}
    for _ in range(2):
        identities.remove("acc_3")
        assert users() == {}


def test_enabling_an_absent_user_raises_no_identity_error(pool: tuple[UserDirectory, Users]) -> None:
    with pytest.raises(NoIdentityError):
        pool[0].enable("acc_nobody", enabled=True)


@pytest.mark.parametrize(
    "directory",
    ["in_memory", pytest.param("on_ministack", marks=[pytest.mark.ministack, pytest.mark.enable_socket])],
)
def test_sign_in_is_found_by_its_address(directory: str, request: pytest.FixtureRequest) -> None:
    """moto does not find a user by an alias."""
    identities: UserDirectory = request.getfixturevalue(directory)[0]
    identities.invite("acc_7", "seven@example.com", INVITATION)
    assert identities.find("seven@example.com").name == "acc_7"
    with pytest.raises(NoIdentityError):
        identities.find("eight@example.com")


def test_sign_ins_are_found_and_listed(pool: tuple[UserDirectory, Users]) -> None:
    identities, _ = pool
    identities.invite("acc_5", "five@example.com", INVITATION)
    identities.create_machine_user("acc_6.0011", new_secret())
    found = identities.find("acc_5")
    assert (found.name, found.email, found.is_enabled, found.is_used) == ("acc_5", "five@example.com", True, False)
    assert found.second_factor is False
    machine = identities.find("acc_6.0011")
    assert (machine.email, machine.is_used) == (None, True)
    identities.enable("acc_5", enabled=False)
    listed = {each.name: each for each in identities.list_all()}
    assert (listed["acc_5"].is_enabled, listed["acc_5"].email) == (False, "five@example.com")
    assert (listed["acc_6.0011"].is_used, listed["acc_6.0011"].second_factor) == (True, None)
    with pytest.raises(NoIdentityError):
        identities.find("acc_nobody")


def test_every_page_of_sign_ins_is_listed(on_moto: tuple[UserDirectory, Users]) -> None:
    identities, _ = on_moto
    for number in range(70):  # Cognito lists 60 at a time
        identities.create_machine_user(f"acc_{number}.0", new_secret())
    assert len({each.name for each in identities.list_all()}) == 70


def test_unreachable_user_pool_raises_identity_error(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("cognito-idp", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")

    def out_of_reach(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://cognito")

    monkeypatch.setattr(client, "admin_delete_user", out_of_reach)
    with pytest.raises(IdentityError, match="ConnectTimeoutError"):
        CognitoUserDirectory(client, "pool").remove("acc_1")


def test_new_secret_satisfies_every_password_policy() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    for secret in secrets:
        assert len(secret) >= 32
        assert any(c.isupper() for c in secret)
        assert any(c.islower() for c in secret)
        assert any(c.isdigit() for c in secret)
