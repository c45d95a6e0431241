"""The reference of the API: the OpenAPI document for programs, and a page that shows it to people.

`make openapi` writes both files to docs/, which is part of the package. The page has no script and loads nothing, and
its content security policy allows only its own style.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

_FOLDER: Final = Path(__file__).parents[2] / "docs"


class PublicText(NamedTuple):
    """A text that is the same for every caller, and its headers."""

    text: str
    headers: dict[str, str]


@cache
def openapi_document() -> PublicText:
    """Return the OpenAPI document. Pages of any origin may read it: it contains no data."""
    headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
    return PublicText((_FOLDER / "openapi.json").read_text(encoding="utf-8"), headers)


@cache
def api_page() -> PublicText:
    """Return the page that shows the document."""
    text = (_FOLDER / "api.html").read_text(encoding="utf-8")
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{hashed}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return PublicText(
        text,
        {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "Strict-Transport-Security": "max-age=31536000",
        },
    )
