"""Accounts: the requests, the rules for adding and changing one, and the response."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from shared.auth.authorization import (
    ROLES,
    Account,
    InvitationFailure,
    Kind,
    Role,
    ShownStatus,
    ensure_role_not_above_own,
)
from shared.customers.customer import Customer
from shared.errors import RulesViolatedError, RuleViolation, Violations
from shared.idempotency import Identified, request_hash
from shared.values.emails import normalize_email
from shared.values.models import fields_of
from shared.values.names import MAX_NAME_LENGTH, normalize_name
from shared.values.timestamps import Timestamp

RoleName = Annotated[str, Field(json_schema_extra={"enum": [*ROLES]})]


class NewAccount(BaseModel):
    """Body of POST /customers/{customer_id}/accounts."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    email: str | None = Field(
        None, description="The address of a person or team, unique in the whole system. A machine has none."
    )
    display_name: str | None = Field(None, description=f"1 to {MAX_NAME_LENGTH} characters.")
    role: RoleName | None = None
    kind: Kind = Field(
        "person",
        description="person: a person or team, who gets an invitation. api: a machine, which gets credentials.",
    )


class EmailChange(BaseModel):
    """Body of PUT /accounts/{account_id}/email."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    email: str = Field(description="The new address, unique in the whole system.", examples=["ada@example.com"])


class AccountChange(BaseModel):
    """Body of PATCH /accounts/{account_id}. An omitted field does not change."""

    # What to do instead of changing a field that can't be changed here.
    instead: ClassVar[Mapping[str, str]] = {
        "email": "Change the address with PUT /accounts/{account_id}/email. It sends a new invitation.",
        "kind": "The kind can't be changed. Add another account, and remove this one.",
        "customer_id": "An account can't be moved. Add it at the other customer, and remove this one.",
    }

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    display_name: str | None = None
    role: RoleName | None = None
    disabled: bool | None = Field(
        None, description="True disables the account from its next request on. False enables it."
    )


def new_account(
    new: NewAccount, customer: Customer, actor: Account, *, id: str, cursor_key: str, now: datetime
) -> Account:
    """Build the account that `new` requests at `customer`.

    Raises RulesViolatedError with every violation, then ForbiddenError for a role above the actor's own.
    """
    violations = Violations()
    email = None
    if new.kind == "person":
        email = violations.check(lambda: normalize_email(_require(new.email, "/email")))
    elif new.email is not None:
        violations.add(RuleViolation("refused", "/email", "A machine account has no e-mail address. Omit email."))
    display_name = violations.check(
        lambda: normalize_name(_require(new.display_name, "/display_name"), "/display_name")
    )
    role = violations.check(lambda: _role(_require(new.role, "/role")))
    violations.raise_if_any()
    ensure_role_not_above_own(actor, role, "/role")
    return Account(
        id=id,
        kind=new.kind,
        customer_id=customer.id,
        customer_path=customer.path,
        email=email,
        display_name=display_name,
        role=role,
        cursor_key=cursor_key,
        invitations_sent=0,
        created_at=now,
        created_by=actor.id,
        request_hash=request_hash(new),
    )


def apply_account_change(change: AccountChange, account: Account, actor: Account) -> Account:
    """Return `account` with the change, at its next version, or unchanged if nothing differs.

    Raises RulesViolatedError, then ForbiddenError for a role above the actor's own. An account can't lock itself out.
    """
    violations = Violations()
    changes: dict[str, object] = {}
    if change.display_name is not None:
        changes["display_name"] = violations.check(normalize_name, change.display_name, "/display_name")
    if change.role is not None:
        changes["role"] = violations.check(_role, change.role)
    if change.disabled is not None:
        changes["disabled"] = change.disabled
    changes = {field: value for field, value in changes.items() if value != getattr(account, field)}
    for field in ("role", "disabled"):
        if field in changes and account.id == actor.id:
            violations.add(
                RuleViolation(
                    "own_account",
                    f"/{field}",
                    "You can't change your own role or disable your own account. Ask another administrator.",
                )
            )
    violations.raise_if_any()
    if "role" in changes:
        ensure_role_not_above_own(actor, cast(Role, changes["role"]), "/role")
    return account.model_copy(update={**changes, "version": account.version + 1}) if changes else account


def as_created(account: Account, new: NewAccount) -> Account:
    """Return the account as it was right after `new` was processed, for the response to a repeated request."""
    return account.model_copy(
        update={
            "email": normalize_email(new.email) if new.email else None,
            "display_name": normalize_name(new.display_name or "", "/display_name"),
            "role": new.role,
            "signed_in_at": None,
            "second_factor": False,
            "disabled": False,
            "identity_failed": False,
            "replaces_sign_in": False,
            "invitations": 1,
            "invitations_sent": 0,
            "invited_at": None,
            "invited_by": None,
            "invitation_failure": None,
            "identity_version": 1 if account.kind == "api" else 0,
            "version": 1,
        }
    )


def account_tombstone(account: Account) -> Account:
    """Return the tombstone of a removed account, which contains nothing about the person.

    Not even the hash of the request that added it: whoever knows a name and an address could confirm them by it.
    """
    changes = {"removed": True, "email": None, "display_name": "removed", "request_hash": ""}
    return account.model_copy(update={**changes, "version": account.version + 1})


def without_address(account: Account) -> Account:
    """Return an account that was invited at an address which is now that of another customer's account."""
    changes = {"email": None, "invited_at": None, "invitation_failure": "email_taken", "identity_failed": False}
    return account.model_copy(update={**changes, "version": account.version + 1})


def counts_as_super_user(account: Account) -> bool:
    """Return whether the account counts as an active super_user: an enabled person who has signed in."""
    return account.kind == "person" and account.role == "super_user" and account.status == "active"


def _require(value: str | None, pointer: str) -> str:
    if value is None:
        raise RuleViolation("required", pointer, f"An account requires {pointer.removeprefix('/')}.")
    return value


def _role(role: str) -> Role:
    if role not in ROLES:
        raise RuleViolation(
            "role_unknown",
            "/role",
            f"There is no role {role[:32]}. Allowed values: {', '.join(ROLES)}.",
            values=list(ROLES),
        )
    return role


class AccountPreview(BaseModel):
    """What a request to add an account would create."""

    kind: Kind
    customer_id: str
    email: str | None = Field(
        description="Null for a machine, and for a person at whose address another customer has invited a person since."
    )
    display_name: str
    role: Role


class AccountResponse(AccountPreview, Identified):
    """An account. `identity` shows whether the sign-in has been updated to this version of the account."""

    status: ShownStatus = Field(
        description="invited until the first sign-in, then active. invitation_expired: the last invitation is 7 days "
        "old. undeliverable: no mail was accepted. disabled: the account has no permissions."
    )
    identity: Literal["pending", "ready", "failed"]
    invited_at: Timestamp | None = Field(description="When the mail of the last invitation was accepted.")
    invitation_expires_at: Timestamp | None = Field(
        description="When the last invitation expires. Null if none was sent, and after the first sign-in."
    )
    invitation_failure: InvitationFailure | None = Field(
        description="undeliverable: the mail was not accepted. email_taken: another sign-in has the address."
    )
    signed_in_at: Timestamp | None = Field(description="The time of the first sign-in. Null before it.")
    second_factor: bool = Field(
        description="Whether the sign-in asked for a code of an authenticator app when the user pool was last asked."
    )
    version: int
    created_at: Timestamp
    created_by: str


class Credentials(BaseModel):
    """The first credential of a machine, with its secret. Shown once."""

    id: str
    client_id: str = Field(description="The user name for the user pool.")
    client_secret: str = Field(description="The password for the user pool.")


class AddedAccountResponse(AccountResponse):
    credentials: Credentials | None = Field(
        description="The credential of a machine, in this response only. Null for a person, and if the request is "
        "repeated: then add another credential."
    )


def with_another_invitation(account: Account, actor: Account) -> Account:
    """Return `account` with an invitation by `actor` to be sent, at its next version.

    It is unchanged while an earlier invitation is still to be sent. Raises RulesViolatedError for a machine, a disabled
    account, and a person who has signed in.
    """
    _ensure_person(account)
    if account.email is None:
        detail = (
            "Another customer has invited a person at the address. Change it with PUT /accounts/{account_id}/email."
        )
        raise _not_invited("email_taken", detail)
    if account.signed_in_at:
        raise _not_invited("signed_in", 'The person has signed in. They can use "Forgotten password".')
    if account.awaits_invitation and not (account.identity_failed or account.invitation_failure):
        return account
    return _with_invitation(account, actor.id)


def with_email(account: Account, change: EmailChange, actor: Account) -> Account:
    """Return `account` with another address and an invitation to it, at its next version, or unchanged if it has it.

    The person has to sign in anew, because the sign-in of the earlier address is replaced. Raises RulesViolatedError
    for a machine, a disabled account and an invalid address.
    """
    _ensure_person(account)
    violations = Violations()
    email = violations.check(lambda: normalize_email(change.email))
    violations.raise_if_any()
    if email == account.email:
        return account
    return with_new_sign_in(account).model_copy(update={"email": email, "invited_by": actor.id})


def with_new_sign_in(account: Account) -> Account:
    """Return an account of a person whose sign-in is to be replaced, with an invitation, at its next version."""
    changes = {"replaces_sign_in": True, "signed_in_at": None, "invited_at": None, "second_factor": False}
    return _with_invitation(account.model_copy(update=changes), account.invited_by)


def _with_invitation(account: Account, inviter: str | None) -> Account:
    changes = {"invitations": account.sent + 1, "invitations_sent": account.sent, "invited_by": inviter}
    none = {"invitation_failure": None, "identity_failed": False}
    return account.model_copy(update={**changes, **none, "version": account.version + 1})


def _ensure_person(account: Account) -> None:
    """Raise RulesViolatedError for an account that can't be invited."""
    if account.kind == "api":
        raise _not_invited("not_a_person", "A machine has no e-mail address. It signs in with its credentials.")
    if account.disabled:
        raise _not_invited("account_disabled", "The account is disabled. Enable it first.")


def _not_invited(code: str, detail: str) -> RulesViolatedError:
    return RulesViolatedError.of(RuleViolation(code, "account_id", detail))


_COMPUTED: Final = {"status", "identity", "invitation_expires_at"}


def show_account(account: Account, now: datetime) -> AccountResponse:
    """Build the response for `account` at `now`. `identity` is never ready before an invitation was accepted."""
    failed = account.identity_failed or account.invitation_failure is not None
    ready = account.identity_version >= account.version and not failed and not account.awaits_invitation
    return AccountResponse(
        **fields_of(account, set(AccountResponse.model_fields) - _COMPUTED),
        status=account.status_at(now),
        identity="ready" if ready else "failed" if failed else "pending",
        invitation_expires_at=account.invitation_expires_at,
    )
