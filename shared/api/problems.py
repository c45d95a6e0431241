"""Responses for errors, as RFC 9457 problem+json: a code, the errors with pointers, and the id of the request."""

import json
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from shared.aws.observability import count_metric, log
from shared.aws.settings import settings
from shared.errors import MAX_ERRORS, ApiError, MalformedRequestError

HttpResponse = Response[str]


def json_response(status: int, content_type: str, body: str, headers: dict[str, str] | None = None) -> HttpResponse:
    """Build a response with the headers that every response of the API has."""
    safe = {"Content-Type": content_type, "X-Content-Type-Options": "nosniff"}
    return response(status, body, {**safe, **(headers or {})})


def response(status: int, body: str = "", headers: dict[str, str] | None = None) -> HttpResponse:
    """Build a response that no cache stores. `RateLimit-Policy` names the limit of all callers together."""
    rate = settings.throttling_rate
    policy = {"RateLimit-Policy": f'"all";q={rate};w=1'} if rate else {}
    return Response(
        status_code=int(status), body=body, headers={"Cache-Control": "no-store", **policy, **(headers or {})}
    )


def problem_response(error: Exception, request_id: str) -> HttpResponse:
    """Build the response for an error and log it. An error that is not an ApiError is a 500 that reveals nothing."""
    if not isinstance(error, ApiError):
        _log_crash(error)
        detail = "An internal error occurred. Retry the request. If it fails again, report the request_id."
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail, request_id)
    log.info("request_rejected", code=error.code, status=error.status)
    return _problem(
        HTTPStatus(error.status),
        error.code,
        error.detail,
        request_id,
        errors=error.errors,
        extensions=error.extensions,
        headers=error.headers,
    )


def _problem(
    status: HTTPStatus,
    code: str,
    detail: str,
    request_id: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    extensions: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
        "errors": errors or [],
        "request_id": request_id,
        **(extensions or {}),
    }
    return json_response(status, "application/problem+json", json.dumps(body, separators=(",", ":")), headers)


def _log_crash(error: Exception) -> None:
    """Log where an error was raised, without its message, which may contain what the caller sent."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("unhandled_exception", error=type(error).__qualname__, frames=frames[-12:])
    count_metric("unhandled_exception")


def malformed_request(
    invalid: RequestValidationError, read_only: set[str], instead: Mapping[str, str]
) -> MalformedRequestError:
    """Build the error for a request that fails validation.

    `read_only`: the fields of the response's model. `instead`: by field, what to do instead of sending it.
    """
    errors = [_error(error, read_only, instead) for error in invalid.errors()[:MAX_ERRORS]]
    return MalformedRequestError("The request is malformed. See errors for details.", errors)


def _error(error: dict[str, Any], read_only: set[str], instead: Mapping[str, str]) -> dict[str, Any]:
    """Convert one of pydantic's errors. Its messages name what is allowed and never what was sent."""
    location, *path = error["loc"]
    code, detail = error["type"], error["msg"]
    if location == "body" and not path:
        code, detail = "wrong_type", "The body must be a JSON object."
    elif code == "missing":
        code, detail = "required", "This value is required."
    elif code == "extra_forbidden":
        is_read_only = len(path) == 1 and (path[0] in read_only or path[0] in instead)
        code = "read_only_field" if is_read_only else "unknown_field"
        detail = "Unknown field. Remove it or correct its name."
        if is_read_only:
            detail = instead.get(path[0], "This field is read-only. Omit it.")
    if location == "body":
        pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        return {"code": code, "pointer": pointer, "detail": detail}
    place = {"parameter": str(path[0])} if location == "query" else {"header": str(path[0]).title()}
    return {"code": code, **place, "detail": detail}
