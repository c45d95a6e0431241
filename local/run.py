"""`make run`: run the whole stack on this machine, until Ctrl-C."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from local.deploy import build, deploy
from local.ministack import REGION, LocalError, Ministack, running
from local.paths import LOCAL, SAM_ENVIRONMENT, STACK_FILE
from local.seed import access_token, seed, set_password

_DEFAULT_PORT: Final = "4700"
_HIGHEST_PORT: Final = 65535
_started: Final = time.monotonic()


def main() -> None:
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: stopped.set())
    try:
        port = _port(os.environ.get("PORT") or _DEFAULT_PORT)
        host = os.environ.get("HOST") or "127.0.0.1"
        say(f"Starting ministack on {host}:{port} ...")
        with running(LOCAL / "ministack", port, host) as ministack:
            say("Building the functions (sam build) ...")
            build()
            say("Deploying template.yaml ...")
            outputs = deploy(ministack)
            stack = make_stack(ministack, outputs, earlier=_read(STACK_FILE))
            STACK_FILE.write_text(json.dumps(stack, indent=2) + "\n", encoding="utf-8")
            STACK_FILE.chmod(0o600)
            SAM_ENVIRONMENT.write_text(json.dumps(sam_environment(stack, outputs), indent=2) + "\n", encoding="utf-8")
            say("Ready. In another terminal:\n")
            print(_example(stack), flush=True)
            say("Press Ctrl-C to stop the stack. Its data is kept; make clean removes it.")
            _wait(ministack, stopped)
            say("Stopping and saving the data ...")
    except LocalError as error:
        sys.exit("Stopped." if stopped.is_set() else f"\n{error}")


def _port(word: str) -> int:
    if not (word.isdecimal() and 0 < int(word) <= _HIGHEST_PORT):
        raise LocalError(f"PORT={word} is not a port. Use a number from 1 to 65535: make run PORT=4701")
    return int(word)


def _wait(ministack: Ministack, stopped: threading.Event) -> None:
    while not stopped.wait(0.5):
        if ministack.process.poll() is not None:
            raise LocalError("ministack has stopped. See the end of .local/ministack/ministack.log.")


def say(text: str) -> None:
    print(f"[{time.monotonic() - _started:5.1f} s] {text}", flush=True)


def make_stack(ministack: Ministack, outputs: dict[str, str], earlier: dict[str, Any]) -> dict[str, Any]:
    """Create the root company and return the content of `.local/stack.json`: addresses and accounts."""
    cognito = ministack.client("cognito-idp")
    pool, client_id = outputs["UserPoolId"], outputs["UserPoolClientId"]
    root = seed(
        ministack.client("dynamodb"),
        cognito,
        outputs["TableName"],
        pool,
        name="Root company",
        country="DE",
        email="root@example.com",
    ).id
    known = earlier.get("accounts", {}) if earlier.get("user_pool_id") == pool else {}
    accounts = known or {"root": {"id": root, "password": set_password(cognito, pool, root)}}
    return {
        "url": outputs["ApiUrl"],
        "table": outputs["TableName"],
        "region": REGION,
        "endpoint": ministack.endpoint,
        "user_pool_id": pool,
        "client_id": client_id,
        "my_sign_in_client_id": outputs["MySignInClientId"],
        "accounts": accounts,
        "tokens": {
            name: access_token(cognito, client_id, account["id"], account["password"])
            for name, account in accounts.items()
        },
    }


def sam_environment(stack: dict[str, Any], outputs: dict[str, str]) -> dict[str, Any]:
    """Return the environment of functions under `sam local`. Its addresses can be reached from a container."""
    endpoint = stack["endpoint"].replace("127.0.0.1", "host.docker.internal")
    return {
        "Parameters": {
            "TABLE_NAME": stack["table"],
            "AWS_ENDPOINT_URL": endpoint,
            "LOCAL_ACCOUNT_ID": stack["accounts"]["root"]["id"],
            "USER_POOL_ID": stack["user_pool_id"],
            "USER_POOL_CLIENT_ID": stack["client_id"],
            "MY_SIGN_IN_CLIENT_ID": stack["my_sign_in_client_id"],
            "SIGN_IN_ENDPOINT": stack["endpoint"],  # the URL in a browser
            "CONSOLE_URL": f"{stack['url']}/",
            "EVENT_BUS": outputs["EventBusName"],
            "IMPORT_QUEUE_URL": endpoint + urlsplit(outputs["ImportQueueUrl"]).path,
            "SHARD_QUEUE_URL": "",
        }
    }


def _read(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _example(stack: dict[str, Any]) -> str:
    root = stack["accounts"]["root"]
    return f"""The console: {stack["url"]}/
Sign in there as {root["id"]} with the password {root["password"]}

curl -s '{stack["url"]}/me' -H "Authorization: Bearer $(make -s token ACCOUNT=root)"
"""


if __name__ == "__main__":
    main()
