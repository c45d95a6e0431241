"""Tests: upload of a CSV file to import."""

import base64
import importlib
import json

import pytest

from tests.api.helpers import assert_problem
from tests.calls import Context, an_event, call, handle


def test_file_is_imported_in_the_background() -> None:
    accepted = call("add_import", headers={"idempotency-key": "one"})
    assert (accepted.status, accepted.body["state"], accepted.body["rows"]) == (202, "waiting", 2)
    again = call("add_import", headers={"idempotency-key": "one"})
    assert (again.status, again.headers["Idempotent-Replayed"]) == (202, "true")
    handler = importlib.import_module("functions.run_import").lambda_handler
    event = {"Records": [{"body": json.dumps({"import_id": accepted.body["id"]})}] * 2}
    handler(event, Context())
    handler(an_event("run_import"), Context())  # its import does not exist
    done = call("get_import", path=accepted.headers["Location"])
    assert (done.status, done.body["state"], done.body["created"]) == (200, "done", 2)
    tried = call("add_import", query={"validate_only": "true"}, headers={"idempotency-key": "two"})
    assert (tried.status, tried.body["existed"]) == (200, 2)


KEY = {"idempotency-key": "file"}


def test_add_import_requires_an_idempotency_key() -> None:
    problem = assert_problem(call("add_import"), 400, "malformed_request")
    assert problem["errors"] == [{"code": "required", "header": "Idempotency-Key", "detail": "This value is required."}]


@pytest.mark.parametrize("media", ["application/json", "", "text/csv; charset=latin-1", "text/plain"])
def test_file_of_another_media_type_returns_415(media: str) -> None:
    called = call("add_import", headers={"content-type": media, **KEY})
    assert_problem(called, 415, "unsupported_media_type")
    assert "text/csv" in called.body["detail"]


@pytest.mark.parametrize(("encoding", "query"), [("utf-16", {}), ("windows-1252", {"encoding": "windows-1252"})])
def test_file_of_bytes_is_decoded(encoding: str, query: dict[str, str]) -> None:
    event = an_event("add_import")
    content = event["body"].replace("Nordic", "N\u00f6rdic").encode(encoding)
    event |= {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}
    event["headers"] |= {"content-type": "Application/Octet-Stream", "idempotency-key": encoding}
    event["queryStringParameters"] = {"validate_only": "true", **query}
    response = handle("add_import", event)
    assert (response.status, response.body["created"]) == (200, 2), response.text
    event["queryStringParameters"]["encoding"] = "utf-8"
    if query:
        assert_problem(handle("add_import", event), 422, "broken_rules")
    event["queryStringParameters"]["encoding"] = "klingon"
    assert_problem(handle("add_import", event), 400, "malformed_request")


def test_file_over_3_mb_returns_413() -> None:
    header, largest = "name,parent_id\n", 3 * 1024 * 1024
    row = "x" * 2047 + "\n"
    fits = (header + row * (largest // 2048))[:largest]
    assert_problem(call("add_import", body=fits + "x", headers=KEY), 413, "body_too_large")
    assert (
        call("add_import", body=fits, headers=KEY, query={"validate_only": "true"}).body["refused"] == largest // 2048
    )
    assert_problem(call("add_import", body="no columns", headers=KEY), 422, "broken_rules")
