"""The console: one page for the browser. It contains its script and style, and calls this API.

`make console` builds the page from `console/` into console.html. The content security policy allows its script and
style by their hashes, and connections to this API and the user pool only.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final

from shared.api.reference import PublicText
from shared.aws.settings import settings

_FILE: Final = Path(__file__).with_name("console.html")


@cache
def console_page() -> PublicText:
    """Return the page and its headers."""
    endpoint = settings.sign_in_endpoint
    page = _FILE.read_text(encoding="utf-8")
    page = page.replace("{{endpoint}}", endpoint).replace("{{client}}", settings.sign_in_client)
    page = page.replace("{{my-sign-in}}", settings.my_sign_in_client)
    policy = {
        "default-src": "'none'",
        "script-src": _hash_of("script", page),
        "style-src": _hash_of("style", page),
        "img-src": "data:",
        "connect-src": f"'self' {endpoint}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return PublicText(
        page,
        {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Strict-Transport-Security": "max-age=31536000",
        },
    )


def _hash_of(tag: str, page: str) -> str:
    """Return the policy's source for the content of the page's only element `tag`."""
    (content,) = re.findall(rf"<{tag}(?: [^>]*)?>(.*?)</{tag}>", page, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
