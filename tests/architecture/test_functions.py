"""Tests: each function is short, has one name everywhere and one route in all documents."""

import ast
import importlib
import re
from typing import Any

import pytest

from local.openapi import document
from local.paths import PROJECT
from shared.api.routes import ROUTES
from tests.architecture.helpers import FUNCTIONS, README, camel

IN_THE_BACKGROUND = {"sync_identity", "record_sign_in", "end_trials", "publish_events", "run_import"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_one_screen_with_one_route(name: str) -> None:
    source = (PROJECT / "functions" / f"{name}.py").read_text()
    assert len(source.splitlines()) <= 60
    assert not re.search(r"\btry:|\bexcept\b|environ|boto3", source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            statements = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            assert len(statements) <= 3


def test_function_module_use_case_template_and_handler_share_one_name(template: dict[str, Any]) -> None:
    functions = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert set(functions) == {camel(name) for name in FUNCTIONS}
    assert set(FUNCTIONS) == {*ROUTES, "get_console", "refuse_unknown_route", *IN_THE_BACKGROUND}
    for name in FUNCTIONS:
        assert functions[camel(name)]["Properties"]["Handler"] == f"functions.{name}.lambda_handler"
        module = importlib.import_module(f"functions.{name}")
        assert callable(getattr(module, name)), f"functions/{name}.py calls no use case of its name"
        assert re.search(rf"^\| `{name}` \|", README, re.MULTILINE)
        assert (PROJECT / "events" / f"{name}.json").is_file()


def test_routes_agree_in_table_template_document_and_readme(template: dict[str, Any]) -> None:
    table = {name: (row.method, row.path) for name, row in ROUTES.items()}
    in_template = {}
    for name in ROUTES:
        route = template["Resources"][camel(name)]["Properties"]["Events"]["Route"]["Properties"]
        in_template[name] = (route["Method"], route["Path"])
    in_document = {
        operation["operationId"]: (method.upper(), path)
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
    }
    readme = {
        name: (method, path)
        for name, method, path in re.findall(r"^\| `(\w+)` \| `([A-Z]+) (/\S*)` \|", README, re.MULTILINE)
        if name != "get_console"  # it is a page and not part of the API
    }
    assert in_template == table
    assert in_document == table
    assert readme == table


def test_functions_with_waiting_callers_have_an_alias_and_snapstart(template: dict[str, Any]) -> None:
    """Background functions have no version: SAM publishes none when only a parameter changes."""
    with_snapshot = {
        name
        for name in FUNCTIONS
        if {"AutoPublishAlias", "VersionDeletionPolicy", "SnapStart"}
        <= set(template["Resources"][camel(name)]["Properties"])
    }
    assert set(FUNCTIONS) - with_snapshot == IN_THE_BACKGROUND - {"record_sign_in"}
    every = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    assert {each.get("AutoPublishAlias", "live") for each in every} == {"live"}


def test_every_route_requires_a_token_and_scope_except_console_and_unknown_routes(template: dict[str, Any]) -> None:
    auth = template["Resources"]["Api"]["Properties"]["Auth"]
    assert auth["DefaultAuthorizer"] == "AccessToken"
    assert auth["Authorizers"]["AccessToken"]["AuthorizationScopes"] == ["aws.cognito.signin.user.admin"]
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            (event,) = resource["Properties"]["Events"].values()
            if event["Type"] != "HttpApi":
                continue
            own = event["Properties"].get("Auth")
            assert own == ({"Authorizer": "NONE"} if name in ("GetConsole", "RefuseUnknownRoute") else None)
