"""Tests: functions contain no logic, and the table of routes agrees with functions, template and documents."""

import ast
import re
from typing import Any, Final, get_args

import pytest

from local.openapi import apis, document
from local.paths import PROJECT
from shared.api.routes import ROUTES, Function
from tests.architecture.helpers import FUNCTIONS, README, camel

INTEGRATION: Final = (
    "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/"
    "${{{function}.Arn}}:live/invocations"
)
IN_THE_BACKGROUND = {
    "run_daily",
    "sync_identity",
    "record_sign_in",
    "write_mail",
    "end_trials",
    "publish_events",
    "run_import",
}


# The paths that need no access token: they contain no data.
PUBLIC = {"/", "/openapi.json", "/docs"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_route_calls_one_use_case_and_decides_nothing(name: str) -> None:
    source = (PROJECT / "functions" / f"{name}.py").read_text()
    assert not re.search(r"\btry:|\bexcept\b|environ|boto3", source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            statements = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            assert len(statements) <= 4
            assert not [each for each in ast.walk(node) if isinstance(each, ast.If | ast.For | ast.While)]


def test_function_module_template_readme_and_event_share_one_name(template: dict[str, Any]) -> None:
    functions = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert set(functions) == {camel(name) for name in FUNCTIONS}
    assert set(FUNCTIONS) == {*get_args(Function), *IN_THE_BACKGROUND}
    for name in FUNCTIONS:
        assert functions[camel(name)]["Properties"]["Handler"] == f"functions.{name}.lambda_handler"
        assert re.search(rf"^\| [^|]*`{name}`", README, re.MULTILINE)
        events = [name] if name in IN_THE_BACKGROUND else [each for each in ROUTES if ROUTES[each].function == name]
        assert all((PROJECT / "events" / f"{event}.json").is_file() for event in events)


def test_every_route_is_served_by_the_function_of_its_row() -> None:
    served = {name: spec.row.function for app in apis() for name, spec in app.routes.items()}
    assert served == {name: row.function for name, row in ROUTES.items()}
    assert [app.name for app in apis()] == list(get_args(Function))


def test_routes_agree_in_table_template_document_and_page(template: dict[str, Any]) -> None:
    table = {name: (row.method, row.path) for name, row in ROUTES.items()}
    paths = template["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]
    in_template = {
        (method.upper(), path): operation["x-amazon-apigateway-integration"]["uri"]["Sub"]
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path != "/$default"
    }
    assert in_template == {
        (row.method, row.path): INTEGRATION.format(function=camel(row.function)) for row in ROUTES.values()
    }
    in_document = {
        operation["operationId"]: (method.upper(), path)
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
    }
    assert in_document == {name: route for name, route in table.items() if ROUTES[name].operation}
    page = (PROJECT / "docs" / "routes.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `([A-Z]+) (/\S*)` \|", page, re.MULTILINE)
    assert {name: (method, path) for name, method, path in rows} == table
    assert [name for name, *_ in rows] == list(ROUTES)  # in the same order


def test_every_route_requires_a_token_and_scope_except_public_and_unknown_ones(template: dict[str, Any]) -> None:
    auth = template["Resources"]["Api"]["Properties"]["Auth"]
    assert auth["DefaultAuthorizer"] == "AccessToken"
    assert auth["Authorizers"]["AccessToken"]["AuthorizationScopes"] == ["customers/api"]
    body = template["Resources"]["Api"]["Properties"]["DefinitionBody"]
    public = {("get", path) for path in PUBLIC} | {("x-amazon-apigateway-any-method", "/$default")}
    for path, operations in body["paths"].items():
        for method, operation in operations.items():
            security = [{"NONE": []}] if (method, path) in public else None  # None: the default authorizer
            assert operation.get("security") == security, (method, path)
    assert {(row.method, row.path) for row in ROUTES.values() if row.operation is None} == {
        ("GET", path) for path in PUBLIC
    }
    unknown = body["paths"]["/$default"]["x-amazon-apigateway-any-method"]
    assert unknown["isDefaultRoute"] is True
    assert unknown["x-amazon-apigateway-integration"]["uri"]["Sub"] == INTEGRATION.format(function="Console")


def test_every_function_of_the_api_has_one_permission_and_no_other_function_has_any(template: dict[str, Any]) -> None:
    of_the_gateway = "apigateway.amazonaws.com"
    permissions = [
        resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Permission" and name != "RecordSignInPermission"
    ]
    assert {each["Principal"] for each in permissions} == {of_the_gateway}
    assert [each["FunctionName"] for each in permissions] == [
        {"Ref": f"{camel(name)}.Alias"} for name in get_args(Function)
    ]
    for each in permissions:
        assert each["SourceArn"]["Sub"].endswith(":${Api}/*")


def test_every_function_has_an_alias_that_gets_settings_too_and_keeps_the_previous_version(
    template: dict[str, Any],
) -> None:
    assert template["Globals"]["Function"]["AutoPublishAlias"] == "live"
    for name in FUNCTIONS:
        properties = template["Resources"][camel(name)]["Properties"]
        assert properties["AutoPublishAliasAllProperties"] is True
        assert not {"AutoPublishAlias", "VersionDeletionPolicy"} & set(properties)
        waiting = name not in IN_THE_BACKGROUND - {"record_sign_in"}
        assert properties.get("SnapStart") == ({"ApplyOn": {"Ref": "SnapStart"}} if waiting else None)
    assert template["Parameters"]["SnapStart"]["Default"] == "None"


def test_gradual_deployment_rolls_back_on_the_alarms_of_each_function(template: dict[str, Any]) -> None:
    preference = template["Globals"]["Function"]["DeploymentPreference"]
    assert (preference["Enabled"], preference["Type"]) == ({"Ref": "GradualDeployment"}, "Canary10Percent5Minutes")
    # SAM adds it to the alarms of each function. An unexpected error becomes a response, so the function has no error.
    assert preference["Alarms"] == [{"Ref": "CrashesAlarm"}]
    for name in FUNCTIONS:
        alarms = template["Resources"][camel(name)]["Properties"]["DeploymentPreference"]["Alarms"]
        slow = [f"{camel(name)}SlowAlarm"] if f"{camel(name)}SlowAlarm" in template["Resources"] else []
        assert alarms == [{"Ref": alarm} for alarm in [f"{camel(name)}ErrorsAlarm", *slow]]
