"""Calls of functions, as Lambda calls them."""

import importlib
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from local.paths import PROJECT
from shared.api.routes import ROUTES
from shared.auth.authorization import Account
from tests.builders import ROOT_ACCOUNT


@dataclass
class Context:
    """The Lambda context of a call with one minute left."""

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
    """Return the example event of this name in events/."""
    event: dict[str, Any] = json.loads((PROJECT / "events" / f"{name}.json").read_text())
    return event


def handler(name: str) -> Callable[[Any, Context], Any]:
    """Return the lambda_handler of the route or the function with this name."""
    module = importlib.import_module(f"functions.{function_of(name)}")
    handle: Callable[[Any, Context], Any] = module.lambda_handler
    return handle


def function_of(name: str) -> str:
    """Return the function of a route. The console serves unknown routes."""
    if name == "refuse_unknown_route":
        return "console"
    return ROUTES[name].function if name in ROUTES else name


def invoke(name: str, event: Any) -> Any:
    return handler(name)(event, Context())


def handle(name: str, event: Any) -> Called:
    response = invoke(name, event)
    assert set(response) >= {"statusCode", "headers", "body"}
    return Called(response["statusCode"], response["headers"], response["body"])


def call(
    name: str,
    *,
    account: Account | None = ROOT_ACCOUNT,
    body: Any = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    path: str | None = None,
    method: str | None = None,
) -> Called:
    """Send a request. The rest is taken from the route's example event, without query and version headers."""
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
    if method is not None:
        event["requestContext"]["http"]["method"] = method
    if account is None:
        event["requestContext"].pop("authorizer")
    elif "authorizer" in event["requestContext"]:
        event["requestContext"]["authorizer"]["jwt"]["claims"]["username"] = account.id
    return handle(name, event)
