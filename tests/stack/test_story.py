"""Tests: the tasks of the source document on the running stack."""

from typing import Any

import pytest

from local.ministack import client
from local.seed import access_token
from tests.conftest import RunningStack, eventually
from tests.stack.helpers import BOTH, add, subscribed

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]


def test_source_document_can_be_followed_to_the_end(stack: RunningStack) -> None:
    """Add a customer of each level, with an end-customer on trial, each from the options of the form."""
    root = stack.call("GET", "/me").json()["customer"]
    parent, lineage = root, [root]
    for level, fields in {
        "distributor": {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "Denmark"},
        "sub_distributor": {
            "service_type": "all_inclusive",
            "services_to_provide": BOTH,
            "device_country": "Finland",
            "storage_location": "Sweden",
        },
        "reseller": {"service_type": "software_only", "services_to_provide": BOTH, "device_country": "GB"},
        "end_customer": {"service_type": "all_inclusive", "device_country": "South Africa", "in_trial": True},
        "site": {"device_country": "United States"},
    }.items():
        options = stack.call("GET", f"/customers/{parent['id']}/options").json()
        form = next(option["fields"] for option in options["levels"] if option["level"] == level)
        body = {"name": f"The {level}", "parent_id": parent["id"], **fields}
        if form["level"]["rule"] == "required":
            body["level"] = level
        assert {field for field, option in form.items() if option["rule"] == "required"} <= set(body)
        assert not {field for field, option in form.items() if option["rule"] == "refused"} & set(body)
        parent = add(stack, **body)
        assert parent["level"] == level
        lineage.append(parent)

    _, distributor, sub_distributor, reseller, end_customer, site = lineage
    assert (distributor["storage_location"]["code"], distributor["storage_location"]["decided"]) == ("DK", "hosted")
    assert (sub_distributor["storage_location"]["code"], sub_distributor["storage_location"]["decided"]) == (
        "SE",
        "chosen",
    )
    assert reseller["state"] == "in_production"
    assert (end_customer["state"], site["state"]) == ("in_trial", "in_trial")
    assert (site["service_type"], site["inherited_from"]) == ("all_inclusive", end_customer["id"])

    subtree = stack.call("GET", "/customers", params={"within": distributor["id"]}).json()["customers"]
    assert [customer["id"] for customer in subtree] == [customer["id"] for customer in lineage[1:]]
    assert subtree == [stack.call("GET", f"/customers/{customer['id']}").json() for customer in lineage[1:]]


def test_repeated_request_is_executed_once(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    request: dict[str, Any] = {
        "json": {
            "name": "Once",
            "parent_id": root,
            "service_type": "all_inclusive",
            "services_to_provide": BOTH,
            "device_country": "DE",
        },
        "headers": {"Idempotency-Key": "once"},
    }
    first = stack.call("POST", "/customers", **request)
    again = stack.call("POST", "/customers", **request)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert stack.call("POST", "/customers", json=request["json"]).json()["customer_id"] == first.json()["id"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/customers/cus_absent", 404, "not_found"),
        ("DELETE", "/customers", 405, "method_not_allowed"),
        ("POST", "/me", 405, "method_not_allowed"),
        ("PATCH", "/storage-locations", 405, "method_not_allowed"),
    ],
)
def test_absent_resources_return_problems(stack: RunningStack, method: str, path: str, status: int, code: str) -> None:
    response = stack.call(method, path, json={} if method in ("POST", "PATCH") else None)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b" " * 70_000, "application/json", 413),
        (b"{}", "application/json", 422),
    ],
)
def test_invalid_body_returns_a_problem(stack: RunningStack, content: bytes, media: str, status: int) -> None:
    response = stack.call("POST", "/customers", content=content, headers={"Content-Type": media})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_catalogue_is_replaced_by_support_with_its_version(stack: RunningStack) -> None:
    before = stack.call("GET", "/storage-locations")
    assert len(before.json()["locations"]) == 17
    locations = [{"country": location["code"]} for location in before.json()["locations"]]
    locations[0]["routed_to"] = "DE"
    change: dict[str, Any] = {"json": {"locations": locations}, "headers": {"If-Match": before.headers["etag"]}}
    after = stack.call("PUT", "/storage-locations", **change)
    assert (after.status_code, after.json()["version"]) == (200, before.json()["version"] + 1)
    again = stack.call("PUT", "/storage-locations", **change)  # as if the response was lost
    assert (again.status_code, again.json()) == (200, after.json())
    other: dict[str, Any] = {**change, "json": {"locations": locations[1:]}}
    assert stack.call("PUT", "/storage-locations", **other).status_code == 412
    assert stack.call("GET", "/storage-locations").json() == after.json()
    assert stack.call("GET", "/storage-locations", params={"version": before.json()["version"]}).json() == before.json()


def test_test_devices_show_where_data_lands(stack: RunningStack) -> None:
    """Add a test device and check the country in the Storage location column, which must be added to the view."""
    root = stack.call("GET", "/me").json()["customer"]["id"]
    customer = add(
        stack,
        name="In a country without storage",
        parent_id=root,
        service_type="all_inclusive",
        services_to_provide=BOTH,
        device_country="Finland",
        storage_location="Sweden",
    )
    path = f"/customers/{customer['id']}"
    first = stack.call("POST", f"{path}/test-devices", json={"name": "First"})
    assert (first.status_code, first.json()["matches"]) == (201, True)
    assert stack.call("GET", first.headers["location"]).status_code == 200

    (row,) = stack.call("GET", f"{path}/devices").json()["rows"]
    assert "storage_location" not in row
    columns = [*row, "storage_location"]
    assert stack.call("PUT", "/views/storage", json={"columns": columns}).status_code == 200
    (row,) = stack.call("GET", f"{path}/devices", params={"view": "storage"}).json()["rows"]
    assert row["storage_location"] == "Sweden"

    catalogue = stack.call("GET", "/storage-locations")
    locations = [
        {"country": location["code"], "routed_to": "DK" if location["code"] == "SE" else location["code"]}
        for location in catalogue.json()["locations"]
    ]
    closed = stack.call(
        "PUT", "/storage-locations", json={"locations": locations}, headers={"If-Match": catalogue.headers["etag"]}
    )
    assert closed.status_code == 200, closed.text
    second = stack.call("POST", f"{path}/test-devices", json={"name": "Second"}).json()
    assert (second["expected"]["code"], second["actual"]["code"], second["matches"]) == ("SE", "DK", False)
    drift = stack.call("GET", f"{path}/storage-check").json()["drift"]
    assert [(d["customer_id"], d["expected"]["code"], d["actual"]["code"]) for d in drift] == [
        (customer["id"], "SE", "DK")
    ]
    shown = stack.call("GET", path).json()
    assert (shown["lands_in"]["code"], [each["code"] for each in shown["notices"]]) == ("DK", ["lands_elsewhere"])
    assert shown == {**customer, "lands_in": shown["lands_in"], "notices": shown["notices"]}  # nothing else has changed

    table = stack.call(
        "GET", f"{path}/devices", params={"columns": "name,storage_location"}, headers={"Accept": "text/csv"}
    )
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.text.splitlines()[1:] == ['"First","Denmark"', '"Second","Denmark"']  # both by today's routing
    assert stack.call("DELETE", first.headers["location"]).status_code == 204
    assert stack.call("DELETE", first.headers["location"]).status_code == 404
    assert stack.call("DELETE", "/views/storage").status_code == 204


def test_customer_is_changed_archived_and_restored(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    distributor = add(stack, name="To change", parent_id=root, **company)
    reseller = add(stack, name="Below", parent_id=distributor["id"], level="reseller", **company)
    kinds = ["customer_changed", "storage_location_changed", "customer_archived", "customer_restored"]
    published = subscribed(stack, *kinds)
    path = f"/customers/{reseller['id']}"
    changed = stack.call("PATCH", path, json={"name": "Changed", "device_country": "FR"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert changed.json()["notices"][0]["code"] == "storage_location_unchanged"
    body = {"country": "NL", "reason": "By its contract."}
    moved = stack.call("PUT", f"{path}/storage-location", json=body, headers={"If-Match": '"2"'})
    assert moved.json()["storage_location"]["decided"] == "support"
    blocked = stack.call("DELETE", f"/customers/{distributor['id']}", headers={"If-Match": '"1"'})
    assert (blocked.status_code, blocked.json()["errors"][0]["customer_id"]) == (409, reseller["id"])
    archived = stack.call("DELETE", path, headers={"If-Match": '"3"'})
    assert archived.json()["archive"]["removed_at"]
    page = stack.call("GET", "/customers", params={"within": root, "archived": "true"}).json()
    assert [customer["id"] for customer in page["customers"]] == [reseller["id"]]
    assert stack.call("POST", f"{path}/restore", headers={"If-Match": '"4"'}).json()["archive"] is None
    history = stack.call("GET", f"{path}/history").json()["entries"]
    assert [entry["event"] for entry in history] == ["customer_added", *kinds]
    events = eventually(
        lambda: (found := [e for e in published() if e["detail"]["customer_id"] == reseller["id"]])[3:] and found
    )
    assert [event["detail-type"] for event in events] == kinds
    assert [event["detail"]["request_id"] for event in events] == [entry["request_id"] for entry in history[1:]]


def test_customer_is_saved_and_found_by_its_reference(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    body = {"name": "By reference", "parent_id": root, "service_type": "all_inclusive", "services_to_provide": BOTH}
    path = "/references/psa/A%20 7~ü"
    saved = [stack.call("PUT", path, json={**body, "device_country": "DE"}) for _ in range(2)]
    assert [response.status_code for response in saved] == [201, 200]
    assert saved[0].json() == saved[1].json()
    found = stack.call("GET", path)
    assert (found.status_code, found.json()["references"]) == (200, {"psa": "A  7~ü"})
    assert stack.call("GET", "/references/psa/nobody").status_code == 404


def test_onboarding_adds_everything_in_one_call(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    body = {
        "customer": {"name": "Onboarded", "parent_id": root, **company},
        "accounts": [
            {"kind": "api", "display_name": "Billing", "role": "supporter"},
            {"email": "no address", "display_name": "Nobody", "role": "manager"},
        ],
        "test_device": {"name": "Laptop"},
    }
    first, second = (
        stack.call("POST", "/onboardings", json=body, headers={"Idempotency-Key": "onboard"}) for _ in range(2)
    )
    assert (first.status_code, first.json()["complete"]) == (207, False)
    assert [step["outcome"] for step in first.json()["steps"]] == ["added", "added", "refused", "added"]
    assert [step["outcome"] for step in second.json()["steps"]] == ["replayed", "replayed", "refused", "replayed"]
    secrets = [response.json()["steps"][1]["account"]["credentials"] for response in (first, second)]
    assert secrets[1] is None  # a repetition has no secret
    assert access_token(
        client("cognito-idp", stack.ministack.endpoint), stack.stack["client_id"], secrets[0]["client_id"],
        secrets[0]["client_secret"],
    )  # fmt: skip


def test_large_responses_arrive_compressed(stack: RunningStack) -> None:
    plain = stack.call("GET", "/openapi.json", token="", headers={"Accept-Encoding": "identity"})
    compressed = stack.call("GET", "/openapi.json", token="", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert compressed.text == plain.text
    assert compressed.num_bytes_downloaded < len(plain.content) / 5
    for response in (plain, compressed):
        assert response.headers["Vary"] == "Accept-Encoding"
    known = compressed.headers["ETag"]
    headers = {"Accept-Encoding": "gzip", "If-None-Match": known}
    again = stack.call("GET", "/openapi.json", token="", headers=headers)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", known)
