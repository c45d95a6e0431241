"""Tests: requests through named stages and base paths, and the resolver's traps."""

import importlib
import io
import json
from typing import Any

import pytest

from shared.aws.observability import log
from tests.api.helpers import A_DISTRIBUTOR, assert_problem
from tests.builders import ROOT
from tests.calls import Context, an_event, call, handle


def at(event: dict[str, Any], prefix: str, stage: str = "$default") -> dict[str, Any]:
    """Return an event as API Gateway sends it for a path with a stage or base path before the route."""
    event["rawPath"] = prefix + event["rawPath"]
    event["requestContext"]["http"]["path"] = event["rawPath"]
    event["requestContext"]["stage"] = stage
    return event


@pytest.mark.parametrize(
    ("prefix", "stage"),
    [("/prod", "prod"), ("", "prod"), ("/v1", "$default"), ("/v1/prod", "prod"), ("/v1/customers", "prod"), ("", "")],
)
def test_stage_and_base_path_are_removed_from_the_path_and_kept_in_location(prefix: str, stage: str) -> None:
    added = handle("add_customer", at(an_event("add_customer"), prefix, stage))
    assert added.headers["Location"] == f"{prefix}/customers/{added.body['id']}", added.text
    event = an_event("get_customer")
    event["rawPath"] = f"/customers/{added.body['id']}"
    assert handle("get_customer", at(event, prefix, stage)).body["id"] == added.body["id"]


@pytest.mark.parametrize("prefix", ["/\x0b", "/a b", "/\u2028", "evil.example", "//", "/a%0d"])
def test_path_with_another_prefix_is_unknown_and_in_no_header(prefix: str) -> None:
    called = handle("add_customer", at(an_event("add_customer"), prefix))
    assert_problem(called, 404, "not_found")


def test_stage_is_removed_from_an_unknown_path() -> None:
    event = an_event("refuse_unknown_route")
    called = handle("refuse_unknown_route", at(event, "/prod", "prod"))
    assert_problem(called, 405, "method_not_allowed")
    assert called.headers["Allow"] == "GET, POST"
    event = an_event("refuse_unknown_route")
    assert_problem(handle("refuse_unknown_route", at(event, "/product", "prod")), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "stage"), [("/", "$default"), ("/prod/", "prod"), ("/prod", "prod"), ("/v1", "$default")]
)
def test_console_is_found_with_and_without_a_stage(path: str, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER_POOL_CLIENT_ID", "client")
    monkeypatch.setenv("MY_SIGN_IN_CLIENT_ID", "my_sign_in")
    monkeypatch.setenv("SIGN_IN_ENDPOINT", "https://cognito-idp.eu-west-1.amazonaws.com")
    event = an_event("get_console")
    event["rawPath"] = path
    event["requestContext"]["stage"] = stage
    assert handle("get_console", event).status == 200


@pytest.mark.parametrize("body", ["[]", json.dumps([A_DISTRIBUTOR]), json.dumps([A_DISTRIBUTOR, {}])])
def test_list_as_body_is_refused_and_its_first_element_not_added(body: str) -> None:
    problem = assert_problem(call("add_customer", body=body), 400, "malformed_request")
    assert problem["errors"] == [{"code": "wrong_type", "pointer": "", "detail": "The body must be a JSON object."}]
    assert call("list_customers", query={"parent_id": ROOT.id}).body["customers"] == []


def test_development_variable_of_powertools_prints_no_event(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_DEV", "1")
    stream = io.StringIO()
    monkeypatch.setattr(log.registered_handler, "stream", stream)
    module = importlib.reload(importlib.import_module("functions.accounts"))
    event = an_event("get_me")
    event["headers"]["authorization"] = "Bearer a-secret"
    assert module.lambda_handler(event, Context())["statusCode"] == 200
    monkeypatch.delenv("POWERTOOLS_DEV")
    importlib.reload(module)
    assert "a-secret" not in stream.getvalue() + capsys.readouterr().out


def test_repeated_parameter_is_refused() -> None:
    event = an_event("list_customers")
    event["queryStringParameters"] = {"within": f"{ROOT.id},{ROOT.id}"}
    event["rawQueryString"] = f"within={ROOT.id}&within={ROOT.id}"
    problem = assert_problem(handle("list_customers", event), 400, "malformed_request")
    assert [error["parameter"] for error in problem["errors"]] == ["within"]


def test_parameter_with_a_comma_is_one_value() -> None:
    path = f"/customers/{ROOT.id}/devices"
    called = call("list_devices", path=path, query={"columns": "name,customer"})
    assert [column["name"] for column in called.body["columns"]] == ["name", "customer"], called.text


@pytest.mark.parametrize("media_type", ["application/jsonp", "application/json-patch+json", "multipart/form-data"])
def test_media_type_that_only_begins_like_json_is_refused(media_type: str) -> None:
    called = call("add_customer", body=A_DISTRIBUTOR, headers={"content-type": media_type})
    assert_problem(called, 415, "unsupported_media_type")


@pytest.mark.parametrize("media_type", ["Application/JSON", "application/json; charset=UTF-8", ""])
def test_media_type_is_compared_without_case_and_parameters(media_type: str) -> None:
    called = call("add_customer", body=A_DISTRIBUTOR, headers={"content-type": media_type})
    assert called.status == 201, called.text
