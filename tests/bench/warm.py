"""Measure whole warm requests over HTTP to a stub of DynamoDB in another process, beside raw boto3 and frameworks.

    python -m tests.bench.warm [--rounds 9] [--before FOLDER]

Every project reads the same records from the same stub. CPU time is that of the measured process alone, so it does not
contain the stub's. Each round runs every project once, in a rotating order. Instructions are those of valgrind: the
difference between two runs that differ in the number of calls only.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

from local.deploy import build
from local.paths import PROJECT
from tests.bench.starts import OURS, RAW, SUBJECTS, VALGRIND_IS_HERE, Subject, instructions, ratios, rounds
from tests.bench.stub import CHILDREN, PARENT, serving
from tests.bench.tables import spread, write

UNMEASURED: Final = 60  # calls before the timed ones
COUNTED_AFTER: Final = 8  # calls before those whose instructions are counted: valgrind is slow


class Request(NamedTuple):
    """A request: the example event that it is made of, its path and query, and how many calls are measured."""

    name: str
    route: str
    path: str
    query: dict[str, str] | None
    calls: int
    function: str = "customers"


REQUESTS: Final = (
    Request("add", "add_customer", "/customers", None, 400),
    Request("get", "get_customer", f"/customers/{CHILDREN[0].id}", None, 400),
    Request("list of 100", "list_customers", "/customers", {"parent_id": PARENT.id, "limit": "100"}, 80),
    Request(
        "dashboard of 100", "list_devices", f"/customers/{PARENT.id}/devices",
        {"columns": "name,customer,storage_location,matches", "limit": "100"}, 80, "devices",
    ),
)  # fmt: skip


def event_of(request: Request) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((PROJECT / "events" / f"{request.route}.json").read_text())
    event["rawPath"] = event["requestContext"]["http"]["path"] = request.path
    if request.query:
        event["queryStringParameters"] = request.query
        event["rawQueryString"] = "&".join(f"{name}={value}" for name, value in request.query.items())
    if "{" in event["routeKey"]:
        event["pathParameters"] = {"customer_id": request.path.split("/")[2]}
    return event


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=9)
    words.add_argument("--before", help="the built package of an earlier version, to measure it too")
    given = words.parse_args()
    build()
    before = OURS._replace(name="this project before", folders=given.before or "")
    subjects = (*SUBJECTS, before) if given.before else SUBJECTS
    names = [subject.name for subject in subjects]
    cpu: dict[str, dict[str, list[dict[str, float]]]] = {}
    counted: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for request in REQUESTS:
            event = Path(folder) / f"{request.name}.json"
            event.write_text(json.dumps(event_of(request)))

            def served(subject: Subject, request: Request = request) -> Subject:
                ours = subject.attribute == OURS.attribute
                return subject._replace(module=f"functions.{request.function}") if ours else subject

            with serving() as endpoint:
                mine = tuple(map(served, subjects))
                cpu[request.name] = rounds(mine, given.rounds, endpoint, event, request.calls, UNMEASURED)
                if VALGRIND_IS_HERE:
                    counted[request.name] = {each.name: _counted(each, endpoint, event, request.calls) for each in mine}
    head = [request.name for request in REQUESTS]

    def of(name: str, to: str) -> list[str]:
        return [spread(ratios(cpu[request], name, to, "us")) for request in head]

    write(
        "warm",
        ["CPU of a warm request, of raw boto3", *head],
        [[name, *of(name, RAW.name)] for name in names],
        f"{given.rounds} rounds of {' / '.join(str(request.calls) for request in REQUESTS)} calls.",
    )
    write(
        "warm us",
        ["CPU of a warm request, µs here", *head],
        [[name, *(spread([each["us"] for each in cpu[request][name]], ",.0f") for request in head)] for name in names],
    )
    if counted:
        write(
            "warm instructions",
            ["instructions of a warm request, of raw boto3", *head],
            [
                [name, *(f"{counted[request][name] / counted[request][RAW.name]:.2f}" for request in head)]
                for name in names
            ],
            f"Raw boto3: {', '.join(f'{counted[request][RAW.name] / 1e6:.1f} million' for request in head)}.",
        )
    if given.before:
        print("CPU, of before:", dict(zip(head, of(OURS.name, before.name), strict=True)))
        for request, each in counted.items():
            print(f"instructions of {request}, of before: {each[OURS.name] / each[before.name]:.3f}")
    for request in head:
        sizes = {name: statistics.median(each["bytes"] for each in runs) for name, runs in cpu[request].items()}
        print(f"bytes of {request}: {sizes}")


def _counted(subject: Subject, endpoint: str, event: Path, calls: int) -> float:
    """Return the instructions of a call: the difference between two runs with different numbers of calls."""
    few, many = calls // 40, calls // 8
    counts = [instructions(subject, endpoint, event, number, COUNTED_AFTER) for number in (few, many)]
    return (counts[1] - counts[0]) / (many - few)


if __name__ == "__main__":
    main()
