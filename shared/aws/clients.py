"""The boto3 clients of AWS services. Timeouts are short, so a caller gets a response before the API's own timeout."""

from typing import Any, Final

import boto3
from botocore.config import Config

MAX_ATTEMPTS: Final = 2
CONNECT_SECONDS: Final = 0.5
READ_SECONDS: Final = 1.5


def client(
    service: str,
    *,
    connect_seconds: float = CONNECT_SECONDS,
    read_seconds: float = READ_SECONDS,
    max_attempts: int = MAX_ATTEMPTS,
) -> Any:
    """Create a client of an AWS service. The timeouts apply to each attempt."""
    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": max_attempts},
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload] # the service is not a literal
