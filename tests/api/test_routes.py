"""Tests: each route's status, headers and ETag, and requests to routes that do not exist."""

import gzip
import json
import re
from datetime import timedelta

import pytest

from local.api_page import page
from local.openapi import apis
from local.paths import PROJECT
from shared.api.routes import ROUTES
from shared.aws.clock import now
from tests.api.helpers import A_DISTRIBUTOR, add_reseller, assert_problem
from tests.builders import ROOT, ROOT_ACCOUNT, an_account
from tests.calls import an_event, call, handle

STATUSES = {
    "add_customer": 201,
    "add_account": 201,
    "add_import": 202,
    "add_onboarding": 201,
    "get_import": 404,
    "resend_invitation": 202,
    "archive_customer": 403,  # the caller's own customer
    "get_customer_by_reference": 404,
    "save_customer_by_reference": 201,
    "remove_account": 403,  # the caller's own account
    "add_test_device": 201,
    "get_test_device": 404,  # no device has this id
    "remove_test_device": 404,
    "replace_test_device_token": 404,
    "add_device": 422,  # the root has no devices but test devices
    "get_device": 404,
    "change_device": 404,
    "remove_device": 404,
    "replace_device_token": 404,
    "add_location_request": 201,
    "get_location_request": 404,
    "decide_location_request": 404,
    "add_credential": 422,  # the caller is a person
    "revoke_credential": 404,
    "record_second_factor": 503,  # there is no user pool
    "remove_view": 404,
    "replace_storage_locations": 412,  # sam local must not change the catalogue of a running stack
    "refuse_unknown_route": 405,
}


@pytest.mark.parametrize("name", [*(name for name, row in ROUTES.items() if row.operation), "refuse_unknown_route"])
def test_every_function_handles_its_example_event(name: str) -> None:
    called = handle(name, an_event(name))
    assert called.status == STATUSES.get(name, 200), called.text
    assert called.headers["Cache-Control"] == "no-store"


def test_account_is_changed_and_removed_with_its_etag() -> None:
    added = call("add_account")
    path = added.headers["Location"]
    assert path == f"/accounts/{added.body['id']}"
    for name in ("change_account", "remove_account"):
        assert_problem(call(name, path=path, body={"role": "manager"}), 428, "version_required")
        stale = call(name, path=path, body={"role": "manager"}, headers={"if-match": '"7"'})
        assert_problem(stale, 412, "stale_version")
    changed = call("change_account", path=path, body={"role": "manager"}, headers={"if-match": added.headers["ETag"]})
    assert (changed.status, changed.body["role"]) == (200, "manager")
    assert changed.headers["ETag"].startswith('"2-')
    removed = call("remove_account", path=path, headers={"if-match": '"2"'})
    assert (removed.status, removed.text) == (204, "")
    assert_problem(call("get_account", path=path), 404, "not_found")
    assert_problem(call("remove_account", path=path, headers={"if-match": '"3"'}), 404, "not_found")


def test_existing_address_returns_409() -> None:
    assert call("add_account").status == 201
    assert_problem(call("add_account"), 409, "email_exists")


def test_last_super_user_who_removes_their_own_account_gets_403() -> None:
    added = call("add_account", body={"display_name": "Second", "role": "super_user", "email": "2@example.com"}).body
    second = an_account("super_user", ROOT, id=added["id"])
    path = f"/accounts/{ROOT_ACCOUNT.id}"
    lowered = call("change_account", account=second, path=path, body={"role": "manager"}, headers={"if-match": '"1"'})
    assert lowered.status == 200
    # The first account has lost its role, so the second is the last super_user and cannot remove itself.
    own = call("remove_account", account=second, path=f"/accounts/{second.id}", headers={"if-match": '"1"'})
    assert_problem(own, 403, "forbidden")


def test_add_customer_returns_201_with_location_and_etag() -> None:
    first = handle("add_customer", an_event("add_customer"))
    assert first.headers["Location"] == f"/customers/{first.body['id']}"
    assert re.fullmatch('"1-[0-9a-f]{16}"', first.headers["ETag"])
    assert "Idempotent-Replayed" not in first.headers
    again = handle("add_customer", an_event("add_customer"))
    assert (again.status, again.text) == (201, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"
    read = call("get_customer", path=first.headers["Location"])
    assert (read.status, read.body, read.headers["ETag"]) == (200, first.body, first.headers["ETag"])


PREVIEWS = {name: spec.preview for app in apis() for name, spec in app.routes.items() if spec.preview}


@pytest.mark.parametrize("times", [0, 1], ids=["first", "repeat"])
@pytest.mark.parametrize("name", PREVIEWS)
def test_validate_only_returns_a_preview_without_ids_and_secrets(name: str, times: int) -> None:
    event = an_event(name)
    if name == "add_device":  # not for the root, to which the example belongs
        path = f"/customers/{add_reseller()}/devices"
        event |= {"rawPath": path}
        event["requestContext"]["http"]["path"] = path
    for _ in range(times):
        assert handle(name, event).status in (201, 202)
    called = handle(name, event | {"queryStringParameters": {"validate_only": "true"}})
    assert called.status == 200
    assert not {"Location", "ETag", "Idempotent-Replayed"} & set(called.headers)
    assert set(called.body) == set(PREVIEWS[name].model_fields)
    assert not re.search(r'"(id|path|credentials|installation_token)":', called.text)
    if not times and name != "add_device":
        assert call("list_customers", query={"parent_id": ROOT.id}).body["customers"] == []


def test_existing_name_returns_409_with_the_id() -> None:
    first = call("add_customer", body=A_DISTRIBUTOR).body
    problem = assert_problem(call("add_customer", body=A_DISTRIBUTOR), 409, "name_exists")
    assert (problem["customer_id"], problem["errors"][0]["pointer"]) == (first["id"], "/name")


def test_used_key_with_another_body_returns_422() -> None:
    headers = {"idempotency-key": "k"}
    assert call("add_customer", body=A_DISTRIBUTOR, headers=headers).status == 201
    other = call("add_customer", body=A_DISTRIBUTOR | {"name": "Other"}, headers=headers)
    assert_problem(other, 422, "idempotency_key_reused")


def test_csv_is_returned_when_accepted() -> None:
    path = f"/customers/{ROOT.id}/devices"
    for accept, media in {
        "text/csv": "text/csv; charset=utf-8",
        "text/csv, application/json": "text/csv; charset=utf-8",
        "text/csv, */*": "text/csv; charset=utf-8",
        "text/*": "text/csv; charset=utf-8",
        "application/json;q=0.4, text/csv;q=0.5": "text/csv; charset=utf-8",
        "application/json, text/csv;q=0.5": "application/json",
        "text/csv;q=0.5, */*": "application/json",
        "text/csv;q=nan": "application/json",
        "application/*, text/*;q=0.9": "application/json",
        "application/json, text/csv; q=0": "application/json",
        "*/*": "application/json",
    }.items():
        assert call("list_devices", path=path, headers={"accept": accept}).headers["Content-Type"] == media


@pytest.mark.parametrize(
    ("name", "path", "query", "file"),
    [
        ("list_devices", f"/customers/{ROOT.id}/devices", {}, "devices.csv"),
        ("get_invoicing", f"/customers/{ROOT.id}/invoicing", {"month": "2026-11"}, "invoicing-2026-11.csv"),
    ],
)
def test_csv_is_a_file_for_excel(name: str, path: str, query: dict[str, str], file: str) -> None:
    called = call(name, path=path, query={**query, "format": "csv"}, headers={"accept": "application/json"})
    assert (called.status, called.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert called.headers["Content-Disposition"] == f'attachment; filename="{file}"'
    assert called.text.startswith('\ufeff"')
    by_path = call(f"{name}_csv", path=f"{path}.csv", query=query, headers={"accept": "application/json"})
    assert (by_path.text, by_path.headers) == (called.text, called.headers)
    as_json = call(f"{name}_csv", path=f"{path}.csv", query={**query, "format": "json"})
    assert as_json.text == call(name, path=path, query=query).text
    json_wins = call(name, path=path, query={**query, "format": "json"}, headers={"accept": "text/csv"})
    assert json_wins.headers["Content-Type"] == "application/json"
    assert_problem(call(name, path=path, query={**query, "format": "xlsx"}), 400, "malformed_request")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/customers/cus_1\n",
        "/customers/",
        "/customers/a/b",
        "/customers/a/options/b",
        "/ME",
        "//",
        "/storage-locations/1",
        "",
    ],
)
def test_unknown_route_returns_404(path: str) -> None:
    assert_problem(call("refuse_unknown_route", path=path), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/", "GET"),
        ("/customers", "GET, POST"),
        ("/customers/cus_1", "DELETE, GET, PATCH"),
        ("/customers/cus_1/options", "GET"),
        ("/storage-locations", "GET, PUT"),
        ("/me", "GET"),
        ("/customers/cus_1/accounts", "POST"),
        ("/accounts", "GET"),
        ("/views", "GET"),
        ("/views/mine", "DELETE, GET, PUT"),
        ("/customers/cus_1/test-devices", "POST"),
        ("/customers/cus_1/test-devices/dev_1", "DELETE, GET"),
        ("/customers/cus_1/devices", "GET, POST"),
        ("/customers/cus_1/devices/dev_1", "DELETE, GET, PATCH"),
        ("/customers/cus_1/storage-check", "GET"),
        ("/accounts/acc_1", "DELETE, GET, PATCH"),
    ],
)
def test_wrong_method_returns_405_with_allow(path: str, allow: str) -> None:
    called = call("refuse_unknown_route", path=path, method="HEAD")
    assert_problem(called, 405, "method_not_allowed")
    assert called.headers["Allow"] == allow


@pytest.mark.parametrize("customer_id", ["x", "%00", "a b", "\u202e", "x" * 1500, "x" * 5000, "cus_", "*", "'; --"])
def test_path_with_an_absent_id_returns_404(customer_id: str) -> None:
    assert_problem(call("get_customer", path=f"/customers/{customer_id}"), 404, "not_found")


@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [
        (None, 428, "version_required"),
        ('"2"', 412, "stale_version"),
        ("*", 412, "stale_version"),
        ('"x"', 412, "stale_version"),
        ('"0"', 412, "stale_version"),
        ("", 412, "stale_version"),
        ('"' + "1" * 50 + '"', 412, "stale_version"),
        ('W/"1"', 412, "stale_version"),
        ('"1", "2"', 412, "stale_version"),
        ('"1-0123456789abcde"', 412, "stale_version"),
        ('"1-0123456789abcdefg"', 412, "stale_version"),
    ],
)
def test_change_requires_the_current_etag(if_match: str | None, status: int, code: str) -> None:
    headers = {} if if_match is None else {"if-match": if_match}
    assert_problem(call("replace_storage_locations", headers=headers), status, code)
    assert call("get_storage_locations").body["version"] == 1


def test_change_with_the_current_etag_returns_the_next_one() -> None:
    changed = call("replace_storage_locations", headers={"if-match": '"1"'})
    assert (changed.status, changed.body["version"]) == (200, 2)
    assert changed.headers["ETag"] == call("get_storage_locations").headers["ETag"]
    assert [location["open"] for location in changed.body["locations"]] == [True, False]


WITH_ETAG = [
    name
    for app in apis()
    for name, spec in app.routes.items()
    if spec.row.method == "GET" and spec.model and "version" in spec.model.model_fields
]


def test_every_get_of_a_resource_with_a_version_has_an_etag() -> None:
    assert WITH_ETAG == [
        "get_customer", "get_customer_by_reference", "get_device", "get_test_device", "get_account",
        "get_storage_locations",
    ]  # fmt: skip


@pytest.mark.parametrize("name", WITH_ETAG)
def test_get_of_an_unchanged_resource_returns_304(name: str) -> None:
    handle("save_customer_by_reference", an_event("save_customer_by_reference"))
    test_device = call("add_test_device", path=f"/customers/{ROOT.id}/test-devices").headers["Location"]
    device = call("add_device", path=f"/customers/{add_reseller()}/devices").headers["Location"]
    paths = {
        "get_customer": f"/customers/{ROOT.id}", "get_account": f"/accounts/{ROOT_ACCOUNT.id}",
        "get_device": device, "get_test_device": test_device,
    }  # fmt: skip
    path = paths.get(name)
    first = call(name, path=path)
    etag = first.headers["ETag"]
    for known in (etag, f"W/{etag}", f'"1-0123456789abcdef", {etag}', "*"):
        unchanged = call(name, path=path, headers={"if-none-match": known})
        assert (unchanged.status, unchanged.text) == (304, ""), known
        assert unchanged.headers["ETag"] == etag
        assert "Content-Type" not in unchanged.headers
    for other in ('"1"', '"1-0123456789abcdef"', etag.strip('"'), ""):
        assert call(name, path=path, headers={"if-none-match": other}).text == first.text, other


def test_etag_changes_when_only_the_days_left_change(monkeypatch: pytest.MonkeyPatch) -> None:
    distributor = call("add_customer", body=A_DISTRIBUTOR).body
    reseller = {"name": "R", "level": "reseller", "device_country": "DE", "services_to_provide": ["software_only"]}
    parent = call(
        "add_customer", body=reseller | {"parent_id": distributor["id"], "service_type": "software_only"}
    ).body
    in_trial = {"name": "E", "device_country": "DE", "service_type": "software_only", "in_trial": True}
    added = call("add_customer", body=in_trial | {"parent_id": parent["id"]})
    known = added.headers["ETag"]
    assert added.body["trial"]["days_left"] == 30
    path = added.headers["Location"]
    assert call("get_customer", path=path, headers={"if-none-match": known}).status == 304
    tomorrow = now() + timedelta(days=1)
    monkeypatch.setattr("shared.api.app.now", lambda: tomorrow)
    changed = call("get_customer", path=path, headers={"if-none-match": known})
    assert (changed.status, changed.body["trial"]["days_left"], changed.body["version"]) == (200, 29, 1)
    # The version is the same, so a change may be based on what was read before.
    renamed = call("change_customer", path=path, body={"name": "Renamed"}, headers={"if-match": known})
    assert (renamed.status, renamed.body["name"]) == (200, "Renamed")


def test_every_response_names_the_limit_on_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "RateLimit-Policy" not in call("get_me").headers
    monkeypatch.setenv("THROTTLING_RATE", "200")
    unknown = call("get_customer", path="/customers/cus_none")
    for called in (call("get_me"), unknown, call("save_view"), call("remove_view")):
        assert called.headers["RateLimit-Policy"] == '"all";q=200;w=1', called.text


def test_merge_patch_changes_a_customer_but_removes_nothing() -> None:
    added = call("add_customer", body=A_DISTRIBUTOR)
    patch = {"content-type": "application/merge-patch+json", "if-match": added.headers["ETag"]}
    path = added.headers["Location"]
    removed = call(
        "change_customer", path=path, headers=patch, body={"name": None, "references": None, "level": "site"}
    )
    problem = assert_problem(removed, 400, "malformed_request")
    assert [(each["code"], each["pointer"]) for each in problem["errors"]] == [
        ("not_removable", "/name"),
        ("not_removable", "/references"),
    ]
    body = {"name": "Renamed", "references": {"psa": None}}
    assert call("change_customer", path=path, headers=patch, body=body).body["name"] == "Renamed"
    as_json = {"content-type": "application/json", "if-match": '"2"'}
    omitted = call("change_customer", path=path, headers=as_json, body={"name": None})
    assert (omitted.status, omitted.body["name"]) == (200, "Renamed")
    added_as_patch = call("add_customer", body=A_DISTRIBUTOR, headers={"content-type": patch["content-type"]})
    assert_problem(added_as_patch, 415, "unsupported_media_type")
    listed = call("change_customer", path=path, headers=patch, body="[null]")
    assert_problem(listed, 400, "malformed_request")


@pytest.mark.parametrize("name", ["get_openapi", "get_docs"])
def test_reference_needs_no_token_and_is_sent_once(name: str) -> None:
    called = call(name)
    assert "authorizer" not in an_event(name)["requestContext"]
    assert called.status == 200
    assert called.headers["Cache-Control"] == "no-cache"
    again = call(name, headers={"if-none-match": called.headers["ETag"]})
    assert (again.status, again.text) == (304, "")
    assert_problem(call(name, query={"x": "1"}), 400, "malformed_request")


def test_served_document_is_the_committed_one() -> None:
    called = call("get_openapi")
    assert called.headers["Content-Type"] == "application/json"
    assert called.text == (PROJECT / "docs" / "openapi.json").read_text()


def test_page_of_the_reference_loads_nothing_and_shows_every_operation() -> None:
    called = call("get_docs")
    policy = called.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert not re.search(r"<script|<link|<img|<iframe|https?://|src=|style=", called.text)
    assert called.text == page(json.loads((PROJECT / "docs" / "openapi.json").read_text())), "run: make openapi"
    for name, row in ROUTES.items():
        assert (f'<h3 id="{name}">' in called.text) == (row.operation is not None), name
    links = set(re.findall('href="#([^"]+)"', called.text))
    assert links <= set(re.findall('id="([^"]+)"', called.text))
    # Bytes of the page and the document as they are sent, and compressed.
    assert len(called.text) < 400_000
    assert len(gzip.compress(called.text.encode())) < 40_000
