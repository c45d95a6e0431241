"""Tests: a migration changes every record once, however often it is interrupted, and publishes no event."""

import json
from pathlib import Path
from typing import Any

import pytest

from local import migrate as command
from local.migrate import Progress, migrate
from local.migrations import MIGRATIONS, Migration
from shared.devices.device import Device
from shared.devices.records import device_item
from shared.events.events import events_for_change
from shared.table.dynamodb import DynamoStore, deserialize
from shared.table.store import SCHEMA

RELEASED = Path(__file__).parents[1] / "released_records"
SCHEMA_1 = MIGRATIONS["schema_1"]


@pytest.fixture
def table(moto_store: DynamoStore, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, str]:
    """A table with the records of the first version, which had no schema numbers."""
    monkeypatch.setattr(command, "_PAGE", 3)
    client, name = moto_store._client, moto_store._table
    for record in json.loads((RELEASED / "schema_0.json").read_text())["records"]:
        client.put_item(TableName=name, Item=record)
    return client, name


def records(client: Any, name: str) -> dict[tuple[str, str], Any]:
    pages = client.get_paginator("scan").paginate(TableName=name)
    return {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}


def run(table: tuple[Any, str], file: Path, migration: Migration = SCHEMA_1, segments: int = 3) -> Progress:
    progress = Progress(file, segments)
    migrate(*table, migration, progress, segments=segments, show=lambda _: None)
    return progress


def test_every_schema_number_has_a_migration() -> None:
    of_schemas = [name for name in MIGRATIONS if name.startswith("schema_")]
    assert sorted(of_schemas) == [f"schema_{number}" for number in range(1, SCHEMA + 1)]


def test_migrated_devices_are_listed_by_name_before_those_below(table: tuple[Any, str], tmp_path: Path) -> None:
    devices = {key: record for key, record in records(*table).items() if key[1].startswith("device#")}
    assert any("tree" in record for record in devices.values())
    progress = run(table, tmp_path / "progress.json", MIGRATIONS["device_positions"])
    assert progress.changed == sum("tree" in record for record in devices.values())
    for key, before in devices.items():
        after = records(*table)[key]
        assert {**after, "path": None} == {**before, "path": None}
        expected = device_item(Device.model_validate(deserialize(before))).get("path")
        assert deserialize(after).get("path") == expected
        assert list(events_for_change(deserialize(before), deserialize(after))) == []
    assert run(table, tmp_path / "another.json", MIGRATIONS["device_positions"]).changed == 0


def test_migration_adds_the_schema_number_and_nothing_else(table: tuple[Any, str], tmp_path: Path) -> None:
    before = records(*table)
    progress = run(table, tmp_path / "progress.json")
    after = records(*table)
    assert after == {key: {**record, "schema": {"N": "1"}} for key, record in before.items()}
    assert (progress.scanned, progress.changed) == (len(before), len(before))
    for key, record in after.items():
        old, new = deserialize(before[key]), deserialize(record)
        assert list(events_for_change(old, new)) == []
    again = run(table, tmp_path / "another.json")
    assert (again.scanned, again.changed, records(*table)) == (len(before), 0, after)


def test_interrupted_migration_resumes_and_changes_each_record_once(table: tuple[Any, str], tmp_path: Path) -> None:
    client, name = table
    number, updated, file = len(records(*table)), list[str](), tmp_path / "progress.json"
    stop_after = 5

    class Stopping:
        """A client whose process stops after some updates."""

        def __getattr__(self, attribute: str) -> Any:
            return getattr(client, attribute)

        def update_item(self, **request: Any) -> Any:
            if len(updated) >= stop_after:
                raise ConnectionError
            updated.append(json.dumps(request["Key"]))
            return client.update_item(**request)

    runs = 0
    while runs < 50:
        runs, stop_after = runs + 1, stop_after + 9
        try:
            progress = run((Stopping(), name), file)
        except ConnectionError:
            assert json.loads(file.read_text())["segments"] == 3
        else:
            break
    assert runs > 2
    assert sorted(updated) == sorted(set(updated))
    assert len(updated) == number
    assert {record["schema"]["N"] for record in records(*table).values()} == {"1"}
    assert number <= progress.scanned <= number + runs * 3 * 3  # a page of each segment is read again


def test_record_that_is_changed_meanwhile_is_migrated_as_it_is_now(table: tuple[Any, str], tmp_path: Path) -> None:
    client, name = table
    changed: list[Any] = []

    def attributes(record: Any) -> Any:
        if "version" in record and record["sk"]["S"] == "customer" and not changed:
            changed.append(record)
            put = {":v": {"N": str(int(record["version"]["N"]) + 1)}, ":n": {"S": "New name"}}
            client.update_item(
                TableName=name,
                Key={"pk": record["pk"], "sk": record["sk"]},
                UpdateExpression="SET version = :v, #n = :n",
                ExpressionAttributeNames={"#n": "name"},
                ExpressionAttributeValues=put,
            )
        return {"schema": {"N": "1"}, "copy_of_name": record.get("name", {"S": ""})}

    run(table, tmp_path / "progress.json", SCHEMA_1._replace(attributes=attributes), segments=1)
    record = records(*table)[changed[0]["pk"]["S"], "customer"]
    assert (record["name"], record["copy_of_name"]) == ({"S": "New name"}, {"S": "New name"})


def test_record_that_is_deleted_meanwhile_stays_deleted(table: tuple[Any, str], tmp_path: Path) -> None:
    client, name = table
    gone: list[Any] = []

    def attributes(record: Any) -> Any:
        if not gone:
            gone.append((record["pk"]["S"], record["sk"]["S"]))
            client.delete_item(TableName=name, Key={"pk": record["pk"], "sk": record["sk"]})
        return {"schema": {"N": "1"}}

    run(table, tmp_path / "progress.json", SCHEMA_1._replace(attributes=attributes), segments=1)
    assert gone[0] not in records(*table)


def test_command_names_the_migrations_and_says_how_to_resume(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "STACK_FILE", tmp_path / "absent.json")
    monkeypatch.setattr("sys.argv", ["migrate", "schema_1"])
    with pytest.raises(SystemExit, match="Run the same command again to resume it"):
        command.main()
    monkeypatch.setattr("sys.argv", ["migrate", "schema_99"])
    with pytest.raises(SystemExit):
        command.main()
    assert "choose from" in capsys.readouterr().err
