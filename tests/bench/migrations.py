"""Measure `make migrate` for 100,000 records, compared with a bare loop of the same number of updates, on ministack.

python -m tests.bench.migrations
"""

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from pathlib import Path
from typing import Any, Final

import yaml
from tqdm import tqdm

from local.migrate import SEGMENTS, Progress, migrate
from local.migrations import MIGRATIONS
from local.ministack import free_port, running
from local.paths import PROJECT
from tests.conftest import _create_table, _Tags

RECORDS: Final = 100_000
RELEASED: Final = PROJECT / "tests" / "released_records" / "schema_0.json"


def fill(client: Any, table: str, records: int) -> None:
    """Write copies of the record of a customer from the first version, which has no schema number."""
    released = json.loads(RELEASED.read_text())["records"]
    customer = next(record for record in released if record["sk"]["S"] == "customer" and "parent_id" in record)
    items = ({**customer, "pk": {"S": f"customer#cus_{number:026}"}} for number in range(records))

    def put(some: Any) -> None:
        client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}} for item in some]})

    with ThreadPoolExecutor(SEGMENTS) as pool:
        list(tqdm(pool.map(put, batched(items, 25, strict=False)), total=records // 25, unit=" batches"))


def bare(client: Any, table: str, records: int) -> float:
    """Return the seconds for the same number of updates, without conditions and without reading."""

    def update(number: int) -> None:
        key = {"pk": {"S": f"customer#cus_{number:026}"}, "sk": {"S": "customer"}}
        client.update_item(
            TableName=table, Key=key, UpdateExpression="SET bare = :one", ExpressionAttributeValues={":one": {"N": "1"}}
        )

    started = time.perf_counter()
    with ThreadPoolExecutor(SEGMENTS) as pool:
        list(tqdm(pool.map(update, range(records)), total=records, unit=" updates"))
    return time.perf_counter() - started


def main() -> None:
    records = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    template = yaml.load((PROJECT / "template.yaml").read_text(), Loader=_Tags)  # noqa: S506 - our own file
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), free_port()) as ministack:
        client = ministack.client("dynamodb")
        table = _create_table(client, template)
        fill(client, table, records)
        progress = Progress(Path(folder) / "progress.json", SEGMENTS)
        started = time.perf_counter()
        with tqdm(total=records, unit=" records") as bar:
            migrate(client, table, MIGRATIONS["schema_1"], progress, segments=SEGMENTS, show=bar.update)
        took = time.perf_counter() - started
        assert (progress.scanned, progress.changed) == (records, records)
        reference = bare(client, table, records)
    print(f"{records} records: {took:.0f} s, {took / reference:.2f} of a bare loop of updates ({reference:.0f} s)")


if __name__ == "__main__":
    main()
