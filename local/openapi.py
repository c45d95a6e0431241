"""`make openapi`: print the OpenAPI document, which is generated from the functions.

Powertools generates it. This module adds what the generator lacks: problems, headers and examples. The texts are in
openapi_texts.py, and the examples are recorded responses, in docs/examples.json.
"""

import importlib
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final, Literal, get_args

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import models_json_schema

from local.openapi_texts import (
    DESCRIPTION,
    GATEWAY,
    HEADERS,
    PARAMETER_EXAMPLES,
    PATH_PARAMETERS,
    TAGS,
)
from local.paths import PROJECT
from shared.api.app import Api, RouteSpec
from shared.api.parameters import IdempotencyKey, IfMatch, RequiredIdempotencyKey
from shared.api.requests import BYTES, JSON, MERGE_PATCH
from shared.api.routes import ROUTES, Function
from shared.errors import (
    ApiError,
    BodyTooLargeError,
    ForbiddenError,
    KeyReusedError,
    MalformedRequestError,
    NoActiveAccountError,
    NotFoundError,
    SecondFactorRequiredError,
    StaleVersionError,
    ThrottledError,
    UnauthenticatedError,
    UnavailableError,
    UnsupportedMediaError,
    VersionRequiredError,
)
from shared.imports.file import JSON_LINES, NewImportRequest

CONTACT: Final = {"name": "Support of the backup service"}
_EVERY_ROUTE: Final = (
    MalformedRequestError,
    UnauthenticatedError,
    NoActiveAccountError,
    SecondFactorRequiredError,
    ForbiddenError,
    ThrottledError,
    UnavailableError,
)
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

    model_config = ConfigDict(extra="allow")

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


_OF_PROBLEMS: Final = {model.__name__ for model in (ProblemError, Problem, GatewayProblem)}


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
                summary=_first_line(spec) + (" As CSV." if _is_csv(spec) else ""),
                description=inspect.getdoc(spec.function) or "",
                responses=_successes(spec),
            )(spec.function)
    text = resolver.get_openapi_json_schema(
        title="Backup customers", version=version(), openapi_version="3.1.0", description=DESCRIPTION
    )
    result: dict[str, Any] = json.loads(text)
    examples = json.loads((PROJECT / "docs" / "examples.json").read_text(encoding="utf-8"))
    result["paths"] = {path: result["paths"][path] for path in (row.path for row in ROUTES.values() if row.operation)}
    for methods in result["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            _complete(operation, *operations[name])
            _add_examples(operation["responses"], examples["responses"][name])
    schemas = result["components"]["schemas"]
    for name in _ADDED_BY_POWERTOOLS:
        del schemas[name]
    schemas |= schemas_of(Problem, GatewayProblem) | schemas_of(NewImportRequest, mode="validation")
    result["info"] |= {
        "contact": CONTACT,
        "license": {"name": "Proprietary", "identifier": "LicenseRef-Proprietary"},
    }
    result["tags"] = [{"name": name, "description": description} for name, description in TAGS.items()]
    result["servers"] = [{"url": "/"}]
    result["security"] = [{"access_token": []}]
    requested = _reachable({"paths": _requests(result["paths"])}, schemas)
    schemas = {name: schema if name in requested else of_response(name, schema) for name, schema in schemas.items()}
    result["components"] = {
        "schemas": dict(sorted(cleaned(schemas).items())),
        "headers": {name: _header(*texts) for name, texts in HEADERS.items()},
        "examples": {
            **{f"problem_{status}": {"value": problem} for status, problem in sorted(examples["problems"].items())},
            **{f"gateway_{status}": {"value": {"message": message}} for status, message in GATEWAY.items()},
        },
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


def version() -> str:
    version: str = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return version


def _successes(spec: RouteSpec) -> dict[int, Any]:
    content: dict[str, Any] = {"application/json": {"model": spec.model}} if spec.model else {}
    if _is_csv(spec):
        content = {"text/csv": {"schema": {"type": "string"}}}
    successes = {spec.status: {"description": HTTPStatus(spec.status).phrase, "content": content}}
    if spec.otherwise:
        successes[spec.otherwise.status] = {"description": spec.otherwise.description, "content": content}
    if spec.preview:
        successes[HTTPStatus.OK.value] = {
            "description": "200, with validate_only: what the request would create.",
            "content": {"application/json": {"model": spec.preview}},
        }
    return successes


def _complete(operation: dict[str, Any], app: Api, spec: RouteSpec) -> None:
    """Add to an operation what the generator lacks: examples, problems and headers."""
    annotations = [parameter.annotation for parameter in inspect.signature(spec.function).parameters.values()]
    # OpenAPI ignores a parameter named Accept, and clients expect one media type for a status.
    parameters = [each for each in operation.get("parameters", []) if each["name"] not in ("accept", "format")]
    if _has_etag(spec) and spec.row.method == "GET":
        description = "The ETag of a response that you have. If nothing has changed since, the response is a 304."
        schema = {"type": "string"}
        parameters.append({"in": "header", "name": "If-None-Match", "description": description, "schema": schema})
    for parameter in parameters:
        if parameter["in"] == "header":  # the generator writes their names in lower case
            parameter["name"] = parameter["name"].title()
        name = parameter["name"]
        # A request without a version gets an error of its own, `version_required`, not `malformed_request`.
        parameter["required"] = parameter.get("required", False) or (name == "If-Match" and IfMatch in annotations)
        if parameter["in"] == "path":
            parameter["description"], parameter["example"] = PATH_PARAMETERS[name]
        else:
            parameter["example"] = PARAMETER_EXAMPLES[name]
        parameter["schema"] = cleaned(_without_null(parameter["schema"]))
        # `state` is that of a customer, or of a request for another storage location.
        allowed = parameter["schema"].get("enum", ())
        if allowed and parameter.get("example") not in allowed:
            parameter["example"] = allowed[0]
    operation |= {"parameters": parameters} if parameters else {}
    _complete_body(operation, app, spec)
    responses = operation["responses"]
    del responses["422"]  # Powertools' own
    if spec.preview:
        # Generated clients take the lowest status as the usual one. The range stands for 200: others are listed.
        responses["2XX"] = responses.pop("200")
    responses |= _problems(spec, annotations)
    if _has_etag(spec) and spec.row.method == "GET":
        responses["304"] = {"description": "Nothing has changed since the response with the ETag in If-None-Match."}
    for status, response in responses.items():
        headers = (*_headers(spec, status, annotations), *_STATUS_HEADERS.get(status, ()), "RateLimit-Policy")
        response["headers"] = {header: {"$ref": f"#/components/headers/{header}"} for header in headers}
        if not response.get("content"):
            response.pop("content", None)
    operation["responses"] = dict(sorted(responses.items()))


def _complete_body(operation: dict[str, Any], app: Api, spec: RouteSpec) -> None:
    event = json.loads((PROJECT / "events" / f"{operation['operationId']}.json").read_text(encoding="utf-8"))
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
        operation["requestBody"]["content"]["application/json"]["example"] = json.loads(event["body"])
        if spec.row.method == "PATCH":  # some generators fail on a body with two media types
            operation["description"] += f"\n\nThe body may have the media type {MERGE_PATCH} too."
    elif app.accepts is not JSON and spec.row.method == "POST":
        media = {each: {"schema": {"type": "string"}, "example": event["body"]} for each in app.accepts.media_types}
        media[BYTES]["schema"]["format"] = "binary"
        row = {"name": "Nordic", "parent_id": "cus_jajustitpylddo5dahk2zk3opm", "device_country": "DE"}
        for each in JSON_LINES:
            media[each]["example"] = json.dumps(row)
        schema = {"$ref": f"#/components/schemas/{NewImportRequest.__name__}"}
        media["application/json"] = {"schema": schema, "example": {"format": "csv", "content": event["body"]}}
        # Generated clients send the first media type.
        media = {each: media[each] for each in sorted(media, key="application/json".__ne__)}
        operation["requestBody"] = {"required": True, "content": media}


def _problems(spec: RouteSpec, annotations: list[Any]) -> dict[str, Any]:
    codes: dict[str, list[str]] = {"500": ["internal_error", "unreadable_record"]}
    for error in dict.fromkeys(_errors(spec, annotations)):
        codes.setdefault(str(error.status), []).append(error.code)
    problems = {}
    for status, of_status in codes.items():
        examples = {"application/problem+json": "problem", "application/json": "gateway"}
        if status not in GATEWAY:
            del examples["application/json"]
        schema = {"$ref": f"#/components/schemas/{'GatewayProblem' if status in GATEWAY else 'Problem'}"}
        content = {
            media: {
                "schema": schema,
                "examples": {example: {"$ref": f"#/components/examples/{example}_{status}"}},
            }
            for media, example in examples.items()
        }
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
    if status.startswith(("4", "5")) or spec.model is None or status == "2XX":
        return
    created = status in ("201", "202")
    if _has_etag(spec):
        yield "ETag"
    # An onboarding creates several resources, and another invitation none.
    if created and spec.function.__name__ not in ("add_onboarding", "resend_invitation"):
        yield "Location"
        if KeyReusedError in _errors(spec, annotations):
            yield "Idempotent-Replayed"
    if _is_csv(spec):
        yield from ("Next-Cursor", "Incomplete-Records", "Content-Disposition")


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter without null, which neither a query nor a header can contain."""
    variants = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(variants) != 1:
        return schema
    return {**variants[0], **{name: value for name, value in schema.items() if name != "anyOf"}}


def _is_csv(spec: RouteSpec) -> bool:
    return spec.row.path.endswith(".csv")


def _has_etag(spec: RouteSpec) -> bool:
    return spec.model is not None and "version" in spec.model.model_fields


def _add_examples(responses: dict[str, Any], recorded: dict[str, Any]) -> None:
    """Add the recorded responses, by status."""
    for status, example in recorded.items():
        for content in (responses.get(status) or responses["2XX"])["content"].values():
            content["example"] = example


def _header(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


def schemas_of(*models: type[BaseModel], mode: Literal["validation", "serialization"] = "serialization") -> Any:
    """Return the schemas of models and of the models that they contain, by name."""
    _, document = models_json_schema([(each, mode) for each in models], ref_template="#/components/schemas/{model}")
    return document["$defs"]


def _requests(paths: dict[str, Any]) -> list[Any]:
    """Return the parameters and request bodies of all operations."""
    operations = [operation for methods in paths.values() for operation in methods.values()]
    return [operation.get(part) for operation in operations for part in ("parameters", "requestBody")]


def _reachable(part: Any, schemas: dict[str, Any]) -> set[str]:
    """Return the names of the schemas that a part of the document refers to, directly or through others."""
    found: set[str] = set()
    remaining = [json.dumps(part)]
    while remaining:
        names = set(re.findall(r"#/components/schemas/(\w+)", remaining.pop())) - found
        found |= names
        remaining += [json.dumps(schemas[name]) for name in names]
    return found


def of_response(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a response: it has every field, also those with a default, and its enums are open."""
    if name not in _OF_PROBLEMS and "properties" in schema:
        schema = {**schema, "required": list(schema["properties"])}
    opened: dict[str, Any] = _opened(schema)
    return opened


def _opened(schema: Any) -> Any:
    """Replace `enum` by `x-extensible-enum`: a generated client would fail on a value that is added later."""
    if isinstance(schema, dict):
        opened = {name: _opened(value) for name, value in schema.items()}
        if "enum" in opened or isinstance(opened.get("const"), str):
            opened["x-extensible-enum"] = opened.pop("enum", None) or [opened.pop("const")]
        return opened
    return [_opened(each) for each in schema] if isinstance(schema, list) else schema


def cleaned(schema: Any) -> Any:
    """Remove what misleads generators: titles of fields, `const`, and null as a default.

    Generated clients fail on `const`, so it becomes an enum, or for a boolean its type alone. A null default is wrong:
    omitting a field from a change is not the same as sending null.
    """
    if isinstance(schema, dict):
        kept = {
            name: cleaned(value)
            for name, value in schema.items()
            if name != "const"
            and (name, value) != ("default", None)
            and not (name == "title" and isinstance(value, str))
        }
        return kept | ({"enum": [schema["const"]]} if isinstance(schema.get("const"), str) else {})
    return [cleaned(each) for each in schema] if isinstance(schema, list) else schema


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1)
    print()
