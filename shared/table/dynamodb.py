"""The store on DynamoDB."""

import random
import time
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from shared.aws import clients
from shared.aws.settings import settings
from shared.errors import ThrottledError, UnavailableError
from shared.table.keys import INDEXES, TABLE, Item, Key
from shared.table.store import (
    SCHEMA,
    Action,
    Check,
    ConditionFailedError,
    Increment,
    ItemTooLargeError,
    Page,
    Position,
    Put,
    Update,
    position,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_ATTEMPTS: Final = 8


_THROTTLED: Final = frozenset(
    {
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingError",
        "ThrottlingException",
    }
)


# Another transaction is writing one of the records. Nothing was written, so it is safe to retry.
_CONFLICT: Final = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})


# Random numbers of the operating system: environments restored from one snapshot must not wait equally long.
_RANDOM: Final = random.SystemRandom()


def _wait(attempt: int) -> None:
    """Wait with full jitter, from 25 ms doubling to 800 ms. 8 tries take about 1 s on average."""
    time.sleep(_RANDOM.uniform(0, 0.025 * 2 ** min(attempt, 5)))


class DynamoStore:
    """The store on DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str, *, wait: Callable[[int], None] = _wait) -> None:
        self._client = client
        self._table = table
        self._wait = wait

    def close(self) -> None:
        """Close the connections. The next request opens one."""
        self._client.close()

    def get(self, *keys: Key) -> dict[Key, Item]:
        missing = [_key(key) for key in dict.fromkeys(keys)]
        records: dict[Key, Item] = {}
        for attempt in range(MAX_ATTEMPTS):
            request = {self._table: {"Keys": missing, "ConsistentRead": True}}
            response = self._call(self._client.batch_get_item, RequestItems=request)
            for item in map(deserialize, response["Responses"].get(self._table, [])):
                records[item["pk"], item["sk"]] = item
            # DynamoDB returns keys unprocessed if a partition is throttled or the response would exceed 16 MB.
            missing = response.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if not missing:
                return records
            self._wait(attempt)
        raise _throttled()

    def write(self, *actions: Action) -> None:
        request = {
            "TransactItems": [self._action(action) for action in actions],
            # The same token with every try: a try whose response was lost is not executed twice.
            "ClientRequestToken": str(uuid.uuid4()),
        }
        for attempt in range(MAX_ATTEMPTS):
            try:
                self._call(self._client.transact_write_items, **request)
            except ClientError as error:
                if not self._may_try_again(error, actions):
                    raise
                self._wait(attempt)
            else:
                return
        raise _throttled()

    def change(
        self,
        key: Key,
        condition: Mapping[str, Any],
        *,
        put: Mapping[str, Any],
        remove: tuple[str, ...] = (),
        versioned: bool = True,
    ) -> None:
        expression = _condition_expression(condition)
        conditions = [expression["ConditionExpression"]]
        update, names, values = _update_expression(put, remove, ["#version = #version + :one"] if versioned else [])
        if versioned:
            conditions.append("attribute_type(#version, :number)")
            names["#version"] = "version"
            values |= {":one": {"N": "1"}, ":number": {"S": "N"}}
        request = {
            "TableName": self._table,
            "Key": _key(key),
            "UpdateExpression": update,
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": {**expression["ExpressionAttributeNames"], **names},
            "ExpressionAttributeValues": {**expression.get("ExpressionAttributeValues", {}), **values},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        for attempt in range(MAX_ATTEMPTS):
            try:
                self._call(self._client.update_item, **request)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "ConditionalCheckFailedException":
                    item: Any = error.response.get("Item")
                    raise ConditionFailedError({key: deserialize(item) if item else None}) from error
                if code == "ValidationException" and "size" in error.response["Error"]["Message"].lower():
                    raise ItemTooLargeError(error.response["Error"]["Message"]) from error
                if code not in _CONFLICT:
                    raise
                self._wait(attempt)  # a transaction is writing the record: nothing was changed
            else:
                return
        raise _throttled()

    def query(
        self,
        index: str,
        partition: str,
        *,
        limit: int,
        starts_with: str = "",
        since: str = "",
        up_to: str = "",
        descending: bool = False,
        after: Position | None = None,
    ) -> Page:
        pk, sk = INDEXES[index]
        request: dict[str, Any] = {
            "TableName": self._table,
            **({"ConsistentRead": True} if index == TABLE else {"IndexName": index}),
            "KeyConditionExpression": "#pk = :pk",
            "ExpressionAttributeNames": {"#pk": pk},
            "ExpressionAttributeValues": {":pk": {"S": partition}},
            "Limit": limit + 1,  # one more record shows whether there is a next page
        }
        if starts_with or up_to:
            within = "#sk BETWEEN :since AND :sk" if since else "#sk <= :sk"
            request["KeyConditionExpression"] += " AND " + ("begins_with(#sk, :sk)" if starts_with else within)
            request["ExpressionAttributeNames"]["#sk"] = sk
            request["ExpressionAttributeValues"][":sk"] = {"S": starts_with or up_to}
        if since:
            request["ExpressionAttributeValues"][":since"] = {"S": since}
        if descending:
            request["ScanIndexForward"] = False
        if after:
            request["ExclusiveStartKey"] = {name: {"S": value} for name, value in after.items()}
        items: list[Item] = []
        while True:
            response = self._call(self._client.query, **request)
            items += map(deserialize, response["Items"])
            if len(items) > limit:
                return Page(items[:limit], position(index, items[limit - 1]))
            if "LastEvaluatedKey" not in response:
                return Page(items, None)
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]  # the response reached 1 MB before the limit

    def _action(self, action: Action) -> dict[str, Any]:
        if isinstance(action, Increment):
            return {"Update": self._count(action)}
        request: dict[str, Any] = {
            "TableName": self._table,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **_condition_expression(action.condition),
        }
        if isinstance(action, Put) and action.unless_expired_at is not None:
            request["ConditionExpression"] += " OR #expires_at <= :unless_expired_at"
            request["ExpressionAttributeNames"]["#expires_at"] = "expires_at"
            request.setdefault("ExpressionAttributeValues", {})[":unless_expired_at"] = _serialize(
                action.unless_expired_at
            )
        if isinstance(action, Put):
            return {"Put": {**request, "Item": {name: _serialize(value) for name, value in action.item.items()}}}
        if isinstance(action, Update):
            request["UpdateExpression"], names, values = _update_expression(action.put, action.remove)
            request["ExpressionAttributeNames"] |= names
            if values:  # DynamoDB rejects an empty map
                request["ExpressionAttributeValues"] = request.get("ExpressionAttributeValues", {}) | values
            return {"Update": {**request, "Key": _key(action.key)}}
        verb = "ConditionCheck" if isinstance(action, Check) else "Delete"
        return {verb: {**request, "Key": _key(action.key)}}

    def _count(self, action: Increment) -> dict[str, Any]:
        parts, names, values = _equals(action.condition)
        if action.least > action.by:  # a missing count is 0, which is too few
            parts.append("#count >= :least")
            values[":least"] = _serialize(action.least - action.by)
        elif action.most is not None:
            parts.append("(attribute_not_exists(#count) OR #count <= :most)")
            values[":most"] = _serialize(action.most - action.by)
        sets, adds = ["#schema = if_not_exists(#schema, :schema)"], ["#count :by"]
        for place, (name, value) in enumerate({**action.put, **action.also}.items()):
            names[f"#a{place}"], values[f":a{place}"] = name, _serialize(value)
            if name in action.put:
                sets.append(f"#a{place} = :a{place}")
            else:
                adds.append(f"#a{place} :a{place}")
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": _key(action.key),
            "UpdateExpression": f"SET {', '.join(sets)} ADD {', '.join(adds)}",
            "ExpressionAttributeNames": {"#count": "count", "#schema": "schema", **names},
            "ExpressionAttributeValues": {":by": _serialize(action.by), ":schema": _serialize(SCHEMA), **values},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return {**request, "ConditionExpression": " AND ".join(parts)} if parts else request

    @staticmethod
    def _may_try_again(error: ClientError, actions: tuple[Action, ...]) -> bool:
        """Return whether to try again. Raises ConditionFailedError if a condition failed, whatever else failed too."""
        reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
        records = {
            action.key: deserialize(reason["Item"]) if reason.get("Item") else None
            for action, reason in zip(actions, reasons, strict=False)
            if reason["Code"] == "ConditionalCheckFailed"
        }
        if records:
            raise ConditionFailedError(records) from error
        codes = {error.response["Error"]["Code"], *(reason["Code"] for reason in reasons)}
        return bool(codes & (_CONFLICT | _THROTTLED))

    @staticmethod
    def _call(operation: Callable[..., Any], **request: Any) -> Any:
        """Send one request. Raises ThrottledError or UnavailableError if DynamoDB fails after the SDK's own retries."""
        try:
            return operation(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] in _THROTTLED:
                raise _throttled() from error
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise _unavailable() from error
            raise
        except BotoCoreError as error:
            raise _unavailable() from error


def _throttled() -> ThrottledError:
    return ThrottledError("Too many concurrent requests. Retry after 1 second.", headers={"Retry-After": "1"})


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "The database is temporarily unavailable. Retry after 5 seconds.", headers={"Retry-After": "5"}
    )


def _condition_expression(condition: Mapping[str, Any] | None) -> dict[str, Any]:
    """Build a condition: no record exists (`None`), or its attributes equal `condition`."""
    if condition is None:
        return {"ConditionExpression": "attribute_not_exists(#pk)", "ExpressionAttributeNames": {"#pk": "pk"}}
    parts, names, values = _equals(condition)
    expression: dict[str, Any] = {
        "ConditionExpression": " AND ".join(["attribute_exists(#pk)", *parts]),
        "ExpressionAttributeNames": {"#pk": "pk", **names},
    }
    return {**expression, "ExpressionAttributeValues": values} if values else expression


def _equals(condition: Mapping[str, Any]) -> tuple[list[str], dict[str, str], dict[str, Any]]:
    """Build the condition that attributes equal `condition`. Return its parts, and their names and values."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    for place, value in enumerate(condition.values()):
        if value is None:
            parts.append(f"attribute_not_exists(#n{place})")
        elif value is ...:
            parts.append(f"attribute_exists(#n{place})")
        else:
            parts.append(f"#n{place} = :v{place}")
            values[f":v{place}"] = _serialize(value)
    return parts, {f"#n{place}": name for place, name in enumerate(condition)}, values


def _update_expression(
    put: Mapping[str, Any], remove: tuple[str, ...], sets: list[str] | None = None
) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Return an update expression, and the names and the values in it. `sets` are more assignments."""
    sets = [*(f"#s{n} = :s{n}" for n in range(len(put))), *(sets or [])]
    parts = ["SET " + ", ".join(sets)] if sets else []
    parts += ["REMOVE " + ", ".join(f"#r{n}" for n in range(len(remove)))] if remove else []
    names = {f"#s{n}": name for n, name in enumerate(put)} | {f"#r{n}": name for n, name in enumerate(remove)}
    return " ".join(parts), names, {f":s{n}": _serialize(value) for n, value in enumerate(put.values())}


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _serialize(value: Any) -> Any:
    if isinstance(value, str):
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, list | tuple):
        return {"L": [_serialize(inner) for inner in value]}
    if isinstance(value, dict):
        return {"M": {name: _serialize(inner) for name, inner in value.items()}}
    raise TypeError(type(value).__name__)


def deserialize(item: Mapping[str, Any]) -> Item:
    """Return a record as DynamoDB sends it, without the types of its attributes."""
    return {
        name: value["S"] if "S" in value else _deserialize_value(value) for name, value in item.items()
    }  # most values are text


def _deserialize_value(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content) if content.lstrip("-").isdigit() else Decimal(content)
        case "L":
            return [_deserialize_value(inner) for inner in content]
        case "M":
            return deserialize(content)
        case "NULL":
            return None
    return content  # sets and bytes, which only another version of the code writes; this version never writes them back


def _give_up(_attempt: int) -> None:
    raise _throttled()


@cache
def open_sign_in_store() -> DynamoStore:
    """Return the store of the sign-in trigger. A read and a write take at most one second, and none is repeated."""
    client = clients.client("dynamodb", connect_seconds=0.25, read_seconds=0.25, max_attempts=1)
    return DynamoStore(client, settings.table_name, wait=_give_up)


@cache
def open_store() -> DynamoStore:
    """Return the store of this function: the table that TABLE_NAME names."""
    return DynamoStore(clients.client("dynamodb"), settings.table_name)
