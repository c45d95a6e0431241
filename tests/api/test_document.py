"""Tests: the OpenAPI document fits the responses, is complete, and can be read by client generators."""

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from local import asyncapi
from local.openapi import apis
from local.openapi_texts import HEADERS, PARAMETER_EXAMPLES, PATH_PARAMETERS
from local.paths import PROJECT
from shared.events.events import TYPES

DOCUMENT: Final[dict[str, Any]] = json.loads((PROJECT / "docs" / "openapi.json").read_text(encoding="utf-8"))
SCHEMAS: Final[dict[str, Any]] = DOCUMENT["components"]["schemas"]
OPERATIONS: Final = {
    operation["operationId"]: operation for methods in DOCUMENT["paths"].values() for operation in methods.values()
}


def media_of(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each body of an operation: where it is, its media type, and its description."""
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield "request", media, content
    for status, response in operation["responses"].items():
        for media, content in response.get("content", {}).items():
            yield status, media, content


def example_of(content: dict[str, Any]) -> Any:
    if "example" in content:
        return content["example"]
    ((_, example),) = content["examples"].items()
    return DOCUMENT["components"]["examples"][example["$ref"].rpartition("/")[2]]["value"]


def errors_of(example: Any, schema: dict[str, Any]) -> list[str]:
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    return [error.message for error in validator.iter_errors(example)]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(each)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_body_has_an_example_that_fits_its_schema(name: str) -> None:
    for place, media, content in media_of(OPERATIONS[name]):
        example = example_of(content)
        if "json" in media and media not in ("application/jsonl", "application/x-ndjson"):
            assert errors_of(example, content["schema"]) == [], (place, media)
        else:
            assert isinstance(example, str)
            assert example


@pytest.mark.parametrize("kind", TYPES)
def test_every_event_has_a_whole_sample_that_fits_its_schema(kind: str) -> None:
    committed = json.loads((PROJECT / "docs" / "asyncapi.json").read_text(encoding="utf-8"))
    assert committed == asyncapi.document(), "run: make openapi"
    message = committed["components"]["messages"][kind]
    (sample,) = (each["payload"] for each in message["examples"])
    validator = Draft202012Validator({**message["payload"], "components": committed["components"]})
    assert not list(validator.iter_errors(sample))
    assert sample["detail-type"] == kind
    assert set(sample["detail"]) == set(TYPES[kind].model_fields)


def test_a_wrong_example_does_not_fit() -> None:
    example = copy.deepcopy(example_of(OPERATIONS["get_customer"]["responses"]["200"]["content"]["application/json"]))
    del example["id"]
    assert errors_of(example, {"$ref": "#/components/schemas/CustomerResponse"}) == ["'id' is a required property"]


def test_every_operation_is_described() -> None:
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for name, operation in OPERATIONS.items():
        assert set(operation["tags"]) <= tags, name
        assert operation["summary"].endswith("."), name
        assert operation["description"], name
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (name, parameter["name"])
            assert "example" in parameter, (name, parameter["name"])
        for status, response in operation["responses"].items():
            assert response["description"], (name, status)
    info = DOCUMENT["info"]
    assert all(info[each] for each in ("title", "version", "description", "contact", "license"))
    assert DOCUMENT["servers"]


def test_no_text_describes_what_does_not_exist() -> None:
    used = {parameter["name"] for operation in OPERATIONS.values() for parameter in operation.get("parameters", [])}
    assert used == {*PATH_PARAMETERS, *PARAMETER_EXAMPLES}
    headers = {
        header
        for each in OPERATIONS.values()
        for response in each["responses"].values()
        for header in response["headers"]
    }
    assert headers == set(HEADERS)


def test_no_response_has_a_constant_or_a_closed_enum() -> None:
    assert not [node for node in nodes(SCHEMAS) if "const" in node]
    requested = json.dumps([operation.get("requestBody") for operation in OPERATIONS.values()])
    for name, schema in SCHEMAS.items():
        is_requested = f'schemas/{name}"' in requested or name in (
            "NewLocation",
            "NewAccount",
            "NewTestDevice",
            "NewDevice",
            "NewLocationRequest",
            "NewDecision",
            "NewCustomer",
        )
        if not is_requested:
            assert not [node for node in nodes(schema) if "enum" in node], name


def test_ids_and_paths_of_responses_are_never_null() -> None:
    nullable = {
        f"{name}.{field}"
        for name, schema in SCHEMAS.items()
        for field, of_field in schema.get("properties", {}).items()
        if (field in ("path", "id") or field.endswith("_id")) and '"null"' in json.dumps(of_field)
    }
    events = {model.__name__ for model in TYPES.values()}
    # A root has no parent, the schedule has no request, a row that was refused has no customer, and so on.
    assert {each for each in nullable if each.partition(".")[0] not in events and not each.startswith("New")} == {
        "AuditEntry.account_id",
        "AuditEntry.request_id",
        "CustomerPreview.parent_id",
        "CustomerResponse.parent_id",
        "ChangedCustomerResponse.parent_id",
        "GatewayProblem.request_id",
        "HistoryEntry.request_id",
        "OnboardingPreview.existing_customer_id",
        "OnboardingResponse.existing_customer_id",
        "Result.customer_id",
    }


def test_no_field_shadows_its_model_or_pydantics_members() -> None:
    for name, schema in SCHEMAS.items():
        for field in schema.get("properties", {}):
            assert field.replace("_", "").lower() != name.lower(), (name, field)
            assert not hasattr(BaseModel, field), (name, field)
            assert not field.startswith("model_"), (name, field)


def test_required_headers_are_required() -> None:
    required = {
        (name, parameter["name"])
        for name, operation in OPERATIONS.items()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "header" and parameter["required"]
    }
    assert ("add_import", "Idempotency-Key") in required
    of_changes = {name for name, header in required if header == "If-Match"}
    assert of_changes == {
        name for app in apis() for name in app.routes if "428" in OPERATIONS.get(name, {"responses": ()})["responses"]
    }
    assert len(of_changes) > 5


@pytest.mark.parametrize("status", ["401", "403", "429"])
def test_responses_of_the_gateway_and_of_functions_share_a_schema(status: str) -> None:
    for name, operation in OPERATIONS.items():
        content = operation["responses"][status]["content"]
        assert set(content) == {"application/json", "application/problem+json"}, name
        assert {each["schema"]["$ref"] for each in content.values()} == {"#/components/schemas/GatewayProblem"}
