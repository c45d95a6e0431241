"""`make openapi`: print the OpenAPI document, which is generated from the functions.

Powertools generates it. This module adds what the generator lacks: problems, headers and examples.
"""

import importlib
import inspect
import json
import sys
import tomllib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final, Literal, get_args

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel, ConfigDict, TypeAdapter

from local.paths import PROJECT
from shared.api.app import Api, RouteSpec
from shared.api.parameters import IdempotencyKey, IfMatch, RequiredIdempotencyKey
from shared.api.requests import BYTES, JSON
from shared.api.routes import Function
from shared.errors import (
    ApiError,
    BodyTooLargeError,
    ForbiddenError,
    KeyReusedError,
    MalformedRequestError,
    NoActiveAccountError,
    NotFoundError,
    StaleVersionError,
    ThrottledError,
    UnauthenticatedError,
    UnavailableError,
    UnsupportedMediaError,
    VersionRequiredError,
)

_DESCRIPTION: Final = (
    "Adds the customers of a backup service by the rules of each level and decides where their backups are stored. "
    "A resource outside of the caller's customer looks exactly like one that does not exist: 404. Every failure is "
    "RFC 9457 problem+json, except those of the gateway itself: a missing or invalid token (401), a missing scope "
    '(403) and its own throttling (429) have the body {"message": "..."}.'
)
_TAGS: Final = {
    "customers": "Customers of every level, their trials, history, references and invoicing.",
    "devices": "Test devices, the dashboard and its views, and where data lands.",
    "accounts": "Accounts of people and machines.",
    "storage_locations": "The catalogue of storage locations.",
    "imports": "Files of customers.",
    "onboarding": "A customer, its accounts and a test device with one request.",
}
_EVERY_ROUTE: Final = (
    MalformedRequestError,
    UnauthenticatedError,
    NoActiveAccountError,
    ForbiddenError,
    ThrottledError,
    UnavailableError,
)
# API Gateway may respond with these before it calls a function.
_OF_THE_GATEWAY: Final = ("401", "403", "429")
_STATUS_HEADERS: Final = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ("Retry-After",)}
_ADDED_BY_POWERTOOLS: Final = ("HTTPValidationError", "ResponseValidationError", "ValidationError")


class ProblemError(BaseModel):
    """One error. `pointer` (into the body), `parameter` or `header` says where it is."""

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
                    "errors": [{"code": "required", "pointer": "/name", "detail": "A distributor requires name."}],
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


class GatewayProblem(BaseModel):
    """A failure of a status that both the gateway and a function respond with.

    The gateway sends `message` alone, as application/json. A function sends a Problem, as application/problem+json.
    """

    message: str | None = None
    type: str | None = None
    title: str | None = None
    status: int | None = None
    code: str | None = None
    detail: str | None = None
    errors: list[ProblemError] = []
    request_id: str | None = None


def apis() -> Iterator[Api]:
    """Import each function of the API and yield its app."""
    for name in get_args(Function):
        yield importlib.import_module(f"functions.{name}").app


def document() -> dict[str, Any]:
    """Build one document for all functions."""
    resolver = APIGatewayHttpResolver(enable_validation=True)
    operations: dict[str, tuple[Api, RouteSpec]] = {}
    for app in apis():
        for name, spec in app.routes.items():
            if spec.row.operation is None:  # a page for browsers
                continue
            operations[name] = (app, spec)
            resolver.route(
                spec.row.path.replace("{", "<").replace("}", ">"),
                spec.row.method,
                operation_id=name,
                tags=[app.name],
                summary=_first_line(spec),
                description=inspect.getdoc(spec.function) or "",
                responses=_successes(spec),
            )(spec.function)
    text = resolver.get_openapi_json_schema(
        title="Backup customers", version=_version(), openapi_version="3.1.0", description=_DESCRIPTION
    )
    result: dict[str, Any] = json.loads(text)
    for methods in result["paths"].values():
        for operation in methods.values():
            _complete(operation, *operations[operation["operationId"]])
    schemas = result["components"]["schemas"]
    for name in _ADDED_BY_POWERTOOLS:
        del schemas[name]
    for model in (Problem, GatewayProblem):
        schema = TypeAdapter(model).json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
    result["info"] |= {"contact": {"name": "Support of the backup service"}, "license": {"name": "Proprietary"}}
    result["tags"] = [{"name": app.name, "description": _TAGS[app.name]} for app in apis() if app.name in _TAGS]
    result["servers"] = [{"url": "/"}]
    result["security"] = [{"access_token": []}]
    result["components"] = {
        "schemas": dict(sorted(_without_constants(_without_null_defaults(schemas)).items())),
        "securitySchemes": {
            "access_token": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "An access token of the user pool, valid for 15 minutes.",
            }
        },
    }
    return result


def _first_line(spec: RouteSpec) -> str:
    return (inspect.getdoc(spec.function) or "").partition("\n")[0]


def _version() -> str:
    version: str = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return version


def _successes(spec: RouteSpec) -> dict[int, Any]:
    content: dict[str, Any] = {"application/json": {"model": spec.model}} if spec.model else {}
    if hasattr(spec.model, "as_csv"):
        content["text/csv"] = {"schema": {"type": "string"}}
    successes = {spec.status: {"description": HTTPStatus(spec.status).phrase, "content": content}}
    if spec.otherwise:
        successes[spec.otherwise.status] = {"description": spec.otherwise.description, "content": content}
    if spec.preview:
        description = "With validate_only: what the request would create."
        successes[HTTPStatus.OK.value] = {
            "description": description,
            "content": {"application/json": {"model": spec.preview}},
        }
    return successes


def _complete(operation: dict[str, Any], app: Api, spec: RouteSpec) -> None:
    """Add to an operation what the generator lacks: examples, problems and headers."""
    annotations = [parameter.annotation for parameter in inspect.signature(spec.function).parameters.values()]
    if "parameters" in operation:  # OpenAPI ignores a parameter of this name
        operation["parameters"] = [each for each in operation["parameters"] if each["name"] != "Accept".lower()]
    for parameter in operation.get("parameters", []):
        parameter["schema"].pop("title", None)  # it only repeats the name
        if parameter["in"] == "header":  # the generator writes their names in lower case
            parameter["name"] = parameter["name"].title()
        # A request without a version gets an error of its own, `version_required`, not `malformed_request`.
        parameter["required"] |= parameter["name"] == "If-Match" and IfMatch in annotations
    _complete_body(operation, app, spec)
    responses = operation["responses"]
    del responses["422"]  # Powertools' own
    responses |= _problems(spec, annotations)
    for status, response in responses.items():
        headers = (*_headers(spec, status, annotations), *_STATUS_HEADERS.get(status, ()))
        if headers:
            response["headers"] = {header: {"schema": {"type": "string"}} for header in headers}
        if not response.get("content"):
            response.pop("content", None)
    operation["responses"] = dict(sorted(responses.items()))


def _complete_body(operation: dict[str, Any], app: Api, spec: RouteSpec) -> None:
    event = json.loads((PROJECT / "events" / f"{operation['operationId']}.json").read_text(encoding="utf-8"))
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
        operation["requestBody"]["content"]["application/json"]["example"] = json.loads(event["body"])
    elif app.accepts is not JSON and spec.row.method == "POST":
        media: dict[str, Any] = {each: {"schema": {"type": "string"}} for each in app.accepts.media_types}
        media[BYTES]["schema"]["format"] = "binary"
        media["text/csv"]["example"] = event["body"]
        operation["requestBody"] = {"required": True, "content": media}


def _problems(spec: RouteSpec, annotations: list[Any]) -> dict[str, Any]:
    codes: dict[str, list[str]] = {"500": ["internal_error", "unreadable_record"]}
    for error in dict.fromkeys(_errors(spec, annotations)):
        codes.setdefault(str(error.status), []).append(error.code)
    problems = {}
    for status, of_status in codes.items():
        media = (
            ("application/problem+json", "application/json")
            if status in _OF_THE_GATEWAY
            else ("application/problem+json",)
        )
        schema = "GatewayProblem" if status in _OF_THE_GATEWAY else "Problem"
        content = {each: {"schema": {"$ref": f"#/components/schemas/{schema}"}} for each in media}
        problems[status] = {"description": ", ".join(of_status), "content": content}
    return problems


def _errors(spec: RouteSpec, annotations: list[Any]) -> Iterator[type[ApiError]]:
    """Yield the errors of a route: those of every route, those that follow from its signature, and its own."""
    yield from _EVERY_ROUTE
    if "{" in spec.row.path:
        yield NotFoundError
    yield from spec.raises
    if IfMatch in annotations:
        yield from (StaleVersionError, VersionRequiredError)
    if IdempotencyKey in annotations or RequiredIdempotencyKey in annotations:
        yield KeyReusedError
    if spec.row.method in ("POST", "PUT", "PATCH"):
        yield from (BodyTooLargeError, UnsupportedMediaError)


def _headers(spec: RouteSpec, status: str, annotations: list[Any]) -> Iterator[str]:
    """Yield the headers of a successful response."""
    if not status.startswith("2") or spec.model is None or (spec.preview and status == "200"):
        return
    created = status in ("201", "202")
    if "version" in spec.model.model_fields:
        yield "ETag"
    if created and spec.model.__name__ != "OnboardingResponse":
        yield "Location"
        if KeyReusedError in _errors(spec, annotations):
            yield "Idempotent-Replayed"
    if hasattr(spec.model, "as_csv"):
        yield from ("Next-Cursor", "Incomplete-Records", "Content-Disposition")


def _without_constants(schema: Any) -> Any:
    """Replace `const`, on which generated clients fail, by an enum; for a boolean by its type alone."""
    if isinstance(schema, dict):
        kept = {name: _without_constants(value) for name, value in schema.items() if name != "const"}
        return kept | ({"enum": [schema["const"]]} if isinstance(schema.get("const"), str) else {})
    return [_without_constants(each) for each in schema] if isinstance(schema, list) else schema


def _without_null_defaults(schema: Any) -> Any:
    """Remove `"default": null`: omitting a field from a change is not the same as sending null."""
    if isinstance(schema, dict):
        return {
            name: _without_null_defaults(value) for name, value in schema.items() if (name, value) != ("default", None)
        }
    return [_without_null_defaults(each) for each in schema] if isinstance(schema, list) else schema


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2)
    print()
