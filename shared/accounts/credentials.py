"""Credentials of machines: the requests, the rules and the responses.

A machine signs in to the user pool with a client id and a secret. The secret is random and is returned in one response.
With a second credential, a machine can change to another secret without an interruption. Source: domain.md, "Accounts".
"""

from datetime import UTC, datetime
from secrets import token_hex
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from shared.auth.authorization import Account, Credential
from shared.errors import RulesViolatedError, RuleViolation, TooManyCredentialsError
from shared.values.models import fields_of
from shared.values.timestamps import Timestamp

MAX_CREDENTIALS: Final = 2


class NewCredential(BaseModel):
    """Body of POST /accounts/{account_id}/credentials."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    expires_at: str | None = Field(
        None,
        description="When the credential becomes invalid: RFC 3339, in the future. Without it, the credential is valid "
        "until it is revoked.",
        examples=["2027-11-24T00:00:00Z"],
    )


class CredentialResponse(BaseModel):
    """A credential of a machine, without its secret."""

    id: str
    client_id: str = Field(description="The user name for the user pool.")
    created_at: Timestamp
    created_by: str
    expires_at: Timestamp | None = Field(description="When it becomes invalid. Null: when it is revoked.")
    last_used_on: str | None = Field(
        description="The last day (UTC) on which a token was issued for it. Null if none was.",
        json_schema_extra={"format": "date"},
    )


class AddedCredentialResponse(CredentialResponse):
    client_secret: str | None = Field(
        description="The password for the user pool, in this response only. Null if the request is repeated."
    )


class CredentialList(BaseModel):
    credentials: list[CredentialResponse]


def with_first_credential(account: Account, actor: Account, *, id: str, now: datetime) -> Account:
    """Return a new machine with its first credential. The sign-in is created before the account is written."""
    return account.model_copy(update={"credentials": (_build(account, actor, id, now),), "identity_version": 1})


def new_credential(account: Account, new: NewCredential, actor: Account, *, id: str, now: datetime) -> Credential:
    """Build another credential of a machine. Its client id is random.

    Raises RulesViolatedError for a person, a disabled account and a time that is not in the future, and
    TooManyCredentialsError.
    """
    if account.kind != "api":
        raise _violated("not_a_machine", "account_id", "A person signs in with a password and has no credentials.")
    if account.disabled:
        raise _violated("account_disabled", "account_id", "The account is disabled. Enable it first.")
    expires_at = _future(new.expires_at, now) if new.expires_at is not None else None
    if len(account.usable_credentials) >= MAX_CREDENTIALS:
        raise TooManyCredentialsError(MAX_CREDENTIALS)
    return _build(account, actor, id, now, expires_at)


def _build(account: Account, actor: Account, id: str, now: datetime, expires_at: datetime | None = None) -> Credential:
    client_id = f"{account.id}.{token_hex(8)}"
    return Credential(id=id, client_id=client_id, created_at=now, created_by=actor.id, expires_at=expires_at)


def with_credential(account: Account, credential: Credential) -> Account:
    credentials = (*account.usable_credentials, credential)
    return account.model_copy(update={"credentials": credentials, "version": account.version + 1})


def without_credential(account: Account, credential: Credential) -> Account:
    changes = {
        "credentials": tuple(each for each in account.usable_credentials if each.id != credential.id),
        "revoked_sign_ins": (*account.revoked_sign_ins, credential.client_id),
        "version": account.version + 1,
    }
    return account.model_copy(update=changes)


def show_credential(credential: Credential) -> CredentialResponse:
    return CredentialResponse(**fields_of(credential, set(CredentialResponse.model_fields)))


def _future(text: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        is_future = moment > now
        moment = moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):  # TypeError: without a time zone
        is_future = False
    if not is_future:
        raise _violated("time_invalid", "/expires_at", "Provide a time in the future, such as 2027-11-24T00:00:00Z.")
    return moment


def _violated(code: str, location: str, detail: str) -> RulesViolatedError:
    return RulesViolatedError.of(RuleViolation(code, location, detail))
