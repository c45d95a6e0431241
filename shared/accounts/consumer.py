"""The stream of the table: sign-ins follow the accounts."""

from collections.abc import Callable
from typing import Any, Final

from shared.aws.batch import SEQUENCE_NUMBER, process_batch

_KEY: Final = ("dynamodb", "Keys", "pk", "S")


def process_account_changes(event: Any, sync: Callable[[str], None]) -> dict[str, Any]:
    """Call `sync` with the id of each changed account. The response reports the records that failed."""

    def sync_account(record: Any) -> None:
        sync(record["dynamodb"]["Keys"]["pk"]["S"].removeprefix("account#"))

    return process_batch(event, SEQUENCE_NUMBER, sync_account, failed_as="account_message_failed", about=_KEY)
