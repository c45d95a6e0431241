"""Cursors of lists: the signed position of the next page. A cursor is valid for one caller and one query only."""

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

from itsdangerous import BadData, URLSafeSerializer

from shared.auth.authorization import Account
from shared.errors import MalformedRequestError


def sign_cursor(account: Account, query: dict[str, Any], position: dict[str, str] | None) -> str | None:
    return None if position is None else str(_serializer(account, query).dumps(position))


def read_cursor(account: Account, query: dict[str, Any], cursor: str | None) -> dict[str, str] | None:
    """Return the position in `cursor`. Raises MalformedRequestError for one of another caller or another query."""
    if cursor is None:
        return None
    try:
        position: dict[str, str] = _serializer(account, query).loads(cursor)
    except BadData as bad:
        detail = "Use next_cursor of the same list with the same parameters, or omit cursor to begin at the first page."
        error = {"code": "cursor_invalid", "parameter": "cursor", "detail": detail}
        raise MalformedRequestError("The cursor does not belong to this list.", [error]) from bad
    return position


def sign_hidden_cursor(account: Account, query: dict[str, Any], position: dict[str, str] | None) -> str | None:
    """Return a cursor whose position nobody can read: a list that is filtered can end a page at another's record."""
    if position is None:
        return None
    nonce = secrets.token_bytes(_NONCE)
    hidden = nonce + _masked(account, nonce, json.dumps(position).encode())
    return sign_cursor(account, query, {"hidden": urlsafe_b64encode(hidden).decode()})


def read_hidden_cursor(account: Account, query: dict[str, Any], cursor: str | None) -> dict[str, str] | None:
    """Return the position in a cursor of `sign_hidden_cursor`. Raises MalformedRequestError."""
    signed = read_cursor(account, query, cursor)
    if signed is None:
        return None
    hidden = urlsafe_b64decode(signed["hidden"])
    position: dict[str, str] = json.loads(_masked(account, hidden[:_NONCE], hidden[_NONCE:]))
    return position


_NONCE: Final = 16


def _masked(account: Account, nonce: bytes, text: bytes) -> bytes:
    """Encrypt or decrypt a text: HMAC-SHA256 in counter mode. The signature of the cursor protects it from changes."""
    key = hmac.digest(account.cursor_key.encode(), b"hidden cursors", "sha256")
    blocks = (hmac.digest(key, nonce + number.to_bytes(4), "sha256") for number in range(len(text) // 32 + 1))
    return bytes(one ^ other for one, other in zip(text, b"".join(blocks), strict=False))


def _serializer(account: Account, query: dict[str, Any]) -> URLSafeSerializer:
    salt = json.dumps([account.id, query], sort_keys=True)
    return URLSafeSerializer(
        account.cursor_key, salt=salt, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    )
