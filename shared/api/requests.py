"""HTTP API events (payload format 2.0): read strictly, before anything else sees them."""

import base64
import json
import re
from itertools import chain
from typing import Any, Final, Literal, NamedTuple, NotRequired, TypedDict
from urllib.parse import unquote

from pydantic import TypeAdapter

from shared.errors import MAX_ERRORS, BodyTooLargeError, MalformedRequestError, UnsupportedMediaError
from shared.values.json_text import LOST_CHARACTER, find_lost_character, parse_strict_json

MAX_BODY_BYTES: Final = 64 * 1024
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class AcceptedBody(NamedTuple):
    """What a function accepts as a body: the media types ("": no Content-Type) and the limit in bytes."""

    media_types: tuple[str, ...]
    max_bytes: int


JSON: Final = AcceptedBody(("application/json", ""), MAX_BODY_BYTES)
BYTES: Final = "application/octet-stream"
MERGE_PATCH: Final = "application/merge-patch+json"


class _Http(TypedDict):
    method: str


class _RequestContext(TypedDict):
    http: _Http
    requestId: NotRequired[str]
    stage: NotRequired[str]
    authorizer: NotRequired[Any]


class _HttpEvent(TypedDict):
    """The parts of an HTTP API event that are used. All others are ignored."""

    version: Literal["2.0"]
    routeKey: NotRequired[str]
    rawPath: str
    rawQueryString: NotRequired[str]
    headers: NotRequired[dict[str, str]]
    queryStringParameters: NotRequired[dict[str, str] | None]
    requestContext: _RequestContext
    body: NotRequired[str | None]
    isBase64Encoded: NotRequired[bool]


# A stage, or the key of an API mapping: what may be part of the header Location.
_PREFIX: Final = re.compile(r"(/[\w.~$+!*'()-]+)*", re.ASCII)
_EVENT: Final = TypeAdapter(_HttpEvent)


class Location(NamedTuple):
    """Where a request was sent: `prefix` is the stage or base path before the route's `path`."""

    prefix: str
    path: str


def read_event(event: Any) -> dict[str, Any]:
    """Return the parts of an HTTP API event that are used. Raises MalformedRequestError for any other event."""
    try:
        clean: dict[str, Any] = {
            "headers": {},
            "queryStringParameters": None,
            "rawQueryString": "",
            "body": None,
            "isBase64Encoded": False,
            "routeKey": "$default",
            **_EVENT.validate_python(event),
        }
        context = {"requestId": "", "stage": "$default", **clean["requestContext"]}
        texts = chain(*(clean["queryStringParameters"] or {}).items())
        # Half of a surrogate pair can't be encoded, so no response could contain it.
        "".join([clean["rawPath"], context["requestId"], clean["rawQueryString"], *texts]).encode()
    except ValueError as error:
        raise MalformedRequestError("The event is not an HTTP API request.") from error
    return {**clean, "requestContext": context}


def split_path(event: dict[str, Any]) -> Location:
    """Split the path of an event into a stage or base path and the route's path.

    Whether rawPath contains them depends on the domain, so the number of segments of the route decides.
    """
    path: str = event["rawPath"]
    prefix = f"/{event['requestContext']['stage']}"
    _, _, route = event["routeKey"].partition(" ")
    if route:
        segments = path.split("/")
        prefix = path.rstrip("/") if route == "/" else "/".join(segments[: max(len(segments) - route.count("/"), 0)])
    if _PREFIX.fullmatch(prefix) and f"{path}/".startswith(f"{prefix}/"):
        return Location(prefix, path.removeprefix(prefix) or "/")
    return Location("", path)


def with_decoded_body(event: dict[str, Any], path: str, accepted: AcceptedBody) -> dict[str, Any]:
    """Return the event that the resolver routes: at `path`, with lower-case header names and the body as UTF-8 text.

    A body of application/octet-stream stays bytes, in base64. Raises UnsupportedMediaError, MalformedRequestError,
    BodyTooLargeError.
    """
    _ensure_nothing_lost(event)
    headers = {name.lower(): value for name, value in event["headers"].items()}
    is_text = media_type(headers.get("content-type", ""))[0] != BYTES
    method = event["requestContext"]["http"]["method"]
    media = ""
    if method in _WITH_BODY:
        types = (*accepted.media_types, MERGE_PATCH) if method == "PATCH" else accepted.media_types
        media = _supported(headers.get("content-type", ""), types)
        if accepted is JSON:
            headers["content-type"] = "application/json"  # the resolver compares a prefix only, and in lower case
    body = _decode_body(event, accepted.max_bytes, is_text=is_text)
    if media == MERGE_PATCH:
        _ensure_nothing_removed(body)
    return {
        **event,
        "rawPath": path,
        "headers": headers,
        # The resolver cuts the length of any other stage off the path.
        "requestContext": {**event["requestContext"], "stage": "$default"},
        "body": body,
        "isBase64Encoded": not is_text,
    }


def _ensure_nothing_lost(event: dict[str, Any]) -> None:
    """Raises MalformedRequestError for U+FFFD in the path or the query."""
    if LOST_CHARACTER in unquote(event["rawPath"]):
        raise MalformedRequestError("The path contains U+FFFD: a character was lost. Encode the path as UTF-8.")
    for name, value in (event["queryStringParameters"] or {}).items():
        if LOST_CHARACTER in name + value:
            detail = "The query contains U+FFFD: a character was lost. Encode the query as UTF-8."
            raise MalformedRequestError(detail, [{"code": "lost_character", "parameter": name[:64], "detail": detail}])


def _decode_body(event: dict[str, Any], max_bytes: int, *, is_text: bool) -> str:
    """Return the body as text, or its bytes in base64."""
    body = event["body"] or ""
    try:
        content = base64.b64decode(body, validate=True) if event["isBase64Encoded"] else body.encode()
        decoded = content.decode() if is_text else base64.b64encode(content).decode()
    except ValueError as error:
        raise MalformedRequestError("The body is not valid UTF-8. Encode it as UTF-8.") from error
    if len(content) > max_bytes:
        raise BodyTooLargeError(f"The body is too large. The limit is {max_bytes} bytes.")
    return decoded


def _supported(content_type: str, types: tuple[str, ...]) -> str:
    """Return the media type if it is one of `types` and the charset is UTF-8. Raises UnsupportedMediaError."""
    media, charset = media_type(content_type)
    if media not in types or charset not in ("", "utf-8"):
        allowed = " or ".join(filter(None, types))
        raise UnsupportedMediaError(f"The media type is not supported. Send UTF-8 with Content-Type: {allowed}.")
    return media


def _ensure_nothing_removed(body: str) -> None:
    """Raise MalformedRequestError for a null in a merge patch (RFC 7396), where it means to remove the value.

    No field can be removed. In application/json, null counts as omitted.
    """
    patch = parse_json(body)
    removed = [field for field, value in patch.items() if value is None] if isinstance(patch, dict) else []
    if removed:
        detail = "In a merge patch, null removes a value. This one can be changed only. Omit it or send a new value."
        errors = [{"code": "not_removable", "pointer": f"/{field[:64]}", "detail": detail} for field in removed]
        raise MalformedRequestError("The merge patch removes values. See errors for details.", errors[:MAX_ERRORS])


def media_type(content_type: str) -> tuple[str, str]:
    """Return the media type and the charset of a Content-Type header, in lower case."""
    media, _, parameters = content_type.lower().partition(";")
    return media.strip(), parameters.partition("charset=")[2].partition(";")[0].strip(' "')


def parse_json(body: str) -> Any:
    """Parse the body as strict JSON. Raises MalformedRequestError, also for a text with U+FFFD.

    A list becomes an empty one: the resolver would take the first of its elements as the body.
    """
    try:
        parsed = parse_strict_json(body)
    except ValueError as error:
        at = f" (at character {error.pos})" if isinstance(error, json.JSONDecodeError) else ""
        raise MalformedRequestError(f"The body is not valid JSON{at}.") from error
    if (LOST_CHARACTER in body or "\\u" in body) and (pointer := find_lost_character(parsed)) is not None:
        detail = "The text contains U+FFFD: a character was lost. Send the body as UTF-8."
        raise MalformedRequestError(detail, [{"code": "lost_character", "pointer": pointer, "detail": detail}])
    return [] if isinstance(parsed, list) else parsed
