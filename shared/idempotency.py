"""Idempotent requests: ids are derived from the caller and the Idempotency-Key.

The id is the key of the record, so a second Put of the same id fails. The key is therefore written in the same
transaction as the resource and exists as long as the resource, so a crash can't separate them.
"""

import base64
import hashlib
import json
from typing import Literal

from pydantic import BaseModel

from shared.errors import KeyReusedError

# The result of a POST: the resource was added, existed already, was added by an earlier identical request, or would be
# added (validate_only).
Outcome = Literal["added", "existed", "replayed", "validated"]


class Identified(BaseModel):
    """The id of a resource, which a response shows first. A preview of the resource has none."""

    id: str


def id_from(prefix: str, *parts: str) -> str:
    """Derive an id: the prefix of its kind and 128 bits in 26 characters. The same parts always give the same id.

    >>> id_from("cus", "acc_1", "key")
    'cus_4buy5xlw3f6bkcbyzl2gdg4bbm'
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()[:16]
    return f"{prefix}_{base64.b32encode(digest).decode().rstrip('=').lower()}"


def request_hash(request: BaseModel) -> str:
    """Hash a request. Equal requests have equal hashes, whatever the order of their fields and lists."""
    return text_hash(json.dumps({k: _set(v) for k, v in request.model_dump(exclude_none=True).items()}, sort_keys=True))


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _set(value: object) -> object:
    return sorted(set(value)) if isinstance(value, list) else value


def ensure_same_request(request: BaseModel, earlier_hash: str) -> None:
    """Raise KeyReusedError if the key was used for another request."""
    ensure_same_hash(request_hash(request), earlier_hash)


def ensure_same_hash(this_hash: str, earlier_hash: str) -> None:
    if this_hash != earlier_hash:
        raise KeyReusedError("This Idempotency-Key was used for a different request. Use a new key for a new request.")
