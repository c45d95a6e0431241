"""Tests: events/ contains an event for each function and for each kind of request."""

import json
import re
from collections.abc import Callable
from typing import Any, Final, get_args
from urllib.parse import parse_qsl

import pytest

from local.paths import PROJECT
from shared.api.routes import ROUTES, Function
from tests.architecture.helpers import FUNCTIONS

EVENTS: Final = {path.stem: json.loads(path.read_text()) for path in sorted((PROJECT / "events").glob("*.json"))}
# The events that are not named after their function, each with that function.
MORE_EVENTS: Final = {"end_trials_fan_out": "end_trials", "end_trials_shard": "end_trials"}
REQUESTS: Final = [name for name, event in EVENTS.items() if "routeKey" in event]
BACKGROUND: Final = set(FUNCTIONS) - set(get_args(Function))
WITHOUT_TOKEN: Final = {"get_console", "get_docs", "get_openapi", "refuse_unknown_route"}


def request(method: str, *, media_type: str = "", query: bool = False, by_id: bool = False) -> Callable[[Any], bool]:
    """Return a predicate for API Gateway's events of this kind. A kind without a media type has no body."""

    def matches(event: Any) -> bool:
        return (
            "routeKey" in event
            and event["requestContext"]["http"]["method"] == method
            and event["headers"].get("content-type", "") == media_type
            and bool(event.get("body")) == bool(media_type)
            and bool(event["rawQueryString"]) == query
            and bool(event.get("pathParameters")) == by_id
        )

    return matches


def with_header(name: str, matches: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda event: matches(event) and bool(event["headers"].get(name))


def stream_of(key: str) -> Callable[[Any], bool]:
    """Return a predicate for batches of the table's stream whose first record's key begins with `key`."""
    return lambda event: (
        "Records" in event
        and event["Records"][0]["eventSource"] == "aws:dynamodb"
        and event["Records"][0]["dynamodb"]["Keys"]["pk"]["S"].startswith(key)
    )


def queue_message_of(field: str) -> Callable[[Any], bool]:
    """Return a predicate for batches of a queue whose first message has `field`."""
    return lambda event: (
        "Records" in event
        and event["Records"][0]["eventSource"] == "aws:sqs"
        and field in json.loads(event["Records"][0]["body"])
    )


JSON: Final = "application/json"
KINDS: Final[dict[str, Callable[[Any], bool]]] = {
    "GET of a list": request("GET"),
    "GET of a list with a query": request("GET", query=True),
    "GET by id": request("GET", by_id=True),
    "GET by id with a query": request("GET", query=True, by_id=True),
    "POST with a body and a key": with_header("idempotency-key", request("POST", media_type=JSON)),
    "POST by id with a body and a key": with_header("idempotency-key", request("POST", media_type=JSON, by_id=True)),
    "POST by id with a body and a version": with_header("if-match", request("POST", media_type=JSON, by_id=True)),
    "POST by id without a body": with_header("if-match", request("POST", by_id=True)),
    "POST by id without a body and a version": request("POST", by_id=True),
    "POST of a file": with_header("idempotency-key", request("POST", media_type="text/csv")),
    "PATCH with a version": with_header("if-match", request("PATCH", media_type=JSON, by_id=True)),
    "POST by id without a body, with a key": with_header("idempotency-key", request("POST", by_id=True)),
    "PUT without a body": request("PUT"),
    "PUT by id": request("PUT", media_type=JSON, by_id=True),
    "PUT with a version": with_header("if-match", request("PUT", media_type=JSON)),
    "DELETE by id": request("DELETE", by_id=True),
    "DELETE with a version": with_header("if-match", request("DELETE", by_id=True)),
    "unknown route": lambda event: event.get("routeKey") == "$default",
    "page": lambda event: event.get("routeKey") == "GET /",
    "schedule": lambda event: "time" in event and "fan_out" not in event,
    "schedule with fan-out": lambda event: "time" in event and event.get("fan_out") is True,
    "queue of shards": queue_message_of("shard"),
    "queue of imports": queue_message_of("import_id"),
    "stream of accounts": stream_of("account#"),
    "stream of customers": stream_of("customer#"),
    "mail trigger": lambda event: event.get("triggerSource") == "CustomMessage_AdminCreateUser",
    "sign-in trigger": lambda event: event.get("triggerSource") == "TokenGeneration_Authentication",
}


def test_every_function_has_an_event_and_every_event_a_function() -> None:
    assert set(EVENTS) == {*ROUTES, "refuse_unknown_route", *BACKGROUND, *MORE_EVENTS}
    assert set(MORE_EVENTS.values()) <= BACKGROUND


def test_no_two_events_are_equal() -> None:
    assert len({json.dumps(event, sort_keys=True) for event in EVENTS.values()}) == len(EVENTS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_event_has_an_example(kind: str) -> None:
    assert [name for name, event in EVENTS.items() if KINDS[kind](event)]


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_of_a_kind(name: str) -> None:
    assert [kind for kind, matches in KINDS.items() if matches(EVENTS[name])]


@pytest.mark.parametrize("name", REQUESTS)
def test_request_agrees_with_itself_and_with_its_route(name: str) -> None:
    event = EVENTS[name]
    context = event["requestContext"]
    method, path = context["http"]["method"], event["rawPath"]
    assert (event["version"], context["routeKey"], context["http"]["path"]) == ("2.0", event["routeKey"], path)
    if name in ROUTES:
        route = ROUTES[name]
        assert (event["routeKey"], method) == (f"{route.method} {route.path}", route.method)
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", route.path)
        found = re.fullmatch(pattern, path)
        assert found
        assert found.groupdict() == event.get("pathParameters", {})
    assert dict(parse_qsl(event["rawQueryString"])) == event.get("queryStringParameters", {})
    assert event["headers"]["content-length"] == str(len(event.get("body", "").encode()))
    assert ("authorizer" in context) == (name not in WITHOUT_TOKEN)
