"""Tests: a restored table is checked, the user pool is reconciled with it, and events of a new epoch are new."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from local import restore
from local.invariants import violations
from shared.accounts.identities import CognitoUserDirectory
from shared.accounts.mails import Invitation
from shared.auth.authorization import Account
from shared.events.events import events_for_change, in_epoch
from shared.table.dynamodb import DynamoStore, deserialize
from shared.table.keys import account_key
from tests.builders import ROOT, an_account, bootstrap_in, put
from tests.conftest import RunningStack

RELEASED = Path(__file__).parents[1] / "released_records"

INVITATION = Invitation("Nordic", "Ada", "")


def test_point_in_time_restore_names_the_table_and_the_time() -> None:
    """The local stack ignores the time, so only the request is tested. It was not tested on AWS."""
    client = boto3.client("dynamodb", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    at = datetime(2026, 12, 1, 10, tzinfo=UTC)
    with Stubber(client) as stub:
        expected = {"SourceTableName": "old", "TargetTableName": "new", "RestoreDateTime": at}
        stub.add_response("restore_table_to_point_in_time", {}, expected)
        stub.add_response("describe_table", {"Table": {"TableStatus": "ACTIVE"}}, {"TableName": "new"})
        restore.restore_to(client, "old", "new", at)
        stub.assert_no_pending_responses()


def test_restore_asks_for_a_time_only_if_the_target_is_absent(
    moto_store: DynamoStore, moto_user_pool: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bootstrap_in(moto_store)
    table = moto_store._table
    arguments = ["restore", "--table", table, "--pool", moto_user_pool, "--target"]
    monkeypatch.setattr("sys.argv", [*arguments, "absent"])
    with pytest.raises(SystemExit):
        restore.main()
    assert "give the time to restore" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", [*arguments, table])
    with pytest.raises(SystemExit, match="Something differs"):  # the root's sign-in is missing
        restore.main()
    assert f"RestoredTable={table} RestoredStreamLabel=20" in capsys.readouterr().out


def test_features_are_enabled_once_because_dynamodb_rejects_it_twice(moto_store: DynamoStore) -> None:
    sent: list[str] = []
    client = moto_store._client
    client.meta.events.register("before-call.dynamodb.*", lambda model, **_: sent.append(model.name))
    first, second = (restore.enable_features(client, moto_store._table) for _ in range(2))
    assert first == second
    assert (sent.count("UpdateTable"), sent.count("UpdateTimeToLive")) == (1, 1)


def test_sign_ins_are_reconciled_with_the_restored_accounts(moto_store: DynamoStore, moto_user_pool: str) -> None:
    bootstrap_in(moto_store)
    cognito, pool = boto3.client("cognito-idp"), moto_user_pool
    directory = CognitoUserDirectory(cognito, pool)
    kinds = ("agrees", "disabled_since", "enabled_since", "missing", "removed")
    accounts = {
        name: an_account(
            "operator",
            ROOT,
            id=f"acc_{name}",
            email=f"{name}@example.com",
            disabled=name == "enabled_since",
            removed=name == "removed",
        )
        for name in kinds
    }
    machine = an_account("supporter", ROOT, id="acc_machine", kind="api", email=None)
    put(moto_store, *accounts.values(), machine)
    for name, account in accounts.items():
        if name != "missing":
            directory.invite(account.id, account.email or "", INVITATION)
    directory.enable("acc_disabled_since", enabled=False)
    directory.invite("acc_later", "later@example.com", INVITATION)
    root = next(item["id"] for key, item in restore.read_table(moto_store._client, moto_store._table).items()
                if key[1] == "account" and item["role"] == "super_user")  # fmt: skip
    directory.invite(root, "root@example.com", INVITATION)

    later = datetime.now(UTC) + timedelta(hours=2)

    def found() -> set[tuple[str, str]]:
        items = restore.read_table(moto_store._client, moto_store._table)
        return {(each.sign_in, each.found) for each in restore.find_differences(items, directory, later)}

    assert found() == {
        ("acc_disabled_since", "disabled"), ("acc_enabled_since", "enabled"), ("acc_missing", "missing"),
        ("acc_removed", "unknown"), ("acc_later", "unknown"), ("acc_machine", "missing"),
    }  # fmt: skip
    for _ in range(2):
        restore.check(moto_store._client, cognito, moto_store._table, pool, later, apply=True)
    assert found() == set()
    key = account_key("acc_missing")
    missing = Account.model_validate(moto_store.get(key)[key])
    assert missing.identity_version == missing.version


def test_invariants_name_what_a_restored_table_lacks() -> None:
    records = [deserialize(record) for record in json.loads((RELEASED / "schema_1.json").read_text())["records"]]
    items = {(item["pk"], item["sk"]): item for item in records}
    assert violations(items) == []
    account = next(item for item in records if item["sk"] == "account" and item["role"] == "super_user")
    account |= {"is_counted": True, "signed_in_at": account["created_at"]}
    counter = (f"customer#{account['customer_id']}", "active_super_users")
    assert violations(items)
    items[counter] = {"pk": counter[0], "sk": counter[1], "count": 1}
    assert violations(items) == []
    for sk in ("customer", "active_super_users", "devices", "email", "reference"):
        without = {key: item for key, item in items.items() if key[1] != sk or key[0] == f"customer#{ROOT.id}"}
        assert violations(without), sk


def test_change_after_a_restore_is_a_new_event_and_its_repetition_is_not() -> None:
    records = [deserialize(record) for record in json.loads((RELEASED / "schema_1.json").read_text())["records"]]
    added = [(None, item) for item in records if item["sk"] in ("customer", "account", "current")]
    published = [envelope for change in added for envelope in events_for_change(*change)]
    ids = {epoch: [in_epoch(each, epoch).event.event_id for each in published] for epoch in (0, 1, 2)}
    assert ids[0] == [each.event.event_id for each in published]
    assert ids[1] == [in_epoch(each, 1).event.event_id for each in published]
    everything = [*ids[0], *ids[1], *ids[2]]
    assert len(set(everything)) == len(everything) > 30
    assert {in_epoch(each, 1).event.epoch for each in published} == {1}


@pytest.mark.ministack
@pytest.mark.enable_socket
def test_drill_restores_the_running_stack(stack: RunningStack, capsys: pytest.CaptureFixture[str]) -> None:
    clients: Any = [stack.ministack.client(each) for each in ("dynamodb", "cognito-idp")]
    before = clients[0].list_tables()["TableNames"]
    restore.drill(*clients, stack.stack["table"], stack.stack["user_pool_id"])
    printed = capsys.readouterr().out
    assert "0 invariants that do not hold" in printed
    assert clients[0].list_tables()["TableNames"] == before
