"""The query parameters and headers that routes share, and functions that read their values."""

import hashlib
import re
from typing import Annotated, Final, Literal

from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from shared.errors import StaleVersionError, VersionRequiredError

_KEY_PATTERN: Final = r"^[\x21-\x7e]{1,255}$"
# An ETag, or only the version of a resource, in quotes.
_ETAG: Final = re.compile('"?([1-9][0-9]{0,8})(?:-[0-9a-f]{16}(?:-gzip)?)?"?')

ValidateOnly = Annotated[
    bool, Query(description="Validate the request and return what it would create, or every error. Write nothing.")
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=_KEY_PATTERN,
        description="A request with the same key and body is processed once. A repeat gets the first response.",
    ),
]
RequiredIdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=_KEY_PATTERN,
        description="Required. A request with the same key and body is processed once; a repeat resumes it.",
    ),
]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="Required. The ETag of the resource, or its version in quotes.")
]
IfMatchIfGiven = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The ETag of the resource, or its version in quotes. If it has changed since, the request fails.",
    ),
]
# OpenAPI ignores a parameter named Accept, so the document has `format` only.
Accept = Annotated[str | None, Header(alias="Accept", description="text/csv for a table. The default is JSON.")]
Format = Annotated[
    Literal["json", "csv"] | None, Query(description="csv for a table. Without it, the Accept header decides.")
]
Limit = Annotated[int, Query(ge=1, le=100, description="The maximum number of items on a page.")]
Cursor = Annotated[str | None, Query(description="The next_cursor of the previous page. Omit it for the first page.")]


def required_version(if_match: str | None) -> int:
    """Return the version in If-Match. Raises VersionRequiredError without one, StaleVersionError for another ETag."""
    version = version_of(if_match)
    if version is None:
        raise VersionRequiredError(
            "The If-Match header is required. Read the resource and send its ETag as If-Match.",
            [{"code": "required", "header": "If-Match", "detail": "This value is required."}],
        )
    return version


def version_of(if_match: str | None) -> int | None:
    """Return the version in If-Match, or None without the header. Raises StaleVersionError for another ETag."""
    if if_match is None:
        return None
    tag = _ETAG.fullmatch(if_match.strip())
    if not tag:
        raise StaleVersionError(
            "If-Match must be one ETag, exactly as you received it. Lists, weak ones and * are rejected."
        )
    return int(tag[1])


def etag_of(version: int, body: str) -> str:
    """Return the ETag of a resource: its version, and a hash of the response.

    The hash is part of it because some fields, such as the days left of a trial, change without a new version.
    """
    return f'"{version}-{hash_of(body)}"'


def hash_of(text: str) -> str:
    """Return 64 bits in hexadecimal that identify a response."""
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


def names(if_none_match: str | None, etag: str) -> bool:
    """Return whether If-None-Match names this ETag (RFC 9110, section 13.1.2). Weak ones count as strong."""
    tags = (if_none_match or "").split(",")
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in tags)


def wants_csv(format: Format, accept: str | None) -> bool:
    """Return whether a request asks for CSV: by `format` if it is set, otherwise by the Accept header."""
    return format == "csv" if format else prefers_csv(accept)


def prefers_csv(accept: str | None) -> bool:
    """Return whether an Accept header prefers text/csv to application/json (RFC 9110, section 12.5.1).

    CSV must be named (text/csv or text/*). If the weights are equal, the more specific media range wins, otherwise CSV.
    """
    weights = _weights(accept or "")
    csv, json = (_weight(weights, media) for media in ("text/csv", "application/json"))
    return csv[0] > 0 and csv[1] > 0 and csv >= json


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Return whether an Accept-Encoding header accepts gzip, and not rather identity (RFC 9110, section 12.5.3)."""
    weights = _weights(accept_encoding or "")
    weight = weights.get("gzip", weights.get("*", 0))
    return weight > 0 and weight >= weights.get("identity", 0)


def _weights(accept: str) -> dict[str, float]:
    """Return the weight of each media range or encoding; 0 for a weight that is not a number."""
    weights: dict[str, float] = {}
    for part in accept.replace(" ", "").lower().split(","):
        media, *parameters = part.split(";")
        weight = next((each.removeprefix("q=") for each in parameters if each.startswith("q=")), "1")
        weights[media] = float(weight) if re.fullmatch(r"[01](\.\d{0,3})?", weight, re.ASCII) else 0
    return weights


def _weight(weights: dict[str, float], media: str) -> tuple[float, int]:
    """Return the weight of a media type by its most specific range, and how specific that is: 2, 1 or 0."""
    ranges = (media, f"{media.partition('/')[0]}/*", "*/*")
    return next(((weights[each], 2 - place) for place, each in enumerate(ranges) if each in weights), (0, 0))
