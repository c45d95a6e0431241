"""Convert the template to native HTTP API routes, for ministack. This runs in the environment of SAM.

SAM puts the routes of an HTTP API into an OpenAPI `Body`, which ministack ignores (seen with 1.5.33): the API
would have no routes. Everything else is deployed as SAM generates it, except one permission and the alarms on an
expression, which ministack rejects.

    python -m local.sam_to_native CODE_BUCKET CODE_KEY < .aws-sam/build/template.yaml
"""

import json
import sys
from typing import Any

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

Resources = dict[str, Any]
_PARAMETERS = {"GradualDeployment": "false"}  # ministack has no CodeDeploy


class _NoManagedPolicies:
    """The lookup of AWS's managed policies for SAM. It is empty, because the template uses none by name."""

    def load(self) -> dict[str, str]:
        return {}


def sam_to_native(template: dict[str, Any], bucket: str, key: str) -> dict[str, Any]:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": key}
    native: dict[str, Any] = transform(template, _PARAMETERS, _NoManagedPolicies())
    for name, resource in list(native["Resources"].items()):
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            native["Resources"].update(_routes(name, resource["Properties"]))
        if resource["Type"] == "AWS::IAM::Role":
            _allow_batches(resource["Properties"])
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
            del native["Resources"][name]
    return native


def _allow_batches(role: dict[str, Any]) -> None:
    """Allow `sqs:SendMessageBatch`, which ministack requires. On AWS, `sqs:SendMessage` allows batches too."""
    for policy in role.get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            given = statement.get("Fn::If", [None, statement])[1]
            actions = given["Action"] if isinstance(given["Action"], list) else [given["Action"]]
            if "sqs:SendMessage" in actions:
                given["Action"] = [*actions, "sqs:SendMessageBatch"]


def _routes(api: str, properties: dict[str, Any]) -> Resources:
    """Remove the `Body` from an API's properties. Return its authorizers, integrations and routes."""
    body = properties.pop("Body")
    properties.pop("FailOnWarnings", None)
    properties.update(ProtocolType="HTTP", Name=body["info"]["title"])
    resources: Resources = {}
    authorizers: dict[str, str] = {}
    for scheme, definition in body.get("components", {}).get("securitySchemes", {}).items():
        given = definition["x-amazon-apigateway-authorizer"]
        authorizers[scheme] = f"{api}{scheme}Authorizer"
        resources[authorizers[scheme]] = _resource(
            "Authorizer",
            api,
            Name=scheme,
            AuthorizerType="JWT",
            IdentitySource=[given["identitySource"]],
            JwtConfiguration={
                "Issuer": given["jwtConfiguration"]["issuer"],
                "Audience": given["jwtConfiguration"]["audience"],
            },
        )
    for path, operations in body["paths"].items():
        for method, operation in operations.items():
            integration = operation["x-amazon-apigateway-integration"]
            suffix = "".join(filter(str.isalnum, f"{method}{path}".title()))
            resources[f"{api}{suffix}Integration"] = _resource(
                "Integration",
                api,
                IntegrationType="AWS_PROXY",
                IntegrationUri=integration["uri"],
                PayloadFormatVersion=integration["payloadFormatVersion"],
            )
            route = {
                "RouteKey": "$default" if path.lstrip("/") == "$default" else f"{method.upper()} {path}",
                "Target": {"Fn::Join": ["/", ["integrations", {"Ref": f"{api}{suffix}Integration"}]]},
            }
            for scheme, scopes in (pair for item in operation.get("security", []) for pair in item.items()):
                if scheme != "NONE":
                    route |= {
                        "AuthorizationType": "JWT",
                        "AuthorizerId": {"Ref": authorizers[scheme]},
                        "AuthorizationScopes": scopes,
                    }
            resources[f"{api}{suffix}Route"] = _resource("Route", api, **route)
    return resources


def _resource(kind: str, api: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": {"ApiId": {"Ref": api}, **properties}}


if __name__ == "__main__":
    json.dump(sam_to_native(yaml_parse(sys.stdin.read()), sys.argv[1], sys.argv[2]), sys.stdout)
