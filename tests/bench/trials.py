"""Measure the CPU of an ended trial and the trials per second, beside bare loops of the same updates and threads.

One bare loop has the client of the functions, and the other one boto3's own. All run on one ministack in a rotating
order, each on a table of its own. The CPU is that of this process alone, without ministack's. The results are the
median and spread of the ratios, and the requests and write units, which do not depend on the machine.
"""

import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import boto3
import yaml
from botocore.config import Config

from local.ministack import ACCOUNT, REGION, Ministack, free_port, running
from local.paths import PROJECT
from shared.aws import clients
from shared.customers.customer import Customer
from shared.customers.records import customer_item
from shared.table.dynamodb import DynamoStore
from shared.table.keys import TRIAL_SHARDS, customer_key
from shared.table.store import Put
from shared.trials.use_cases import _REQUIRED_ATTRIBUTES, end_trials
from shared.values.timestamps import format_timestamp
from tests.bench.tables import spread, write
from tests.builders import NOW, a_customer
from tests.conftest import _create_table, _Tags

TRIALS: Final = 2_000
ROUNDS: Final = 5
END: Final = NOW + timedelta(days=30)


class Took(NamedTuple):
    """The time and this process' CPU time of a measurement, in seconds."""

    wall: float
    cpu: float


def measured(work: Callable[[], object]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def function_client(ministack: Ministack) -> Any:
    """Return a client as the functions have it, but with a long timeout for the emulator."""
    environment = {
        "AWS_ENDPOINT_URL": ministack.endpoint, "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
    }  # fmt: skip
    with patch.dict(os.environ, environment):
        return clients.client("dynamodb", read_seconds=60)


def plain_client(ministack: Ministack) -> Any:
    """Return boto3's own client."""
    return boto3.Session(ACCOUNT, "local", region_name=REGION).client(
        "dynamodb", endpoint_url=ministack.endpoint, config=Config(max_pool_connections=TRIAL_SHARDS)
    )


def filled(client: Any, template: dict[str, Any], trials: list[Customer]) -> tuple[DynamoStore, str]:
    """Return a new table with these trials, and a store on it."""
    table = _create_table(client, template)
    store = DynamoStore(client, table)
    for start in range(0, len(trials), 100):
        store.write(*(Put(customer_item(trial)) for trial in trials[start : start + 100]))
    return store, table


def bare(client: Any, table: str, trials: list[tuple[str, str]]) -> Took:
    """Return the time of the same UpdateItem calls in a bare loop of boto3, with as many threads."""

    def update(trial: tuple[str, str]) -> None:
        customer_id, due = trial
        client.update_item(
            TableName=table,
            Key={"pk": {"S": customer_key(customer_id)[0]}, "sk": {"S": "customer"}},
            UpdateExpression="SET #s = :s, #b = :b, #v = #v + :one REMOVE #r1, #r2",
            ConditionExpression="attribute_exists(#pk) AND #due = :due AND #end = :end AND #level = :level"
            " AND attribute_not_exists(#s) AND attribute_type(#v, :number)"
            + "".join(f" AND attribute_exists(#t{n})" for n in range(len(_REQUIRED_ATTRIBUTES))),
            ExpressionAttributeNames={
                "#pk": "pk",
                "#s": "production_since",
                "#b": "trial_ended_by",
                "#v": "version",
                "#r1": "trial_shard",
                "#r2": "trial_due",
                "#due": "trial_due",
                "#end": "trial_ends_at",
                "#level": "level",
                **{f"#t{n}": name for n, name in enumerate(_REQUIRED_ATTRIBUTES)},
            },
            ExpressionAttributeValues={
                ":s": {"S": format_timestamp(END)},
                ":b": {"S": "schedule"},
                ":one": {"N": "1"},
                ":number": {"S": "N"},
                ":due": {"S": due},
                ":end": {"S": format_timestamp(END)},
                ":level": {"S": "end_customer"},
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    def loop() -> None:
        with ThreadPoolExecutor(TRIAL_SHARDS) as pool:
            list(pool.map(update, trials))

    return measured(loop)


def ours(store: DynamoStore) -> Took:
    def run() -> None:
        outcomes = end_trials(store, END, time_is_up=lambda: False)
        assert outcomes == {"ended": TRIALS}, outcomes

    return measured(run)


def counted(client: Any, store: DynamoStore) -> tuple[Counter[str], float]:
    """Return the requests of one run, and the write units of one trial."""
    requests: Counter[str] = Counter()
    units: list[float] = []

    def before(params: dict[str, Any], model: Any, **_: Any) -> None:
        requests[model.name] += 1
        if model.name == "UpdateItem":
            params["ReturnConsumedCapacity"] = "TOTAL"

    def after(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name == "UpdateItem":
            units.append(parsed["ConsumedCapacity"]["CapacityUnits"])

    client.meta.events.register("provide-client-params.dynamodb.*", before)
    client.meta.events.register("after-call.dynamodb.*", after)
    end_trials(store, END, time_is_up=lambda: False)
    return requests, statistics.mean(units)


def main() -> None:
    template = yaml.load((PROJECT / "template.yaml").read_text(), Loader=_Tags)  # noqa: S506
    reseller = a_customer("reseller")
    trials = [a_customer("end_customer", reseller, name=f"T{n}", in_trial=True) for n in range(TRIALS)]
    due = [(trial.id, customer_item(trial)["trial_due"]) for trial in trials]
    took: dict[str, list[Took]] = {"ours": [], "same client": [], "plain boto3": []}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), free_port()) as ministack:
        client = function_client(ministack)

        def run(name: str) -> Took:
            used = plain_client(ministack) if name == "plain boto3" else client
            store, table = filled(used, template, trials)
            return ours(store) if name == "ours" else bare(used, table, due)

        for turn in range(ROUNDS):
            print(f"round {turn + 1} of {ROUNDS} ...", file=sys.stderr)
            for place in range(len(took)):
                name = list(took)[(turn + place) % len(took)]
                took[name].append(run(name))
        store, _ = filled(client, template, trials)
        requests, units = counted(client, store)

    def of(name: str, figure: str) -> list[float]:
        pairs = zip(took["ours"], took[name], strict=True)
        return [getattr(mine, figure) / getattr(theirs, figure) for mine, theirs in pairs]

    write(
        "trials",
        ["trials ended by one call of the function", "median and spread"],
        [
            ["CPU of a trial, of a bare loop with the same client", spread(of("same client", "cpu"))],
            ["CPU of a trial, of a bare loop with boto3's own client", spread(of("plain boto3", "cpu"))],
            ["CPU of a trial, ms", spread([1e3 * each.cpu / TRIALS for each in took["ours"]])],
            ["rate, of a bare loop with the same client", spread([1 / each for each in of("same client", "wall")])],
            ["trials a second here", spread([TRIALS / each.wall for each in took["ours"]], ".0f")],
            [f"requests for {TRIALS:,} trials", ", ".join(f"{number:,} {name}" for name, number in requests.items())],
            ["write units of a trial", f"{units:g}"],
        ],
        f"{TRIALS:,} trials due, {ROUNDS} rounds in turns, {TRIAL_SHARDS} threads, one ministack.",
    )


if __name__ == "__main__":
    main()
