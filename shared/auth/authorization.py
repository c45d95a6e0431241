"""Accounts, and the one place that decides who may do what. Source: domain.md, "Accounts".

Deny by default: `authorize` allows an operation only if `PERMISSIONS` contains it for the caller's role. It checks
every id in a request: in the path, body, query or cursor. A resource outside the caller's subtree looks exactly like
one that does not exist.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from shared.errors import (
    ArchivedError,
    ForbiddenError,
    NoActiveAccountError,
    NotFoundError,
    SecondFactorRequiredError,
)
from shared.values.changes import Change
from shared.values.timestamps import Timestamp

Role = Literal["super_user", "administrator", "manager", "operator", "supporter"]
Operation = Literal[
    "read", "read_invoicing", "read_audit", "change_customers", "change_accounts", "change_devices", "support"
]
Status = Literal["invited", "active", "disabled", "removed"]
# What a response shows: what has become of an invitation depends on the time and on the mail.
ShownStatus = Literal["invited", "invitation_expired", "undeliverable", "active", "disabled", "removed"]
Kind = Literal["person", "api"]
# Why an invitation can't arrive: no mail was accepted for the address, or another sign-in has it.
InvitationFailure = Literal["undeliverable", "email_taken"]
INVITATION_PERIOD: Final = timedelta(days=7)  # the pool's TemporaryPasswordValidityDays

# The highest role first.
PERMISSIONS: Final[dict[Role, frozenset[Operation]]] = {
    "super_user": frozenset(
        {
            "read",
            "read_invoicing",
            "read_audit",
            "change_customers",
            "change_accounts",
            "change_devices",
            "support",
        }
    ),
    "administrator": frozenset(
        {"read", "read_invoicing", "read_audit", "change_customers", "change_accounts", "change_devices"}
    ),
    "manager": frozenset({"read", "change_devices"}),
    "operator": frozenset({"read"}),
    "supporter": frozenset({"read"}),
}
ROOT_ONLY: Final[frozenset[Operation]] = frozenset({"support"})
READ_OPERATIONS: Final[frozenset[Operation]] = frozenset({"read", "read_invoicing", "read_audit"})
ROLES: Final = tuple(PERMISSIONS)
# The roles that need a second factor, if the system requires one.
SECOND_FACTOR_ROLES: Final[frozenset[Role]] = frozenset({"super_user", "administrator"})


@dataclass(frozen=True)
class Caller:
    """The account of the access token, the time of the request, and the operation that the route needs.

    `sign_in` is the username of the token, or None in the background, where there is no token. A machine has a sign-in
    for each credential. The account's role is read from the table with every request.
    """

    account_id: str
    now: datetime
    operation: Operation
    request_id: str | None = None
    sign_in: str | None = None
    needs_second_factor: bool = False


class Credential(BaseModel):
    """A credential of a machine: a sign-in of its own, named `client_id`. Only the user pool has its secret."""

    model_config = ConfigDict(frozen=True)

    id: str
    client_id: str
    created_at: Timestamp
    created_by: str
    expires_at: Timestamp | None = None
    last_used_on: str | None = None  # the last day (UTC) on which a token was issued for it


class Account(BaseModel):
    """A person, a team or a machine with one role at one customer. `customer_path` is that customer's path."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: Kind = "person"
    customer_id: str
    customer_path: str
    email: str | None = None  # None for machines and removed accounts, and after another customer's invitation took it
    display_name: str
    role: Role
    signed_in_at: Timestamp | None = None  # the time of the first sign-in
    disabled: bool = False
    removed: bool = False  # a removed account stays as a tombstone, so that its id and its key are never used again
    identity_version: int = 0  # the version of this record to which the sign-in was updated
    identity_failed: bool = False
    replaces_sign_in: bool = False  # the sign-in is of an earlier address, and has to be replaced by a new one
    invitations: int = 1  # how often a person was to be invited
    invitations_sent: int | None = None  # of them; None in records that are older than this attribute
    invited_by: str | None = None  # who asked for the last invitation; None for the first one
    invited_at: Timestamp | None = None  # when the mail of the last invitation was accepted
    invitation_failure: InvitationFailure | None = None
    sign_ins: dict[str, str] = {}  # by app client: the last day (UTC) on which a token was issued
    second_factor: bool = False  # whether the sign-in had one when the user pool was last asked
    credentials: tuple[Credential, ...] | None = None  # None: a person, or a machine whose sign-in has the account's id
    revoked_sign_ins: tuple[str, ...] = ()  # of credentials that were revoked: still to be removed from the user pool
    is_counted: bool = False  # whether the record `active_super_users` of its customer counts it
    cursor_key: str  # signs this account's list cursors
    version: int = 1
    last_change: Change | None = None  # None in records that are older than the history of accounts
    created_at: Timestamp
    created_by: str
    request_hash: str = ""

    @property
    def path(self) -> str:
        """The position in the tree, below the customer."""
        return f"{self.customer_path}/{self.id}"

    @property
    def status(self) -> Status:
        if self.removed:
            return "removed"
        if self.disabled:
            return "disabled"
        provided = self.kind == "api" and self.identity_version > 0
        return "active" if provided or self.signed_in_at else "invited"

    def status_at(self, now: datetime) -> ShownStatus:
        """Return the status, with what an invitation has come to. It expires at its very second."""
        if self.status != "invited":
            return self.status
        if self.invitation_failure:
            return "undeliverable"
        expires_at = self.invitation_expires_at
        return "invitation_expired" if expires_at and now >= expires_at else "invited"

    @property
    def invitation_expires_at(self) -> datetime | None:
        """When the last invitation expires. None if none was sent, without an address, and for an active account."""
        if self.status == "active" or self.email is None or not self.sent:
            return None
        return (self.invited_at or self.created_at) + INVITATION_PERIOD

    @property
    def sent(self) -> int:
        """How many invitations were sent. A record without the number has sent one with its sign-in."""
        return min(self.identity_version, 1) if self.invitations_sent is None else self.invitations_sent

    @property
    def awaits_invitation(self) -> bool:
        """Whether an invitation was requested that was not sent yet."""
        return self.email is not None and self.signed_in_at is None and self.sent < self.invitations

    @property
    def usable_credentials(self) -> tuple[Credential, ...]:
        """The credentials of a machine. One that is older than credentials has a sign-in with the account's id."""
        if self.credentials is not None or self.kind == "person" or not self.identity_version:
            return self.credentials or ()
        return (Credential(id=self.id, client_id=self.id, created_at=self.created_at, created_by=self.created_by),)

    def accepts(self, sign_in: str, now: datetime) -> bool:
        """Return whether a token of this sign-in is valid for the account. A credential expires at its very second."""
        if self.kind == "person":
            return sign_in == self.id
        return any(
            each.client_id == sign_in and (each.expires_at is None or now < each.expires_at)
            for each in self.usable_credentials
        )

    @property
    def permissions(self) -> frozenset[Operation]:
        at_the_root = self.customer_path == self.customer_id
        return PERMISSIONS[self.role] if at_the_root else PERMISSIONS[self.role] - ROOT_ONLY

    def can_see(self, path: str) -> bool:
        """Return whether `path` is the account's customer or below it."""
        return path == self.customer_path or path.startswith(self.customer_path + "/")


def account_of(sign_in: str) -> str:
    """Return the id of the account that a sign-in belongs to.

    >>> account_of("acc_1"), account_of("acc_1.k3jq")
    ('acc_1', 'acc_1')
    """
    return sign_in.partition(".")[0]


class HasPath(Protocol):
    @property
    def path(self) -> str: ...


def active_account(account: Account | None, caller: Caller) -> Account:
    """Return the caller's account as it is stored now.

    Raises NoActiveAccountError if it is disabled or removed, or if the credential was revoked or has expired, and
    SecondFactorRequiredError.
    """
    if (
        account is None
        or account.disabled
        or account.removed
        or not (caller.sign_in is None or account.accepts(caller.sign_in, caller.now))
    ):
        raise NoActiveAccountError("No active account belongs to this sign-in. Ask an administrator of your company.")
    has_to = caller.needs_second_factor and account.kind == "person" and account.role in SECOND_FACTOR_ROLES
    if has_to and not account.second_factor:
        raise SecondFactorRequiredError
    return account


def authorize[T: HasPath](
    account: Account, operation: Operation, target: T | None, *, pointer: str | None = None, archived: bool = False
) -> T:
    """Allow `operation` on `target`, or raise. `pointer` says where in the body the target's id is.

    Raises NotFoundError for a target that does not exist (`None`) or is outside the subtree, then ForbiddenError,
    then ArchivedError for a customer that is archived, unless the operation only reads or `archived` is set.
    """
    if target is None or not account.can_see(target.path):
        raise NotFoundError([{"code": "not_found", "pointer": pointer}] if pointer else None)
    require_permission(account, operation)
    if not archived and operation not in READ_OPERATIONS and getattr(target, "archived_at", None) is not None:
        raise ArchivedError(pointer)
    return target


def require_permission(account: Account, operation: Operation) -> None:
    """Check the role only, for operations without a target. Raises ForbiddenError."""
    if operation in account.permissions:
        return
    roles = [role for role, may in PERMISSIONS.items() if operation in may]
    if operation in ROOT_ONLY:
        detail = f"Only support can do this. Contact support: a {' or '.join(roles)} of the root."
    else:
        detail = f"Your role {account.role} can't {operation.replace('_', ' ')}. Ask a {' or '.join(roles)}."
    raise ForbiddenError(detail, operation=operation, role=account.role)


def ensure_role_not_above_own(account: Account, role: Role, pointer: str | None = None) -> None:
    """Raise ForbiddenError for a role above the account's own, which the account can neither grant nor change."""
    if ROLES.index(role) < ROLES.index(account.role):
        raise ForbiddenError(
            f"The role {role} is higher than your own role {account.role}. Ask a {role}.",
            [{"code": "role_too_high", "pointer": pointer}] if pointer else None,
            role=account.role,
        )
