"""Cursors of lists: the signed position of the next page. A cursor is valid for one caller and one query only."""

import hashlib
import json
from typing import Any

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


def _serializer(account: Account, query: dict[str, Any]) -> URLSafeSerializer:
    salt = json.dumps([account.id, query], sort_keys=True)
    return URLSafeSerializer(
        account.cursor_key, salt=salt, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    )
