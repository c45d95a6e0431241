"""The functions with real events on moto: answers, headers, and one problem for whatever is wrong."""

import base64
import importlib
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from local.openapi import Problem
from shared.accounts.identities import open_user_directory
from shared.api.routes import ROUTES
from shared.aws.batch import id_of
from shared.aws.observability import log
from shared.aws.queues import open_import_queue, open_shard_queue
from shared.errors import ApiError
from shared.events.bus import open_bus
from shared.idempotency import id_from
from shared.table.dynamodb import DynamoStore, open_store
from tests.builders import ROOT, ROOT_ACCOUNT, a_customer, an_account, begin_in, put
from tests.calls import Called, Context, an_event, call, handle

STATUSES = {
    "add_customer": 201,
    "add_account": 201,
    "add_import": 202,
    "add_onboarding": 201,
    "get_import": 404,
    "archive_customer": 403,  # the event archives the caller's own company
    "get_customer_by_reference": 404,
    "save_customer_by_reference": 201,
    "remove_account": 403,  # the event removes the caller's own account
    "add_test_device": 201,
    "get_test_device": 404,  # the events' device is nobody's
    "remove_test_device": 404,
    "remove_view": 404,
    "refuse_unknown_route": 405,
}
A_DISTRIBUTOR = json.loads(an_event("add_customer")["body"])


@pytest.fixture(autouse=True)
def store(moto_store: DynamoStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoStore]:
    monkeypatch.setenv("USER_POOL_ID", "eu-west-1_none")
    monkeypatch.setenv("IMPORT_QUEUE_URL", boto3.client("sqs").create_queue(QueueName="imports")["QueueUrl"])
    opened = (open_store, open_user_directory, open_bus, open_shard_queue, open_import_queue)
    for each in opened:
        each.cache_clear()
    begin_in(moto_store)
    yield moto_store
    for each in opened:
        each.cache_clear()


def assert_problem(called: Called, status: int, code: str) -> Any:
    """RFC 9457, as the schema has it, and nothing of the inside."""
    assert (called.status, called.body["code"]) == (status, code), called.text
    assert called.headers["Content-Type"] == "application/problem+json"
    problem = Problem.model_validate(called.body)
    assert (problem.status, problem.request_id) == (status, "JKJaXmPLvHcESHA=")
    assert problem.detail
    for word in ("Traceback", "shared/", "pydantic", "boto", "Error("):
        assert word not in called.text
    return called.body


@pytest.mark.parametrize("name", [*ROUTES, "refuse_unknown_route"])
def test_the_event_of_each_function_is_answered(name: str) -> None:
    called = handle(name, an_event(name))
    assert called.status == STATUSES.get(name, 200), called.text
    assert called.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("moto_user_pool")
def test_the_messages_of_the_stream_make_sign_ins_and_the_bad_ones_come_again() -> None:
    added = call("add_account").body
    handler = importlib.import_module("functions.sync_identity").lambda_handler
    message = an_event("sync_identity")["Records"][0]

    def about(account_id: str, number: str) -> Any:
        keys = {"pk": {"S": f"account#{account_id}"}, "sk": {"S": "account"}}
        return message | {"dynamodb": message["dynamodb"] | {"Keys": keys, "SequenceNumber": number}}

    batch = {"Records": [about(added["id"], "1"), about("acc_nobody", "2")]}
    assert handler(batch, Context()) == {"batchItemFailures": []}
    shown = call("get_account", path=f"/accounts/{added['id']}").body
    assert (shown["identity"], shown["status"]) == ("ready", "invited")

    call("change_account", path=f"/accounts/{added['id']}", body={"disabled": True}, headers={"if-match": '"1"'})
    open_user_directory()._pool = "eu-west-1_gone"
    assert handler(batch, Context()) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert call("get_account", path=f"/accounts/{added['id']}").body["identity"] == "failed"


def test_a_sign_in_makes_an_account_active_and_leaves_the_token_as_it_is() -> None:
    added = call("add_account").body
    event = an_event("record_sign_in") | {"userName": added["id"]}
    assert importlib.import_module("functions.record_sign_in").lambda_handler(dict(event), Context()) == event
    assert call("get_account", path=f"/accounts/{added['id']}").body["status"] == "active"


def test_the_schedule_ends_what_is_due(store: DynamoStore, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert handler({"time": "2026-01-31T00:00:00Z", "fan_out": True}, Context()) == {"spread": 16}
    message = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]
    assert handler({"Records": [{"body": message["Body"]}]}, Context()) == {}


def test_changes_are_told_on_the_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("events").create_event_bus(Name="bus")
    monkeypatch.setenv("EVENT_BUS", "bus")
    handler = importlib.import_module("functions.publish_events").lambda_handler
    assert handler(an_event("publish_events"), Context()) == {"batchItemFailures": []}


def test_an_account_is_changed_and_removed_by_its_etag() -> None:
    added = call("add_account")
    path = added.headers["Location"]
    assert path == f"/accounts/{added.body['id']}"
    for name in ("change_account", "remove_account"):
        assert_problem(call(name, path=path, body={"role": "manager"}), 428, "version_required")
        stale = call(name, path=path, body={"role": "manager"}, headers={"if-match": '"7"'})
        assert_problem(stale, 412, "stale_version")
    changed = call("change_account", path=path, body={"role": "manager"}, headers={"if-match": added.headers["ETag"]})
    assert (changed.status, changed.body["role"], changed.headers["ETag"]) == (200, "manager", '"2"')
    removed = call("remove_account", path=path, headers={"if-match": '"2"'})
    assert (removed.status, removed.text) == (204, "")
    assert_problem(call("get_account", path=path), 404, "not_found")
    assert_problem(call("remove_account", path=path, headers={"if-match": '"3"'}), 404, "not_found")


def test_an_address_that_is_taken_is_a_conflict() -> None:
    assert call("add_account").status == 201
    assert_problem(call("add_account"), 409, "email_exists")


def test_the_last_super_user_is_a_conflict() -> None:
    added = call("add_account", body={"display_name": "Second", "role": "super_user", "email": "2@example.com"}).body
    second = an_account("super_user", ROOT, id=added["id"])
    path = f"/accounts/{ROOT_ACCOUNT.id}"
    lowered = call("change_account", account=second, path=path, body={"role": "manager"}, headers={"if-match": '"1"'})
    assert lowered.status == 200
    # The root's first account may no longer change anything; a third super_user takes the second one away, at most.
    own = call("remove_account", account=second, path=f"/accounts/{second.id}", headers={"if-match": '"1"'})
    assert_problem(own, 403, "forbidden")


def test_a_customer_is_added_with_its_location_and_its_etag() -> None:
    first = handle("add_customer", an_event("add_customer"))
    assert first.headers["Location"] == f"/customers/{first.body['id']}"
    assert first.headers["ETag"] == '"1"'
    assert "Idempotent-Replayed" not in first.headers
    again = handle("add_customer", an_event("add_customer"))
    assert (again.status, again.text) == (201, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"
    read = call("get_customer", path=first.headers["Location"])
    assert (read.status, read.body, read.headers["ETag"]) == (200, first.body, '"1"')


def test_a_dry_run_answers_200_without_an_id() -> None:
    called = call("add_customer", body=A_DISTRIBUTOR, query={"validate_only": "true"})
    assert (called.status, called.body["id"]) == (200, None)
    assert not {"Location", "ETag"} & set(called.headers)
    assert call("list_customers", query={"parent_id": ROOT.id}).body["customers"] == []


def test_a_name_that_exists_is_a_conflict_that_gives_the_id() -> None:
    first = call("add_customer", body=A_DISTRIBUTOR).body
    problem = assert_problem(call("add_customer", body=A_DISTRIBUTOR), 409, "name_exists")
    assert (problem["customer_id"], problem["errors"][0]["pointer"]) == (first["id"], "/name")


def test_a_key_with_another_body_is_refused() -> None:
    headers = {"idempotency-key": "k"}
    assert call("add_customer", body=A_DISTRIBUTOR, headers=headers).status == 201
    other = call("add_customer", body=A_DISTRIBUTOR | {"name": "Other"}, headers=headers)
    assert_problem(other, 422, "idempotency_key_reused")


# ---- who asks


@pytest.mark.parametrize(
    "authorizer",
    [
        None,
        {},
        {"jwt": None},
        {"jwt": {"claims": {}}},
        {"jwt": {"claims": {"username": ROOT_ACCOUNT.id}}},
        {"jwt": {"claims": {"username": ROOT_ACCOUNT.id, "token_use": "id"}}},
        {"jwt": {"claims": {"cognito:username": ROOT_ACCOUNT.id, "token_use": "access"}}},
        {"jwt": {"claims": {"username": 7, "token_use": "access"}}},
        "claims",
    ],
)
def test_without_the_claims_of_an_access_token_nobody_is_let_in(authorizer: Any) -> None:
    for name in ROUTES:
        event = an_event(name)
        event["requestContext"]["authorizer"] = authorizer
        called = handle(name, event)
        assert_problem(called, 401, "unauthenticated")
        assert called.headers["WWW-Authenticate"] == "Bearer"


def test_the_local_account_counts_under_sam_local_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_ACCOUNT_ID", ROOT_ACCOUNT.id)
    assert_problem(call("get_me", account=None), 401, "unauthenticated")
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    assert call("get_me", account=None).status == 200
    monkeypatch.setenv("AWS_SAM_LOCAL", "false")
    assert_problem(call("get_me", account=None), 401, "unauthenticated")


def test_outside_equals_absent_byte_for_byte(store: DynamoStore) -> None:
    inside = a_customer("distributor", name="Inside")
    reseller = a_customer("reseller", inside)
    sibling = a_customer("distributor", name="Outside")
    nephew = a_customer("reseller", sibling)
    insider = an_account("super_user", inside)
    put(store, inside, reseller, sibling, nephew, insider)
    absent = id_from("cus", "absent")
    for outside in (ROOT.id, sibling.id, nephew.id):
        for requests in [
            lambda one: call("get_customer", account=insider, path=f"/customers/{one}"),
            lambda one: call("get_options", account=insider, path=f"/customers/{one}/options"),
            lambda one: call("list_customers", account=insider, query={"parent_id": one}),
            lambda one: call("list_customers", account=insider, query={"within": one}),
            lambda one: call("add_customer", account=insider, body=A_DISTRIBUTOR | {"parent_id": one}),
            lambda one: call("add_account", account=insider, path=f"/customers/{one}/accounts"),
            lambda one: call("list_accounts", account=insider, query={"customer_id": one}),
            lambda one: call("list_accounts", account=insider, query={"within": one}),
            lambda one: call("add_test_device", account=insider, path=f"/customers/{one}/test-devices"),
            lambda one: call("check_storage", account=insider, path=f"/customers/{one}/storage-check"),
            lambda one: call("list_devices", account=insider, path=f"/customers/{one}/devices"),
            lambda one: call("add_customer", account=insider, body={"parent_id": one}, query={"validate_only": "true"}),
        ]:
            there, nowhere = requests(outside), requests(absent)
            assert_problem(there, 404, "not_found")
            assert (there.status, there.headers, there.text) == (nowhere.status, nowhere.headers, nowhere.text)
    assert call("get_customer", account=insider, path=f"/customers/{reseller.id}").status == 200


def test_inside_without_the_right_is_forbidden_and_tells_whom_to_ask(store: DynamoStore) -> None:
    distributor = a_customer("distributor", name="D")
    reader = an_account("supporter", distributor)
    put(store, distributor, reader)
    body = A_DISTRIBUTOR | {"parent_id": distributor.id}
    problem = assert_problem(call("add_customer", account=reader, body=body), 403, "forbidden")
    assert "super_user or administrator" in problem["detail"]
    body.pop("parent_id")
    assert_problem(call("add_customer", account=reader, body=body), 403, "forbidden")
    assert_problem(call("get_me", account=an_account("operator", distributor)), 403, "no_active_account")


# ---- what is sent


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "nonsense",
        "null",
        "[]",
        '"text"',
        "7",
        "[" * 100_00,
        '{"a":' * 5000,
        '{"name": NaN}',
        '{"name": Infinity}',
        '{"name": "a", "name": "b"}',
        '{"name": ' + "9" * 5000 + "}",
        "{'name': 'a'}",
        "\ufeff{}",
        '{"name": "\\ud800"}',
    ],
    ids=range(16),
)
def test_what_is_no_json_object_is_malformed(body: str) -> None:
    assert_problem(call("add_customer", body=body), 400, "malformed_request")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 7),
        ("name", ["a"]),
        ("parent_id", {}),
        ("services_to_provide", "all_inclusive"),
        ("services_to_provide", [1]),
        ("in_trial", "true"),
        ("in_trial", 1),
        ("references", []),
        ("references", {"psa": 1}),
        ("device_country", True),
    ],
)
def test_a_field_of_the_wrong_type_is_malformed_and_named(field: str, value: Any) -> None:
    problem = assert_problem(call("add_customer", body=A_DISTRIBUTOR | {field: value}), 400, "malformed_request")
    assert problem["errors"][0]["pointer"].startswith(f"/{field}")


def test_unknown_and_read_only_fields_are_named() -> None:
    body = A_DISTRIBUTOR | {"colour": "red", "id": "cus_mine", "state": "in_trial", "a/b~c": 1}
    problem = assert_problem(call("add_customer", body=body), 400, "malformed_request")
    assert {(error["code"], error["pointer"]) for error in problem["errors"]} == {
        ("unknown_field", "/colour"),
        ("read_only_field", "/id"),
        ("read_only_field", "/state"),
        ("unknown_field", "/a~1b~0c"),
    }


def test_a_field_deep_in_the_body_is_unknown_and_not_read_only() -> None:
    body = {"locations": [{"country": "DE", "version": 1}]}
    called = call("replace_storage_locations", body=body, headers={"if-match": '"1"'})
    assert assert_problem(called, 400, "malformed_request")["errors"] == [
        {"code": "unknown_field", "pointer": "/locations/0/version", "detail": "There is no such field."}
    ]


def test_the_answer_to_a_very_wrong_view_stays_small() -> None:
    for called in (
        call("save_view", body={"columns": ["x"] * 12_000}),
        call("list_devices", query={"columns": ",".join(["x"] * 4_000)}),
        call("replace_storage_locations", body={"locations": [{"country": "x"}] * 249}, headers={"if-match": '"1"'}),
    ):
        assert called.status in (400, 422)
        assert len(called.text) < 50_000


def test_csv_is_given_to_who_asks_for_it() -> None:
    path = f"/customers/{ROOT.id}/devices"
    for accept, media in {
        "text/csv": "text/csv; charset=utf-8",
        "application/json, text/csv;q=0.5": "text/csv; charset=utf-8",
        "application/json, text/csv; q=0": "application/json",
        "*/*": "application/json",
    }.items():
        assert call("list_devices", path=path, headers={"accept": accept}).headers["Content-Type"] == media


def test_the_answer_to_a_very_wrong_body_stays_small() -> None:
    for body in ({"services_to_provide": [1] * 20_000}, {f"f{n}": n for n in range(4_000)}):
        called = call("add_customer", body=body)
        assert_problem(called, 400, "malformed_request")
        assert len(called.text) < 20_000


def test_a_misspelt_parameter_is_refused_and_writes_nothing() -> None:
    called = call("add_customer", body=A_DISTRIBUTOR, query={"validate_onyl": "true"})
    problem = assert_problem(called, 400, "malformed_request")
    assert problem["errors"] == [
        {"code": "unknown_parameter", "parameter": "validate_onyl", "detail": "There is no such parameter."}
    ]
    assert call("list_customers", query={"parent_id": ROOT.id}).body["customers"] == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "1,2"}, "limit"),
        ({"level": "company"}, "level"),
        ({"state": "ended"}, "state"),
        ({"cursor": "x"}, "cursor"),
        ({"name_prefix": "x" * 129}, "name_prefix"),
    ],
)
def test_a_wrong_parameter_is_malformed_and_named(query: dict[str, str], parameter: str) -> None:
    problem = assert_problem(call("list_customers", query={"parent_id": ROOT.id, **query}), 400, "malformed_request")
    assert problem["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize("limit", ["1", "100"])
def test_the_bounds_of_a_page_are_1_and_100(limit: str) -> None:
    assert call("list_customers", query={"parent_id": ROOT.id, "limit": limit}).status == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256, "a\nb"])
def test_a_key_is_1_to_255_visible_characters(key: str) -> None:
    called = call("add_customer", body=A_DISTRIBUTOR, headers={"idempotency-key": key})
    problem = assert_problem(called, 400, "malformed_request")
    assert problem["errors"][0]["header"] == "Idempotency-Key"


def test_a_body_of_64_kb_is_read_and_one_byte_more_is_too_large() -> None:
    frame = json.dumps(A_DISTRIBUTOR | {"name": ""})
    largest = frame.replace('"name": ""', '"name": "' + "x" * (64 * 1024 - len(frame)) + '"')
    assert len(largest) == 64 * 1024
    assert_problem(call("add_customer", body=largest), 422, "broken_rules")
    assert_problem(call("add_customer", body=largest + " "), 413, "body_too_large")
    assert_problem(call("add_customer", body="ä" * 33_000), 413, "body_too_large")


@pytest.mark.parametrize(
    "media", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "application/jsonp", "nonsense"]
)
def test_only_json_is_taken(media: str) -> None:
    for name in ("add_customer", "replace_storage_locations"):
        assert_problem(call(name, headers={"content-type": media, "if-match": '"1"'}), 415, "unsupported_media_type")
    latin = {"content-type": "application/json; charset=latin-1"}
    assert_problem(call("add_customer", headers=latin), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=utf-8",
        "application/json; charset=utf-8; x=y",
    ],
)
def test_json_is_taken_however_it_is_written(media: str) -> None:
    event = an_event("add_customer")
    event["headers"] = {"Content-Type": media}
    event["body"] = base64.b64encode(event["body"].encode()).decode()
    event["isBase64Encoded"] = True
    assert handle("add_customer", event).status == 201


@pytest.mark.parametrize("body", ["/w==", "====", "no base64!", "ä"])
def test_a_body_that_is_not_utf8_is_malformed(body: str) -> None:
    event = an_event("add_customer") | {"body": body, "isBase64Encoded": True}
    assert_problem(handle("add_customer", event), 400, "malformed_request")


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "text",
        {},
        {"version": "1.0", "httpMethod": "POST", "path": "/customers"},
        {"version": "2.0"},
        {"version": "2.0", "rawPath": "/", "requestContext": {"http": {}}},
        {"Records": [{"eventSource": "aws:sqs"}]},
        {"source": "aws.scheduler", "time": "2026-11-24T10:00:00Z"},
    ],
)
def test_an_event_of_another_kind_is_refused_and_nothing_is_raised(event: Any) -> None:
    for name in (*ROUTES, "refuse_unknown_route"):
        called = handle(name, event)
        assert (called.status, called.body["code"]) == (400, "malformed_request")
        assert called.body["request_id"] == "lambda-request-id"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/customers/",
        "/customers/a/b",
        "/customers/a/options/b",
        "/ME",
        "//",
        "/storage-locations/1",
        "",
    ],
)
def test_an_unknown_route_is_not_found(path: str) -> None:
    assert_problem(call("refuse_unknown_route", path=path), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/customers", "GET, POST"),
        ("/customers/cus_1", "DELETE, GET, PATCH"),
        ("/customers/cus_1/options", "GET"),
        ("/storage-locations", "GET, PUT"),
        ("/me", "GET"),
        ("/customers/cus_1/accounts", "POST"),
        ("/accounts", "GET"),
        ("/views", "GET"),
        ("/views/mine", "DELETE, GET, PUT"),
        ("/customers/cus_1/test-devices", "POST"),
        ("/customers/cus_1/test-devices/dev_1", "DELETE, GET"),
        ("/customers/cus_1/devices", "GET"),
        ("/customers/cus_1/storage-check", "GET"),
        ("/accounts/acc_1", "DELETE, GET, PATCH"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(path: str, allow: str) -> None:
    called = call("refuse_unknown_route", path=path)
    assert_problem(called, 405, "method_not_allowed")
    assert called.headers["Allow"] == allow


@pytest.mark.parametrize("customer_id", ["x", "%00", "a b", "\u202e", "x" * 1500, "x" * 5000, "cus_", "*", "'; --"])
def test_a_path_with_any_id_is_not_found(customer_id: str) -> None:
    assert_problem(call("get_customer", path=f"/customers/{customer_id}"), 404, "not_found")


# ---- versions


@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [
        (None, 428, "version_required"),
        ('"2"', 412, "stale_version"),
        ("*", 412, "stale_version"),
        ('"x"', 412, "stale_version"),
        ('"0"', 412, "stale_version"),
        ("", 412, "stale_version"),
        ('"' + "1" * 50 + '"', 412, "stale_version"),
        ('W/"1"', 412, "stale_version"),
    ],
)
def test_a_change_needs_the_version_it_is_made_on(if_match: str | None, status: int, code: str) -> None:
    headers = {} if if_match is None else {"if-match": if_match}
    assert_problem(call("replace_storage_locations", headers=headers), status, code)
    assert call("get_storage_locations").body["version"] == 1


def test_a_change_of_the_version_in_force_gives_the_next_etag() -> None:
    changed = call("replace_storage_locations", headers={"if-match": '"1"'})
    assert (changed.status, changed.headers["ETag"], changed.body["version"]) == (200, '"2"', 2)
    assert [location["open"] for location in changed.body["locations"]] == [True, False]


# ---- what goes wrong inside


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """All that the functions have logged, metrics included."""
    stream = io.StringIO()
    monkeypatch.setattr(log.registered_handler, "stream", stream)
    return lambda: stream.getvalue() + capsys.readouterr().out


def test_a_crash_tells_the_caller_nothing_and_the_log_where(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    function = importlib.import_module("functions.get_me")
    monkeypatch.setattr(function, "get_me", lambda *_: 1 / 0)
    problem = assert_problem(call("get_me"), 500, "internal_error")
    assert problem["request_id"] == "JKJaXmPLvHcESHA="
    lines = [json.loads(line) for line in logged().splitlines()]
    crash = next(line for line in lines if line.get("message") == "unhandled_exception")
    assert crash["error"] == "ZeroDivisionError"
    assert any("get_me" in frame for frame in crash["frames"])
    assert any(line.get("unhandled_exception") == [1.0] for line in lines)


def test_no_name_no_address_and_no_token_is_logged(logged: Callable[[], str]) -> None:
    marker = "Zanzibar-marker"
    event = an_event("add_customer")
    event["headers"]["authorization"] = f"Bearer {marker}"
    for body in (A_DISTRIBUTOR | {"name": marker}, {"name": marker}, {marker: 1}, f'{{"{marker}'):
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        handle("add_customer", event)
    call("get_customer", path=f"/customers/{marker}")
    call("list_customers", query={marker: marker})
    call("get_me")
    lines = logged()
    added = next(json.loads(line) for line in lines.splitlines() if '"customer_added"' in line)
    assert added["customer_id"].startswith("cus_")
    assert (added["customer_level"], added["request_id"], added["function"]) == (
        "distributor",
        "JKJaXmPLvHcESHA=",
        "add_customer",
    )
    assert marker not in lines
    assert ROOT_ACCOUNT.email not in lines


def test_importing_a_function_needs_no_environment_and_opens_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TABLE_NAME", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    open_store.cache_clear()
    for name in (*ROUTES, "refuse_unknown_route"):
        importlib.reload(importlib.import_module(f"functions.{name}"))
    assert open_store.cache_info().misses == 0


def test_every_refusal_has_a_status_and_a_code_of_its_own() -> None:
    classes = ApiError.__subclasses__()
    assert len({refusal.code for refusal in classes}) == len(classes)
    assert all(400 <= refusal.status < 600 for refusal in classes)


# ---- files


def test_a_file_is_imported_in_the_background() -> None:
    accepted = call("add_import", headers={"idempotency-key": "one"})
    assert (accepted.status, accepted.body["state"], accepted.body["rows"]) == (202, "waiting", 2)
    again = call("add_import", headers={"idempotency-key": "one"})
    assert (again.status, again.headers["Idempotent-Replayed"]) == (202, "true")
    handler = importlib.import_module("functions.run_import").lambda_handler
    event = {"Records": [{"body": json.dumps({"import_id": accepted.body["id"]})}] * 2}
    handler(event, Context())
    handler(an_event("run_import"), Context())  # of an import that is not there
    done = call("get_import", path=accepted.headers["Location"])
    assert (done.status, done.body["state"], done.body["created"]) == (200, "done", 2)
    tried = call("add_import", query={"validate_only": "true"}, headers={"idempotency-key": "two"})
    assert (tried.status, tried.body["state"], tried.body["existed"]) == (200, "validated", 2)


@pytest.mark.parametrize("body", ["{", "[]", "{}", '{"import_id": 7}'])
def test_a_message_that_is_broken_is_named_and_the_others_are_carried_on(body: str) -> None:
    accepted = call("add_import", headers={"idempotency-key": "one"})
    good = json.dumps({"import_id": accepted.body["id"]})
    handler = importlib.import_module("functions.run_import").lambda_handler
    records = [{"messageId": "bad", "body": body}, {"messageId": "good", "body": good}, {"body": "no id"}]
    # What has no id is named "", which brings the whole batch again: nothing is lost.
    assert handler({"Records": records}, Context()) == {
        "batchItemFailures": [{"itemIdentifier": name} for name in ("bad", "")]
    }
    assert call("get_import", path=accepted.headers["Location"]).body["state"] == "done"


@pytest.mark.parametrize("name", ["run_import", "sync_identity", "publish_events"])
@pytest.mark.parametrize("event", [None, [], "text", 7, {}, {"Records": None}, {"Records": "text"}])
def test_an_event_that_is_no_batch_has_nothing_that_failed(
    name: str, event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENT_BUS", "bus")
    handler = importlib.import_module(f"functions.{name}").lambda_handler
    assert handler(event, Context()) == {"batchItemFailures": []}


@pytest.mark.parametrize("event", [None, [], {}, {"userName": None}, {"userName": "\ud800"}])
def test_a_sign_in_of_nobody_stays_as_it_is(event: Any) -> None:
    assert importlib.import_module("functions.record_sign_in").lambda_handler(event, Context()) == event
    assert id_of(event, "userName") == ""  # half a surrogate pair would not go to AWS; moto takes it


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "never", None, 7])
def test_a_schedule_without_a_time_of_this_calendar_takes_the_clocks(time: Any) -> None:
    assert importlib.import_module("functions.end_trials").lambda_handler({"time": time}, Context()) == {}


def test_half_a_surrogate_pair_is_refused_wherever_it_stands() -> None:
    called = call("list_customers", query={"\ud800": "1"})
    assert (called.status, called.body["code"]) == (400, "malformed_request")
    event = an_event("get_me")
    event["requestContext"]["authorizer"]["jwt"]["claims"]["username"] = "\ud800"
    assert_problem(handle("get_me", event), 401, "unauthenticated")


KEY = {"idempotency-key": "file"}


def test_an_import_asks_for_a_key_by_which_it_can_be_begun_again() -> None:
    problem = assert_problem(call("add_import"), 400, "malformed_request")
    assert problem["errors"] == [{"code": "required", "header": "Idempotency-Key", "detail": "It is required."}]


@pytest.mark.parametrize("media", ["application/json", "", "text/csv; charset=latin-1", "text/plain"])
def test_a_file_of_another_kind_is_refused(media: str) -> None:
    called = call("add_import", headers={"content-type": media, **KEY})
    assert_problem(called, 415, "unsupported_media_type")
    assert "text/csv" in called.body["detail"]


def test_a_file_is_as_large_as_it_may_be_and_no_larger() -> None:
    header, largest = "name,parent_id\n", 3 * 1024 * 1024
    row = "x" * 2047 + "\n"
    fits = (header + row * (largest // 2048))[:largest]
    assert_problem(call("add_import", body=fits + "x", headers=KEY), 413, "body_too_large")
    assert (
        call("add_import", body=fits, headers=KEY, query={"validate_only": "true"}).body["refused"] == largest // 2048
    )
    assert_problem(call("add_import", body="no columns", headers=KEY), 422, "broken_rules")
