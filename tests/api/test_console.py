"""Tests: how the console's page is delivered."""

import base64
import gzip
import hashlib
import re
from typing import Any

import pytest

from shared.api.console import console_page
from tests.calls import Called, an_event, call, invoke

ENDPOINT = "https://cognito-idp.eu-west-1.amazonaws.com"
# The whole page, compressed, with all pages of the console. 45 KB was the aim; see docs/benchmarks.md.
MAX_BYTES = 72 * 1024


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER_POOL_CLIENT_ID", "client")
    monkeypatch.setenv("MY_SIGN_IN_CLIENT_ID", "my_sign_in")
    monkeypatch.setenv("SIGN_IN_ENDPOINT", ENDPOINT)
    console_page.cache_clear()  # built for other settings by another test


def compressed(accept_encoding: str) -> Any:
    event = an_event("get_console")
    event["headers"] = {**event["headers"], "accept-encoding": accept_encoding}
    return invoke("get_console", event)


def policy_of(called: Called) -> dict[str, str]:
    return dict(each.split(" ", 1) for each in called.headers["Content-Security-Policy"].split("; "))


def test_policy_allows_the_pages_own_script_and_style_only() -> None:
    called = call("get_console")
    policy = policy_of(called)
    for tag, source in {"script": "script-src", "style": "style-src"}.items():
        (content,) = re.findall(rf"<{tag}(?: [^>]*)?>(.*?)</{tag}>", called.text, re.DOTALL)
        hashed = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[source] == f"'sha256-{hashed}'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "'none'"
    assert policy["connect-src"] == f"'self' {ENDPOINT}"
    assert f'data-endpoint="{ENDPOINT}" data-client="client" data-my-sign-in="my_sign_in"' in called.text


def test_page_is_one_document_without_another_request() -> None:
    text = call("get_console").text
    assert not re.search(r'<link rel="stylesheet|<img|<iframe|src="|@import|url\((?!data:)', text)
    assert "{{" not in text.partition("<style>")[0]


@pytest.mark.parametrize("accept_encoding", ["gzip", "gzip, deflate, br, zstd", "br;q=1, gzip;q=0.5", "*"])
def test_page_is_compressed_for_a_browser(accept_encoding: str) -> None:
    response = compressed(accept_encoding)
    assert response["isBase64Encoded"] is True
    assert response["headers"]["Content-Encoding"] == "gzip"
    assert response["headers"]["Vary"] == "Accept-Encoding"
    body = base64.b64decode(response["body"])
    assert gzip.decompress(body).decode() == call("get_console").text
    assert len(body) <= MAX_BYTES


@pytest.mark.parametrize("accept_encoding", ["", "br", "gzip;q=0", "identity"])
def test_page_is_sent_as_it_is_to_others(accept_encoding: str) -> None:
    response = compressed(accept_encoding)
    assert "Content-Encoding" not in response["headers"]
    assert response["body"] == call("get_console").text


def test_page_that_the_browser_has_is_not_sent_again() -> None:
    for accept_encoding in ("", "gzip"):
        headers = {"accept-encoding": accept_encoding}
        etag = compressed(accept_encoding)["headers"]["ETag"]
        again = call("get_console", headers={**headers, "if-none-match": etag})
        assert (again.status, again.text) == (304, "")
        assert again.headers["Cache-Control"] == "no-cache"
        assert call("get_console", headers={**headers, "if-none-match": '"another"'}).status == 200
