"""Calls functions as Lambda does."""

import importlib
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from local.paths import PROJECT
from shared.auth.authorization import Account
from tests.builders import ROOT_ACCOUNT


@dataclass
class Context:
    """Of a call with all its time before it."""

    aws_request_id: str = "lambda-request-id"
    function_name: str = "function"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@dataclass
class Called:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


def an_event(name: str) -> dict[str, Any]:
    """The event of events/ for a function."""
    event: dict[str, Any] = json.loads((PROJECT / "events" / f"{name}.json").read_text())
    return event


def handler(name: str) -> Callable[[Any, Context], Any]:
    found: Callable[[Any, Context], Any] = importlib.import_module(f"functions.{name}").lambda_handler
    return found


def invoke(name: str, event: Any) -> Any:
    return handler(name)(event, Context())


def handle(name: str, event: Any) -> Called:
    answer = invoke(name, event)
    assert set(answer) >= {"statusCode", "headers", "body"}
    return Called(answer["statusCode"], answer["headers"], answer["body"])


def call(
    name: str,
    *,
    account: Account | None = ROOT_ACCOUNT,
    body: Any = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    path: str | None = None,
) -> Called:
    """One request; what is not given is that of events/."""
    event = deepcopy(an_event(name))
    event.pop("queryStringParameters", None)
    event["queryStringParameters"] = query
    for header in ("idempotency-key", "if-match"):
        event["headers"].pop(header, None)
    event["headers"].update(headers or {})
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    if path is not None:
        event["rawPath"] = path
    if account is None:
        event["requestContext"].pop("authorizer")
    elif "authorizer" in event["requestContext"]:
        event["requestContext"]["authorizer"]["jwt"]["claims"]["username"] = account.id
    return handle(name, event)
