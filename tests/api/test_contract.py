"""Nothing that a caller or a consumer of events relies on disappears from the documents.

contract.txt has a line for each promise of docs/openapi.json and docs/asyncapi.json: an operation, a parameter, a
status, a header, a field and its type, a value of an enum, and whether a field is required.
`python -m tests.api.test_contract` adds the new lines. It never removes one: a promise that is broken on purpose is
removed by hand, and CHANGELOG.md says so.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from local.paths import PROJECT

FILE: Final = Path(__file__).with_name("contract.txt")


def documents() -> Any:
    """Return the OpenAPI and the AsyncAPI document."""
    return [
        json.loads((PROJECT / "docs" / f"{name}.json").read_text(encoding="utf-8")) for name in ("openapi", "asyncapi")
    ]


def promises(documents: Any) -> set[str]:
    """Return a line for each promise of both documents."""
    openapi, asyncapi = documents
    return _of_requests(openapi) | _of_events(asyncapi)


def _of_requests(document: Any) -> set[str]:
    found: set[str] = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            place = f"{method.upper()} {path}"
            found.add(f"{place}: {operation['operationId']}")
            for parameter in operation.get("parameters", []):
                name = f"{place} {parameter['in']} {parameter['name']}"
                found |= {name, *(f"{name} = {value}" for value in _values(parameter["schema"]))}
                if not parameter["required"]:
                    found.add(f"{name} is optional")
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                found.add(f"{place} takes {media} {_type(content['schema'])}")
            for status, response in operation["responses"].items():
                found.add(f"{place} -> {status}")
                found |= {f"{place} -> {status} header {header}" for header in response.get("headers", {})}
                for media, content in response.get("content", {}).items():
                    found.add(f"{place} -> {status} {media} {_type(content['schema'])}")
    for name, schema in document["components"]["schemas"].items():
        found |= set(_fields(name, schema))
    return found


def _of_events(document: Any) -> set[str]:
    found: set[str] = set()
    for kind, message in document["components"]["messages"].items():
        found |= set(_fields(f"event {kind}", message["payload"]))
    for name, schema in document["components"]["schemas"].items():
        found |= set(_fields(f"event {name}", schema))
    return found


def _fields(place: str, schema: Any) -> Iterator[str]:
    """Yield the fields of a schema, their types and values, and which are required.

    A request relies on a field that it may omit, a response on one that is always there. For a schema of either kind,
    both are promised: a change in either direction is decided by a person.
    """
    for field, of_field in schema.get("properties", {}).items():
        yield f"{place}.{field}: {_type(of_field)}"
        yield from (f"{place}.{field} = {value}" for value in _values(of_field))
        yield f"{place}.{field} is {'required' if field in schema.get('required', ()) else 'optional'}"


def _type(schema: Any) -> str:
    """Return the type of a value: "string|null", "[Step]" for a list, "{string}" for an object with any names."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return "|".join(map(_type, schema["anyOf"]))
    if schema.get("type") == "array":
        return f"[{_type(schema['items'])}]"
    if schema.get("type") == "object":
        of_others = schema.get("additionalProperties")
        return f"{{{_type(of_others) if isinstance(of_others, dict) else 'any'}}}"
    return str(schema.get("type", "any"))


def _values(schema: Any) -> Iterator[str]:
    """Yield the values of an enum, also within a list."""
    for each in schema.get("anyOf", [schema]):
        values = each.get("enum", each.get("x-extensible-enum", ()))
        yield from (json.dumps(value) for value in values)
        if "items" in each:
            yield from _values(each["items"])


def committed() -> set[str]:
    return set(FILE.read_text(encoding="utf-8").splitlines())


def test_nothing_has_disappeared_from_the_document() -> None:
    assert committed() - promises(documents()) == set()


def test_everything_in_the_document_is_promised() -> None:
    assert promises(documents()) - committed() == set(), "run: make openapi"


def _without(pattern: str, value: Any) -> Any:
    """Return the value without the members and entries whose JSON matches."""
    if isinstance(value, dict):
        return {name: _without(pattern, each) for name, each in value.items() if not re.fullmatch(pattern, name)}
    if isinstance(value, list):
        return [_without(pattern, each) for each in value if not re.fullmatch(pattern, json.dumps(each))]
    return value


def _more_required(changed: Any) -> Any:
    changed[0]["components"]["schemas"]["NewCustomer"]["required"] = ["references"]
    return changed


@pytest.mark.parametrize(
    "change",
    [
        lambda changed: _without("storage_location", changed),  # a field
        lambda changed: _without('"in_production"', changed),  # a value of an enum
        lambda changed: _without("412", changed),  # a status
        lambda changed: _without("ETag", changed),  # a header
        lambda changed: _without("/me", changed),  # a path
        lambda changed: _without("trial_ending", changed),  # an event
        lambda changed: _without('"days_left"', changed),  # a field is not required any more
        lambda changed: _without('{"type": "null"}', changed),  # a type
        lambda changed: _without('{"type": "string"}', changed),
        _more_required,
    ],
)
def test_what_disappears_is_found(change: Callable[[Any], Any]) -> None:
    changed = change(documents())
    assert committed() - promises(changed)


if __name__ == "__main__":
    kept = committed() if FILE.exists() else set[str]()
    FILE.write_text("\n".join(sorted(kept | promises(documents()))) + "\n", encoding="utf-8")
