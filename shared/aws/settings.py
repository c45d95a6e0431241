"""Every environment variable that a function uses."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Settings:
    """The environment of a function, read when a value is needed and not at import.

    A variable that a function does not have raises KeyError where it is used.
    """

    environment: Mapping[str, str]

    @property
    def table_name(self) -> str:
        return self.environment["TABLE_NAME"]

    @property
    def user_pool_id(self) -> str:
        return self.environment["USER_POOL_ID"]

    @property
    def event_bus(self) -> str:
        return self.environment["EVENT_BUS"]

    @property
    def shard_queue_url(self) -> str:
        return self.environment["SHARD_QUEUE_URL"]

    @property
    def import_queue_url(self) -> str:
        return self.environment["IMPORT_QUEUE_URL"]

    @property
    def restore_epoch(self) -> int:
        """How often the table was restored from a backup."""
        return int(self.environment.get("RESTORE_EPOCH") or 0)

    @property
    def throttling_rate(self) -> int:
        """The number of requests a second that the API accepts from all callers together. 0 if it is unknown."""
        return int(self.environment.get("THROTTLING_RATE") or 0)

    @property
    def max_invitations(self) -> int:
        """How many invitations a customer may send in a day."""
        return int(self.environment.get("MAX_INVITATIONS") or 20)

    @property
    def account_manager(self) -> str:
        """Whom customers consult about data centres, unless their distributor has a contact of its own."""
        return self.environment.get("ACCOUNT_MANAGER", "")

    @property
    def audit_days(self) -> int:
        """For how many days the audit shows changes."""
        return int(self.environment.get("AUDIT_DAYS") or 400)

    @property
    def requires_second_factor(self) -> bool:
        """Whether super_users and administrators need a second factor."""
        return self.environment.get("REQUIRE_SECOND_FACTOR") == "true"

    @property
    def console_url(self) -> str:
        """The URL of the console, which invitations name."""
        return self.environment.get("CONSOLE_URL", "")

    @property
    def sign_in_client(self) -> str:
        """The app client of the user pool whose tokens the API accepts."""
        return self.environment.get("USER_POOL_CLIENT_ID", "")  # without it, a sign-in must not fail

    @property
    def my_sign_in_client(self) -> str:
        """The app client of the user pool whose tokens may change a password and a second factor, and nothing else."""
        return self.environment.get("MY_SIGN_IN_CLIENT_ID", "")

    @property
    def sign_in_endpoint(self) -> str:
        """The URL at which a browser reaches the user pool."""
        return self.environment["SIGN_IN_ENDPOINT"]

    @property
    def clock_file(self) -> str | None:
        """The file in which a local stack stores how far its clock was moved forward. None on AWS."""
        return self.environment.get("CLOCK_FILE") or None if self.environment.get("AWS_ENDPOINT_URL") else None

    @property
    def is_preinitialized(self) -> bool:
        """Whether Lambda initializes the function before its first request, so that no caller waits for it."""
        return self.environment.get("AWS_LAMBDA_INITIALIZATION_TYPE") in ("snap-start", "provisioned-concurrency")

    @property
    def local_account_id(self) -> str | None:
        """The caller under `sam local start-api`, which checks no tokens and passes no claims. None elsewhere."""
        local = self.environment.get("AWS_SAM_LOCAL") == "true"
        return self.environment.get("LOCAL_ACCOUNT_ID") if local else None


settings: Final = Settings(os.environ)
