"""The clients of AWS: boto3's own, made by its lower half botocore, which starts faster.

Their patience is bounded, so that a caller gets an answer and not a timeout.
"""

from typing import Any, Final

from botocore.config import Config
from botocore.session import get_session

MAX_ATTEMPTS: Final = 2
CONNECT_SECONDS: Final = 0.5
READ_SECONDS: Final = 1.5


def client(service: str) -> Any:
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
    )
    return get_session().create_client(service, config=config)
