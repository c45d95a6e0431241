"""The API beside its own OpenAPI document: schemathesis on the running stack, with the token of every role.

    python -m tests.simulation.contract [--seed 1] [--examples 50] [--only "manager of the distributor"]

Valid and invalid requests of each operation, and chains of them by the ids of earlier answers; every check that
schemathesis has. `contract.toml` says what it may take for a refusal.
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


def tokens(call: Any, cognito: Any, stack: dict[str, Any]) -> dict[str, str]:
    """A token of each role at the root, and of each at a distributor with a customer of every level below."""
    root = call("GET", "/me")["customer"]["id"]
    found = {}
    line = [root]
    for level in ("distributor", "sub_distributor", "reseller"):
        line.append(call("POST", "/customers", name=level, parent_id=line[-1], level=level, **COMPANY)["id"])
    trial = {"service_type": "all_inclusive", "device_country": "DE", "in_trial": True}
    call("POST", "/customers", name="On trial", parent_id=line[-1], **trial)
    for place, customer in (("root", root), ("distributor", line[1])):
        for role in ROLES:
            machine = {"kind": "api", "display_name": role, "role": role}
            made = call("POST", f"/customers/{customer}/accounts", **machine)["credentials"]
            token = access_token(cognito, stack["client_id"], made["client_id"], made["client_secret"])
            found[f"{role} of the {place}"] = token
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=50, help="of each operation, for each role")
    parser.add_argument("--built", action="store_true", help="the functions are built: leave the build folder alone")
    parser.add_argument("--only", default="", help="whose token alone, as it is printed")
    asked = parser.parse_args()
    if not asked.built:  # another test may be using the folder
        build()
    failed = []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), free_port()) as ministack:
        stack = make_stack(ministack, deploy(ministack, Path(folder) / "clock"), earlier={})

        def call(method: str, path: str, **body: Any) -> Any:
            headers = {"Authorization": f"Bearer {stack['tokens']['root']}"}
            answer = httpx.request(method, stack["url"] + path, headers=headers, json=body or None, timeout=120)
            return answer.raise_for_status().json()

        for who, token in tokens(call, ministack.client("cognito-idp"), stack).items():
            if asked.only not in who:
                continue
            print(f"contract: {who}, {asked.examples} examples, seed {asked.seed}", flush=True)
            command = [
                SCHEMATHESIS, "--config-file", HERE / "contract.toml", "run", PROJECT / "docs" / "openapi.json",
                "--url", stack["url"], "--header", f"Authorization: Bearer {token}", "--checks", "all", "--mode", "all",
                "--seed", str(asked.seed), "--max-examples", str(asked.examples), "--continue-on-failure",
                "--no-color", "--workers", "2", "--request-timeout", "120", "--request-retries", "5",
            ]  # fmt: skip
            hooks = {"PATH": "/usr/bin:/bin", "SCHEMATHESIS_HOOKS": "contract_hooks", "PYTHONPATH": str(HERE)}
            run = subprocess.run(command, cwd=folder, env=hooks, capture_output=True, text=True, check=False)
            print(run.stdout[-600:] if run.returncode == 0 else run.stdout + run.stderr, flush=True)
            if run.returncode:
                failed.append(who)
    sys.exit(f"contract: not kept for {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
