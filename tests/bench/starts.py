"""Measure cold starts and warm calls of `POST /customers`, and compare this project with common alternatives.

    python -m tests.bench.starts [--rounds 15]

This project runs from its built package and does all of its work. Each alternative only validates with pydantic and
writes one item with boto3 to the same stub. Every round starts each of them once, in a rotating order, so that other
load on the machine affects all alike.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final, NamedTuple

from local.deploy import build
from local.paths import BUILD, ENVIRONMENTS, PROJECT
from tests.bench.stub import TABLE, beginning, serving
from tests.bench.tables import spread, write

HERE: Final = Path(__file__).parent
CALLS: Final = 2_000
PEERS: Final = ENVIRONMENTS / "peers" / "lib" / "python3.13" / "site-packages"
OURS: Final = BUILD / "Customers"


class Subject(NamedTuple):
    name: str
    module: str
    attribute: str = "handler"
    folders: str = str(PEERS)
    kind: str = "on-demand"


RAW: Final = Subject("raw boto3", "peers.raw")
FASTAPI: Final = Subject("FastAPI, Mangum", "peers.fastapi_mangum")
SUBJECTS: Final = (
    RAW,
    Subject("**add_customer**", "functions.customers", "lambda_handler", str(OURS)),
    Subject("Chalice", "peers.chalice_app"),
    Subject("Powertools, validation", "peers.powertools"),
    Subject("Django, Zappa", "peers.django_zappa"),
    FASTAPI,
)
KEPT: Final = Subject(
    "add_customer, warmed for SnapStart", "functions.customers", "lambda_handler", str(OURS), "snap-start"
)


def run(subject: Subject, endpoint: str, events: Path, calls: int = 0) -> dict[str, float]:
    """Run one new process and return its measurements."""
    environment = {
        "PATH": "/usr/bin:/bin", "AWS_ENDPOINT_URL": endpoint, "TABLE_NAME": TABLE, "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
        "POWERTOOLS_LOG_LEVEL": "INFO", "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent",
        "AWS_LAMBDA_INITIALIZATION_TYPE": subject.kind,
    }  # fmt: skip
    folders = f"{subject.folders}:{HERE}"
    command = [sys.executable, "-S", "-E", HERE / "start.py", folders, subject.module, subject.attribute, events]
    ended = subprocess.run(
        [*command, str(calls)] if calls else command, env=environment, cwd="/", capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if ended.returncode:
        raise RuntimeError(f"{subject.name} failed:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    found: dict[str, float] = json.loads(ended.stderr.splitlines()[-1])
    return found


def zipped(folder: Path) -> float:
    """Return the size of a package as it is uploaded, in MB."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
            for path in folder.rglob("*"):
                package.write(path, path.relative_to(folder))
        return file.tell() / 1e6


def rounds(
    subjects: tuple[Subject, ...], number: int, endpoint: str, events: Path, calls: int = 0
) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {subject.name: [] for subject in subjects}
    for turn in range(number):
        print(f"{'warm' if calls else 'cold'}: round {turn + 1} of {number} ...", file=sys.stderr)
        index = turn % len(subjects)
        for subject in subjects[index:] + subjects[:index]:
            found[subject.name].append(run(subject, endpoint, events, calls))
    return found


def ratios(found: dict[str, list[dict[str, float]]], name: str, to: str, figure: str) -> list[float]:
    return [mine[figure] / reference[figure] for mine, reference in zip(found[name], found[to], strict=True)]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=15)
    number = words.parse_args().rounds
    build()
    given: dict[str, Any] = {
        "event": (PROJECT / "events" / "add_customer.json").read_text(),
        "records": list(beginning().records.values()),
    }
    with tempfile.TemporaryDirectory() as folder, serving() as endpoint:
        events = Path(folder) / "events.json"
        events.write_text(json.dumps(given))
        rounds(SUBJECTS, 1, endpoint, events)  # reads every file once
        cold = rounds((*SUBJECTS, KEPT), number, endpoint, events)
        warm = rounds(SUBJECTS, 5, endpoint, events, CALLS)
    write(
        "cold",
        ["start and first POST", "CPU, of raw boto3", "start, ms", "first POST, ms", "modules"],
        [
            [
                name,
                spread(ratios(cold, name, RAW.name, "cpu")),
                spread([1e3 * each["init"] for each in runs], ".0f"),
                spread([1e3 * each["first"] for each in runs], ".1f"),
                f"{runs[0]['modules']:.0f}",
            ]
            for name, runs in cold.items()
        ],
        f"The package of add_customer: {zipped(OURS):.1f} MB zipped.",
    )
    write(
        "warm",
        ["warm POST, DynamoDB a no-op", "µs of CPU", "of FastAPI, Mangum"],
        [
            [name, spread([each["us"] for each in runs], ".0f"), spread(ratios(warm, name, FASTAPI.name, "us"))]
            for name, runs in warm.items()
        ],
    )


if __name__ == "__main__":
    main()
