"""A user directory in memory for tests of use cases. tests/accounts/test_identities.py compares it with a user pool."""

from shared.accounts.identities import IdentityError, NoIdentityError


class MemoryIdentities:
    """`users` maps an account to whether it may sign in. `calls` lists all calls. If `failing`, every call fails."""

    def __init__(self) -> None:
        self.users: dict[str, bool] = {}
        self.secrets: dict[str, str] = {}
        self.calls: list[str] = []
        self.failing = False

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.failing:
            raise IdentityError("TooManyRequestsException")

    def invite(self, account_id: str, email: str) -> None:
        self._called("invite")
        assert email
        self.users.setdefault(account_id, True)

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
