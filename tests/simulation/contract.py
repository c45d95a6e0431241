"""Test the running stack against its OpenAPI document: schemathesis, with the token of every role.

    python -m tests.simulation.contract [--seed 1] [--examples 50] [--only "manager of the distributor"] [--built]

It sends valid and invalid requests to each operation, and sequences of requests with ids from earlier responses. It
applies every check of schemathesis. `contract.toml` lists the statuses that an error may have.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import httpx

from local.deploy import build, deploy
from local.ministack import free_port, running
from local.paths import ENVIRONMENTS, PROJECT
from local.run import make_stack
from local.seed import access_token
from shared.auth.authorization import ROLES

SCHEMATHESIS: Final = ENVIRONMENTS / "schemathesis" / "bin" / "schemathesis"
HERE: Final = Path(__file__).parent
COMPANY: Final = {"service_type": "all_inclusive", "services_to_provide": ["all_inclusive"], "device_country": "DE"}


def machines(call: Any) -> dict[str, dict[str, str]]:
    """Return the credentials of each role at the root and at a distributor that has descendants of every level."""
    root = call("GET", "/me")["customer"]["id"]
    found = {}
    lineage = [root]
    for level in ("distributor", "sub_distributor", "reseller"):
        lineage.append(call("POST", "/customers", name=level, parent_id=lineage[-1], level=level, **COMPANY)["id"])
    trial = {"service_type": "all_inclusive", "device_country": "DE", "in_trial": True}
    call("POST", "/customers", name="On trial", parent_id=lineage[-1], **trial)
    for index, customer in (("root", root), ("distributor", lineage[1])):
        for role in ROLES:
            machine = {"kind": "api", "display_name": role, "role": role}
            account = call("POST", f"/customers/{customer}/accounts", **machine)
            found[f"{role} of the {index}"] = account["credentials"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=50, help="for each operation and role")
    parser.add_argument("--built", action="store_true", help="use the functions as they are built")
    parser.add_argument("--only", default="", help="only roles whose printed name contains this")
    arguments = parser.parse_args()
    if not arguments.built:  # another test may be using the folder
        build()
    failed = []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), free_port()) as ministack:
        stack = make_stack(ministack, deploy(ministack, Path(folder) / "clock"), earlier={})

        def call(method: str, path: str, **body: Any) -> Any:
            headers = {"Authorization": f"Bearer {stack['tokens']['root']}"}
            with httpx.Client(transport=httpx.HTTPTransport(retries=5), timeout=120) as client:  # retries to connect
                response = client.request(method, stack["url"] + path, headers=headers, json=body or None)
            return response.raise_for_status().json()

        for role, credentials in machines(call).items():
            if arguments.only not in role:
                continue
            cognito = ministack.client("cognito-idp")  # a token for each role: it expires after 15 minutes
            token = access_token(cognito, stack["client_id"], credentials["client_id"], credentials["client_secret"])
            print(f"contract: {role}, {arguments.examples} examples, seed {arguments.seed}", flush=True)
            command = [
                SCHEMATHESIS, "--config-file", HERE / "contract.toml", "run", PROJECT / "docs" / "openapi.json",
                "--url", stack["url"], "--header", f"Authorization: Bearer {token}", "--checks", "all", "--mode", "all",
                "--seed", str(arguments.seed), "--max-examples", str(arguments.examples), "--continue-on-failure",
                "--no-color", "--workers", "2", "--request-timeout", "120", "--request-retries", "5",
                "--suppress-health-check", "too_slow", "--max-response-time", "60",  # a cold start on a busy machine
            ]  # fmt: skip
            hooks = {"PATH": "/usr/bin:/bin", "SCHEMATHESIS_HOOKS": "contract_hooks", "PYTHONPATH": str(HERE)}
            run = subprocess.run(command, cwd=folder, env=hooks, capture_output=True, text=True, check=False)
            print(run.stdout[-600:] if run.returncode == 0 else run.stdout + run.stderr, flush=True)
            if run.returncode:
                failed.append(role)
    sys.exit(f"contract: violated for {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
