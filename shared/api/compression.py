"""Compressed responses. An HTTP API does not compress, so the functions do, if the caller accepts gzip."""

import base64
import gzip
from http import HTTPStatus
from typing import Any, Final

MIN_BYTES: Final = 1024
# Of the levels that take least CPU, the one with the smallest result; see docs/benchmarks.md.
_LEVEL: Final = 3
# A browser gets a page once and then a 304, so fewer bytes are worth the time.
_PAGE_LEVEL: Final = 9


def is_large(body: str) -> bool:
    """Return whether a body is sent compressed to a caller that accepts it."""
    return len(body.encode()) > MIN_BYTES


def etag_of_gzip(etag: str) -> str:
    """Return the ETag of the compressed response. Different bytes have different strong ETags (RFC 9110, 8.8.3.3)."""
    return f'{etag[:-1]}-gzip"'


def encoded(response: dict[str, Any], *, accepts_gzip: bool) -> dict[str, Any]:
    """Return a function's response, compressed if its body is large and the caller accepts it.

    Vary says that the response depends on Accept-Encoding, also if it is not compressed. A 304 says so too, because its
    200 might be large. The route has already set the ETag of what is sent.
    """
    large = is_large(response["body"] or "") and not response["isBase64Encoded"]
    headers = dict(response["headers"])
    if large or response["statusCode"] == HTTPStatus.NOT_MODIFIED:
        headers["Vary"] = ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))
    if not (large and accepts_gzip):
        return {**response, "headers": headers}
    level = _PAGE_LEVEL if headers.get("Content-Type", "").startswith("text/html") else _LEVEL
    body = gzip.compress(response["body"].encode(), level, mtime=0)
    return {
        **response,
        "headers": {**headers, "Content-Encoding": "gzip"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
