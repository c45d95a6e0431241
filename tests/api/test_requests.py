"""Tests: bodies, parameters, headers and events that are malformed or too large."""

import base64
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from shared.api.routes import ROUTES
from tests.api.helpers import A_DISTRIBUTOR, assert_problem
from tests.builders import ROOT
from tests.calls import an_event, call, handle


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
def test_body_that_is_not_a_json_object_returns_400(body: str) -> None:
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
def test_field_of_the_wrong_type_returns_400_with_its_pointer(field: str, value: Any) -> None:
    problem = assert_problem(call("add_customer", body=A_DISTRIBUTOR | {field: value}), 400, "malformed_request")
    assert problem["errors"][0]["pointer"].startswith(f"/{field}")


def test_unknown_and_read_only_fields_return_400_with_their_pointers() -> None:
    body = A_DISTRIBUTOR | {"colour": "red", "id": "cus_mine", "state": "in_trial", "a/b~c": 1}
    problem = assert_problem(call("add_customer", body=body), 400, "malformed_request")
    assert {(error["code"], error["pointer"]) for error in problem["errors"]} == {
        ("unknown_field", "/colour"),
        ("read_only_field", "/id"),
        ("read_only_field", "/state"),
        ("unknown_field", "/a~1b~0c"),
    }


def test_nested_field_is_reported_as_unknown_not_read_only() -> None:
    body = {"locations": [{"country": "DE", "version": 1}]}
    called = call("replace_storage_locations", body=body, headers={"if-match": '"1"'})
    assert assert_problem(called, 400, "malformed_request")["errors"] == [
        {
            "code": "unknown_field",
            "pointer": "/locations/0/version",
            "detail": "Unknown field. Remove it or correct its name.",
        }
    ]


def test_response_to_a_very_wrong_view_stays_small() -> None:
    for called in (
        call("save_view", body={"columns": ["x"] * 12_000}),
        call("list_devices", query={"columns": ",".join(["x"] * 4_000)}),
        call("replace_storage_locations", body={"locations": [{"country": "x"}] * 249}, headers={"if-match": '"1"'}),
    ):
        assert called.status in (400, 422)
        assert len(called.text) < 50_000


def test_response_to_a_very_wrong_body_stays_small() -> None:
    for body in ({"services_to_provide": [1] * 20_000}, {f"f{n}": n for n in range(4_000)}):
        called = call("add_customer", body=body)
        assert_problem(called, 400, "malformed_request")
        assert len(called.text) < 20_000


def test_unknown_parameter_returns_400_and_writes_nothing() -> None:
    called = call("add_customer", body=A_DISTRIBUTOR, query={"validate_onyl": "true"})
    problem = assert_problem(called, 400, "malformed_request")
    assert problem["errors"] == [
        {
            "code": "unknown_parameter",
            "parameter": "validate_onyl",
            "detail": "Unknown parameter. Remove it or correct its name.",
        }
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
def test_invalid_parameter_returns_400_with_its_name(query: dict[str, str], parameter: str) -> None:
    problem = assert_problem(call("list_customers", query={"parent_id": ROOT.id, **query}), 400, "malformed_request")
    assert problem["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize("limit", ["1", "100"])
def test_limit_accepts_1_to_100(limit: str) -> None:
    assert call("list_customers", query={"parent_id": ROOT.id, "limit": limit}).status == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256, "a\nb"])
def test_idempotency_key_accepts_1_to_255_visible_characters(key: str) -> None:
    called = call("add_customer", body=A_DISTRIBUTOR, headers={"idempotency-key": key})
    problem = assert_problem(called, 400, "malformed_request")
    assert problem["errors"][0]["header"] == "Idempotency-Key"


def test_body_over_64_kb_returns_413() -> None:
    frame = json.dumps(A_DISTRIBUTOR | {"name": ""})
    largest = frame.replace('"name": ""', '"name": "' + "x" * (64 * 1024 - len(frame)) + '"')
    assert len(largest) == 64 * 1024
    assert_problem(call("add_customer", body=largest), 422, "broken_rules")
    assert_problem(call("add_customer", body=largest + " "), 413, "body_too_large")
    assert_problem(call("add_customer", body="ä" * 33_000), 413, "body_too_large")


@pytest.mark.parametrize(
    "media", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "application/jsonp", "nonsense"]
)
def test_other_media_types_return_415(media: str) -> None:
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
def test_json_media_type_is_accepted_in_any_spelling(media: str) -> None:
    event = an_event("add_customer")
    event["headers"] = {"Content-Type": media}
    event["body"] = base64.b64encode(event["body"].encode()).decode()
    event["isBase64Encoded"] = True
    assert handle("add_customer", event).status == 201


@pytest.mark.parametrize("body", ["/w==", "====", "no base64!", "ä"])
def test_body_that_is_not_utf8_returns_400(body: str) -> None:
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
def test_event_of_another_kind_returns_400_and_raises_nothing(event: Any) -> None:
    for name in (*ROUTES, "refuse_unknown_route"):
        called = handle(name, event)
        assert (called.status, called.body["code"]) == (400, "malformed_request")
        assert called.body["request_id"] == "lambda-request-id"


def test_half_a_surrogate_pair_returns_400_wherever_it_is() -> None:
    called = call("list_customers", query={"\ud800": "1"})
    assert (called.status, called.body["code"]) == (400, "malformed_request")
    event = an_event("get_me")
    event["requestContext"]["authorizer"]["jwt"]["claims"]["username"] = "\ud800"
    assert_problem(handle("get_me", event), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("storage_location", "SE", "Ask support for another one with POST"),
        ("parent_id", "cus_1", "Add it below the other parent"),
        ("level", "reseller", "Add a customer of the other level"),
        ("in_trial", True, "/production"),
    ],
)
def test_change_of_a_fixed_field_says_what_to_do_instead(field: str, value: object, words: str) -> None:
    path = f"/customers/{ROOT.id}"
    called = call("change_customer", path=path, body={field: value}, headers={"if-match": '"1"'})
    (error,) = assert_problem(called, 400, "malformed_request")["errors"]
    assert (error["code"], error["pointer"]) == ("read_only_field", f"/{field}")
    assert words in error["detail"]


def test_u_fffd_is_rejected_in_every_text_of_every_route() -> None:
    for name, route in ROUTES.items():
        event = an_event(name)
        if event.get("body") and name != "add_import":
            body = json.loads(event["body"])
            for path in text_paths(body):
                broken = deepcopy(body)
                place: Any = broken
                for key in path[:-1]:
                    place = place[key]
                place[path[-1]] = "M\ufffdller"
                for text in (json.dumps(broken), json.dumps(broken, ensure_ascii=False)):
                    problem = assert_problem(call(name, body=text), 400, "malformed_request")
                    (error,) = problem["errors"]
                    assert (error["code"], error["pointer"]) == ("lost_character", "".join(f"/{key}" for key in path))
        problem = assert_problem(call(name, query={"name_prefix": "\ufffd"}), 400, "malformed_request")
        assert [error["parameter"] for error in problem["errors"]] == ["name_prefix"]
        if "{" in route.path:
            broken_path = re.sub(r"{\w+}", "a%FFb", route.path)
            assert "U+FFFD" in assert_problem(call(name, path=broken_path), 400, "malformed_request")["detail"]


def text_paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where the texts of a JSON value are."""
    if isinstance(value, str):
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from text_paths(item, (*path, key))
