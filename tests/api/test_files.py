"""Tests: upload of a CSV file to import."""

import base64
import csv
import importlib
import json

import pytest

from shared.imports.file import MAX_FILE_BYTES
from tests.api.helpers import assert_problem
from tests.calls import Called, Context, an_event, call, handle


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


@pytest.mark.parametrize("media", ["application/xml", "", "text/csv; charset=latin-1", "text/plain"])
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


def as_json(body: object, **query: str) -> Called:
    return call("add_import", body=json.dumps(body), headers={"content-type": "application/json", **KEY}, query=query)


def test_file_is_accepted_as_json_with_its_text_or_its_rows() -> None:
    content = an_event("add_import")["body"]
    names, *lines = csv.reader(content.splitlines())
    rows = [{name: cell for name, cell in zip(names, line, strict=True) if cell} for line in lines]
    for row in rows:
        if "services_to_provide" in row:
            row["services_to_provide"] = row["services_to_provide"].split(";")
    as_lines = "\n".join(map(json.dumps, rows))
    for body in ({"content": content}, {"content": as_lines, "format": "jsonl"}, {"rows": rows}):
        tried = as_json(body, validate_only="true")
        assert (tried.status, tried.body["created"]) == (200, 2), tried.text
    assert as_json({"rows": rows}).status == 202


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({}, 422, "one_file", "/content"),
        ({"content": "name", "rows": []}, 422, "one_file", "/content"),
        ({"rows": [], "format": "csv"}, 422, "one_file", "/content"),
        ({"rows": []}, 422, "file_empty", None),
        ({"content": ""}, 422, "columns", None),
        ({"rows": [1]}, 400, "dict_type", "/rows/0"),
        ({"content": 1}, 400, "string_type", "/content"),
        ({"content": "name", "format": "xml"}, 400, "literal_error", "/format"),
        ({"content": "name", "file": "x"}, 400, "unknown_field", "/file"),
        ({"content": "name\nA\ufffd"}, 400, "lost_character", "/content"),
    ],
)
def test_wrong_json_of_an_import_names_the_field(body: object, status: int, code: str, pointer: str | None) -> None:
    called = as_json(body)
    assert (called.status, called.body["errors"][0]["code"]) == (status, code), called.text
    assert called.body["errors"][0].get("pointer") == pointer


def test_list_as_json_of_an_import_is_rejected() -> None:
    assert_problem(as_json([]), 400, "malformed_request")


def test_encoding_of_a_json_import_is_rejected() -> None:
    assert_problem(as_json({"content": "name\nA"}, encoding="utf-16"), 422, "broken_rules")


@pytest.mark.parametrize("character", ['"', "\\", "\n"])
def test_largest_body_fits_into_an_event_however_it_is_escaped(character: str) -> None:
    # Lambda's limit for an event is 6 MiB. The gateway's limits are 10,240 bytes for headers and the request line, and
    # an access token is one of the headers. Its claims are repeated in the event.
    rest = character * 10_240
    event = an_event("add_import") | {"body": character * MAX_FILE_BYTES, "rawQueryString": rest, "rawPath": rest}
    event["queryStringParameters"] = event["headers"] = {"x": rest}
    event["requestContext"] |= {"authorizer": {"jwt": {"claims": {"x": rest}}}}
    assert len(json.dumps(event)) < 6 * 1024 * 1024
    # The text of a JSON body is escaped twice: half a limit of quotation marks always fits.
    assert len(json.dumps({"content": '"' * (MAX_FILE_BYTES // 2 - 10)})) <= MAX_FILE_BYTES


def test_json_of_the_largest_size_is_accepted_and_one_byte_more_is_not() -> None:
    def of(size: int) -> str:
        start = '{"content":"name\\n' + "\\n" * 100
        return start + "x" * (size - len(start) - 2) + '"}'

    headers = {"content-type": "application/json", **KEY}
    fits = call("add_import", body=of(MAX_FILE_BYTES), headers=headers, query={"validate_only": "true"})
    assert (fits.status, fits.body["refused"]) == (200, 1)
    assert_problem(call("add_import", body=of(MAX_FILE_BYTES + 1), headers=headers), 413, "body_too_large")


def test_file_over_3_mb_returns_413() -> None:
    header, largest = "name,parent_id\n", MAX_FILE_BYTES
    row = "x" * 2047 + "\n"
    fits = (header + row * (largest // 2048 + 1))[:largest]
    assert_problem(call("add_import", body=fits + "x", headers=KEY), 413, "body_too_large")
    tried = call("add_import", body=fits, headers=KEY, query={"validate_only": "true"})
    assert tried.body["refused"] == fits.count("\n")
    assert_problem(call("add_import", body="no columns", headers=KEY), 422, "broken_rules")
