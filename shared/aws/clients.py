"""The boto3 clients of AWS services. Timeouts are short, so a caller gets a response before the API's own timeout."""

import json
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final

import boto3
import botocore.session
from botocore.config import Config
from botocore.parsers import JSONParser, ResponseParser, ResponseParserFactory

MAX_ATTEMPTS: Final = 2
CONNECT_SECONDS: Final = 0.5
READ_SECONDS: Final = 1.5

# Responses of DynamoDB that are already what boto3 returns once their JSON is parsed, except for bytes (see below).
_PLAIN: Final = frozenset({"BatchGetItemOutput", "QueryOutput", "TransactWriteItemsOutput", "UpdateItemOutput"})


def client(
    service: str,
    *,
    connect_seconds: float = CONNECT_SECONDS,
    read_seconds: float = READ_SECONDS,
    max_attempts: int = MAX_ATTEMPTS,
) -> Any:
    """Create a client of an AWS service. The timeouts apply to each attempt."""
    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": max_attempts},
        # botocore would compare each value of a record with its model, which is a sixth of the CPU of an addition.
        # DynamoDB does that anyway, and tests/architecture/ checks the requests of all functions.
        parameter_validation=service != "dynamodb",
    )
    return session().client(service, config=config)  # type: ignore[call-overload] # the service is not a literal


@cache
def session() -> boto3.Session:
    """Return the session of all clients. Its clients parse DynamoDB's responses faster than boto3's default session."""
    core = botocore.session.get_session()
    core.register_component("response_parser_factory", _Parsers())
    return boto3.Session(botocore_session=core)


class _Parser(JSONParser):
    """botocore's parser of JSON, without its walk through every value of a DynamoDB record.

    It leaves errors, other responses, and bodies that are not a JSON object to botocore. Unlike botocore's parser, it
    returns bytes (B, BS) as the base64 text that DynamoDB sends. No record of this API contains bytes.
    """

    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:
        if shape is not None and shape.name in _PLAIN and response["status_code"] == HTTPStatus.OK:
            try:
                body = json.loads(response["body"].decode())
            except ValueError:
                body = None
            if isinstance(body, dict):
                return {name: value for name, value in body.items() if value is not None} | self._metadata(response)
        return super().parse(response, shape)

    def _metadata(self, response: Mapping[str, Any]) -> dict[str, Any]:
        """Return what botocore's parser returns for a response without a body."""
        without_shape: Any = None
        parsed: dict[str, Any] = super().parse(response, without_shape)
        return parsed


_PARSER: Final = _Parser()


class _Parsers(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> ResponseParser:
        return _PARSER if protocol_name == "json" else super().create_parser(protocol_name)
