"""Tests: template.yaml grants no wildcard, protects the data and sets sufficient timeouts."""

import json
from typing import Any

from local.paths import PROJECT
from shared.aws import clients


def test_no_role_has_a_wildcard_or_scan(template: dict[str, Any]) -> None:
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


def test_table_and_user_pool_are_protected(template: dict[str, Any]) -> None:
    def properties(name: str) -> Any:
        return template["Resources"][name]["Properties"]

    assert properties("UserPool")["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert properties("UserPool")["DeletionProtection"] == "ACTIVE"
    client = properties("UserPoolClient")
    assert (client["AccessTokenValidity"], client["TokenValidityUnits"]["AccessToken"]) == (15, "minutes")
    assert client["WriteAttributes"] == ["nickname"]  # users cannot change their e-mail address
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


def test_timeout_exceeds_the_sdks_worst_case(template: dict[str, Any]) -> None:
    worst = (
        clients.MAX_ATTEMPTS * (clients.CONNECT_SECONDS + clients.READ_SECONDS) + 1
    )  # and one second between two attempts
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            timeout = resource["Properties"].get("Timeout", template["Globals"]["Function"]["Timeout"])
            # The sign-in trigger must survive one hanging call, every other function two.
            calls = 1 if "SignIn" in resource["Properties"]["Events"] else 2
            assert calls * worst <= timeout
