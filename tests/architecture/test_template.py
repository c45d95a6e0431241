"""Tests: template.yaml grants no wildcard, protects the data and sets sufficient timeouts."""

import json
from typing import Any

from local.openapi import document
from local.paths import PROJECT
from shared.api.routes import ROUTES
from shared.aws import clients
from shared.table.keys import CATALOGUE, catalogue_key

FUNCTION = "AWS::Serverless::Function"


# Roles for AWS services, with AWS's managed policies.
SERVICE_ROLES = ("DeploymentRole", "BackupRole")


def test_no_role_has_a_wildcard_or_scan(template: dict[str, Any]) -> None:
    text = (PROJECT / "template.yaml").read_text()
    # Only the policy of an operator allows a scan, and no role of a function has it.
    policy = template["Resources"]["MigrationPolicy"]["Properties"]
    assert "dynamodb:Scan" in policy["PolicyDocument"]["Statement"][0]["Action"]
    assert text.count("dynamodb:Scan") == 1
    assert not {"Roles", "Groups", "Users"} & set(policy)
    assert "AmazonDynamoDB" not in text
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role" and name not in SERVICE_ROLES:
            assert "ManagedPolicyArns" not in resource["Properties"], name
            for statement in resource["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
                conditional = statement["If"][1] if "If" in statement else statement
                for part in (conditional["Action"], conditional["Resource"]):
                    assert "*" not in json.dumps(part), name


READS = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"}
OF_THE_STREAM = {f"dynamodb:{name}" for name in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}


def writes(statement: dict[str, Any]) -> bool:
    """Return whether a statement allows a request to DynamoDB that may write, such as one that is new here."""
    listed = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    return bool({each for each in listed if each.startswith("dynamodb:")} - READS - OF_THE_STREAM)


def test_only_storage_locations_may_write_the_catalogue(template: dict[str, Any]) -> None:
    """ministack does not know dynamodb:LeadingKeys, so this is checked in the template only."""
    writers = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::IAM::Role" or name in SERVICE_ROLES:
            continue
        for statement in resource["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
            each = statement["If"][1] if "If" in statement else statement
            if writes(each):
                assert "Condition" in each, name
                (operator,) = each["Condition"]
                assert each["Condition"][operator] == {"dynamodb:LeadingKeys": [CATALOGUE[0]]}
                writers[name] = operator
    assert {name for name, operator in writers.items() if operator == "ForAllValues:StringEquals"} == {
        "StorageLocationsRole"
    }
    assert set(writers.values()) == {"ForAllValues:StringEquals", "ForAllValues:StringNotEquals"}
    assert catalogue_key(7)[0] == CATALOGUE[0]


def test_every_service_may_act_for_this_account_only(template: dict[str, Any]) -> None:
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            (trust,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}, name
        assert resource["Type"] not in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"), name


def test_concurrency_is_limited_by_parameters_that_are_off_by_default(template: dict[str, Any]) -> None:
    assert [template["Parameters"][name]["Default"] for name in ("ReservedConcurrency", "QueueConcurrency")] == [0, 0]
    reserved = {"If": ["HasReservedConcurrency", {"Ref": "ReservedConcurrency"}, {"Ref": "AWS::NoValue"}]}
    functions = {n: r["Properties"] for n, r in template["Resources"].items() if r["Type"] == FUNCTION}
    with_reserve = {name for name, each in functions.items() if each.get("ReservedConcurrentExecutions") == reserved}
    assert with_reserve == {"EndTrials", "RecordSignIn"}
    limit = {
        "If": ["HasQueueConcurrency", {"MaximumConcurrency": {"Ref": "QueueConcurrency"}}, {"Ref": "AWS::NoValue"}]
    }
    assert functions["RunImport"]["Events"]["Messages"]["Properties"]["ScalingConfig"] == limit
    assert template["Resources"]["TrialShardsMapping"]["Properties"]["ScalingConfig"] == limit


def test_table_and_user_pool_are_protected(template: dict[str, Any]) -> None:
    def properties(name: str) -> Any:
        return template["Resources"][name]["Properties"]

    assert properties("UserPool")["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert properties("UserPool")["DeletionProtection"] == "ACTIVE"
    client = properties("UserPoolClient")
    assert (client["AccessTokenValidity"], client["TokenValidityUnits"]["AccessToken"]) == (15, "minutes")
    assert client["WriteAttributes"] == ["nickname"]  # users cannot change their e-mail address
    assert "ALLOW_ADMIN_USER_PASSWORD_AUTH" not in client["ExplicitAuthFlows"]
    pool, client_id = (
        {"If": ["HasOtherUserPool", {"Ref": f"Other{name}Id"}, {"Ref": name}]}
        for name in ("UserPool", "UserPoolClient")
    )
    assert properties("Api")["Auth"]["Authorizers"]["AccessToken"]["JwtConfiguration"] == {
        "issuer": {"Sub": ["https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${Pool}", {"Pool": pool}]},
        "audience": [client_id],
    }
    assert properties("Api")["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": {"Ref": "ThrottlingRate"},
        "ThrottlingBurstLimit": {"Ref": "ThrottlingBurst"},
    }
    table = properties("Table")
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    for name in ("Table", "UserPool"):
        assert template["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert template["Resources"][name]["UpdateReplacePolicy"] == "Retain"


def test_timeout_exceeds_the_sdks_worst_case(template: dict[str, Any]) -> None:
    worst = (
        clients.MAX_ATTEMPTS * (clients.CONNECT_SECONDS + clients.READ_SECONDS) + 1
    )  # and one second between two attempts
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            timeout = resource["Properties"].get("Timeout", template["Globals"]["Function"]["Timeout"])
            # The sign-in trigger must survive one hanging call, every other function two. The mail trigger makes none.
            handler = resource["Properties"]["Handler"].split(".")[1]
            calls = {"record_sign_in": 1, "write_mail": 0}.get(handler, 2)
            assert calls * worst <= timeout


def test_other_origins_are_allowed_only_by_the_parameter_and_see_every_header(template: dict[str, Any]) -> None:
    """ministack ignores the CORS configuration of a template, so this is checked in the template only."""
    parameter = template["Parameters"]["AllowedOrigins"]
    assert (parameter["Type"], parameter["Default"]) == ("CommaDelimitedList", "")
    assert template["Conditions"]["HasAllowedOrigins"] == {
        "Not": [{"Equals": [{"Join": ["", {"Ref": "AllowedOrigins"}]}, ""]}]
    }
    body = template["Resources"]["Api"]["Properties"]["DefinitionBody"]
    condition, cors, otherwise = body["x-amazon-apigateway-cors"]["If"]
    assert (condition, otherwise) == ("HasAllowedOrigins", {"Ref": "AWS::NoValue"})
    assert cors["allowOrigins"] == {"Ref": "AllowedOrigins"}
    assert "allowCredentials" not in cors  # tokens are sent in a header, not in a cookie
    assert set(cors["allowMethods"]) == {row.method for row in ROUTES.values()}
    operations = [each for methods in document()["paths"].values() for each in methods.values()]
    sent = {p["name"].lower() for each in operations for p in each.get("parameters", []) if p["in"] == "header"}
    assert set(cors["allowHeaders"]) == {*sent, "authorization", "content-type", "accept"}
    received = {
        name.lower() for each in operations for response in each["responses"].values() for name in response["headers"]
    }
    assert set(cors["exposeHeaders"]) == received
