"""Accounts, and the one place that decides who may do what. Source: domain.md, "Accounts".

Deny by default: `authorize` lets an operation pass only where a row of `MAY` allows it, and it takes every id a request
holds, wherever it stands. Outside the caller's subtree looks exactly like absent.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from shared.errors import ForbiddenError, NoActiveAccountError, NotFoundError
from shared.times import Time

Role = Literal["super_user", "administrator", "manager", "operator", "supporter"]
Operation = Literal["read", "change_customers", "change_accounts", "change_test_devices", "support"]

MAY: Final[dict[Role, frozenset[Operation]]] = {
    "super_user": frozenset({"read", "change_customers", "change_accounts", "change_test_devices", "support"}),
    "administrator": frozenset({"read", "change_customers", "change_accounts"}),
    "manager": frozenset({"read", "change_test_devices"}),
    "operator": frozenset({"read"}),
    "supporter": frozenset({"read"}),
}
AT_THE_ROOT_ONLY: Final[frozenset[Operation]] = frozenset({"support"})


class Account(BaseModel):
    """A person or team with one role at one customer. `customer_path` is that customer's path."""

    model_config = ConfigDict(frozen=True)

    id: str
    customer_id: str
    customer_path: str
    email: str
    display_name: str
    role: Role
    status: Literal["invited", "active", "disabled"]
    cursor_key: str  # signs this account's list cursors
    version: int
    created_at: Time
    created_by: str

    @property
    def may(self) -> frozenset[Operation]:
        at_the_root = self.customer_path == self.customer_id
        return MAY[self.role] if at_the_root else MAY[self.role] - AT_THE_ROOT_ONLY

    def sees(self, path: str) -> bool:
        """Whether `path` is the account's customer or below it."""
        return path == self.customer_path or path.startswith(self.customer_path + "/")


@dataclass(frozen=True)
class Caller:
    """Who asks, by the access token, and when. What they may do is read from the table at every request."""

    account_id: str
    now: datetime


class HasPath(Protocol):
    @property
    def path(self) -> str: ...


def account_of(item: dict[str, Any] | None) -> Account:
    """The caller's account as it stands in the table now. Raises NoActiveAccountError."""
    account = Account.model_validate(item) if item is not None else None
    if account is None or account.status == "disabled":
        raise NoActiveAccountError("This sign-in has no account that may act. Ask an administrator of your company.")
    return account


def authorize[T: HasPath](
    account: Account, operation: Operation, target: T | None = None, *, pointer: str | None = None
) -> T:
    """Let `operation` on `target` pass, or refuse it. `pointer` says where in the body the target's id stood.

    Raises NotFoundError for a target that is absent (`None`) or outside, then ForbiddenError.
    """
    if target is None or not account.sees(target.path):
        raise NotFoundError([{"code": "not_found", "pointer": pointer}] if pointer else None)
    permit(account, operation)
    return target


def permit(account: Account, operation: Operation) -> None:
    """The role's half of `authorize`, for operations without a target. Raises ForbiddenError."""
    if operation in account.may:
        return
    roles = [role for role, may in MAY.items() if operation in may]
    where = " of the root" if operation in AT_THE_ROOT_ONLY else ""
    raise ForbiddenError(
        f"Your role {account.role} may not {operation.replace('_', ' ')}. Ask a {' or '.join(roles)}{where}.",
        operation=operation,
        role=account.role,
    )
