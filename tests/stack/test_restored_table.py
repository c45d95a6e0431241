"""Tests: a stack switches to a restored table by its parameters, with events of a new epoch, and back again."""

from pathlib import Path
from typing import Any

import pytest

from local.deploy import deploy
from local.ministack import free_port, running
from local.restore import enable_features, restore_backup
from local.run import make_stack
from tests.conftest import RunningStack, eventually

pytestmark = [pytest.mark.ministack, pytest.mark.slow, pytest.mark.enable_socket]

COMPANY = {"service_type": "all_inclusive", "services_to_provide": ["all_inclusive"], "device_country": "DE"}


def test_stack_switches_to_a_restored_table_and_back(built: Path, tmp_path: Path) -> None:
    assert built.is_dir()
    with running(tmp_path, free_port(), ask_permission=True) as ministack:
        outputs = deploy(ministack, tmp_path / "clock")
        stack = RunningStack(ministack, make_stack(ministack, outputs, earlier={}), tmp_path)
        root = stack.call("GET", "/me").json()["customer"]["id"]

        def add(name: str) -> Any:
            added = stack.call("POST", "/customers", json={**COMPANY, "parent_id": root, "name": name})
            assert added.status_code == 201, added.text
            return added.json()["id"]

        def names() -> list[str]:
            listed = stack.call("GET", "/customers", params={"parent_id": root})
            return [each["name"] for each in listed.json()["customers"]] if listed.is_success else [listed.text]

        add("Before the backup")
        dynamodb, table = ministack.client("dynamodb"), outputs["TableName"]
        backup = dynamodb.create_backup(TableName=table, BackupName="before")["BackupDetails"]["BackupArn"]
        add("After the backup")
        restore_backup(dynamodb, backup, "restored")
        restored = {"RestoredTable": "restored", "RestoredStreamLabel": enable_features(dynamodb, "restored")}
        assert (
            deploy(ministack, tmp_path / "clock", parameters={**restored, "RestoreEpoch": "1"})["TableName"]
            == "restored"
        )
        eventually(lambda: names() == ["Before the backup"])
        customer = add("After the restore")

        # The stream of the restored table reaches the functions: the sign-in of a new account is made.
        person = {"email": "new@example.com", "display_name": "New", "role": "operator"}
        account = stack.call("POST", f"/customers/{customer}/accounts", json=person).json()["id"]
        eventually(lambda: stack.call("GET", f"/accounts/{account}").json()["identity"] == "ready")

        deploy(ministack, tmp_path / "clock", parameters={"RestoredTable": "", "RestoredStreamLabel": ""})
        eventually(lambda: names() == ["After the backup", "Before the backup"])
