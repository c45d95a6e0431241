"""`make migrate NAME=...`: change all records that a migration applies to, while the system is in use.

The table is scanned in parallel segments. Each record is changed by one conditional write, so the command can be
interrupted and repeated at any time: it resumes where it stopped, and does not change a record a second time. It
runs with the credentials of an operator (the policy `MigrationPolicy` of template.yaml), never in a function.
"""

import argparse
import hashlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from tqdm import tqdm

from local.migrations import MIGRATIONS, Migration, Record
from local.ministack import client as local_client
from local.paths import LOCAL, STACK_FILE

SEGMENTS: Final = 8
_PAGE: Final = 500  # records of one page; after an interruption the page is read again
_STORED: Final = LOCAL / "migrations"


class Progress:
    """The position in each segment, stored in a file for the next run. A finished segment has the position None."""

    def __init__(self, file: Path, segments: int) -> None:
        self._file, self._lock = file, threading.Lock()
        stored = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        resumed = stored.get("segments") == segments
        self.positions: dict[str, Any] = stored["positions"] if resumed else {}
        self.scanned: int = stored["scanned"] if resumed else 0
        self.changed: int = stored["changed"] if resumed else 0
        self._segments = segments

    def is_finished(self, segment: int) -> bool:
        return str(segment) in self.positions and self.positions[str(segment)] is None

    def save(self, segment: int, position: Record | None, scanned: int, changed: int) -> None:
        with self._lock:
            self.positions[str(segment)] = position
            self.scanned, self.changed = self.scanned + scanned, self.changed + changed
            state = {"segments": self._segments, "positions": self.positions}
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_suffix(".part")
            part.write_text(json.dumps({**state, "scanned": self.scanned, "changed": self.changed}), encoding="utf-8")
            part.replace(self._file)

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)


def migrate(
    client: Any, table: str, migration: Migration, progress: Progress, *, segments: int, show: Callable[[int], object]
) -> None:
    """Apply `migration` to the table. `show` gets the number of records of each page that is done."""

    def work(segment: int) -> None:
        for page, position in _pages(client, table, migration, segment, segments, progress):
            changed = sum(_change(client, table, migration, record) for record in page["Items"])
            progress.save(segment, position, page["ScannedCount"], changed)
            show(page["ScannedCount"])

    with ThreadPoolExecutor(segments) as pool:
        list(pool.map(work, range(segments)))


def _pages(
    client: Any, table: str, migration: Migration, segment: int, segments: int, progress: Progress
) -> Iterator[tuple[Any, Record | None]]:
    """Yield the pages of a segment, and the position after each."""
    if progress.is_finished(segment):
        return
    position = progress.positions.get(str(segment))
    while True:
        page = client.scan(
            TableName=table,
            Segment=segment,
            TotalSegments=segments,
            Limit=_PAGE,
            ConsistentRead=True,
            FilterExpression=migration.needed,
            ExpressionAttributeNames=migration.names,
            **({"ExpressionAttributeValues": migration.values} if migration.values else {}),
            **({"ExclusiveStartKey": position} if position else {}),
        )
        position = page.get("LastEvaluatedKey")
        yield page, position
        if position is None:
            return


def _change(client: Any, table: str, migration: Migration, record: Record) -> bool:
    """Change a record, if it still needs the change. Return whether it was changed."""
    key = {"pk": record["pk"], "sk": record["sk"]}
    while record:
        attributes = migration.attributes(record)
        names = {f"#m{number}": name for number, name in enumerate(attributes)}
        version = {":version": record["version"]} if "version" in record else {}
        same = "#version = :version" if version else "attribute_not_exists(#version)"
        conditions = ["attribute_exists(pk)", migration.needed, same]
        try:
            client.update_item(
                TableName=table,
                Key=key,
                UpdateExpression="SET " + ", ".join(f"#m{number} = :m{number}" for number in range(len(attributes))),
                ConditionExpression=" AND ".join(f"({condition})" for condition in conditions),
                ExpressionAttributeNames={**migration.names, **names, "#version": "version"},
                ExpressionAttributeValues={
                    **version,
                    **migration.values,
                    **{f":m{number}": value for number, value in enumerate(attributes.values())},
                },
            )
        except client.exceptions.ConditionalCheckFailedException:
            # It was deleted or changed meanwhile, by a user of the service or by another run.
            fresh = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
            if fresh == record:
                return False
            record = fresh
        else:
            return True
    return False


def main() -> None:
    words = argparse.ArgumentParser(prog="make migrate NAME=schema_1", description=__doc__)
    words.add_argument("name", choices=sorted(MIGRATIONS))
    words.add_argument("--table", help="the table of a deployed stack; without it, that of the running local stack")
    words.add_argument("--segments", type=int, default=SEGMENTS)
    asked = words.parse_args()
    try:
        client, table = (boto3.client("dynamodb"), asked.table) if asked.table else _local()
        total = client.describe_table(TableName=table)["Table"]["ItemCount"]  # as of the last six hours
        state = hashlib.sha256(f"{client.meta.endpoint_url} {table}".encode()).hexdigest()[:16]
        progress = Progress(_STORED / f"{asked.name}-{state}.json", asked.segments)
        with tqdm(total=total, initial=progress.scanned, unit=" records") as bar:
            migrate(client, table, MIGRATIONS[asked.name], progress, segments=asked.segments, show=bar.update)
    except (OSError, BotoCoreError, ClientError) as error:
        sys.exit(f"The migration stopped. Run the same command again to resume it. ({error})")
    print(f"{progress.scanned} records were read and {progress.changed} changed.")
    progress.remove()


def _local() -> tuple[Any, str]:
    stack = json.loads(STACK_FILE.read_text(encoding="utf-8"))
    return local_client("dynamodb", stack["endpoint"]), stack["table"]


if __name__ == "__main__":
    main()
