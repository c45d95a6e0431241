"""Measure cold starts with a first `POST /customers`, and compare this project with common alternatives.

    python -m tests.bench.starts [--rounds 15]

This project runs from its built package and does all of its work. Each alternative only validates with pydantic and
writes one item with boto3 to the same stub. Every round starts each of them once, in a rotating order, so that other
load on the machine affects all alike.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from local.deploy import build
from local.paths import BUILD, ENVIRONMENTS, PROJECT
from tests.bench.stub import TABLE, serving
from tests.bench.tables import spread, write

HERE: Final = Path(__file__).parent
VALGRIND: Final = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
VALGRIND_IS_HERE: Final = shutil.which("valgrind") is not None
PEERS: Final = ENVIRONMENTS / "peers" / "lib" / "python3.13" / "site-packages"
PACKAGE: Final = BUILD / "Customers"


class Subject(NamedTuple):
    name: str
    module: str
    attribute: str = "handler"
    folders: str = str(PEERS)
    kind: str = "on-demand"


RAW: Final = Subject("raw boto3", "peers.raw")
OURS: Final = Subject("**this project**", "functions.customers", "lambda_handler", str(PACKAGE))
SUBJECTS: Final = (
    RAW,
    OURS,
    Subject("Chalice", "peers.chalice_app"),
    Subject("Powertools, validation", "peers.powertools"),
    Subject("Django, Zappa", "peers.django_zappa"),
    Subject("FastAPI, Mangum", "peers.fastapi_mangum"),
)
KEPT: Final = OURS._replace(name="this project, warmed for SnapStart", kind="snap-start")


def run(subject: Subject, endpoint: str, event: Path, *numbers: int) -> dict[str, float]:
    """Run start.py in a new process and return its measurements."""
    found: dict[str, float] = json.loads(_ended(subject, endpoint, event, *numbers).splitlines()[-1])
    return found


def instructions(subject: Subject, endpoint: str, event: Path, *numbers: int) -> int:
    """Run start.py in a new process and return the instructions that valgrind counts."""
    found = re.search(r"I +refs: +([\d,]+)", _ended(subject, endpoint, event, *numbers, before=VALGRIND))
    assert found
    return int(found[1].replace(",", ""))


def _ended(subject: Subject, endpoint: str, event: Path, *numbers: int, before: Sequence[str] = ()) -> str:
    environment = {
        "PATH": "/usr/bin:/bin", "AWS_ENDPOINT_URL": endpoint, "TABLE_NAME": TABLE, "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
        "POWERTOOLS_LOG_LEVEL": "INFO", "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent",
        "AWS_LAMBDA_INITIALIZATION_TYPE": subject.kind, "PYTHONHASHSEED": "0",
    }  # fmt: skip
    folders = f"{subject.folders}:{HERE}"
    command = [*before, sys.executable, "-S", HERE / "start.py", folders, subject.module, subject.attribute, event]
    ended = subprocess.run(
        [*command, *map(str, numbers)], env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"{subject.name} failed:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return ended.stderr


def zipped(folder: Path) -> float:
    """Return the size of a package as it is uploaded, in MB."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
            for path in folder.rglob("*"):
                package.write(path, path.relative_to(folder))
        return file.tell() / 1e6


def rounds(
    subjects: tuple[Subject, ...], number: int, endpoint: str, event: Path, *numbers: int
) -> dict[str, list[dict[str, float]]]:
    """Run each subject once a round, in a rotating order. Return the measurements by the subject's name."""
    found: dict[str, list[dict[str, float]]] = {subject.name: [] for subject in subjects}
    for turn in range(number):
        print(f"{event.stem}: round {turn + 1} of {number} ...", file=sys.stderr)
        index = turn % len(subjects)
        for subject in subjects[index:] + subjects[:index]:
            found[subject.name].append(run(subject, endpoint, event, *numbers))
    return found


def ratios(found: dict[str, list[dict[str, float]]], name: str, to: str, figure: str) -> list[float]:
    return [mine[figure] / reference[figure] for mine, reference in zip(found[name], found[to], strict=True)]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=15)
    words.add_argument("--before", help="the built package of an earlier version, to measure it too")
    given = words.parse_args()
    build()
    before = (OURS._replace(name="this project before", folders=given.before),) if given.before else ()
    subjects = (*SUBJECTS, *before, KEPT)
    event = PROJECT / "events" / "add_customer.json"
    with serving() as endpoint:
        rounds(subjects, 1, endpoint, event)  # reads every file once
        cold = rounds(subjects, given.rounds, endpoint, event)
        counted = {each.name: instructions(each, endpoint, event) for each in subjects} if VALGRIND_IS_HERE else {}
    write(
        "cold",
        [
            "start and first POST",
            "CPU, of raw boto3",
            "instructions, of raw boto3",
            "start, ms",
            "first POST, ms",
            "modules",
        ],
        [
            [
                name,
                spread(ratios(cold, name, RAW.name, "cpu")),
                f"{counted[name] / counted[RAW.name]:.2f}" if counted else "",
                spread([1e3 * each["init"] for each in runs], ".0f"),
                spread([1e3 * each["first"] for each in runs], ".1f"),
                f"{runs[0]['modules']:.0f}",
            ]
            for name, runs in cold.items()
        ],
        f"{given.rounds} rounds. The package has {zipped(PACKAGE):.1f} MB zipped.",
    )


if __name__ == "__main__":
    main()
