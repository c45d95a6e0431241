"""A user directory in memory for tests of use cases. tests/accounts/test_identities.py compares it with a user pool."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from shared.accounts.identities import (
    AddressTakenError,
    IdentityError,
    NoIdentityError,
    SignIn,
    UndeliverableError,
)
from shared.accounts.mails import Invitation

CREATED: Final = datetime(2026, 11, 1, tzinfo=UTC)


class MemoryIdentities:
    """`users` maps a sign-in to whether it is enabled. `calls` lists all calls. If `failing`, every call fails.

    `mails` lists the accounts to which a mail was sent. None is accepted for the addresses in `unreachable`, and those
    in `taken` belong to other sign-ins. `used` are the sign-ins of people who have chosen a password, and `factors`
    those with a second factor.
    """

    def __init__(self) -> None:
        self.users: dict[str, bool] = {}
        self.emails: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.calls: list[str] = []
        self.failing = False
        self.mails: list[str] = []
        self.texts: list[Invitation] = []
        self.unreachable: set[str] = set()
        self.taken: set[str] = set()
        self.used: set[str] = set()
        self.factors: set[str] = set()
        self.sessions_ended: list[str] = []

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.failing:
            raise IdentityError("TooManyRequestsException")

    def invite(self, account_id: str, email: str, invitation: Invitation) -> bool:
        self._called("invite")
        if email in self.taken or self.emails.get(email, account_id) != account_id:
            raise AddressTakenError
        self.users.setdefault(account_id, True)
        self.emails[email] = account_id
        if account_id in self.used:
            return False
        if email in self.unreachable:
            raise UndeliverableError
        self.mails.append(account_id)
        self.texts.append(invitation)
        return True

    def create_machine_user(self, client_id: str, secret: str) -> None:
        self._called("provide")
        self.users.setdefault(client_id, True)
        self.secrets[client_id] = secret

    def enable(self, sign_in: str, *, enabled: bool) -> None:
        self._called("enable" if enabled else "disable")
        if sign_in not in self.users:
            raise NoIdentityError("UserNotFoundException")
        self.users[sign_in] = enabled
        if not enabled:
            self.sessions_ended.append(sign_in)

    def remove(self, sign_in: str) -> None:
        self._called("remove")
        self.users.pop(sign_in, None)
        self.secrets.pop(sign_in, None)
        self.used.discard(sign_in)
        self.emails = {email: name for email, name in self.emails.items() if name != sign_in}

    def find(self, name: str) -> SignIn:
        self._called("find")
        name = self.emails.get(name, name)
        if name not in self.users:
            raise NoIdentityError("UserNotFoundException")
        return self._shown(name)

    def list_all(self) -> Iterator[SignIn]:
        self._called("list")
        yield from (self._shown(name)._replace(second_factor=None) for name in list(self.users))

    def _shown(self, name: str) -> SignIn:
        email = next((each for each, owner in self.emails.items() if owner == name), None)
        is_used = name in self.used or name in self.secrets
        return SignIn(name, email, self.users[name], is_used, CREATED, name in self.factors)
