"""Malformed events: every function must return a well-formed response to every event, and raise nothing.

    python -m tests.simulation.fuzz SEED     repeat one block of events and print its failures

A seed determines a block of events. Each block begins with the same records, so it can be run alone.
"""

import contextlib
import io
import json
import random
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from functools import cache
from typing import Any, Final

from local.openapi import Problem
from shared.api.requests import MAX_BODY_BYTES
from shared.api.routes import ROUTES
from shared.auth.authorization import ROLES
from shared.aws.observability import log
from shared.imports.file import MAX_FILE_BYTES
from shared.table.dynamodb import DynamoStore
from tests.builders import NOW, ROOT_ACCOUNT, a_device, an_account, put
from tests.calls import Context, an_event, function_of, handler
from tests.simulation.fake_aws import FakeAws
from tests.simulation.fixtures import fixtures

BLOCK: Final = 500  # events of one seed
MAX_CPU: Final = 1.0  # seconds for one response
BACKGROUND: Final = (
    "run_daily", "end_trials", "publish_events", "record_sign_in", "run_import", "sync_identity", "write_mail",
)  # fmt: skip
HTTP: Final = (*ROUTES, "refuse_unknown_route")
FUNCTIONS: Final = (*HTTP, *BACKGROUND)
INTERNALS: Final = ("Traceback", "shared/", "shared.", "pydantic", "boto", "Error(", "Exception", "lambda_handler")
_MEDIA: Final = (
    "application/json", "text/csv", "application/x-ndjson", "application/problem+json", "application/octet-stream",
)  # fmt: skip


# ---- events


@cache
def _classes() -> dict[str, list[str]]:
    """Return characters of each general category of Unicode, with lone surrogates and unassigned ones."""
    found: dict[str, list[str]] = {}
    for code in range(0x110000):
        letter = chr(code)
        sample = found.setdefault(unicodedata.category(letter), [])
        if len(sample) < 400 or code % 97 == 0:
            sample.append(letter)
    return found


def text(chosen: random.Random) -> str:
    """Return a text of characters of up to four categories, sometimes a long one."""
    classes = _classes()
    some = chosen.choices(list(classes), k=chosen.randint(1, 4))
    length = chosen.choice((0, 1, 1, 2, 5, 20, 99, 100, 101, 300, 3000)) if chosen.random() < 0.5 else 8
    return "".join(chosen.choice(classes[chosen.choice(some)]) for _ in range(length))


_ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**400, 0.5, 1e308, "", " ", "null", "DE", "de", "XX", "DK", "\ud800",
    "all_inclusive", "software_only", "2026-13-01", "2026-11", "true", "a" * 101, "../..", "%2F", "%00", "cus_x", "<b>",
    [], {}, [[]], [None], {"": ""}, {"a": {"b": {"c": []}}}, ["all_inclusive", "all_inclusive"],
    "9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59", "=1+1", "\x00", "\u202e", "\ufeff",
)  # fmt: skip


def value(chosen: random.Random) -> Any:
    kind = chosen.random()
    if kind < 0.6:
        return deepcopy(chosen.choice(_ODD))
    if kind < 0.85:
        return text(chosen)
    if kind < 0.9:
        return [value(chosen) for _ in range(chosen.randint(0, 4))]
    return {text(chosen)[:20]: value(chosen) for _ in range(chosen.randint(0, 4))}


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in inner:
        yield from _places(child, (*path, name))


def changed(chosen: random.Random, node: Any) -> Any:
    """Replace, remove or add one value in `node`, in place. Return it."""
    path = chosen.choice(list(_places(node)))
    if not path:
        return value(chosen) if chosen.random() < 0.1 else node
    parent = node
    for name in path[:-1]:
        parent = parent[name]
    what = chosen.randrange(4)
    if what == 0 and isinstance(parent, dict):
        del parent[path[-1]]
    elif what == 1 and isinstance(parent, dict):
        parent[text(chosen)[:20]] = value(chosen)
    elif what == 2 and isinstance(parent, list):
        parent.append(deepcopy(parent[path[-1]]))
    else:
        parent[path[-1]] = value(chosen)
    return node


def _body(chosen: random.Random, event: Any) -> None:
    """Replace the body by JSON with other values, or by a text that is not JSON."""
    how = chosen.randrange(11)
    body = event["body"] if isinstance(event.get("body"), str) else ""
    if how < 6 and body.startswith("{") and body.endswith("}"):
        found: Any = {}
        with contextlib.suppress(ValueError, RecursionError):  # it may be malformed already
            found = json.loads(body)
        for _ in range(chosen.randint(1, 3)):
            found = changed(chosen, found)
        event["body"] = json.dumps(found, ensure_ascii=chosen.random() < 0.5)
    elif how == 6:
        event["body"] = chosen.choice(
            ("{", "[" * 9000, '{"a":' * 5000, "NaN", '{"name": 1e999}', '{"a":1,"a":2}', '"\\ud800"', "\x00", "[]", "7")
        )
    elif how == 7:
        event["isBase64Encoded"] = chosen.choice((True, "true", 1, None))
    elif how == 8 and body:
        event["body"] = body[: chosen.randrange(len(body))] + text(chosen)
    elif how == 9:
        event["body"] = _largest(chosen, body, event["rawPath"])
    else:
        event["body"] = value(chosen)


def _largest(chosen: random.Random, body: str, path: str) -> str:
    """Return a body of about the maximum size: padded, or with one long value, or with as many keys or rows as fit."""
    is_file = path == "/imports" and chosen.random() < 0.05  # a large one takes a second
    size = (MAX_FILE_BYTES if is_file else MAX_BODY_BYTES) + chosen.choice((-1, 0, 1))
    part = chosen.choice((" ", "\n", "a", "\u00e9", '"a":1,', "x,y\n", "[", text(chosen) or "b"))
    start = chosen.choice((body, "", "{", '{"name":"', "[", "name,level\n"))
    filled = start + part * (size // max(1, len(part.encode(errors="replace"))))
    return filled[: size - chosen.choice((0, 1))] + chosen.choice(("", "}", '"}', "]"))


def _head(chosen: random.Random, event: Any) -> None:
    """Change a header, a parameter, the method, the path or the stage."""
    how = chosen.randrange(7)
    if how == 0:
        name = chosen.choice(
            ("content-type", "accept", "if-match", "idempotency-key", "Content-Type", text(chosen)[:9])
        )
        event["headers"][name] = chosen.choice(
            (*_MEDIA, '"1"', 'W/"1"', "*", '"999999999999"', "key", "text/csv;q=0", "multipart/form-data", text(chosen))
        )
    elif how == 1:
        known = ("limit", "cursor", "parent_id", "within", "name_prefix", "columns", "filter", "month", "validate_only",
                 "sort", "archived", "country", "level", "view", "encoding", text(chosen)[:9])  # fmt: skip
        event["queryStringParameters"] = {
            chosen.choice(known): chosen.choice((str(value(chosen)), text(chosen), "1", "true", chosen.choice(ids())))
            for _ in range(chosen.randint(1, 3))
        }
    elif how == 2:
        event["requestContext"]["http"]["method"] = chosen.choice(
            ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "", text(chosen)[:5])
        )
    elif how == 3:
        stage = chosen.choice(("prod", "v1", "", "customers", text(chosen)[:9]))
        event["requestContext"]["stage"] = chosen.choice((stage, "$default"))
        event["rawPath"] = chosen.choice((f"/{stage}{event['rawPath']}", event["rawPath"], f"/{stage}"))
        event["rawQueryString"] = chosen.choice(("limit=1&limit=2", "a=%ff&a=%00", "&&==", text(chosen)))
    else:
        parts = event["rawPath"].split("/")
        parts[chosen.randrange(len(parts))] = chosen.choice(
            (text(chosen).replace("/", ""), chosen.choice(ids()), chosen.choice(ids()), "%2e%2e", "", "psa")
        )
        event["rawPath"] = "/".join(parts)


def _change_actor(chosen: random.Random, event: Any) -> None:
    claims = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims")
    if claims:
        claims["username"] = chosen.choice(accounts())
        if chosen.random() < 0.02:
            claims[chosen.choice(list(claims))] = value(chosen)


def as_rest_api_event(event: Any) -> Any:
    """Return the same request in the format of a REST API, payload 1.0."""
    http = event["requestContext"]["http"]
    return {
        "version": "1.0", "resource": event["rawPath"], "path": event["rawPath"], "httpMethod": http["method"],
        "headers": event["headers"], "multiValueHeaders": {}, "queryStringParameters": None, "body": event.get("body"),
        "requestContext": {"httpMethod": http["method"], "requestId": "x"}, "isBase64Encoded": False,
    }  # fmt: skip


def event_for(chosen: random.Random, name: str) -> Any:
    """Return an event for a function: usually its changed example, sometimes another function's or any value."""
    kind = chosen.random()
    example = name if kind < 0.9 else chosen.choice(FUNCTIONS)
    if kind > 0.97:
        return value(chosen)
    event = json.loads(_events()[example])
    if example in ROUTES:
        _change_actor(chosen, event)
        for _ in range(chosen.randint(0, 3)):
            chosen.choice((_body, _head))(chosen, event)
        if kind > 0.95:
            return as_rest_api_event(event)
    while chosen.random() < (0.15 if example in ROUTES else 0.6):
        event = changed(chosen, event)
    return event


@cache
def _events() -> dict[str, str]:
    """Return the example events of each function, with ids of the fixtures."""
    found = {}
    data = fixtures()
    for name in FUNCTIONS:
        own = json.dumps(an_event(name)).replace(ROOT_ACCOUNT.customer_id, data.reseller.id)
        found[name] = own.replace("imp_jajustitpylddo5dahk2zk3opm", data.import_id)
    return found


@cache
def block_records() -> dict[Any, Any]:
    """Return the records at the start of each block: the fixtures, and accounts of each role."""
    dynamo = fixtures().dynamo()
    store = DynamoStore(dynamo, "table")  # type: ignore[arg-type]
    for customer in (fixtures().reseller, fixtures().end_customer):
        put(store, *(an_account(role, customer) for role in ROLES))
    broken = a_device(fixtures().end_customer, "Elsewhere", storage_location="US")
    put(store, broken)
    return dynamo.records


@cache
def ids() -> tuple[str, ...]:
    """Return every id in the table."""
    return tuple(sorted({pk.partition("#")[2] or pk for pk, _ in block_records()}))


@cache
def accounts() -> tuple[str, ...]:
    """Return account ids to choose from. Half of them are the root's account, which has every permission."""
    others = [pk.removeprefix("account#") for pk, sk in block_records() if sk == "account"]
    return (*[ROOT_ACCOUNT.id] * len(others), *others)


# ---- responses


def problem_with(name: str, response: Any) -> str | None:  # noqa: PLR0911 - one return for each kind of fault
    """Return what is wrong with a response, in words."""
    if name in BACKGROUND:
        json.dumps(response)
        return None
    status, headers, body = response["statusCode"], response["headers"], response["body"]
    if not isinstance(status, int) or not 200 <= status < 500:
        return f"status {status}: {body[:300]}"
    if not all(isinstance(part, str) and part.isprintable() for pair in headers.items() for part in pair):
        return f"headers {headers}"
    body.encode()  # a lone surrogate cannot be sent
    if status in (204, 304):
        return None
    media = headers["Content-Type"]
    if status < 400:
        if media == "application/json":
            json.loads(body)
        page = ["text/html; charset=utf-8"] if function_of(name) == "console" else []
        return None if media in ("application/json", "text/csv; charset=utf-8", *page) else f"media type {media}"
    if media != "application/problem+json":
        return f"an error of the media type {media}"
    problem = Problem.model_validate_json(body)
    if problem.status != status or not problem.detail or not problem.code:
        return f"an error without a detail or a code: {body[:300]}"
    shown = " ".join([problem.detail, problem.title, *(error.detail or "" for error in problem.errors)])
    inside = [word for word in INTERNALS if word in shown]
    return f"an error reveals internals ({inside}): {shown[:300]}" if inside else None


def findings(seed: int, show: Callable[[str, Any, Any], None] | None = None) -> list[str]:
    """Describe what is wrong after the events of a block."""
    chosen = random.Random(seed)
    found = []
    aws = FakeAws(NOW)
    aws.dynamo.records = dict(block_records())
    with aws.installed():
        for index in range(BLOCK):
            name = chosen.choice(FUNCTIONS)
            event = event_for(chosen, name)
            try:
                start = time.process_time()
                response = handler(name)(event, Context())
                took = time.process_time() - start
                words = problem_with(name, response) or (f"took {took:.2f} s of CPU" if took > MAX_CPU else None)
            except Exception as error:  # noqa: BLE001 - a function must raise nothing
                response, words = None, f"raised {error!r}"
            if show:
                show(name, event, response)
            if words:
                found.append(f"event {index} of block {seed}, {name}: {words[:500]}\n  sent: {event!r:.2000}")
    return found


def quietly(seed: int) -> list[str]:
    """Return the findings of a block. Discard its logs and metrics."""
    log.setLevel("CRITICAL")
    with contextlib.redirect_stdout(io.StringIO()):
        return findings(seed)


def blocks(first: int, events: int, processes: int = 2) -> Iterator[list[str]]:
    """Yield the findings of each block, for at least `events` events."""
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(quietly, range(first, first + -(-events // BLOCK)), chunksize=4)


def main() -> None:
    statuses: dict[Any, int] = {}

    def count(name: str, _sent: Any, response: Any) -> None:
        key = (response or {}).get("statusCode", "background") if name not in BACKGROUND else "background"
        statuses[key] = statuses.get(key, 0) + 1

    log.setLevel("CRITICAL")
    with contextlib.redirect_stdout(io.StringIO()):
        found = findings(int(sys.argv[1]), count)
    print("responses:", dict(sorted(statuses.items(), key=str)))
    print("\n".join(found) or "nothing is wrong")


if __name__ == "__main__":
    main()
