"""AWS in memory: clients for four services that replace boto3's, fast enough for millions of calls.

The functions are the real ones, called with events as Lambda calls them. Only the network is missing.
`tests/table/test_store.py` compares `FakeDynamo` with ministack and moto.
"""

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

from shared.accounts.identities import open_user_directory
from shared.aws.queues import open_import_queue, open_shard_queue
from shared.events.bus import open_bus
from shared.table.dynamodb import DynamoStore, open_sign_in_store, open_store
from tests.simulation.fake_dynamo import FakeDynamo, error

_ENVIRONMENT: Final = {"MAX_INVITATIONS": "1000000",
    "TABLE_NAME": "table", "USER_POOL_ID": "pool", "EVENT_BUS": "bus", "SHARD_QUEUE_URL": "shards",
    "IMPORT_QUEUE_URL": "imports", "SIGN_IN_ENDPOINT": "https://cognito.example", "USER_POOL_CLIENT_ID": "client",
    "MY_SIGN_IN_CLIENT_ID": "my_sign_in",
}  # fmt: skip
_OPENERS: Final = (open_store, open_sign_in_store, open_user_directory, open_bus, open_shard_queue, open_import_queue)


class FakeCognito:
    """A user pool. `users`: username -> whether it is enabled. `emails`: address -> username."""

    def __init__(self) -> None:
        self.users: dict[str, bool] = {}
        self.emails: dict[str, str] = {}
        self.machines: set[str] = set()

    def admin_create_user(
        self,
        *,
        Username: str,  # noqa: N803 - boto3's names
        MessageAction: str = "",  # noqa: N803
        UserAttributes: Any = (),  # noqa: N803
        **_: Any,
    ) -> None:
        if MessageAction == "RESEND":
            self._ensure_user(Username)
            return
        email = {each["Name"]: each["Value"] for each in UserAttributes}.get("email")
        if Username in self.users or email in self.emails:
            raise error("AdminCreateUser", "UsernameExistsException")
        self.users[Username] = True
        if email:
            self.emails[email] = Username

    def admin_set_user_password(self, *, Username: str, **_: Any) -> None:  # noqa: N803
        self._ensure_user(Username)
        self.machines.add(Username)

    def admin_get_user(self, *, Username: str, **_: Any) -> Any:  # noqa: N803
        name = self.emails.get(Username, Username)
        self._ensure_user(name)
        return {
            "Username": name,
            "UserAttributes": [{"Name": "email", "Value": email} for email, of in self.emails.items() if of == name],
            "Enabled": self.users[name],
            "UserStatus": "CONFIRMED" if name in self.machines else "FORCE_CHANGE_PASSWORD",
            "UserCreateDate": datetime(2026, 11, 24, tzinfo=UTC),
        }

    def list_users(self, **_: Any) -> Any:
        return {"Users": [self._listed(name) for name in self.users]}

    def _listed(self, name: str) -> Any:
        user = self.admin_get_user(Username=name)
        return {**user, "Attributes": user.pop("UserAttributes")}

    def admin_enable_user(self, *, Username: str, **_: Any) -> None:  # noqa: N803
        self._ensure_user(Username)
        self.users[Username] = True

    def admin_disable_user(self, *, Username: str, **_: Any) -> None:  # noqa: N803
        self._ensure_user(Username)
        self.users[Username] = False

    def admin_user_global_sign_out(self, *, Username: str, **_: Any) -> None:  # noqa: N803
        self._ensure_user(Username)

    def admin_delete_user(self, *, Username: str, **_: Any) -> None:  # noqa: N803
        self._ensure_user(Username)
        del self.users[Username]
        self.machines.discard(Username)
        self.emails = {email: name for email, name in self.emails.items() if name != Username}

    def _ensure_user(self, username: str) -> None:
        if username not in self.users:
            raise error("AdminGetUser", "UserNotFoundException")


class FakeQueues:
    """Messages by queue, oldest first."""

    def __init__(self) -> None:
        self.messages: dict[str, list[str]] = {}

    def send_message_batch(self, *, QueueUrl: str, Entries: Any) -> Any:  # noqa: N803
        self.messages.setdefault(QueueUrl, []).extend(entry["MessageBody"] for entry in Entries)
        return {}


class FakeBus:
    """The published events, oldest first."""

    def __init__(self) -> None:
        self.entries: list[Any] = []

    def put_events(self, *, Entries: Any) -> Any:  # noqa: N803
        self.entries += Entries
        return {"Entries": [{} for _ in Entries]}


class FakeAws:
    """The four services behind the functions, and their clock, which only changes when a test sets it."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.dynamo, self.cognito, self.queues, self.bus = (
            FakeDynamo(newer=True),
            FakeCognito(),
            FakeQueues(),
            FakeBus(),
        )

    @property
    def store(self) -> DynamoStore:
        return DynamoStore(self.dynamo, "table")  # type: ignore[arg-type]

    def expire(self) -> None:
        """Delete the expired records, as DynamoDB does some time after they expire."""
        now = int(self.now.timestamp())
        for key, item in list(self.dynamo.records.items()):
            if "expires_at" in item and int(item["expires_at"]["N"]) <= now:
                del self.dynamo.records[key]

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Replace the clients of the functions by these within the block."""
        clients = {"dynamodb": self.dynamo, "cognito-idp": self.cognito, "sqs": self.queues, "events": self.bus}
        with contextlib.ExitStack() as stack:
            stack.enter_context(patch.dict(os.environ, _ENVIRONMENT))
            stack.enter_context(patch("shared.aws.clock.datetime", SimpleNamespace(now=lambda _zone: self.now)))
            stack.enter_context(patch("shared.aws.clients.client", lambda service, **_: clients[service]))
            for opener in _OPENERS:
                opener.cache_clear()
                stack.callback(opener.cache_clear)
            yield
