"""`make restore`: restore the table under a new name, check it, and reconcile the user pool with it.

`make restore-drill` does the same on the running local stack with an on-demand backup, and removes the restored table.
A restore never changes the table that is in use. See docs/restoring.md.
"""

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.invariants import violations
from local.ministack import client as local_client
from local.paths import STACK_FILE
from shared.accounts.identities import CognitoUserDirectory, UserDirectory
from shared.accounts.reconciliation import Difference, differences, repair
from shared.accounts.sign_ins import sync_identity
from shared.auth.authorization import Account
from shared.table.dynamodb import DynamoStore, deserialize
from shared.table.keys import Item, Key

_POLL_SECONDS: Final = 5


def restore_backup(dynamodb: Any, backup_arn: str, target: str) -> None:
    """Restore an on-demand backup as the table `target`."""
    dynamodb.restore_table_from_backup(TargetTableName=target, BackupArn=backup_arn)
    _wait(dynamodb, target)


def restore_to(dynamodb: Any, source: str, target: str, at: datetime) -> None:
    """Restore the state of the table `source` at a time in the last 35 days, as the table `target`."""
    dynamodb.restore_table_to_point_in_time(SourceTableName=source, TargetTableName=target, RestoreDateTime=at)
    _wait(dynamodb, target)


def _wait(dynamodb: Any, table: str) -> None:
    while dynamodb.describe_table(TableName=table)["Table"]["TableStatus"] != "ACTIVE":
        time.sleep(_POLL_SECONDS)


def exists(dynamodb: Any, table: str) -> bool:
    try:
        dynamodb.describe_table(TableName=table)
    except dynamodb.exceptions.ResourceNotFoundException:
        return False
    return True


def enable_features(dynamodb: Any, table: str) -> str:
    """Enable the features that a restored table lacks. Return the label of its stream, for RestoredStreamLabel.

    DynamoDB rejects enabling a stream or time-to-live that is enabled, so a repeat of the command skips them.
    """
    if not dynamodb.describe_table(TableName=table)["Table"].get("StreamSpecification", {}).get("StreamEnabled"):
        stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        dynamodb.update_table(TableName=table, StreamSpecification=stream, DeletionProtectionEnabled=True)
        _wait(dynamodb, table)
    expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
    if expiry not in ("ENABLED", "ENABLING"):
        dynamodb.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
        )
    dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    label: str = dynamodb.describe_table(TableName=table)["Table"].get("LatestStreamLabel", "")
    return label


def read_table(dynamodb: Any, table: str) -> dict[Key, Item]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    items = (deserialize(item) for page in pages for item in page["Items"])
    return {(item["pk"], item["sk"]): item for item in items}


def find_differences(items: dict[Key, Item], directory: UserDirectory, now: datetime) -> list[Difference]:
    """Compare the accounts of a table with the sign-ins of a user pool."""
    accounts = (Account.model_validate(item) for (_, sk), item in items.items() if sk == "account")
    sign_ins = {each.name: each for each in directory.list_all()}
    return list(differences(accounts, sign_ins, now, skip_pending=False))


def reconcile(store: DynamoStore, directory: UserDirectory, found: list[Difference], now: datetime) -> None:
    """Make the sign-ins agree with the restored accounts. Repeating it is safe."""
    for difference in found:
        repair(store, directory, difference, now)
        if difference.account:  # the restored table has no function at its stream yet
            sync_identity(store, directory, difference.account.id, now)


def check(dynamodb: Any, cognito: Any, table: str, pool: str, now: datetime, *, apply: bool) -> bool:
    """Print the differences of a restored table and the user pool. Return whether there are none left."""
    items, directory = read_table(dynamodb, table), CognitoUserDirectory(cognito, pool)
    broken, found = violations(items), find_differences(items, directory, now)
    print(f"{len(items)} records, {len(broken)} invariants that do not hold, {len(found)} sign-ins that differ.")
    for words in broken:
        print(f"  {words}")
    for difference in found:
        print(f"  {difference.sign_in}: {difference.found}")
    if apply:
        reconcile(DynamoStore(dynamodb, table), directory, found, now)
        found = find_differences(read_table(dynamodb, table), directory, now)
        print(f"After reconciling, {len(found)} sign-ins differ.")
    return not broken and not found


def drill(dynamodb: Any, cognito: Any, table: str, pool: str) -> bool:
    """Back the table up, restore it under another name, check it, and remove everything that the drill created."""
    started = time.perf_counter()
    target = f"{table}-drill-{datetime.now(UTC):%Y%m%d%H%M%S}"
    backup = dynamodb.create_backup(TableName=table, BackupName=target)["BackupDetails"]["BackupArn"]
    try:
        restore_backup(dynamodb, backup, target)
        restored = time.perf_counter()
        print(f"Restored as {target} in {restored - started:.1f} s.")
        whole = check(dynamodb, cognito, target, pool, datetime.now(UTC), apply=False)
        print(f"Checked in {time.perf_counter() - restored:.1f} s.")
    finally:
        if exists(dynamodb, target):
            dynamodb.delete_table(TableName=target)
        dynamodb.delete_backup(BackupArn=backup)
    return whole


def main() -> None:
    words = argparse.ArgumentParser(prog="make restore", description=__doc__)
    words.add_argument("--drill", action="store_true", help="on the running local stack")
    words.add_argument("--table", help="the table that is in use")
    words.add_argument("--target", help="the name of the restored table")
    words.add_argument("--at", type=datetime.fromisoformat, help="the time to restore, such as 2026-12-01T10:00:00Z")
    words.add_argument("--pool", help="the user pool")
    words.add_argument("--apply", action="store_true", help="make the sign-ins agree with the restored accounts")
    asked = words.parse_args()
    if not asked.drill and not (asked.table and asked.target and asked.pool):
        words.error("give TABLE, TARGET, AT and POOL: make restore TABLE=... TARGET=... AT=... POOL=...")
    try:
        if asked.drill:
            stack = json.loads(STACK_FILE.read_text(encoding="utf-8"))
            dynamodb, cognito = (local_client(each, stack["endpoint"]) for each in ("dynamodb", "cognito-idp"))
            whole = drill(dynamodb, cognito, stack["table"], stack["user_pool_id"])
        else:
            dynamodb, cognito = boto3.client("dynamodb"), boto3.client("cognito-idp")
            if not exists(dynamodb, asked.target):
                if asked.at is None:
                    words.error("give the time to restore: AT=2026-12-01T10:00:00Z")
                restore_to(dynamodb, asked.table, asked.target, asked.at)
            print(f"RestoredTable={asked.target} RestoredStreamLabel={enable_features(dynamodb, asked.target)}")
            whole = check(dynamodb, cognito, asked.target, asked.pool, datetime.now(UTC), apply=asked.apply)
    except (OSError, BotoCoreError, ClientError) as error:
        sys.exit(f"The restore stopped. The table that is in use was not changed. Run the command again. ({error})")
    sys.exit(0 if whole else "Something differs: see the lines above and docs/restoring.md.")


if __name__ == "__main__":
    main()
