"""The console: one page for the browser. It contains its script and style, and calls this API.

The content security policy allows this script and style by their hashes, and connections to this API and the user pool
only.
"""

import base64
import hashlib
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from shared.api.problems import HttpResponse
from shared.aws.settings import settings

_FOLDER: Final = Path(__file__).parent


@cache
def _page() -> tuple[str, dict[str, str]]:
    """Return the page and its headers, which are the same for every user."""
    css, js = (_read(name) for name in ("console.css", "console.js"))
    endpoint = settings.sign_in_endpoint
    page = _read("console.html").replace("{{css}}", css).replace("{{js}}", js)
    page = page.replace("{{endpoint}}", endpoint).replace("{{client}}", settings.sign_in_client)
    policy = {
        "default-src": "'none'",
        "script-src": _hash_of(js),
        "style-src": _hash_of(css),
        "img-src": "data:",
        "connect-src": f"'self' {endpoint}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return page, {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cache-Control": "no-cache",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Strict-Transport-Security": "max-age=31536000",
    }


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def console_page() -> HttpResponse:
    """Respond with the page."""
    page, headers = _page()
    return HttpResponse(status_code=HTTPStatus.OK.value, body=page, headers=dict(headers))
