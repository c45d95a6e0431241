"""Sign-ins: the protocol that the use cases need, and its implementation with Cognito.

The username of a person is the account's id, and that of a machine is the id of a credential, which begins with the
account's id. Every call can be repeated. If its effect exists already, it changes nothing.
"""

import contextlib
import secrets
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from shared.accounts.mails import Invitation
from shared.aws import clients
from shared.aws.settings import settings
from shared.values.emails import ascii_email

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


class IdentityError(Exception):
    """The user pool did not process the request. The call can be retried."""


class NoIdentityError(IdentityError):
    """There is no such sign-in."""


class UndeliverableError(IdentityError):
    """The person has a sign-in, but the mail with the invitation was not accepted. Another invitation may be."""

    reason: Final = "undeliverable"


class AddressTakenError(IdentityError):
    """Another sign-in has the address, so the person has none. Retrying does not help."""

    reason: Final = "email_taken"


class _ExistsError(IdentityError):
    """The username or the address is taken."""


class _ConfirmedError(IdentityError):
    """The person has chosen a password, and needs no invitation."""


_TOTP: Final = "SOFTWARE_TOKEN_MFA"

_ERRORS: Final[dict[str, type[IdentityError]]] = {
    "UserNotFoundException": NoIdentityError,
    "CodeDeliveryFailureException": UndeliverableError,
    "UsernameExistsException": _ExistsError,
    "AliasExistsException": _ExistsError,
    "UnsupportedUserStateException": _ConfirmedError,
}


class SignIn(NamedTuple):
    """A sign-in as the user pool has it. `is_used`: its owner has chosen a password; that of a machine always is."""

    name: str
    email: str | None
    is_enabled: bool
    is_used: bool
    created_at: datetime
    second_factor: bool | None = None  # unknown in a list of sign-ins


class UserDirectory(Protocol):
    def invite(self, account_id: str, email: str, invitation: Invitation) -> bool:
        """Create the sign-in of a person, if it does not exist, and send an invitation by e-mail.

        Return True if the mail was accepted, and False if none is needed: the person has a password. Raises
        UndeliverableError, AddressTakenError, IdentityError.
        """

    def create_machine_user(self, client_id: str, secret: str) -> None:
        """Create the sign-in of a machine, with its permanent secret. Raises IdentityError."""

    def enable(self, sign_in: str, *, enabled: bool) -> None:
        """Enable a sign-in, or disable it and end its sessions. Raises NoIdentityError, IdentityError."""

    def remove(self, sign_in: str) -> None:
        """Remove a sign-in. Raises IdentityError."""

    def find(self, name: str) -> SignIn:
        """Return the sign-in with a username or an address. Raises NoIdentityError, IdentityError."""

    def list_all(self) -> Iterator[SignIn]:
        """Yield all sign-ins. Raises IdentityError."""


class CognitoUserDirectory:
    """The sign-ins of a Cognito user pool."""

    def __init__(self, client: "CognitoIdentityProviderClient", pool: str) -> None:
        self._client = client
        self._pool = pool

    def invite(self, account_id: str, email: str, invitation: Invitation) -> bool:
        try:
            self._send_invitation(account_id, email, invitation)
        except _ExistsError:
            # The sign-in is from an earlier try, whose mail may not have been accepted; or the address is taken.
            try:
                self._send_invitation(account_id, email, invitation, MessageAction="RESEND")
            except NoIdentityError as error:
                raise AddressTakenError from error
            except _ConfirmedError:
                return False
        return True

    def _send_invitation(self, account_id: str, email: str, invitation: Invitation, **more: Any) -> None:
        with _translated_errors():
            self._client.admin_create_user(
                UserPoolId=self._pool,
                Username=account_id,
                UserAttributes=[
                    {"Name": "email", "Value": ascii_email(email)},
                    {"Name": "email_verified", "Value": "true"},
                ],
                TemporaryPassword=new_secret(),
                DesiredDeliveryMediums=["EMAIL"],
                ClientMetadata=invitation.as_metadata(),
                **more,
            )

    def create_machine_user(self, client_id: str, secret: str) -> None:
        with contextlib.suppress(_ExistsError), _translated_errors():
            self._client.admin_create_user(
                UserPoolId=self._pool, Username=client_id, TemporaryPassword=new_secret(), MessageAction="SUPPRESS"
            )
        with _translated_errors():
            self._client.admin_set_user_password(
                UserPoolId=self._pool, Username=client_id, Password=secret, Permanent=True
            )

    def enable(self, sign_in: str, *, enabled: bool) -> None:
        with _translated_errors():
            if enabled:
                self._client.admin_enable_user(UserPoolId=self._pool, Username=sign_in)
            else:
                self._client.admin_disable_user(UserPoolId=self._pool, Username=sign_in)
                self._client.admin_user_global_sign_out(UserPoolId=self._pool, Username=sign_in)

    def remove(self, sign_in: str) -> None:
        with contextlib.suppress(NoIdentityError), _translated_errors():
            self._client.admin_delete_user(UserPoolId=self._pool, Username=sign_in)

    def find(self, name: str) -> SignIn:
        with _translated_errors():
            found = self._client.admin_get_user(
                UserPoolId=self._pool,
                Username=ascii_email(name) if "@" in name else name,  # the address is an alias of the username
            )
        factors = found.get("UserMFASettingList", [])
        return _sign_in(found, found.get("UserAttributes", []))._replace(second_factor=_TOTP in factors)

    def list_all(self) -> Iterator[SignIn]:
        start: dict[str, Any] = {}
        while True:  # the package contains no data for boto3's paginators
            with _translated_errors():
                page = self._client.list_users(UserPoolId=self._pool, **start)
            yield from (_sign_in(user, user.get("Attributes", [])) for user in page["Users"])
            if "PaginationToken" not in page:
                return
            start = {"PaginationToken": page["PaginationToken"]}


def _sign_in(user: Any, attributes: list[Any]) -> SignIn:
    """Build a sign-in from a user of Cognito, whose attributes have another name in each response."""
    email = next((each.get("Value") for each in attributes if each["Name"] == "email"), None)
    is_used = user["UserStatus"] != "FORCE_CHANGE_PASSWORD"
    return SignIn(user["Username"], email, user["Enabled"], is_used, user["UserCreateDate"])


@contextlib.contextmanager
def _translated_errors() -> Iterator[None]:
    """Raise the IdentityError for an error of the SDK."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise _ERRORS.get(code, IdentityError)(code) from error
    except BotoCoreError as error:
        raise IdentityError(type(error).__name__) from error


class DryRunUserDirectory:
    """A user directory for dry runs: its methods do nothing, successfully."""

    def invite(self, account_id: str, email: str, invitation: Invitation) -> bool:  # noqa: ARG002 - the protocol's
        return True

    def create_machine_user(self, client_id: str, secret: str) -> None: ...

    def enable(self, sign_in: str, *, enabled: bool) -> None: ...

    def remove(self, sign_in: str) -> None: ...

    def find(self, name: str) -> SignIn:
        raise NoIdentityError(name)

    def list_all(self) -> Iterator[SignIn]:
        yield from ()


def new_secret() -> str:
    """Return 24 random bytes as a password that satisfies every policy."""
    return f"Aa1-{secrets.token_urlsafe(24)}"


@cache
def open_user_directory() -> CognitoUserDirectory:
    """Return the user pool that USER_POOL_ID names."""
    return CognitoUserDirectory(clients.client("cognito-idp"), settings.user_pool_id)
