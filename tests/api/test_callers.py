"""Tests: who may call the API, and what a caller without access sees."""

from typing import Any

import pytest

from shared.api.routes import ROUTES
from shared.idempotency import id_from
from shared.table.dynamodb import DynamoStore
from tests.api.helpers import A_DISTRIBUTOR, assert_problem
from tests.builders import ROOT, ROOT_ACCOUNT, a_customer, an_account, put
from tests.calls import an_event, call, handle


@pytest.mark.parametrize(
    "authorizer",
    [
        None,
        {},
        {"jwt": None},
        {"jwt": {"claims": {}}},
        {"jwt": {"claims": {"username": ROOT_ACCOUNT.id}}},
        {"jwt": {"claims": {"username": ROOT_ACCOUNT.id, "token_use": "id"}}},
        {"jwt": {"claims": {"cognito:username": ROOT_ACCOUNT.id, "token_use": "access"}}},
        {"jwt": {"claims": {"username": 7, "token_use": "access"}}},
        "claims",
    ],
)
def test_request_without_access_token_claims_returns_401(authorizer: Any) -> None:
    for name in (name for name, row in ROUTES.items() if row.operation):
        event = an_event(name)
        event["requestContext"]["authorizer"] = authorizer
        called = handle(name, event)
        assert_problem(called, 401, "unauthenticated")
        assert called.headers["WWW-Authenticate"] == "Bearer"


def test_local_account_is_used_only_under_sam_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_ACCOUNT_ID", ROOT_ACCOUNT.id)
    assert_problem(call("get_me", account=None), 401, "unauthenticated")
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    assert call("get_me", account=None).status == 200
    monkeypatch.setenv("AWS_SAM_LOCAL", "false")
    assert_problem(call("get_me", account=None), 401, "unauthenticated")


def test_resource_outside_the_subtree_looks_exactly_absent(store: DynamoStore) -> None:
    inside = a_customer("distributor", name="Inside")
    reseller = a_customer("reseller", inside)
    sibling = a_customer("distributor", name="Outside")
    nephew = a_customer("reseller", sibling)
    insider = an_account("super_user", inside)
    put(store, inside, reseller, sibling, nephew, insider)
    absent = id_from("cus", "absent")
    for outside in (ROOT.id, sibling.id, nephew.id):
        for request in [
            lambda customer_id: call("get_customer", account=insider, path=f"/customers/{customer_id}"),
            lambda customer_id: call("get_options", account=insider, path=f"/customers/{customer_id}/options"),
            lambda customer_id: call("list_customers", account=insider, query={"parent_id": customer_id}),
            lambda customer_id: call("list_customers", account=insider, query={"within": customer_id}),
            lambda customer_id: call("add_customer", account=insider, body=A_DISTRIBUTOR | {"parent_id": customer_id}),
            lambda customer_id: call("add_account", account=insider, path=f"/customers/{customer_id}/accounts"),
            lambda customer_id: call("list_accounts", account=insider, query={"customer_id": customer_id}),
            lambda customer_id: call("list_accounts", account=insider, query={"within": customer_id}),
            lambda customer_id: call("add_test_device", account=insider, path=f"/customers/{customer_id}/test-devices"),
            lambda customer_id: call("check_storage", account=insider, path=f"/customers/{customer_id}/storage-check"),
            lambda customer_id: call("list_devices", account=insider, path=f"/customers/{customer_id}/devices"),
            lambda customer_id: call(
                "add_customer", account=insider, body={"parent_id": customer_id}, query={"validate_only": "true"}
            ),
        ]:
            hidden, missing = request(outside), request(absent)
            assert_problem(hidden, 404, "not_found")
            assert (hidden.status, hidden.headers, hidden.text) == (missing.status, missing.headers, missing.text)
    assert call("get_customer", account=insider, path=f"/customers/{reseller.id}").status == 200


def test_request_without_permission_returns_403_and_names_the_roles(store: DynamoStore) -> None:
    distributor = a_customer("distributor", name="D")
    reader = an_account("supporter", distributor)
    put(store, distributor, reader)
    body = A_DISTRIBUTOR | {"parent_id": distributor.id}
    problem = assert_problem(call("add_customer", account=reader, body=body), 403, "forbidden")
    assert "super_user or administrator" in problem["detail"]
    body.pop("parent_id")
    assert_problem(call("add_customer", account=reader, body=body), 403, "forbidden")
    assert_problem(call("get_me", account=an_account("operator", distributor)), 403, "no_active_account")
