"""Begins a new system: the root company, the first catalogue, the first super_user and their sign-in.

On AWS, once after the first deployment:

    python -m local.seed --table TABLE --user-pool POOL --name "Company" --country DE --email you@example.com
"""

import argparse
import contextlib
import secrets
from datetime import UTC, datetime
from typing import Any

import boto3

from shared.beginnings import begin
from shared.store import ConditionFailedError, DynamoStore


def seed(  # noqa: PLR0913 - where, and what
    dynamodb: Any, cognito: Any, table: str, user_pool: str, *, name: str, country: str, email: str
) -> str:
    """The id of the root's first super_user; made now, or before."""
    account, puts = begin(name, country, email, secrets.token_urlsafe(24), datetime.now(UTC))
    with contextlib.suppress(ConditionFailedError):  # it has begun already
        DynamoStore(dynamodb, table).write(*puts)
    with contextlib.suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=user_pool,
            Username=account.id,
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
            TemporaryPassword=_password(),  # nobody's; the lasting one follows
            MessageAction="SUPPRESS",
        )
    return account.id


def set_password(cognito: Any, user_pool: str, account_id: str) -> str:
    """A new password for an account, lasting and returned once."""
    password = _password()
    cognito.admin_set_user_password(UserPoolId=user_pool, Username=account_id, Password=password, Permanent=True)
    return password


def _password() -> str:
    return f"Aa1-{secrets.token_urlsafe(18)}"


def access_token(cognito: Any, user_pool: str, client_id: str, account_id: str, password: str) -> str:
    """An access token, good for 15 minutes."""
    answer = cognito.admin_initiate_auth(
        UserPoolId=user_pool,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": account_id, "PASSWORD": password},
    )
    token: str = answer["AuthenticationResult"]["AccessToken"]
    return token


def main() -> None:
    parser = argparse.ArgumentParser(description="Begin a new system on AWS.")
    for option in ("table", "user-pool", "name", "country", "email"):
        parser.add_argument(f"--{option}", required=True)
    given = parser.parse_args()
    cognito = boto3.client("cognito-idp")
    account_id = seed(
        boto3.client("dynamodb"),
        cognito,
        given.table,
        given.user_pool,
        name=given.name,
        country=given.country,
        email=given.email,
    )
    password = set_password(cognito, given.user_pool, account_id)
    print(f"The first super_user is {account_id}; sign in with {given.email} and {password}")


if __name__ == "__main__":
    main()
