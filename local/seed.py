"""Set up a new system: the root company, the first catalogue, the first super_user and their sign-in.

On AWS, run this once after the first deployment:

    python -m local.seed --table TABLE --user-pool POOL --name "Company" --country DE --email you@example.com
"""

import argparse
import contextlib
import secrets
import sys
from datetime import UTC, datetime
from typing import Any

import boto3

from local.ministack import client
from shared.accounts.identities import new_secret
from shared.auth.authorization import Account
from shared.bootstrap import bootstrap_records
from shared.errors import RulesViolatedError
from shared.table.dynamodb import DynamoStore
from shared.table.keys import account_key
from shared.table.store import ConditionFailedError


def seed(
    dynamodb: Any,
    cognito: Any,
    table: str,
    user_pool: str,
    *,
    name: str,
    country: str,
    email: str,
    location: str | None = None,
) -> Account:
    """Create the root company and its first super_user, if they do not exist. Return the super_user.

    Raises RulesViolatedError.
    """
    store = DynamoStore(dynamodb, table)
    account, actions = bootstrap_records(name, country, email, secrets.token_urlsafe(24), datetime.now(UTC), location)
    try:
        store.write(*actions)
    except ConditionFailedError:  # the system exists already
        account = Account.model_validate(store.get(account_key(account.id))[account_key(account.id)])
    with contextlib.suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=user_pool,
            Username=account.id,
            UserAttributes=[{"Name": "email", "Value": account.email}, {"Name": "email_verified", "Value": "true"}],
            TemporaryPassword=new_secret(),  # nobody knows it; `set_password` sets another one
            MessageAction="SUPPRESS",
        )
    return account


def set_password(cognito: Any, user_pool: str, account_id: str, *, permanent: bool = True) -> str:
    """Set a new password for an account and return it. One that is not permanent is valid once, within 7 days."""
    password = new_secret()
    cognito.admin_set_user_password(UserPoolId=user_pool, Username=account_id, Password=password, Permanent=permanent)
    return password


def token_of(stack: dict[str, Any], account: dict[str, str]) -> str:
    """Return a new access token for an account of `.local/stack.json`."""
    cognito = client("cognito-idp", stack["endpoint"])
    return access_token(cognito, stack["client_id"], account["id"], account["password"])


def access_token(cognito: Any, client_id: str, account_id: str, password: str) -> str:
    """Sign in and return an access token, which is valid for 15 minutes."""
    answer = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": account_id, "PASSWORD": password},
    )
    token: str = answer["AuthenticationResult"]["AccessToken"]
    return token


def main() -> None:
    parser = argparse.ArgumentParser(description="Begin a new system on AWS.")
    for option in ("table", "user-pool", "name", "country", "email"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--location", help="the storage location, where the country hosts none")
    given = parser.parse_args()
    cognito = boto3.client("cognito-idp")
    try:
        account = seed(
            boto3.client("dynamodb"),
            cognito,
            given.table,
            given.user_pool,
            name=given.name,
            country=given.country,
            email=given.email,
            location=given.location,
        )
    except RulesViolatedError as refused:
        sys.exit("\n".join(error["detail"] for error in refused.errors))
    password = set_password(cognito, given.user_pool, account.id, permanent=False)
    print(
        f"The first super_user is {account.id}. Within 7 days, sign in to the console with {account.email} and "
        f"{password} and choose a password of your own."
    )


if __name__ == "__main__":
    main()
