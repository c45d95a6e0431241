"""Helpers of the API tests."""

import json
from typing import Any

from local.openapi import Problem
from tests.calls import Called, an_event

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
