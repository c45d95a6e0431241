"""Stream records of accounts, handed to a function one by one."""

from collections.abc import Callable
from typing import Any, Final

from shared.aws.batch import process_batch

_SEQUENCE_NUMBER: Final = ("dynamodb", "SequenceNumber")
_KEY: Final = ("dynamodb", "Keys", "pk", "S")


def process_account_changes(event: Any, act: Callable[[str], None]) -> dict[str, Any]:
    """Calls `act` with the id of each account that was changed; the answer names the records that failed."""

    def one(record: Any) -> None:
        act(record["dynamodb"]["Keys"]["pk"]["S"].removeprefix("account#"))

    return process_batch(event, _SEQUENCE_NUMBER, one, failed_as="account_message_failed", about=_KEY)
