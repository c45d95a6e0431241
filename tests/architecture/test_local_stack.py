"""Tests: the commands that run the stack on one machine."""

import fcntl
import sys
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from local.ministack import LocalError, free_port, running, wait_for_lock
from local.run import sam_environment

STACK = {
    "url": "http://127.0.0.1:4700/api",
    "table": "table",
    "endpoint": "http://127.0.0.1:4700",
    "accounts": {"root": {"id": "acc_root"}},
    "user_pool_id": "pool",
    "client_id": "client",
    "my_sign_in_client_id": "other client",
}


def test_environment_for_sam_has_every_variable_that_depends_on_the_running_stack(template: dict[str, Any]) -> None:
    """SAM can't resolve the resources of the running stack, and ignores a variable that the template does not have."""
    parts = [template["Globals"]["Function"], *(each["Properties"] for each in template["Resources"].values())]
    declared = {
        name: value
        for part in parts
        if isinstance(part.get("Environment"), dict)
        for name, value in part["Environment"]["Variables"].items()
    }
    with_default = {
        name
        for name, value in declared.items()
        if isinstance(value, str) or value.get("Ref") in template["Parameters"].keys() - {"AwsEndpointUrl"}
    }
    outputs = {"EventBusName": "bus", "ImportQueueUrl": "http://localhost:4700/1/imports"}
    found = sam_environment(STACK, outputs)["Parameters"]
    assert declared.keys() - with_default <= found.keys() <= declared.keys()
    assert found["LOCAL_ACCOUNT_ID"] == "acc_root"
    assert found["IMPORT_QUEUE_URL"] == "http://host.docker.internal:4700/1/imports"


def test_second_stack_of_a_folder_waits_until_the_first_has_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "lock").open("w") as first, (tmp_path / "lock").open("w") as second:
        fcntl.flock(first, fcntl.LOCK_EX)
        with pytest.raises(LocalError, match="still running"):
            wait_for_lock(second, seconds=1)
        Timer(0.5, fcntl.flock, (first, fcntl.LOCK_UN)).start()
        wait_for_lock(second)
        assert "Waiting for it to stop" in capsys.readouterr().err
        with pytest.raises(BlockingIOError):
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.ministack
@pytest.mark.enable_socket
def test_saved_queue_is_found_after_a_start_at_another_address(tmp_path: Path) -> None:
    """Otherwise ministack would call no function for the queue, and imports would wait without end."""
    with running(tmp_path, free_port()) as ministack:
        url = ministack.client("sqs").create_queue(QueueName="imports")["QueueUrl"]
        ministack.client("sqs").send_message(QueueUrl=url, MessageBody="an import")
    host = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
    with running(tmp_path, port := free_port(), host) as ministack:
        name = host if host == "127.0.0.2" else "localhost"
        (url,) = ministack.client("sqs").list_queues()["QueueUrls"]
        assert url.startswith(f"http://{name}:{port}/")
        (message,) = ministack.client("sqs").receive_message(QueueUrl=url)["Messages"]
        assert message["Body"] == "an import"
