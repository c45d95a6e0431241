"""The golden file docs/examples.json: a real response of each operation and status, for the OpenAPI document.

`python -m tests.api.test_response_examples` writes the file again. `make openapi` does it too. The file has three
members. `responses` maps an operation to its successful responses by status, `problems` a status to a problem, and
`events` a type of events to an event.
"""

import contextlib
import io
import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final
from unittest.mock import patch

from local.openapi import apis, document
from local.paths import PROJECT
from shared.api.problems import problem_response
from shared.aws.observability import log
from shared.errors import ThrottledError, UnavailableError
from shared.events.events import TYPES
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, bootstrap_in
from tests.calls import Called, Context, an_event, call, handler
from tests.simulation.deliveries import record as record_of
from tests.simulation.fake_aws import FakeAws

GOLDEN: Final = PROJECT / "docs" / "examples.json"
_SECRETS: Final = {"installation_token": "bci_" + "x" * 43, "client_secret": "Aa1-" + "x" * 32}
_MAX_LIST: Final = 10
_SHORT_LIST: Final = 3
_REQUEST_ID: Final = "JKJaXmPLvHcESHA="


def record(headers_of: dict[tuple[str, str], set[str]] | None = None) -> dict[str, Any]:  # noqa: PLR0915 - a list
    """Play a story with every operation. Return the responses of the API.

    Add the names of the headers to `headers_of`, by operation and status.
    """
    responses: dict[str, dict[str, Any]] = {}
    problems: dict[str, Any] = {}
    aws = FakeAws(NOW)

    def play(name: str, path: str | None = None, **request: Any) -> Any:
        """Send a request and keep the response, the first of each status."""
        headers = {"idempotency-key": f"{name} {len(responses)}".replace(" ", "-"), **request.pop("headers", {})}
        called: Called = call(name, path=path, headers=headers, **request)
        status = str(called.status)
        if headers_of is not None:
            headers_of.setdefault((name, status), set()).update(called.headers)
        assert called.status < HTTPStatus.BAD_REQUEST, called.text
        is_json = called.headers.get("Content-Type") == "application/json"
        body = json.loads(called.text, object_hook=_without_secrets) if is_json else called.text.removeprefix("\ufeff")
        kept = responses.setdefault(name, {})
        if called.text:
            kept.setdefault(status, _shortened(body))
        return body

    def fail(name: str, path: str | None = None, **request: Any) -> None:
        headers = {"idempotency-key": f"problem-{len(problems)}", **request.pop("headers", {})}
        called = call(name, path=path, headers=headers, **request)
        assert called.status >= HTTPStatus.BAD_REQUEST
        problems[str(called.status)] = called.body

    dry_run = {"validate_only": "true"}
    with (
        aws.installed(),
        patch("functions.customers.uuid4", lambda: "by-reference"),
        patch("shared.accounts.credentials.token_hex", lambda size: "0" * 2 * size),
    ):
        bootstrap_in(aws.store)
        play("add_customer", query=dry_run)
        distributor = play("add_customer")
        reseller = {
            "name": "Helsinki IT",
            "parent_id": distributor["id"],
            "level": "reseller",
            "service_type": "all_inclusive",
            "services_to_provide": ["all_inclusive", "software_only"],
            "device_country": "FI",
            "storage_location": "SE",
        }
        reseller = play("add_customer", body=reseller, headers={"idempotency-key": "reseller"})
        aurora = {
            "name": "Aurora Dental",
            "parent_id": reseller["id"],
            "service_type": "software_only",
            "device_country": "FI",
            "storage_location": "SE",
            "in_trial": True,
        }
        saved = play("save_customer_by_reference", "/references/psa/4711", body=aurora)
        play("save_customer_by_reference", "/references/psa/4711", body=aurora)
        play("get_customer_by_reference", "/references/psa/4711", query={"within": distributor["id"]})
        call("add_customer", body={**aurora, "name": "Borealis Clinic"}, headers={"idempotency-key": "borealis"})
        customer = f"/customers/{saved['id']}"
        play("get_customer", customer)
        play("list_customers", query={"parent_id": reseller["id"]})
        play("add_test_device", f"{customer}/test-devices", query=dry_run)
        device = play("add_test_device", f"{customer}/test-devices")
        play("get_test_device", f"{customer}/test-devices/{device['id']}")
        play("replace_test_device_token", f"{customer}/test-devices/{device['id']}/token")
        play("add_device", f"{customer}/devices", query=dry_run)
        server = play("add_device", f"{customer}/devices")
        play("get_device", f"{customer}/devices/{server['id']}")
        play("change_device", f"{customer}/devices/{server['id']}", headers={"if-match": '"1"'})
        play("replace_device_token", f"{customer}/devices/{server['id']}/token")
        play("list_devices", f"{customer}/devices")
        play("list_devices_csv", f"{customer}/devices.csv")
        play("add_account", f"{customer}/accounts", query=dry_run)
        account = play("add_account", f"{customer}/accounts")
        play("get_account", f"/accounts/{account['id']}")
        handler("sync_identity")(_change_of(account["id"]), Context())
        play("resend_invitation", f"/accounts/{account['id']}/invitation")
        handler("sync_identity")(_change_of(account["id"]), Context())
        address = {"email": "ada.lovelace@example.com"}
        play("change_email", f"/accounts/{account['id']}/email", headers={"if-match": '"2"'}, body=address)
        play("list_accounts", query={"customer_id": saved["id"]})
        changed = {"role": "manager"}
        play("change_account", f"/accounts/{account['id']}", headers={"if-match": '"3"'}, body=changed)
        play("get_me")
        aws.cognito.admin_create_user(Username=ROOT_ACCOUNT.id)
        play("record_second_factor")
        play("get_account_history", f"/accounts/{account['id']}/history")
        machine = {"kind": "api", "display_name": "Billing", "role": "supporter"}
        machine = play("add_account", f"{customer}/accounts", headers={"idempotency-key": "billing"}, body=machine)
        credential = play("add_credential", f"/accounts/{machine['id']}/credentials")
        play("list_credentials", f"/accounts/{machine['id']}/credentials")
        play("revoke_credential", f"/accounts/{machine['id']}/credentials/{credential['id']}")
        play("save_view")
        play("get_view", "/views/storage")
        play("list_views")
        play("get_options", f"/customers/{reseller['id']}/options")
        play("get_storage_locations")
        play("add_import", query=dry_run)
        started = play("add_import")
        handler("run_import")({"Records": [{"body": json.dumps({"import_id": started["id"]})}]}, Context())
        play("get_import", f"/imports/{started['id']}")
        play("add_onboarding", query=dry_run, body=_onboarding())
        play("add_onboarding", body=_onboarding())
        play("add_onboarding", body=_onboarding("Ada again"), headers={"idempotency-key": "second"})
        aws.now = NOW + timedelta(days=3)
        play("get_trial", f"{customer}/trial")
        play("start_production", f"{customer}/production", headers={"if-match": '"1"'})
        new_name = {"name": "Aurora Dental Oy"}
        play("change_customer", customer, headers={"if-match": '"2"'}, body=new_name)
        play("change_storage_location", f"{customer}/storage-location", headers={"if-match": '"3"'})
        month = f"{aws.now:%Y-%m}"
        play("get_invoicing", f"/customers/{reseller['id']}/invoicing", query={"month": month})
        play("get_invoicing_csv", f"/customers/{reseller['id']}/invoicing.csv", query={"month": month})
        asked_body = {"location": "NO", "reason": "Patient records must stay in Norway."}
        asked = play("add_location_request", f"{customer}/storage-location-requests", body=asked_body)
        of_request = f"{customer}/storage-location-requests/{asked['id']}"
        play("get_location_request", of_request)
        play("list_location_requests")
        play("list_trial_starts")
        play("decide_location_request", f"{of_request}/decision", headers={"if-match": '"4"'})
        play("list_customers_location_requests", f"{customer}/storage-location-requests")
        play("replace_storage_locations", headers={"if-match": '"1"'})
        play("check_storage", f"/customers/{reseller['id']}/storage-check")
        play("remove_test_device", f"{customer}/test-devices/{device['id']}")
        play("remove_device", f"{customer}/devices/{server['id']}")
        play("archive_customer", customer, headers={"if-match": '"5"'})
        play("restore_customer", f"{customer}/restore", headers={"if-match": '"6"'})
        play("get_history", f"{customer}/history")
        play("remove_view", "/views/storage")
        play("get_audit", query={"within": reseller["id"]})
        play("get_audit_csv", query={"within": reseller["id"], "types": "customer_changed"})
        play("remove_account", f"/accounts/{account['id']}", headers={"if-match": '"4"'})

        fail("add_customer", query={"validate_onyl": "true"})
        fail("get_me", account=None)
        fail("archive_customer", f"/customers/{ROOT.id}", headers={"if-match": '"1"'})
        fail("get_customer", "/customers/cus_none")
        fail("add_customer", body=json.loads(an_event("add_customer")["body"]) | {"device_country": "Germany"})
        fail("change_customer", customer, headers={"if-match": '"1"'}, body={"name": "Aurora"})
        fail("add_customer", body="x" * 70_000)
        fail("add_customer", headers={"content-type": "application/xml"})
        fail("add_customer", body={"parent_id": ROOT.id, "name": "Northern IT"})
        fail("change_customer", customer, body={"name": "Aurora"})
        aws.now = NOW + timedelta(days=24)
        handler("end_trials")({"time": aws.now.isoformat()}, Context())
        changes = [record_of(number, change) for number, change in enumerate(aws.dynamo.log) if change[1]]
        handler("publish_events")({"Records": changes}, Context())
    throttled = ThrottledError("Too many requests. Retry after 1 second.", headers={"Retry-After": "1"})
    for error in (throttled, UnavailableError("The service is unavailable. Retry after 1 second."), RuntimeError()):
        response = problem_response(error, _REQUEST_ID)
        problems[str(response.status_code)] = json.loads(response.body or "")
    events: dict[str, Any] = {}
    for entry in aws.bus.entries:
        events.setdefault(entry["DetailType"], json.loads(entry["Detail"]))
    return {"responses": responses, "problems": problems, "events": dict(sorted(events.items()))}


def _change_of(account_id: str) -> dict[str, Any]:
    """Return the event of the table's stream for a change of an account."""
    event = an_event("sync_identity")
    event["Records"][0]["dynamodb"]["Keys"]["pk"]["S"] = f"account#{account_id}"
    return event


def _onboarding(name: str = "Ada") -> dict[str, Any]:
    body: dict[str, Any] = json.loads(an_event("add_onboarding")["body"])
    account = {"email": f"{name.lower().replace(' ', '.')}@baltic.example", "display_name": name, "role": "manager"}
    customer = {**body["customer"], "name": "Baltic Distribution", "device_country": "Sweden"}
    return {**body, "customer": customer, "accounts": [account]}


def _without_secrets(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _SECRETS.get(name, value) for name, value in fields.items()}


def _shortened(value: Any) -> Any:
    """Return the value with the first entries of long lists only, such as the countries."""
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shortened(each) for each in (value if len(value) <= _MAX_LIST else value[:_SHORT_LIST])]
    return value


def as_text(recorded: dict[str, Any]) -> str:
    return json.dumps(recorded, indent=1, ensure_ascii=False) + "\n"


def test_examples_are_the_responses_of_today() -> None:
    assert record() == json.loads(GOLDEN.read_text(encoding="utf-8")), "run: make openapi"


def test_every_operation_and_status_has_an_example() -> None:
    recorded = json.loads(GOLDEN.read_text(encoding="utf-8"))["responses"]
    for app in apis():
        for name, spec in app.routes.items():
            if spec.row.operation is None:
                continue
            statuses = {str(spec.status)} if spec.model else set()
            statuses |= {"200"} if spec.preview else set()
            statuses |= {str(spec.otherwise.status)} if spec.otherwise else set()
            assert set(recorded[name]) == statuses, name


# Headers of every response, which the document does not repeat.
_COMMON: Final = {"Content-Type", "Cache-Control", "Vary", "X-Content-Type-Options"}
# Headers that depend on the request or the environment.
_SOMETIMES: Final = {
    "Content-Disposition",
    "Idempotent-Replayed",
    "Incomplete-Records",
    "Next-Cursor",
    "RateLimit-Policy",
}


def test_document_lists_the_headers_of_every_response() -> None:
    headers_of: dict[tuple[str, str], set[str]] = {}
    record(headers_of)
    operations = {each["operationId"]: each for methods in document()["paths"].values() for each in methods.values()}
    for (name, status), headers in headers_of.items():
        responses = operations[name]["responses"]
        documented = set((responses.get(status) or responses["2XX"])["headers"])
        assert headers - _COMMON <= documented, (name, status)
        assert documented - _SOMETIMES <= headers, (name, status)


def test_every_event_has_an_example() -> None:
    assert set(json.loads(GOLDEN.read_text(encoding="utf-8"))["events"]) == set(TYPES)


if __name__ == "__main__":
    log.setLevel("CRITICAL")
    with contextlib.redirect_stdout(io.StringIO()):  # Powertools prints the metrics
        text = as_text(record())
    GOLDEN.write_text(text, encoding="utf-8")
