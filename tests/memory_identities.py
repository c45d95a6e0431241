"""A user directory in memory for tests of use cases. tests/accounts/test_identities.py compares it with a user pool."""

from shared.accounts.identities import AddressTakenError, IdentityError, NoIdentityError, UndeliverableError
from shared.accounts.mails import Invitation


class MemoryIdentities:
    """`users` maps an account to whether it may sign in. `calls` lists all calls. If `failing`, every call fails.

    `mails` lists the accounts to which a mail was sent. None is accepted for the addresses in `unreachable`, and those
    in `taken` belong to other sign-ins.
    """

    def __init__(self) -> None:
        self.users: dict[str, bool] = {}
        self.secrets: dict[str, str] = {}
        self.calls: list[str] = []
        self.failing = False
        self.mails: list[str] = []
        self.texts: list[Invitation] = []
        self.unreachable: set[str] = set()
        self.taken: set[str] = set()

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.failing:
            raise IdentityError("TooManyRequestsException")

    def invite(self, account_id: str, email: str, invitation: Invitation) -> bool:
        self._called("invite")
        if email in self.taken:
            raise AddressTakenError
        self.users.setdefault(account_id, True)
        if email in self.unreachable:
            raise UndeliverableError
        self.mails.append(account_id)
        self.texts.append(invitation)
        return True

    def create_machine_user(self, account_id: str, secret: str) -> None:
        self._called("provide")
        self.users.setdefault(account_id, True)
        self.secrets[account_id] = secret

    def enable(self, account_id: str, *, enabled: bool) -> None:
        self._called("enable" if enabled else "disable")
        if account_id not in self.users:
            raise NoIdentityError("UserNotFoundException")
        self.users[account_id] = enabled

    def remove(self, account_id: str) -> None:
        self._called("remove")
        self.users.pop(account_id, None)
