"""The clients of AWS. Their patience is bounded, so that a caller gets an answer and not a timeout."""

from typing import Any, Final

import boto3
from botocore.config import Config

ATTEMPTS: Final = 2
CONNECT_SECONDS: Final = 0.5
READ_SECONDS: Final = 1.5


def aws_client(service: str) -> Any:
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]
