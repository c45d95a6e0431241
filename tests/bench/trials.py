"""Measure how many trials a run ends per second, compared with a bare loop of the same updates and threads.

Both run on one ministack in alternating rounds, each on a table of its own. The results are the median and spread of
the ratios, and the requests and write units, which do not depend on the machine.
"""

import statistics
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from local.ministack import Ministack, free_port, running
from local.paths import PROJECT
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


def filled(ministack: Ministack, template: dict[str, Any], trials: list[Customer]) -> tuple[Any, DynamoStore, str]:
    client = ministack.client("dynamodb")
    table = _create_table(client, template)
    store = DynamoStore(client, table)
    for start in range(0, len(trials), 100):
        store.write(*(Put(customer_item(trial)) for trial in trials[start : start + 100]))
    return client, store, table


def bare(client: Any, table: str, trials: list[Customer]) -> float:
    """Return the seconds of the same UpdateItem calls in a bare loop of boto3, with as many threads."""

    def update(trial: Customer) -> None:
        client.update_item(
            TableName=table,
            Key={"pk": {"S": customer_key(trial.id)[0]}, "sk": {"S": "customer"}},
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
                ":due": {"S": customer_item(trial)["trial_due"]},
                ":end": {"S": format_timestamp(END)},
                ":level": {"S": "end_customer"},
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    started = time.perf_counter()
    with ThreadPoolExecutor(TRIAL_SHARDS) as pool:
        list(pool.map(update, trials))
    return time.perf_counter() - started


def ours(store: DynamoStore) -> float:
    started = time.perf_counter()
    outcomes = end_trials(store, END, time_is_up=lambda: False)
    took = time.perf_counter() - started
    assert outcomes == {"ended": TRIALS}, outcomes
    return took


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
    ratios, rates, cpu = [], [], []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), free_port()) as ministack:
        for turn in range(ROUNDS):
            print(f"round {turn + 1} of {ROUNDS} ...", file=sys.stderr)
            client, _, table = filled(ministack, template, trials)
            reference = bare(client, table, trials)
            _, store, _ = filled(ministack, template, trials)
            used = time.process_time()
            took = ours(store)
            cpu.append((time.process_time() - used) / TRIALS)
            ratios.append(reference / took)
            rates.append(TRIALS / took)
        client, store, _ = filled(ministack, template, trials)
        requests, units = counted(client, store)
    write(
        "trials",
        ["trials ended by one call of the function", "median and spread"],
        [
            ["of the rate of a bare loop of the same UpdateItem", spread(ratios)],
            ["trials a second here", spread(rates, ".0f")],
            ["CPU of a trial, ms", spread([1e3 * each for each in cpu])],
            [f"requests for {TRIALS:,} trials", ", ".join(f"{number:,} {name}" for name, number in requests.items())],
            ["write units of a trial", f"{units:g}"],
        ],
        f"{TRIALS:,} trials due, {ROUNDS} rounds in turns, {TRIAL_SHARDS} threads, one ministack.",
    )


if __name__ == "__main__":
    main()
