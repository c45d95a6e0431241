"""The clients of AWS, the same settings for each."""

from typing import Any

import boto3
from botocore.config import Config


def aws_client(service: str) -> Any:
    # Shorter than any function's own time, so that a caller gets an answer and not a timeout.
    config = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
    return boto3.client(service, config=config)  # type: ignore[call-overload]
