"""Helpers of the API tests."""

import json
from typing import Any

from local.openapi import Problem
from tests.calls import Called, an_event, call

A_DISTRIBUTOR = json.loads(an_event("add_customer")["body"])


def assert_problem(called: Called, status: int, code: str) -> Any:
    """Assert an RFC 9457 problem that follows the schema and reveals no internals. Return its body."""
    assert (called.status, called.body["code"]) == (status, code), called.text
    assert called.headers["Content-Type"] == "application/problem+json"
    problem = Problem.model_validate(called.body)
    assert (problem.status, problem.request_id) == (status, "JKJaXmPLvHcESHA=")
    assert problem.detail
    for word in ("Traceback", "shared/", "pydantic", "boto", "Error("):
        assert word not in called.text
    return called.body


def add_reseller() -> str:
    """Add a reseller with its distributor through the API, once. Return its id."""
    body = {**A_DISTRIBUTOR, "name": "Its distributor"}
    distributor = call("add_customer", body=body, headers={"idempotency-key": "its-distributor"}).body
    body = {**A_DISTRIBUTOR, "name": "Reseller", "parent_id": distributor["id"], "level": "reseller"}
    return str(call("add_customer", body=body, headers={"idempotency-key": "reseller"}).body["id"])
