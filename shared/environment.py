"""All that a function takes from its environment, read when it is needed and not at import."""

import os


def table_name() -> str:
    return os.environ["TABLE_NAME"]


def user_pool_id() -> str:
    return os.environ["USER_POOL_ID"]


def event_bus() -> str:
    return os.environ["EVENT_BUS"]


def shard_queue_url() -> str:
    return os.environ["SHARD_QUEUE_URL"]


def import_queue_url() -> str:
    return os.environ["IMPORT_QUEUE_URL"]


def sign_in_client() -> str:
    """The app client of the user pool with which people sign in."""
    return os.environ["USER_POOL_CLIENT_ID"]


def sign_in_endpoint() -> str:
    """Where people's browsers reach the user pool."""
    return os.environ.get("AWS_ENDPOINT_URL") or f"https://cognito-idp.{os.environ['AWS_REGION']}.amazonaws.com"


def clock_file() -> str | None:
    """Where a local stack keeps how far its clock was put forward. On AWS there is no endpoint, and so no such file."""
    return os.environ.get("CLOCK_FILE") or None if os.environ.get("AWS_ENDPOINT_URL") else None


def starts_ahead() -> bool:
    """Whether Lambda starts the function ahead of its first request, and so nobody waits for the start."""
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") in ("snap-start", "provisioned-concurrency")


def local_account_id() -> str | None:
    """The caller under `sam local start-api`, which checks no tokens and passes no claims; nowhere else."""
    return os.environ.get("LOCAL_ACCOUNT_ID") if os.environ.get("AWS_SAM_LOCAL") == "true" else None
