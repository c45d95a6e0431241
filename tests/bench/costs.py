"""Compute the cost of operations and of a month from the units in docs/benchmarks.md. Write docs/costs.md.

python -m tests.bench.costs
"""

import re
from typing import Final, NamedTuple

import yaml

from local.paths import PROJECT
from tests.bench.tables import PAGE, write
from tests.conftest import _Tags

COSTS: Final = PROJECT / "docs" / "costs.md"
HOURS: Final = 730
MILLION: Final = 1e6

# Dollars, us-east-1, on demand, from public lists and articles of 2024 to 2026. Look them up before you rely on them.
WRITE_UNITS, READ_UNITS = 0.625, 0.125  # a million, DynamoDB on demand
STORED, RESTORABLE = 0.25, 0.20  # for a GB and month: the table, its continuous backups
CALLS, GB_SECOND = 0.20, 0.0000133334  # a million calls of Lambda; its memory, arm64
KEPT_START, RESTORE = 0.0000015046, 0.00014  # SnapStart: a GB-second of a stored snapshot, a GB of a restore
GATEWAY, EVENTS, LOGS = 1.00, 1.00, 0.50  # a million requests of an HTTP API; a million events; a GB
ALARM, METRIC = 0.10, 0.30  # a month
CPU_HOUR, GB_HOUR = 0.03238, 0.00356  # Fargate, arm64
POSTGRES_HOUR, POSTGRES_GB = 0.130, 0.23  # db.t4g.medium in two zones; gp3 in two zones
BALANCER_HOUR, BALANCER_UNIT_HOUR = 0.0225, 0.008

# Assumptions, because AWS was not available: a response of DynamoDB takes 5 ms. A call takes 0.26 ms of CPU, and 0.6 ms
# for each request of botocore, as measured, on the 0.29 vCPU that 512 MB get. A call writes 1.3 KB of log.
MEMORY: Final = 0.5
LOG_GB: Final = 1.3e-6


SNAPSTART: Final = "SnapStart, if it is turned on"


class Operation(NamedTuple):
    """The requests, units and events of an operation. The units of the indexes were measured on ministack."""

    requests: int
    reads: float
    writes: float
    indexes: int = 0
    events: int = 0

    @property
    def seconds(self) -> float:
        return (0.26 + 0.6 * self.requests) / 0.29 / 1e3 + 0.005 * self.requests

    @property
    def a_million(self) -> float:
        """Return the dollars for a million, including the gateway and the log."""
        function = CALLS + self.seconds * MEMORY * GB_SECOND * MILLION
        units = READ_UNITS * self.reads + WRITE_UNITS * (self.writes + self.indexes)
        # The stream calls the function with about ten records in a batch.
        published = self.events * (EVENTS + 0.1 * function)
        return GATEWAY + function + units + published + LOGS * LOG_GB * MILLION


def counted(name: str, *, indexes: int = 0, events: int = 0) -> Operation:
    """Read an operation from the table of requests, which a test compares with the code."""
    found = re.search(rf"^\| {name} \| (\d+):[^|]*\| ([\d.]+) \| ([\d.]+) \|", PAGE.read_text(), re.MULTILINE)
    assert found, name
    return Operation(int(found[1]), float(found[2]), float(found[3]), indexes, events)


def operations() -> dict[str, Operation]:
    return {
        "add an end-customer on trial": counted("add_customer", indexes=3, events=1),
        "the same request again": Operation(1, 6, 0),
        "change a customer": counted("change_customer", indexes=2, events=1),
        "read a customer": Operation(1, 2, 0),
        "a page of a list": Operation(2, 6, 0),  # 25 records of 1 KB, eventually consistent, and the caller
        "a page of the dashboard": Operation(3, 20, 0),  # 100 devices of 0.5 KB, their ten customers, and the caller
        "end a trial early": counted("start_production", indexes=3, events=1),
        "invite a person, at most": counted("add_account", indexes=1, events=1),
    }


def month(customers: int, costs: dict[str, Operation]) -> dict[str, float]:
    """Return a month's costs. A tenth of the customers are new and on trial. Each is changed once and read 30 times."""
    used = {
        "add an end-customer on trial": customers / 10,
        "change a customer": customers,
        "read a customer": 30 * customers,
        "a page of a list": 2 * customers,
        "a page of the dashboard": customers,
    }
    template = yaml.load((PROJECT / "template.yaml").read_text(), Loader=_Tags)["Resources"]  # noqa: S506
    on = [each for each in template.values() if each["Type"] == "AWS::CloudWatch::Alarm" and "Condition" not in each]
    # An alarm on an expression costs the price of an alarm for each of its metrics.
    alarms = sum(sum("MetricStat" in each for each in a["Properties"].get("Metrics", [])) or 1 for a in on)
    functions = [each["Properties"] for each in template.values() if each["Type"] == "AWS::Serverless::Function"]
    kept = sum(each.get("MemorySize", 512) / 1024 for each in functions if "SnapStart" in each)  # GB
    gigabytes = customers * 4e-6  # a record and its name record, 1 KB each, and copies of both in two indexes
    runs = HOURS * 12 * (16 * 0.5 * READ_UNITS + CALLS) / MILLION
    ends = (
        customers / 10 * ((3 * 5 + 4) * WRITE_UNITS + 4 * EVENTS) / MILLION
    )  # three reminders of 5 units, an end of 4
    # 78 requests a minute, of which 0.4 % meet a cold start: see tests/bench/cold_starts.py, 60 a minute.
    starts = 0.004 * sum(used.values()) * MEMORY * RESTORE
    return {
        "requests": sum(costs[name].a_million * times / MILLION for name, times in used.items()),
        "trials: the schedule, reminders, ends": runs + ends,
        "the table and its backups": gigabytes * (STORED + RESTORABLE),
        "alarms and metrics": alarms * ALARM + 30 * METRIC,
        SNAPSTART: kept * HOURS * 3600 * KEPT_START + starts,
    }


def container() -> dict[str, float]:
    """Return the cost of a container: two tasks of half a vCPU and 1 GB, a load balancer, PostgreSQL in two zones."""
    return {
        "two tasks": 2 * HOURS * (0.5 * CPU_HOUR + GB_HOUR),
        "PostgreSQL, two zones, 20 GB": HOURS * POSTGRES_HOUR + 20 * POSTGRES_GB,
        "load balancer": HOURS * (BALANCER_HOUR + BALANCER_UNIT_HOUR),
    }


def main() -> None:
    costs = operations()
    write(
        "operations",
        ["operation", "requests", "read units", "write units, with indexes", "dollars a million"],
        [
            [name, each.requests, f"{each.reads:g}", f"{each.writes + each.indexes:g}", f"{each.a_million:.2f}"]
            for name, each in costs.items()
        ],
        page=COSTS,
    )
    ours, theirs = month(100_000, costs), container()
    snapstart = ours.pop(SNAPSTART)
    write(
        "month",
        ["100,000 customers, a month", "dollars"],
        [
            *([name, f"{dollars:.2f}"] for name, dollars in ours.items()),
            ["**all**", f"**{sum(ours.values()):.2f}**"],
            [SNAPSTART, f"{snapstart:.2f}"],
            *([f"container: {name}", f"{dollars:.2f}"] for name, dollars in theirs.items()),
            ["**container: all**", f"**{sum(theirs.values()):.2f}**"],
        ],
        page=COSTS,
    )
    fixed = ours["alarms and metrics"]
    growing = (sum(ours.values()) - fixed) / 100_000
    equal = (sum(theirs.values()) - fixed) / growing
    with_snapstart = (sum(theirs.values()) - fixed - snapstart) / growing
    write(
        "turn",
        ["the container is cheaper from", "customers"],
        [
            ["without SnapStart", f"{round(equal, -4):,.0f}"],
            ["with SnapStart", f"{round(with_snapstart, -4):,.0f}"],
        ],
        page=COSTS,
    )


if __name__ == "__main__":
    main()
