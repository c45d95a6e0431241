"""Tests: errors of DynamoDB. botocore's Stubber provides the responses of a real boto3 client."""

import random
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.stub import Stubber

from shared.errors import ThrottledError, UnavailableError
from shared.table.dynamodb import DynamoStore, _wait, open_sign_in_store
from shared.table.store import Check, ConditionFailedError, ItemTooLargeError, Put

ITEM = {"pk": {"S": "a"}, "sk": {"S": "x"}}
MAX_ATTEMPTS = 8


class Failing:
    """A store whose client returns the responses that a test adds. `waits` lists the attempts that a wait followed."""

    def __init__(self) -> None:
        client = boto3.client(
            "dynamodb", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        self.stubber = Stubber(client)
        self.stubber.activate()
        self.waits: list[int] = []
        self.store = DynamoStore(client, "table", wait=self.waits.append)

    def add_cancellation(self, *codes: str, **item: Any) -> None:
        reasons = [{"Code": code, **(item if code == "ConditionalCheckFailed" else {})} for code in codes]
        self.stubber.add_client_error(
            "transact_write_items",
            "TransactionCanceledException",
            http_status_code=400,
            modeled_fields={"CancellationReasons": reasons},
        )

    def add_error(self, operation: str, code: str, status: int = 400, message: str = "") -> None:
        self.stubber.add_client_error(operation, code, service_message=message, http_status_code=status)

    def add_success(self) -> None:
        self.stubber.add_response("transact_write_items", {})

    def write(self) -> None:
        self.store.write(Put({"pk": "a", "sk": "x"}), Check(("b", "x")))


@pytest.fixture
def failing() -> Failing:
    return Failing()


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_write_retries_a_transaction_conflict(failing: Failing, code: str) -> None:
    failing.add_cancellation("None", code)
    failing.add_cancellation(code, "None")
    failing.add_success()
    failing.write()
    assert failing.waits == [0, 1]
    failing.stubber.assert_no_pending_responses()


def test_every_attempt_of_a_write_has_the_same_token(failing: Failing) -> None:
    tokens = []
    failing.store._client.meta.events.register(
        "before-parameter-build.dynamodb.TransactWriteItems",
        lambda params, **_: tokens.append(params["ClientRequestToken"]),
    )
    failing.add_cancellation("TransactionConflict", "None")
    failing.add_error("transact_write_items", "TransactionInProgressException")
    failing.add_success()
    failing.write()
    failing.add_success()
    failing.write()
    assert len(tokens) == 4
    assert len(set(tokens[:3])) == 1
    assert tokens[3] != tokens[0]


def test_write_gives_up_with_429_after_eight_conflicts(failing: Failing) -> None:
    for _ in range(MAX_ATTEMPTS):
        failing.add_cancellation("TransactionConflict", "None")
    with pytest.raises(ThrottledError) as raised:
        failing.write()
    assert raised.value.headers == {"Retry-After": "1"}
    assert failing.waits == list(range(MAX_ATTEMPTS))


def test_failed_condition_wins_over_other_reasons(failing: Failing) -> None:
    failing.add_cancellation("ConditionalCheckFailed", "TransactionConflict", Item=ITEM)
    with pytest.raises(ConditionFailedError) as failed:
        failing.write()
    assert failed.value.records == {("a", "x"): {"pk": "a", "sk": "x"}}
    assert failing.waits == []


def test_unexpected_error_is_not_retried(failing: Failing) -> None:
    failing.add_cancellation("ValidationError", "None")
    with pytest.raises(ClientError):
        failing.write()
    failing.add_error("transact_write_items", "ValidationException")
    with pytest.raises(ClientError):
        failing.write()
    assert failing.waits == []


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"]
)
def test_request_raises_429_when_throttled_after_the_sdks_retries(failing: Failing, code: str) -> None:
    for operation, request in {
        "transact_write_items": failing.write,
        "batch_get_item": lambda: failing.store.get(("a", "x")),
        "query": lambda: failing.store.query("children", "p", limit=1),
    }.items():
        failing.add_error(operation, code)
        with pytest.raises(ThrottledError):
            request()


@pytest.mark.parametrize(("code", "status"), [("InternalServerError", 500), ("ServiceUnavailable", 503)])
def test_write_raises_503_on_a_server_error(failing: Failing, code: str, status: int) -> None:
    failing.add_error("transact_write_items", code, status)
    with pytest.raises(UnavailableError) as raised:
        failing.write()
    assert raised.value.headers == {"Retry-After": "5"}


def test_get_raises_503_when_dynamodb_is_unreachable(failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    def time_out(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://dynamodb")

    monkeypatch.setattr(failing.store._client, "batch_get_item", time_out)
    with pytest.raises(UnavailableError):
        failing.store.get(("a", "x"))


def test_change_of_a_full_record_raises_item_too_large(failing: Failing) -> None:
    too_large = "Item size to update has exceeded the maximum allowed size"
    failing.add_error("update_item", "ValidationException", message=too_large)
    with pytest.raises(ItemTooLargeError):
        failing.store.change(("a", "x"), {}, put={"n": 1})
    for code, message in (("ValidationException", "Syntax error"), ("AccessDeniedException", "no")):
        failing.add_error("update_item", code, message=message)
        with pytest.raises(ClientError):
            failing.store.change(("a", "x"), {}, put={"n": 1})


def test_get_retries_unprocessed_keys(failing: Failing) -> None:
    other = {"pk": {"S": "b"}, "sk": {"S": "x"}}
    both = {"table": {"Keys": [ITEM, other], "ConsistentRead": True}}
    remaining = {"table": {"Keys": [other], "ConsistentRead": True}}
    failing.stubber.add_response(
        "batch_get_item", {"Responses": {"table": [ITEM]}, "UnprocessedKeys": remaining}, {"RequestItems": both}
    )
    failing.stubber.add_response("batch_get_item", {"Responses": {"table": [other]}}, {"RequestItems": remaining})
    assert set(failing.store.get(("a", "x"), ("b", "x"))) == {("a", "x"), ("b", "x")}
    assert failing.waits == [0]


def test_get_gives_up_with_429_when_keys_stay_unprocessed(failing: Failing) -> None:
    remaining = {"table": {"Keys": [ITEM]}}
    for _ in range(MAX_ATTEMPTS):
        failing.stubber.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": remaining})
    with pytest.raises(ThrottledError):
        failing.store.get(("a", "x"))


def test_query_continues_after_one_megabyte(failing: Failing) -> None:
    def child(name: str) -> dict[str, Any]:
        return {"pk": {"S": name}, "sk": {"S": "x"}, "parent_id": {"S": "p"}, "folded_name": {"S": name}}

    key = {"pk": {"S": "a"}, "sk": {"S": "x"}}
    failing.stubber.add_response("query", {"Items": [child("a")], "LastEvaluatedKey": key})
    failing.stubber.add_response("query", {"Items": [child("b"), child("c")]})
    page = failing.store.query("children", "p", limit=2)
    assert [item["pk"] for item in page.items] == ["a", "b"]
    assert page.next == {"pk": "b", "sk": "x", "parent_id": "p", "folded_name": "b"}


def test_environments_restored_from_one_snapshot_wait_differently(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("shared.table.dynamodb.time.sleep", waited.append)
    state = random.getstate()
    for _ in range(2):
        random.setstate(state)
        _wait(5)
    assert waited[0] != waited[1]


def test_sign_in_store_takes_a_second_at_most_and_repeats_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TABLE_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    open_sign_in_store.cache_clear()
    store = open_sign_in_store()
    open_sign_in_store.cache_clear()
    config = store._client.meta.config
    assert 2 * (config.connect_timeout + config.read_timeout) <= 1  # a read and a write
    assert config.retries["total_max_attempts"] == 1
    with pytest.raises(ThrottledError):
        store._wait(0)
