"""`make openapi`: the OpenAPI document, from the functions themselves, on standard output."""

import importlib
import json
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema

from local.paths import PROJECT
from shared.api.http import JSON, Api, RouteSpec
from shared.api.parameters import Parameter
from shared.api.routes import ROUTES
from shared.errors import VersionRequiredError

_RESPONSE_HEADERS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "add_import": {"202": ("Location", "Idempotent-Replayed")},
    "add_customer": {"201": ("ETag", "Location", "Idempotent-Replayed")},
    "get_customer": {"200": ("ETag",)},
    "change_customer": {"200": ("ETag",)},
    "change_storage_location": {"200": ("ETag",)},
    "archive_customer": {"200": ("ETag",)},
    "restore_customer": {"200": ("ETag",)},
    "get_customer_by_reference": {"200": ("ETag",)},
    "save_customer_by_reference": {"200": ("ETag",), "201": ("ETag", "Location")},
    "get_storage_locations": {"200": ("ETag",)},
    "replace_storage_locations": {"200": ("ETag",)},
    "add_account": {"201": ("ETag", "Location", "Idempotent-Replayed")},
    "add_test_device": {"201": ("Location", "Idempotent-Replayed")},
    "get_account": {"200": ("ETag",)},
    "list_devices": {"200": ("Next-Cursor",)},
    "get_invoicing": {"200": ("Next-Cursor",)},
    "change_account": {"200": ("ETag",)},
}
# What the gateway may answer before a function is called; it has a shape of its own.
_OF_THE_GATEWAY: Final = ("401", "403", "429")
_GATEWAY_MESSAGE: Final = {
    "type": "object",
    "description": "What the gateway itself refuses.",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}
_MESSAGE: Final = {"$ref": "#/components/schemas/GatewayMessage"}
_STATUS_HEADERS: Final = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ("Retry-After",)}
_REFERENCE: Final = "#/components/schemas/{model}"


class _Schemas(GenerateJsonSchema):
    """pydantic's, but for `"default": null`: a field that is left out of a change is not one that is null."""

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().default_schema(schema)
        return {key: value for key, value in found.items() if (key, value) != ("default", None)}


class ProblemError(BaseModel):
    """One error; `pointer` (into the body) or `parameter` or `header` says where it is."""

    model_config = ConfigDict(extra="allow")

    code: str
    detail: str | None = None
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None


class Problem(BaseModel):
    """RFC 9457 problem details, with a code for programs and the errors by field."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Unprocessable Content",
                    "status": 422,
                    "code": "broken_rules",
                    "detail": "The request violates one rule. See errors for details.",
                    "errors": [{"code": "required", "pointer": "/name", "detail": "A distributor needs name."}],
                    "request_id": "JKJaXmPLvHcESHA=",
                }
            ]
        },
    )

    type: Literal["about:blank"]
    title: str
    status: int
    code: str
    detail: str
    errors: list[ProblemError]
    request_id: str


def document() -> dict[str, Any]:
    """Build one document for all functions. A name belongs to one schema only."""
    functions = {name: importlib.import_module(f"functions.{name}") for name in ROUTES}
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
    for function in functions.values():
        if function.app.answers.model:
            models.append((function.app.answers.model, "serialization"))
        models += [(each.annotation, "validation") for each in function.app.parameters if each.place == "body"]
    references, schemas = models_json_schema(models, ref_template=_REFERENCE, schema_generator=_Schemas)
    paths: dict[str, Any] = {}
    for name, function in functions.items():
        row = function.app.row
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(name, function, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Backup customers",
            "version": _version(),
            "description": (
                "Adds the customers of a backup service by the rules of each level and decides where their backups "
                "are stored. A resource outside the caller's customer looks exactly like an absent one: 404. "
                "Every failure is RFC 9457 problem+json, but those that the gateway itself answers: a missing or "
                "invalid token (401), a missing scope (403) and its own throttling (429) come as "
                '{"message": "..."}.'
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"access_token": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted((schemas["$defs"] | {"GatewayMessage": _GATEWAY_MESSAGE}).items())),
            "securitySchemes": {
                "access_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token of the user pool, good for 15 minutes.",
                }
            },
        },
    }


def _version() -> str:
    return next(
        line.split('"')[1]
        for line in (PROJECT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
        if line.startswith("version")
    )


def _operation(name: str, function: Any, references: Mapping[Any, Any]) -> dict[str, Any]:
    app = function.app
    event = json.loads((PROJECT / "events" / f"{name}.json").read_text(encoding="utf-8"))
    operation: dict[str, Any] = {"summary": function.route.__doc__, "operationId": name}
    parameters = [_parameter(each, app) for each in app.parameters if each.place != "body"]
    if parameters:
        operation["parameters"] = parameters
    body = next((each for each in app.parameters if each.place == "body"), None)
    if body:
        content = {"schema": references[body.annotation, "validation"], "example": json.loads(event["body"])}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    elif app.takes is not JSON:
        media: dict[str, Any] = {each: {"schema": {"type": "string"}} for each in app.takes.media}
        media["text/csv"]["example"] = event["body"]
        operation["requestBody"] = {"required": True, "content": media}
    operation["responses"] = _responses(name, app.answers, references)
    return operation


def _parameter(given: Parameter, app: Api) -> dict[str, Any]:
    # A version is asked for by a refusal of its own, and not by the shape.
    version = given.key == "If-Match" and VersionRequiredError in app.answers.refuses
    default = {} if given.required or given.default is None else {"default": given.default}
    return {
        "name": given.key,
        "in": given.place,
        "required": given.required or version,
        "schema": {**given.adapter.json_schema(ref_template=_REFERENCE), **default},
        **({"description": given.description} if given.description else {}),
    }


def _responses(name: str, answers: RouteSpec, references: Mapping[Any, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": references[Problem, "serialization"]}}
    content: dict[str, Any] = {}
    if answers.model:
        content = {"content": {"application/json": {"schema": references[answers.model, "serialization"]}}}
    responses: dict[str, Any] = {str(answers.status): {"description": HTTPStatus(answers.status).phrase, **content}}
    if answers.status in (HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
        responses["200"] = {"description": answers.otherwise, **content}
    codes: dict[str, list[str]] = {"500": ["internal_error"]}
    for error in answers.refuses:
        codes.setdefault(str(error.status), []).append(error.code)
    for status, of_status in codes.items():
        message = {"application/json": {"schema": _MESSAGE}} if status in _OF_THE_GATEWAY else {}
        responses[status] = {"description": ", ".join(of_status), "content": {**problem, **message}}
    if name in ("list_devices", "get_invoicing"):
        responses["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}
    for status, response in responses.items():
        headers = (*_RESPONSE_HEADERS.get(name, {}).get(status, ()), *_STATUS_HEADERS.get(status, ()))
        if headers:
            response["headers"] = {header: {"schema": {"type": "string"}} for header in headers}
    return dict(sorted(responses.items()))


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2)
    print()
