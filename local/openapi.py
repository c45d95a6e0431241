"""`make openapi`: the OpenAPI document, from the functions themselves, on standard output."""

import importlib
import json
import sys
from typing import Any, Final

from local.paths import PROJECT
from shared.http import JSON
from shared.routes import ROUTES

_NOT_OURS: Final = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
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
_STATUS_HEADERS: Final = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}


def document() -> dict[str, Any]:
    """One document for all functions; a name stands for one schema only."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for name in ROUTES:
        app = importlib.import_module(f"functions.{name}").app
        for route in app._static_routes + app._dynamic_routes:  # noqa: SLF001 - it has no other way to them
            route.responses = app.documented
        part = json.loads(app.get_openapi_json_schema(title="", version="0"))
        for path, operations in part["paths"].items():
            for method, operation in operations.items():
                paths.setdefault(path, {})[method] = _finished(name, operation)
        for schema, definition in part["components"]["schemas"].items():
            if schema not in _NOT_OURS and schemas.setdefault(schema, definition) != definition:
                raise ValueError(f"two schemas are named {schema}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Backup customers",
            "version": _version(),
            "description": (
                "Adds the customers of a backup service by the rules of each level and decides where their backups "
                "are stored. What stands outside the caller's customer looks exactly like what is absent: 404. "
                "Every failure is RFC 9457 problem+json, but those that the gateway itself answers: a missing or "
                "invalid token (401), a missing scope (403) and its own throttling (429) come as "
                '{"message": "..."}.'
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"access_token": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted((schemas | {"GatewayMessage": _GATEWAY_MESSAGE}).items())),
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


def _finished(name: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation with what the resolver does not know: examples, headers of answers, refusals of ours only."""
    event = json.loads((PROJECT / "events" / f"{name}.json").read_text(encoding="utf-8"))
    function = importlib.import_module(f"functions.{name}")
    operation["summary"] = function.route.__doc__
    operation.pop("description", None)
    responses = operation["responses"]
    if "422" in responses and "HTTPValidationError" in json.dumps(responses["422"]):
        del responses["422"]
    responses.get("204", {}).pop("content", None)
    for status in set(_OF_THE_GATEWAY) & set(responses):
        responses[status]["content"]["application/json"] = {"schema": {"$ref": "#/components/schemas/GatewayMessage"}}
    for status, response in responses.items():
        headers = _RESPONSE_HEADERS.get(name, {}).get(status, ())
        headers += (_STATUS_HEADERS[status],) if status in _STATUS_HEADERS else ()
        if headers:
            response["headers"] = {header: {"schema": {"type": "string"}} for header in headers}
    operation["responses"] = dict(sorted(responses.items()))
    if name in ("list_devices", "get_invoicing"):
        responses["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}
        responses["200"]["headers"] = {"Next-Cursor": {"schema": {"type": "string"}}}
    if function.app.takes is not JSON:
        content = {media: {"schema": {"type": "string"}} for media in function.app.takes.media}
        content["text/csv"]["example"] = event["body"]
        operation["requestBody"] = {"required": True, "content": content}
    elif "requestBody" in operation:
        operation["requestBody"]["required"] = True
        operation["requestBody"]["content"]["application/json"]["example"] = json.loads(event["body"])
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "header":
            parameter["name"] = parameter["name"].title()
            parameter["required"] |= parameter["name"] == "If-Match" and "428" in responses
    return operation


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2)
    print()
