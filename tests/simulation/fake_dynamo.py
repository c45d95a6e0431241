"""An in-memory client of DynamoDB with the features that the store uses: conditions, transactions, tokens, indexes,
ALL_OLD.

It is deterministic and fast enough for tens of thousands of histories. `tests/table/test_store.py` tests it with the
same suite as moto and ministack. `log` has every change of a record, as the table's stream delivers it.
"""

import re
from typing import Any, Final

from botocore.exceptions import ClientError

from shared.table.keys import INDEXES, TABLE

Key = tuple[str, str]
Record = dict[str, Any]

_TERM: Final = re.compile(
    r"(attribute_exists|attribute_not_exists|attribute_type)\((#\w+)(?:, (:\w+))?\)|(#\w+) (=|<=|>=) (:\w+)"
)


_MAX_PK: Final = 2048  # bytes, DynamoDB's own
_MAX_SK: Final = 1024


def error(operation: str, code: str, status: int = 400, **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(response, operation)


class FakeDynamo:
    """One table. A change replaces the whole record, and never modifies it in place.

    With `newer`, every new record looks as if a newer version of the code had written it: it has an attribute that this
    version does not know, and another schema number. A change that loses one of them fails the test.
    """

    def __init__(self, *, newer: bool = False) -> None:
        self._newer = newer
        self.records: dict[Key, Record] = {}
        self.log: list[tuple[Record | None, Record | None]] = []
        # The events that were published before the log begins: kind, id, customer.
        self.earlier_events: tuple[tuple[str, str, str | None], ...] = ()
        self._tokens: dict[str, str] = {}

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 - boto3's own names, here and below
        ((table, request),) = RequestItems.items()
        keys = [_key(key) for key in request["Keys"]]
        assert len(set(keys)) == len(keys) <= 100
        return {"Responses": {table: [self.records[key] for key in keys if key in self.records]}}

    def transact_write_items(self, TransactItems: Any, ClientRequestToken: str) -> Any:  # noqa: N803
        if ClientRequestToken in self._tokens:
            assert self._tokens[ClientRequestToken] == repr(TransactItems)
            return {}  # the token has been used, so the transaction is not executed again
        actions = [next(iter(item.items())) for item in TransactItems]
        keys = [_key(action["Item"] if verb == "Put" else action["Key"]) for verb, action in actions]
        assert len(set(keys)) == len(keys) <= 100
        reasons: list[Any] = []
        for (_, action), key in zip(actions, keys, strict=True):
            if _holds(action, self.records.get(key, {})):
                reasons.append({"Code": "None"})
            else:
                found = {"Item": self.records[key]} if key in self.records else {}
                reasons.append({"Code": "ConditionalCheckFailed", **found})
        if any(reason["Code"] != "None" for reason in reasons):
            raise error("TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons)
        for (verb, action), key in zip(actions, keys, strict=True):
            if verb == "Put":
                self._set(key, action["Item"])
            elif verb == "Delete":
                self._set(key, None)
            elif verb == "Update":
                self._set(key, _updated(key, self.records.get(key), action))
        self._tokens[ClientRequestToken] = repr(TransactItems)
        return {}

    def update_item(self, **request: Any) -> Any:
        key = _key(request["Key"])
        found = self.records.get(key, {})
        if not _holds(request, found):
            item = {"Item": found} if found else {}
            raise error("UpdateItem", "ConditionalCheckFailedException", **item)
        self._set(key, _updated(key, found or None, request))
        return {}

    def query(self, **request: Any) -> Any:
        index = request.get("IndexName", TABLE)
        pk, sk = INDEXES[index]
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        found = [item for item in self.records.values() if item.get(pk, {}).get("S") == values[":pk"] and sk in item]
        condition = request["KeyConditionExpression"]
        if "begins_with" in condition:
            found = [item for item in found if item[sk]["S"].startswith(values[":sk"])]
        elif "<=" in condition:
            found = [item for item in found if item[sk]["S"].encode() <= values[":sk"].encode()]
        elif "BETWEEN" in condition:
            first, last = values[":since"].encode(), values[":sk"].encode()
            assert first <= last, "DynamoDB rejects a range whose end is before its beginning"
            found = [item for item in found if first <= item[sk]["S"].encode() <= last]
        forward = request.get("ScanIndexForward", True)
        found.sort(key=lambda item: item[sk]["S"].encode(), reverse=not forward)
        if "ExclusiveStartKey" in request:
            after = request["ExclusiveStartKey"][sk]["S"].encode()
            found = [item for item in found if item[sk]["S"].encode() != after]
            found = [item for item in found if (item[sk]["S"].encode() > after) == forward]
        page = found[: request["Limit"]]
        last = {name: page[-1][name] for name in dict.fromkeys(("pk", "sk", pk, sk))} if page else {}
        more = {"LastEvaluatedKey": last} if len(found) > len(page) else {}
        return {"Items": page, **more}

    def _set(self, key: Key, item: Record | None) -> None:
        if self._newer and item is not None:
            item = self._as_of_newer_code(key, item)
        self.log.append((self.records.get(key), item))
        if item is None:
            self.records.pop(key, None)
        else:
            self.records[key] = item

    def _as_of_newer_code(self, key: Key, item: Record) -> Record:
        before = self.records.get(key)
        if before is None or ("expires_at" in before and before.get("customer_id") != item.get("customer_id")):
            return {**item, "schema": {"N": "7"}, "of_newer_code": {"SS": [str(len(self.log))]}}
        if key[1] == "account" and item["removed"]["BOOL"]:  # every version erases all attributes of a removed account
            return item
        assert before.get("of_newer_code") == item.get("of_newer_code"), f"{key} lost an attribute"
        numbered = "schema" not in before and "count" in item  # a counter from the first version gets a schema number
        assert numbered or before.get("schema") == item.get("schema"), f"{key} changed its schema number"
        return item


def _key(item: Any) -> Key:
    pk, sk = item["pk"]["S"], item["sk"]["S"]
    if not 1 <= len(pk.encode()) <= _MAX_PK or not 1 <= len(sk.encode()) <= _MAX_SK:
        raise error("any", "ValidationException")
    return pk, sk


def _holds(action: Any, item: Record) -> bool:
    """Return whether an action's condition holds: alternatives of terms that must all hold."""
    expression = action.get("ConditionExpression")
    if not expression:
        return True
    names, values = action.get("ExpressionAttributeNames", {}), action.get("ExpressionAttributeValues", {})

    def term(text: str) -> bool:
        found = _TERM.fullmatch(text.strip("() ") if text.startswith("(") else text)
        assert found, text
        function, name, kind, left, sign, right = found.groups()
        if function:
            stored = item.get(names[name])
            if function == "attribute_type":
                return stored is not None and values[kind]["S"] in stored
            return (stored is not None) == (function == "attribute_exists")
        stored, expected = item.get(names[left]), values[right]
        if sign == "=":
            return stored == expected
        if stored is None or "N" not in stored:
            return False
        return int(stored["N"]) <= int(expected["N"]) if sign == "<=" else int(stored["N"]) >= int(expected["N"])

    def alternatives(text: str) -> bool:
        return any(all(map(term, part.split(" AND "))) for part in text.split(" OR "))

    # The store's conditions contain at most one pair of parentheses: alternatives, among terms that must all hold.
    bracket = re.search(r"\((attribute_not_exists\(#\w+\) OR [^()]+)\)", expression)
    if bracket is None:
        return alternatives(expression)
    rest = [part for part in expression.replace(bracket[0], "").split(" AND ") if part.strip()]
    return alternatives(bracket[1]) and all(map(term, rest))


def _updated(key: Key, item: Record | None, request: Any) -> Record:
    after = {**item} if item else {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
    names, values = request["ExpressionAttributeNames"], request.get("ExpressionAttributeValues", {})
    expression = request["UpdateExpression"]
    rest, _, adds = expression.partition(" ADD ")
    for part in filter(None, adds.split(", ")):
        name, value = part.split()
        number = int(after.get(names[name], {"N": "0"})["N"]) + int(values[value]["N"])
        after[names[name]] = {"N": str(number)}
    sets, _, removes = rest.partition("REMOVE ")
    for part in filter(None, re.split(r", (?=#)", sets.removeprefix("SET ").strip())):
        name, _, value = part.partition(" = ")
        if value.startswith("if_not_exists("):
            after.setdefault(names[name], values[value.rstrip(")").split(", ")[1]])
        elif "+" in value:
            after[names[name]] = {"N": str(int(after[names[name]]["N"]) + 1)}
        else:
            after[names[name]] = values[value]
    for name in filter(None, removes.split(", ")):
        after.pop(names[name], None)
    return after
