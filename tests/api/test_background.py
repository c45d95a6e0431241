"""Tests: functions that the schedule, a queue, the stream or the user pool calls."""

import importlib
import io
import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from shared.accounts.consumer import process_sign_in
from shared.accounts.identities import open_user_directory
from shared.aws.batch import id_of
from shared.aws.observability import log
from shared.errors import UnavailableError
from shared.table.dynamodb import DynamoStore
from tests.builders import a_customer, put
from tests.calls import Context, an_event, call

SCOPES_OF_THE_API = {
    "claimsAndScopeOverrideDetails": {
        "accessTokenGeneration": {
            "scopesToAdd": ["customers/api"],
            "scopesToSuppress": ["aws.cognito.signin.user.admin"],
        }
    }
}


@pytest.mark.usefixtures("moto_user_pool")
def test_sync_identity_creates_sign_ins_and_reports_bad_records() -> None:
    added = call("add_account").body
    handler = importlib.import_module("functions.sync_identity").lambda_handler
    message = an_event("sync_identity")["Records"][0]

    def change_of(account_id: str, number: str) -> Any:
        keys = {"pk": {"S": f"account#{account_id}"}, "sk": {"S": "account"}}
        return message | {"dynamodb": message["dynamodb"] | {"Keys": keys, "SequenceNumber": number}}

    batch = {"Records": [change_of(added["id"], "1"), change_of("acc_nobody", "2")]}
    assert handler(batch, Context()) == {"batchItemFailures": []}
    shown = call("get_account", path=f"/accounts/{added['id']}").body
    assert (shown["identity"], shown["status"]) == ("ready", "invited")

    call("change_account", path=f"/accounts/{added['id']}", body={"disabled": True}, headers={"if-match": '"1"'})
    open_user_directory()._pool = "eu-west-1_gone"
    assert handler(batch, Context()) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert call("get_account", path=f"/accounts/{added['id']}").body["identity"] == "failed"


def test_record_sign_in_activates_the_account_and_returns_the_event_with_the_scope_of_the_api() -> None:
    added = call("add_account").body
    event = an_event("record_sign_in") | {"userName": added["id"]}
    answered = importlib.import_module("functions.record_sign_in").lambda_handler(deepcopy(event), Context())
    assert answered == {**event, "response": SCOPES_OF_THE_API}
    assert call("get_account", path=f"/accounts/{added['id']}").body["status"] == "active"


@pytest.mark.parametrize("error", [UnavailableError("Down."), ValueError("a secret"), KeyError("TABLE_NAME")])
def test_failing_sign_in_record_is_logged_without_its_message_and_counted(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(log.registered_handler, "stream", stream)

    def failing(_account_id: str, _app_client: str) -> None:
        raise error

    event = {"userName": "acc_1", "callerContext": {"clientId": "api"}, "response": None}
    assert process_sign_in(event, {"api": "api"}, failing) == {**event, "response": SCOPES_OF_THE_API}
    line = json.loads(stream.getvalue())
    assert (line["level"], line["message"], line["account_id"]) == ("ERROR", "sign_in_not_recorded", "acc_1")
    assert line["error"] == type(error).__qualname__
    assert "a secret" not in stream.getvalue()
    assert '"sign_in_not_recorded":[1.0]' in capsys.readouterr().out.replace(" ", "")


def test_end_trials_processes_due_trials(store: DynamoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    trial = a_customer("end_customer", now=long_ago, in_trial=True)
    put(store, trial)
    handler = importlib.import_module("functions.end_trials").lambda_handler
    assert handler({"time": "2026-01-31T00:00:00Z"}, Context()) == {"ended": 1}
    assert handler(an_event("end_trials"), Context()) == {}
    shown = call("get_trial", path=f"/customers/{trial.id}/trial").body
    assert (shown["ended_at"], shown["ended_by"]) == ("2026-01-31T00:00:00.000000Z", "schedule")
    queue = boto3.client("sqs").create_queue(QueueName="shards")["QueueUrl"]
    monkeypatch.setenv("SHARD_QUEUE_URL", queue)
    assert handler({"time": "2026-01-31T00:00:00Z", "fan_out": True}, Context()) == {"fanned_out": 16}
    message = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]
    assert handler({"Records": [{"body": message["Body"]}]}, Context()) == {}


def test_end_trials_handles_its_example_events_with_fan_out(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = boto3.client("sqs").create_queue(QueueName="shards")["QueueUrl"]
    monkeypatch.setenv("SHARD_QUEUE_URL", queue)
    handler = importlib.import_module("functions.end_trials").lambda_handler
    assert handler(an_event("end_trials_fan_out"), Context()) == {"fanned_out": 16}
    messages = boto3.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    example = an_event("end_trials_shard")
    sent = json.loads(messages[0]["Body"])
    assert json.loads(example["Records"][0]["body"]) == sent | {"shard": 3}
    assert handler(example, Context()) == {}


def test_publish_events_publishes_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("events").create_event_bus(Name="bus")
    monkeypatch.setenv("EVENT_BUS", "bus")
    handler = importlib.import_module("functions.publish_events").lambda_handler
    assert handler(an_event("publish_events"), Context()) == {"batchItemFailures": []}


@pytest.mark.parametrize("body", ["{", "[]", "{}", '{"import_id": 7}'])
def test_run_import_reports_a_broken_message_and_processes_the_others(body: str) -> None:
    accepted = call("add_import", headers={"idempotency-key": "one"})
    good = json.dumps({"import_id": accepted.body["id"]})
    handler = importlib.import_module("functions.run_import").lambda_handler
    records = [{"messageId": "bad", "body": body}, {"messageId": "good", "body": good}, {"body": "no id"}]
    # A record without an id is reported as "", so that Lambda retries the whole batch and loses nothing.
    assert handler({"Records": records}, Context()) == {
        "batchItemFailures": [{"itemIdentifier": name} for name in ("bad", "")]
    }
    assert call("get_import", path=accepted.headers["Location"]).body["state"] == "done"


@pytest.mark.parametrize("name", ["run_import", "sync_identity", "publish_events"])
@pytest.mark.parametrize("event", [None, [], "text", 7, {}, {"Records": None}, {"Records": "text"}])
def test_event_that_is_not_a_batch_reports_no_failure(name: str, event: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENT_BUS", "bus")
    handler = importlib.import_module(f"functions.{name}").lambda_handler
    assert handler(event, Context()) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("client_id", "is_changed"), [("exampleclient", True), ("another", False), ("", False), (None, False), ([], False)]
)
def test_only_tokens_of_the_apps_client_get_the_scope_of_the_api(client_id: Any, *, is_changed: bool) -> None:
    event = an_event("record_sign_in")
    event["callerContext"]["clientId"] = client_id
    answered = importlib.import_module("functions.record_sign_in").lambda_handler(deepcopy(event), Context())
    assert answered == (event | {"response": SCOPES_OF_THE_API} if is_changed else event)


@pytest.mark.parametrize("event", [None, [], {}, {"userName": None}, {"userName": "\ud800"}])
def test_sign_in_of_an_unknown_account_returns_the_event(event: Any) -> None:
    assert importlib.import_module("functions.record_sign_in").lambda_handler(event, Context()) == event
    assert id_of(event, "userName") == ""  # moto accepts half a surrogate pair, but AWS does not


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "never", None, 7])
def test_schedule_without_a_valid_time_uses_the_clock(time: Any) -> None:
    assert importlib.import_module("functions.end_trials").lambda_handler({"time": time}, Context()) == {}
