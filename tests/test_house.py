"""The house: which way imports run, one name in four places, and documents that tell the truth."""

import ast
import importlib
import json
import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from local.openapi import document
from local.paths import PROJECT
from shared.api.routes import ROUTES
from shared.aws import clients as aws
from shared.errors import ApiError

FUNCTIONS = sorted(path.stem for path in (PROJECT / "functions").glob("[a-z]*.py"))
IN_THE_BACKGROUND = {"sync_identity", "record_sign_in", "end_trials", "publish_events", "run_import"}
README = (PROJECT / "README.md").read_text()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_one_screen_of_one_route(name: str) -> None:
    source = (PROJECT / "functions" / f"{name}.py").read_text()
    assert len(source.splitlines()) <= 60
    assert not re.search(r"\btry:|\bexcept\b|environ|boto3", source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            statements = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            assert len(statements) <= 3


def camel(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))


def test_one_name_in_four_places(template: dict[str, Any]) -> None:
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


def test_the_routes_of_the_table_the_template_the_document_and_the_readme_are_equal(
    template: dict[str, Any],
) -> None:
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
        if name != "get_console"  # a page, not of the API
    }
    assert in_template == table
    assert in_document == table
    assert readme == table


def test_the_start_is_kept_of_what_somebody_waits_for(template: dict[str, Any]) -> None:
    """What nobody waits for runs as it was deployed: SAM publishes no version when a parameter alone changes."""
    kept = {
        name
        for name in FUNCTIONS
        if {"AutoPublishAlias", "VersionDeletionPolicy", "SnapStart"}
        <= set(template["Resources"][camel(name)]["Properties"])
    }
    assert set(FUNCTIONS) - kept == IN_THE_BACKGROUND - {"record_sign_in"}
    every = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    assert {each.get("AutoPublishAlias", "live") for each in every} == {"live"}


def test_every_route_asks_for_a_token_and_a_scope_but_the_console_and_the_one_for_unknown_routes(
    template: dict[str, Any],
) -> None:
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


def test_no_function_has_more_than_it_needs(template: dict[str, Any]) -> None:
    text = (PROJECT / "template.yaml").read_text()
    assert "dynamodb:Scan" not in text
    assert "AmazonDynamoDB" not in text
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            assert "ManagedPolicyArns" not in resource["Properties"], name
            for statement in resource["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
                conditional = statement["If"][1] if "If" in statement else statement
                for part in (conditional["Action"], conditional["Resource"]):
                    assert "*" not in json.dumps(part), name


def test_the_open_api_document_is_the_one_the_code_makes_and_is_valid() -> None:
    committed = json.loads((PROJECT / "docs" / "openapi.json").read_text())
    assert committed == document(), "write it anew: make openapi"
    OpenAPIV31SpecValidator(committed).validate()
    assert committed["security"]
    assert "Problem" in committed["components"]["schemas"]


def test_the_documents_name_every_refusal_and_every_command_and_no_other() -> None:
    codes = {refusal.code: refusal.status for refusal in ApiError.__subclasses__()} | {"internal_error": 500}
    errors = (PROJECT / "docs" / "errors.md").read_text()
    told = {code: int(status) for status, code in re.findall(r"^\| (\d{3}) \| `(\w+)` \|", errors, re.MULTILINE)}
    assert told == codes
    assert "docs/errors.md" in README
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    commands = set(re.findall(r"\bmake (?:-s )?(\w+)", README))
    assert commands <= targets
    assert {"run", "test", "lint", "token", "build", "openapi"} <= commands
    assert len(README.splitlines()) <= 150


def test_requirements_are_pinned_with_hashes_and_name_no_registry() -> None:
    for file in PROJECT.glob("requirements*.txt"):
        text = file.read_text()
        assert "://" not in text, file.name
        assert "index" not in re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE), file.name
        for block in re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip()):
            assert re.match(r"[\w.\[\]-]+==\S+", block), block
            assert "--hash=sha256:" in block, block


def test_what_the_safety_of_a_deployment_hangs_on(template: dict[str, Any]) -> None:
    def properties(name: str) -> Any:
        return template["Resources"][name]["Properties"]

    assert properties("UserPool")["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert properties("UserPool")["DeletionProtection"] == "ACTIVE"
    client = properties("UserPoolClient")
    assert (client["AccessTokenValidity"], client["TokenValidityUnits"]["AccessToken"]) == (15, "minutes")
    assert client["WriteAttributes"] == ["nickname"]  # nobody changes the address they are known by
    assert "ALLOW_ADMIN_USER_PASSWORD_AUTH" not in client["ExplicitAuthFlows"]
    jwt = properties("Api")["Auth"]["Authorizers"]["AccessToken"]["JwtConfiguration"]
    assert jwt == {
        "issuer": {"Sub": "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}"},
        "audience": [{"Ref": "UserPoolClient"}],
    }
    assert properties("Api")["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": {"Ref": "ThrottlingRate"},
        "ThrottlingBurstLimit": {"Ref": "ThrottlingBurst"},
    }
    table = properties("Table")
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    for name in ("Table", "UserPool"):
        assert template["Resources"][name]["DeletionPolicy"] == "Retain"
        assert template["Resources"][name]["UpdateReplacePolicy"] == "Retain"


def test_a_function_answers_before_its_time_is_up_although_aws_does_not(template: dict[str, Any]) -> None:
    worst = aws.MAX_ATTEMPTS * (aws.CONNECT_SECONDS + aws.READ_SECONDS) + 1  # and the SDK's wait between two attempts
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            timeout = resource["Properties"].get("Timeout", template["Globals"]["Function"]["Timeout"])
            # Where the user pool gives a token, one hanging call is borne; everywhere else two.
            calls = 1 if "SignIn" in resource["Properties"]["Events"] else 2
            assert calls * worst <= timeout


def test_every_alarm_names_its_entry_in_the_runbook(template: dict[str, Any]) -> None:
    entries = set(re.findall(r"^## (.+)$", (PROJECT / "docs" / "runbook.md").read_text(), re.MULTILINE))
    named = set()
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            found = re.search(r'docs/runbook.md, "(.+)"', resource["Properties"]["AlarmDescription"])
            assert found, name
            named.add(found[1])
    assert named == entries


def test_every_asynchronous_path_has_a_dead_letter_queue_with_an_alarm(template: dict[str, Any]) -> None:
    text = json.dumps(template["Resources"])
    for queue in ("AccountsFailed", "RunsFailed", "EventsFailed", "ImportsFailed"):
        assert f"{queue}.QueueName" in json.dumps(template["Resources"][f"{queue}Alarm"])
        assert f"{queue}.Arn" in text
