"""Send requests over HTTP to the running stack for ten minutes, and compare with an empty function. Errors fail it.

    python -m tests.bench.load [--minutes 10]

Four users send requests without a pause. The empty function responds immediately behind the same gateway, so its time
is the emulator's own.
"""

import argparse
import csv
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final

import httpx

from local.deploy import ARCH, build, deploy
from local.ministack import Ministack, free_port, running
from local.paths import ENVIRONMENTS
from local.run import make_stack
from tests.bench.tables import write

USERS: Final = 4
COMPANY: Final = {"service_type": "all_inclusive", "services_to_provide": ["all_inclusive"], "device_country": "DE"}


def empty_function(ministack: Ministack) -> str:
    """Deploy a function that does nothing, with its own HTTP API, and return its address."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as package:
        package.writestr("empty.py", "def handler(event, context):\n    return {'statusCode': 200, 'body': '{}'}\n")
    arn = ministack.client("lambda").create_function(
        FunctionName="empty", Runtime="python3.13", Handler="empty.handler", Code={"ZipFile": code.getvalue()},
        Role="arn:aws:iam::123456789012:role/empty", MemorySize=512, Architectures=[ARCH],
    )["FunctionArn"]  # fmt: skip
    gateway = ministack.client("apigatewayv2")
    api = gateway.create_api(Name="empty", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    return f"{ministack.endpoint}/_aws/execute-api/{api}/$default/"


def reseller(stack: dict[str, Any]) -> str:
    parent = ""
    with httpx.Client(headers={"Authorization": f"Bearer {stack['tokens']['root']}"}, timeout=30) as client:
        parent = client.get(f"{stack['url']}/me").json()["customer"]["id"]
        for level in ("distributor", "reseller"):
            body = {"name": level, "parent_id": parent, "level": level, **COMPANY}
            parent = client.post(f"{stack['url']}/customers", json=body).raise_for_status().json()["id"]
    return parent


def load(folder: Path, tag: str, minutes: float, environment: dict[str, str]) -> list[dict[str, str]]:
    """Run locust. Return a row for each kind of request, and a last row for all."""
    command = [
        ENVIRONMENTS / "load" / "bin" / "locust", "--locustfile", Path(__file__).with_name("load_users.py"),
        "--headless", "--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{int(minutes * 60)}s",
        "--tags", tag, "--csv", folder / tag, "--only-summary",
    ]  # fmt: skip
    run = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"load: not without errors\n{run.stdout[-3000:]}{run.stderr[-3000:]}")
    with (folder / f"{tag}_stats.csv").open() as file:
        return list(csv.DictReader(file))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--minutes", type=float, default=10)
    minutes = words.parse_args().minutes
    build()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), free_port()) as ministack:
        stack = make_stack(ministack, deploy(ministack, Path(folder) / "clock"), earlier={})
        environment = {
            "URL": stack["url"],
            "TOKEN": stack["tokens"]["root"],
            "EMPTY": empty_function(ministack),
            "PARENT": reseller(stack),
        }
        rows = []
        for tag, length in (("empty", min(minutes, 1)), ("ours", minutes)):
            print(f"load: {tag}, {length:g} minutes ...", file=sys.stderr)
            *kinds, all_of_them = load(Path(folder), tag, length, environment)
            rows += kinds if tag == "empty" else [*kinds, {**all_of_them, "Name": "**all of ours**"}]
    write(
        "load",
        ["request", "a second", "p50, ms", "p99, ms", "requests", "errors"],
        [
            [row["Name"], f"{float(row['Requests/s']):.0f}", row["50%"], row["99%"], row["Request Count"],
             row["Failure Count"]]
            for row in rows
        ],
        f"{USERS} users without a pause, {minutes:g} minutes of ours and one of the empty function.",
    )  # fmt: skip


if __name__ == "__main__":
    main()
