"""Start ministack, the local AWS emulator, wait until it is ready, and stop it so that it saves its state."""

import contextlib
import errno
import fcntl
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from botocore.config import Config

from local.paths import ENVIRONMENTS
from shared.aws.clients import session

REGION: Final = "eu-west-1"
# A stack that stops saves its data, for which it has 30 seconds, and deletes the unpacked functions.
_LOCK_SECONDS: Final = 90
ACCOUNT: Final = "123456789012"
_SERVER_OF_A_QUEUE: Final = re.compile(rf"(?<=http://)[\w.-]+:\d+(?=/{ACCOUNT}/)")
_LOOPBACK: Final = "127.0.0.1"
_SERVICES: Final = (
    "apigateway,cloudformation,cognito-idp,dynamodb,dynamodbstreams,events,iam,lambda,logs,monitoring,s3,scheduler,"
    "sqs,sts"
)


class LocalError(Exception):
    """A command cannot run on this machine. The message says what to do."""


@dataclass(frozen=True)
class Ministack:
    endpoint: str
    process: subprocess.Popen[bytes]

    def client(self, service: str) -> Any:
        return client(service, self.endpoint)


def client(service: str, endpoint: str) -> Any:
    """Return a client of the local stack, as the functions have it. Its credentials are valid only there."""
    return session().client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="local",  # noqa: S106
        config=Config(retries={"mode": "standard"}, max_pool_connections=64),
    )


@contextlib.contextmanager
def running(directory: Path, port: int, host: str = _LOOPBACK, *, ask_permission: bool = False) -> Iterator[Ministack]:
    """Run ministack within the block, with its state, its log and its temporary files in `directory`.

    With `ask_permission` it enforces the permissions of each function's role, as AWS does.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        wait_for_lock(lock)
        _refuse_taken(host, port)
        yield from _started(directory, port, host, ask_permission=ask_permission)


def _started(directory: Path, port: int, host: str, *, ask_permission: bool) -> Iterator[Ministack]:
    temporary = directory / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)  # ministack does not delete the functions that it has unpacked
    temporary.mkdir(parents=True)
    name = "localhost" if host == _LOOPBACK else host
    _move_queues(directory / "state", f"{name}:{port}")
    log = directory / "ministack.log"
    python = ENVIRONMENTS / "stack" / "bin" / "python"
    environment = {  # none of this machine's variables, because ministack passes them to the functions
        "PATH": "/usr/bin:/bin",
        "HOME": str(directory),
        "TMPDIR": str(temporary),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": host,
        "MINISTACK_HOST": name,  # ministack sends requests to itself here, for the keys of the tokens
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(directory / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(directory / "state" / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SERVICES": _SERVICES,
        "AUTH": str(ask_permission).lower(),
        "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",  # as on AWS, the sign-in fails if the trigger fails
        "LOG_LEVEL": "WARNING",
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [python, "-m", "ministack"],
            cwd=directory,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C must not reach it directly: it saves its state only on a clean stop
        )
    try:
        endpoint = f"http://{host}:{port}"
        _wait_until_healthy(endpoint, process, log)
        yield Ministack(endpoint, process)
    finally:
        if process.poll() is not None:
            print(f"ministack ended unexpectedly with code {process.returncode}. See {log}", file=sys.stderr)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(temporary, ignore_errors=True)


def _move_queues(state: Path, server: str) -> None:
    """Give the saved queues URLs at this server: ministack finds a queue by its URL, for its functions too."""
    for file in state.glob("*.json"):
        text = file.read_text(encoding="utf-8")
        moved = _SERVER_OF_A_QUEUE.sub(server, text)
        if moved != text:
            file.write_text(moved, encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_lock(lock: IO[str], seconds: int = _LOCK_SECONDS) -> None:
    """Wait until another stack of this folder has stopped. Raises LocalError if it does not stop in time."""
    for attempt in range(seconds * 4):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if not attempt:
                words = (
                    "Another stack of this folder is running. Press Ctrl-C in its terminal. Waiting for it to stop ..."
                )
                print(words, file=sys.stderr, flush=True)
            time.sleep(0.25)
        else:
            return
    raise LocalError("A stack of this folder is still running. Stop it first: press Ctrl-C where you started it.")


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise LocalError(
                    f"{host} is not an address of this machine. Use one that is: make run HOST=..."
                ) from error
            raise LocalError(f"Port {port} is used by another program. Use another port: make run PORT=4701") from error


def _wait_until_healthy(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise LocalError(f"ministack stopped immediately. See the end of {log}.")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=1):  # noqa: S310
            return
        time.sleep(0.1)
    raise LocalError(f"ministack did not respond within a minute. See {log}.")
