"""Sign-ins: the protocol that the use cases need, and its implementation with Cognito.

The username is the account's id. Every call can be repeated. If its effect exists already, it changes nothing.
"""

import contextlib
import secrets
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from shared.aws import clients
from shared.aws.settings import settings
from shared.values.emails import ascii_email

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


class IdentityError(Exception):
    """The user pool did not process the request. The call can be retried."""


class NoIdentityError(IdentityError):
    """The account has no sign-in."""


class UserDirectory(Protocol):
    def invite(self, account_id: str, email: str) -> None:
        """Create the sign-in of a person and invite the person by e-mail, once. Raises IdentityError."""

    def create_machine_user(self, account_id: str, secret: str) -> None:
        """Create the sign-in of a machine, with its permanent secret. Raises IdentityError."""

    def enable(self, account_id: str, *, enabled: bool) -> None:
        """Enable or disable a sign-in. Raises NoIdentityError, IdentityError."""

    def remove(self, account_id: str) -> None:
        """Remove a sign-in. Raises IdentityError."""


class CognitoUserDirectory:
    """The sign-ins of a Cognito user pool."""

    def __init__(self, client: "CognitoIdentityProviderClient", pool: str) -> None:
        self._client = client
        self._pool = pool

    def invite(self, account_id: str, email: str) -> None:
        with self._translating_errors("UsernameExistsException"):
            self._client.admin_create_user(
                UserPoolId=self._pool,
                Username=account_id,
                UserAttributes=[
                    {"Name": "email", "Value": ascii_email(email)},
                    {"Name": "email_verified", "Value": "true"},
                ],
                TemporaryPassword=new_secret(),
                DesiredDeliveryMediums=["EMAIL"],
            )

    def create_machine_user(self, account_id: str, secret: str) -> None:
        with self._translating_errors("UsernameExistsException"):
            self._client.admin_create_user(
                UserPoolId=self._pool, Username=account_id, TemporaryPassword=new_secret(), MessageAction="SUPPRESS"
            )
        with self._translating_errors():
            self._client.admin_set_user_password(
                UserPoolId=self._pool, Username=account_id, Password=secret, Permanent=True
            )

    def enable(self, account_id: str, *, enabled: bool) -> None:
        change = self._client.admin_enable_user if enabled else self._client.admin_disable_user
        with self._translating_errors():
            change(UserPoolId=self._pool, Username=account_id)

    def remove(self, account_id: str) -> None:
        with self._translating_errors("UserNotFoundException"):
            self._client.admin_delete_user(UserPoolId=self._pool, Username=account_id)

    @staticmethod
    @contextlib.contextmanager
    def _translating_errors(done_already: str | None = None) -> Iterator[None]:
        """Ignore the error that says that the work was done before. Raise IdentityError for any other."""
        try:
            yield
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == done_already:
                return
            raise (NoIdentityError if code == "UserNotFoundException" else IdentityError)(code) from error
        except BotoCoreError as error:
            raise IdentityError(type(error).__name__) from error


class DryRunUserDirectory:
    """A user directory for dry runs: its methods do nothing."""

    def invite(self, account_id: str, email: str) -> None: ...

    def create_machine_user(self, account_id: str, secret: str) -> None: ...

    def enable(self, account_id: str, *, enabled: bool) -> None: ...

    def remove(self, account_id: str) -> None: ...


def new_secret() -> str:
    """Return 24 random bytes as a password that satisfies every policy."""
    return f"Aa1-{secrets.token_urlsafe(24)}"


@cache
def open_user_directory() -> CognitoUserDirectory:
    """Return the user pool that USER_POOL_ID names."""
    return CognitoUserDirectory(clients.client("cognito-idp"), settings.user_pool_id)
