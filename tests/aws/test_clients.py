"""Tests: our parser of DynamoDB's responses returns and raises what botocore's own does."""

import json
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from shared.aws import clients

ITEM = {
    "pk": {"S": "Zürich"},
    "n": {"N": "-12.50"},
    "yes": {"BOOL": False},
    "nothing": {"NULL": True},
    "list": {"L": [{"S": ""}, {"M": {"deep": {"L": []}}}]},
    "sets": {"SS": ["a"]},
    "numbers": {"NS": ["1", "2"]},
}
CAPACITY = {"TableName": "t", "CapacityUnits": 2.5, "Table": {"CapacityUnits": 2.0}, "GlobalSecondaryIndexes": {}}
REQUESTS: dict[str, dict[str, Any]] = {
    "batch_get_item": {"RequestItems": {"t": {"Keys": [{"pk": {"S": "a"}}]}}},
    "query": {"TableName": "t"},
    "update_item": {"TableName": "t", "Key": {"pk": {"S": "a"}}},
    "transact_write_items": {"TransactItems": [{"Delete": {"TableName": "t", "Key": {"pk": {"S": "a"}}}}]},
}
SUCCESSES: list[tuple[str, dict[str, Any]]] = [
    (
        "batch_get_item",
        {
            "Responses": {"t": [ITEM]},
            "UnprocessedKeys": {"t": {"Keys": [{"pk": {"S": "b"}}], "ConsistentRead": True}},
            "ConsumedCapacity": [CAPACITY],
        },
    ),
    ("batch_get_item", {"Responses": {"t": []}, "UnprocessedKeys": {}}),
    ("query", {"Items": [ITEM, {}], "Count": 2, "ScannedCount": 2, "LastEvaluatedKey": {"pk": {"S": "a"}}}),
    ("query", {"Items": [], "Count": 0, "LastEvaluatedKey": None, "ConsumedCapacity": CAPACITY}),
    ("update_item", {"Attributes": ITEM, "ConsumedCapacity": CAPACITY}),
    ("update_item", {}),
    ("transact_write_items", {"ConsumedCapacity": [CAPACITY], "ItemCollectionMetrics": {}}),
    ("transact_write_items", {}),
]
NAMESPACE = "com.amazonaws.dynamodb.v20120810#"
FAILURES: dict[str, tuple[str, int, bytes]] = {
    "cancelled": (
        "transact_write_items",
        400,
        json.dumps(
            {
                "__type": f"{NAMESPACE}TransactionCanceledException",
                "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons [...]",
                "CancellationReasons": [
                    {"Code": "ConditionalCheckFailed", "Item": ITEM, "Message": "The conditional request failed"},
                    {"Code": "None"},
                ],
            }
        ).encode(),
    ),
    "condition": (
        "update_item",
        400,
        json.dumps({"__type": f"{NAMESPACE}ConditionalCheckFailedException", "Item": ITEM, "message": "x"}).encode(),
    ),
    "throttled": ("query", 400, b'{"__type":"x#ThrottlingException","message":"Rate exceeded"}'),
    "unknown code": ("query", 400, b'{"__type":"x#NewException","message":"new"}'),
    "not JSON": ("query", 400, b"Bad Request"),
    "empty": ("query", 500, b""),
    "a proxy's page": ("query", 503, b"<html><body>Service Unavailable</body></html>"),
    "moved": ("query", 301, b"{}"),
    "success, not JSON": ("query", 200, b"<html></html>"),
    "success, cut off": ("query", 200, b'{"Items": [{"pk": {"S": "a'),
    "success, empty": ("query", 200, b""),
    "success, a list": ("query", 200, b"[1]"),
    "success, null": ("query", 200, b"null"),
    "success, not UTF-8": ("query", 200, b'{"Items": [], "\xff": 1}'),
}


class Body:
    """The body of a response, as urllib3 provides it."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.content


@cache
def plain_session() -> boto3.Session:
    """Return a session with botocore's own parser."""
    return boto3.Session()


def dynamodb(session: boto3.Session, *responses: tuple[int, bytes], crc: int | None = None) -> Any:
    """Return a client whose requests get these responses. The first one has `crc` instead of its own checksum."""
    client = session.client(
        "dynamodb", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b",
        config=Config(retries={"mode": "standard", "total_max_attempts": len(responses)}),
    )  # fmt: skip
    left = list(responses)

    def respond(request: Any, **_: Any) -> AWSResponse:
        checksum = crc if crc is not None and len(left) == len(responses) else zlib.crc32(left[0][1])
        status, body = left.pop(0)
        headers = {"x-amzn-RequestId": "R1", "X-Amz-Crc32": str(checksum), "Content-Type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, status, HeadersDict(headers), Body(body))

    client.meta.events.register("before-send.dynamodb.*", respond)
    return client


def outcome(session: boto3.Session, operation: str, *responses: tuple[int, bytes], crc: int | None = None) -> Any:
    """Return the response of an operation, or what it raises."""
    try:
        return getattr(dynamodb(session, *responses, crc=crc), operation)(**REQUESTS[operation])
    except ClientError as error:
        return type(error).__name__, error.response
    except Exception as error:  # noqa: BLE001 - whatever botocore raises, ours raises too
        return repr(error)


@pytest.mark.parametrize(("operation", "body"), SUCCESSES)
def test_response_is_what_botocore_returns(operation: str, body: dict[str, Any]) -> None:
    response = (200, json.dumps(body).encode())
    expected = outcome(plain_session(), operation, response)
    assert expected["ResponseMetadata"]["RequestId"] == "R1"
    assert outcome(clients.session(), operation, response) == expected


@pytest.mark.parametrize("name", FAILURES)
def test_failure_is_what_botocore_raises(name: str) -> None:
    operation, status, body = FAILURES[name]
    assert outcome(clients.session(), operation, (status, body)) == outcome(plain_session(), operation, (status, body))


def test_cancelled_transaction_has_its_reasons() -> None:
    operation, status, body = FAILURES["cancelled"]
    name, response = outcome(clients.session(), operation, (status, body))
    assert name == "TransactionCanceledException"
    assert [reason["Code"] for reason in response["CancellationReasons"]] == ["ConditionalCheckFailed", "None"]
    assert response["CancellationReasons"][0]["Item"] == ITEM


def test_response_with_a_wrong_checksum_is_requested_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waits.append)
    good = json.dumps({"Items": [ITEM], "Count": 1}).encode()
    for damaged in (good.replace(b"Z", b"Y"), good[:-3]):
        found = outcome(clients.session(), "query", (200, damaged), (200, good), crc=zlib.crc32(good))
        assert found["Items"] == [ITEM]
        assert found["ResponseMetadata"]["RetryAttempts"] == 1
    assert len(waits) == 2


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.builds(lambda value: {"S": value}, st.text())
    | st.builds(lambda value: {"N": str(value)}, st.integers())
    | st.builds(lambda value: {"BOOL": value}, st.booleans())
    | st.just({"NULL": True}),
    lambda inner: (
        st.builds(lambda value: {"L": value}, st.lists(inner, max_size=3))
        | st.builds(lambda value: {"M": value}, st.dictionaries(st.text(), inner, max_size=3))
    ),
    max_leaves=10,
)


@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=5), max_size=3))
def test_every_record_is_what_botocore_returns(items: list[Any]) -> None:
    shape = model().operation_model("Query").output_shape
    response = {"status_code": 200, "headers": {}, "body": json.dumps({"Items": items}).encode()}
    theirs, ours = (
        session.get_component("response_parser_factory").create_parser("json").parse(response, shape)
        for session in (plain_session()._session, clients.session()._session)
    )
    assert ours == theirs == {"Items": items, "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}}


def test_bytes_stay_base64() -> None:
    response = (200, json.dumps({"Attributes": {"b": {"B": "YQ=="}}}).encode())
    assert outcome(clients.session(), "update_item", response)["Attributes"] == {"b": {"B": "YQ=="}}


def test_responses_that_are_parsed_as_json_contain_no_other_types() -> None:
    """botocore converts timestamps and bytes, and renames members. If a response gets one of these, this test fails."""
    for name in clients._PLAIN:
        shapes = {shape.name: shape for shape in shapes_in(model().shape_for(name))}
        converted = {shape.name for shape in shapes.values() if shape.type_name in ("timestamp", "blob")}
        assert converted == {"BinaryAttributeValue"}, name
        assert not [shape for shape in shapes.values() if set(shape.serialization) & {"name", "location"}]
        assert not [shape for shape in shapes.values() if isinstance(shape, StructureShape) and shape.is_tagged_union]


def model() -> Any:
    return clients.session()._session.get_service_model("dynamodb")


def shapes_in(shape: Shape, above: tuple[str, ...] = ()) -> Iterator[Shape]:
    yield shape
    if shape.name in above:  # a value contains values
        return
    inner: list[Shape] = []
    if isinstance(shape, StructureShape):
        inner = list(shape.members.values())
    elif isinstance(shape, ListShape):
        inner = [shape.member]
    elif isinstance(shape, MapShape):
        inner = [shape.key, shape.value]
    for each in inner:
        yield from shapes_in(each, (*above, shape.name))
