"""Tests: every route and job works with the records of every schema number that was released."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.api.routes import ROUTES
from shared.table.dynamodb import deserialize
from shared.table.store import SCHEMA
from tests.builders import NOW, ROOT, ROOT_ACCOUNT
from tests.calls import Called, call, invoke
from tests.released_records.story import _catalogue, _sync
from tests.simulation.fake_aws import FakeAws
from tests.simulation.invariants import violations

FILES = sorted(Path(__file__).parent.glob("schema_*.json"))
UNKNOWN = {"of_newer_code": {"SS": ["kept"]}}
LISTS = {
    "list_customers": ("/customers", {"within": ROOT.id}),
    "list_accounts": ("/accounts", {"within": ROOT.id}),
    "list_devices": (f"/customers/{ROOT.id}/devices", {"view": "mine"}),
    "check_storage": (f"/customers/{ROOT.id}/storage-check", {}),
    "get_invoicing": (f"/customers/{ROOT.id}/invoicing", {"month": "2027-01"}),
    "list_location_requests": ("/storage-location-requests", {}),
    "list_trial_starts": ("/trial-starts", {}),
    "get_audit": ("/audit", {"within": ROOT.id}),
    "get_audit_csv": ("/audit.csv", {"within": ROOT.id}),
    "list_devices_csv": (f"/customers/{ROOT.id}/devices.csv", {"view": "mine"}),
    "get_invoicing_csv": (f"/customers/{ROOT.id}/invoicing.csv", {"month": "2027-01"}),
}
OF_A_CUSTOMER = {
    "get_customer": "", "get_history": "/history", "get_trial": "/trial", "get_options": "/options",
    "list_customers_location_requests": "/storage-location-requests",
}  # fmt: skip
PAGES = ("get_console", "get_docs", "list_devices_csv", "get_invoicing_csv", "get_audit_csv")  # not JSON
OTHERS = {
    "get_me": "/me", "get_storage_locations": "/storage-locations", "list_views": "/views", "get_view": "/views/mine",
    "get_customer_by_reference": "/references/psa/1", "get_console": "/",
    "get_openapi": "/openapi.json", "get_docs": "/docs",
}  # fmt: skip


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def aws(request: pytest.FixtureRequest) -> Iterator[FakeAws]:
    """An in-memory AWS with the records of one schema number, and an attribute that only a newer version knows."""
    found = FakeAws(NOW + timedelta(days=40))
    released = json.loads(request.param.read_text())
    for record in released["records"]:
        found.dynamo.records[record["pk"]["S"], record["sk"]["S"]] = {**record, **UNKNOWN}
    found.dynamo.earlier_events = tuple(tuple(event) for event in released["events"])
    with found.installed():
        yield found


def test_there_is_a_file_for_every_schema_number() -> None:
    assert [file.stem for file in FILES] == [f"schema_{number}" for number in range(SCHEMA + 1)]


def test_files_have_records_of_every_kind_and_state() -> None:
    for file in FILES:
        records = [deserialize(record) for record in json.loads(file.read_text())["records"]]
        assert {record.get("schema", 0) for record in records} == {int(file.stem.removeprefix("schema_"))}
        kinds = {(record["pk"].partition("#")[0], record["sk"].partition("#")[0]) for record in records}
        assert {kind for kind in kinds if kind[0] not in ("name", "reference", "email")} == {
            *(("customer", sk) for sk in ("customer", "children", "history", "devices", "device", "super_users")),
            *(("account", sk) for sk in ("account", "views")),
            *(("import", sk) for sk in ("import", "rows", "results")),
            *(("catalogue", sk) for sk in ("current", "version")),
        }
        assert {kind[0] for kind in kinds} >= {"name", "reference", "email"}


class Player:
    """Sends requests for all records, and collects the routes that it has called."""

    def __init__(self, aws: FakeAws) -> None:
        self.aws = aws
        self.tried: Counter[str] = Counter()

    def request(self, name: str, path: str, *, status: int = 200, version: int | None = None, **more: Any) -> Called:
        headers = {"idempotency-key": f"key-{self.tried.total()}"}
        called = call(name, path=path, headers=headers | ({"if-match": f'"{version}"'} if version else {}), **more)
        assert called.status == status, (name, path, called.text)
        assert name in PAGES or called.status != 200 or not called.body.get("incomplete"), called.text
        self.tried[name] += 1
        return called

    def stored(self, sk: str) -> list[dict[str, Any]]:
        return [deserialize(item) for key, item in list(self.aws.dynamo.records.items()) if key[1].startswith(sk)]

    def read_lists(self) -> None:
        for name, (path, query) in LISTS.items():
            self.request(name, path, query=query)
        for customer in self.stored("customer"):
            self.request("list_customers", "/customers", query={"parent_id": customer["id"]})

    def read_each(self) -> None:
        for customer in self.stored("customer"):
            for name, rest in OF_A_CUSTOMER.items():
                self.request(name, f"/customers/{customer['id']}{rest}")
        for account in self.stored("account"):
            self.request("get_account", f"/accounts/{account['id']}", status=404 if account["removed"] else 200)
        for device in self.stored("device#"):
            path = f"/customers/{device['customer_id']}/test-devices/{device['id']}"
            self.request("get_test_device", path, status=404 if device["removed"] else 200)
        for name, path in OTHERS.items():
            self.request(name, path)

    def add_below_each_level(self) -> None:
        company = {"services_to_provide": ["software_only"], "service_type": "software_only"}
        fields: dict[str, Any] = {"root": company, "distributor": {**company, "level": "reseller"}, "end_customer": {}}
        for level in ("root", "distributor", "reseller", "end_customer"):
            parent = next(
                each for each in self.stored("customer") if each["level"] == level and "archived_at" not in each
            )
            body = {"parent_id": parent["id"], "name": "Added", "device_country": "DE"}
            body |= fields.get(level, {"service_type": "software_only"})
            self.request("add_customer", "/customers", status=201, body=body)
        place = f"/customers/{parent['id']}"
        self.request("add_test_device", f"{place}/test-devices", status=201, body={"name": "Added"})
        device = {"name": "Added", "kind": "server"}
        device = self.request("add_device", f"{place}/devices", status=201, body=device).body
        path = f"{place}/devices/{device['id']}"
        self.request("get_device", path)
        self.request("change_device", path, version=1, body={"name": "Renamed"})
        self.request("replace_device_token", f"{path}/token", status=201)
        self.request("remove_device", path, status=204)
        path, body = f"{place}/storage-location-requests", {"location": "NO", "reason": "By contract."}
        asked = self.request("add_location_request", path, status=201, body=body).body
        self.request("get_location_request", f"{path}/{asked['id']}")
        body = {"decision": "accepted", "reason": "Agreed."}
        self.request("decide_location_request", f"{path}/{asked['id']}/decision", version=1, body=body)
        person = {"email": "added@example.com", "display_name": "Added", "role": "operator"}
        account = self.request("add_account", f"{place}/accounts", status=201, body=person).body
        self.request("resend_invitation", f"/accounts/{account['id']}/invitation", status=202)
        address = {"email": "other@example.com"}
        self.request("change_email", f"/accounts/{account['id']}/email", version=1, body=address)
        self.request("remove_account", f"/accounts/{account['id']}", status=204, version=2)
        new = {"parent_id": parent["parent_id"], "device_country": "DE", "service_type": "software_only"}
        body = {"customer": {**new, "name": "Onboarded"}, "test_device": {"name": "d"}}
        self.request("add_onboarding", "/onboardings", status=201, body=body)
        self.request("save_customer_by_reference", "/references/psa/new", status=201, body={**new, "name": "New"})
        file = f"name,parent_id,device_country\nAdded by a file,{parent['parent_id']},DE\n"
        self.request("add_import", "/imports", status=202, body=file)

    def change_each_customer(self) -> None:
        for customer in self.stored("customer"):
            path, version = f"/customers/{customer['id']}", customer["version"]
            if "archived_at" in customer:
                self.request("restore_customer", f"{path}/restore", version=version)
                version += 1
            if customer["level"] == "root":
                continue
            name = f"{customer['name']} changed"
            self.request("change_customer", path, version=version, body={"name": name})
            move = {"country": "SE", "reason": "By its contract."}
            self.request("change_storage_location", f"{path}/storage-location", version=version + 1, body=move)
            if customer["level"] == "site":
                has_devices = customer["id"] in {
                    each["customer_id"] for each in self.stored("device#") if not each["removed"]
                }
                self.request("archive_customer", path, version=version + 2, status=409 if has_devices else 200)

    def change_the_rest(self) -> None:
        for account in self.stored("account"):
            if not account["removed"] and account["customer_id"] != ROOT.id:
                path, version = f"/accounts/{account['id']}", account["version"]
                self.request("change_account", path, version=version, body={"display_name": "Changed"})
                self.request("get_account_history", f"{path}/history")
                _sync(account["id"])
                invoke("record_sign_in", {"userName": account["id"]})
                if account["kind"] == "api":
                    self.change_credentials(f"{path}/credentials")
        for device in self.stored("device#"):
            if not device["removed"] and "kind" not in device:
                path = f"/customers/{device['customer_id']}/test-devices/{device['id']}"
                self.request("replace_test_device_token", f"{path}/token", status=201)
                self.request("remove_test_device", path, status=204)
        self.aws.cognito.admin_create_user(Username=ROOT_ACCOUNT.id)
        self.request("record_second_factor", "/me/second-factor")
        self.request("save_view", "/views/other", body={"columns": ["name"]})
        self.request("remove_view", "/views/other", status=204)
        self.request("replace_storage_locations", "/storage-locations", version=2, body=_catalogue())
        trial = next(each for each in self.stored("customer") if "trial_due" in each)
        self.request("start_production", f"/customers/{trial['id']}/production", version=trial["version"])

    def change_credentials(self, path: str) -> None:
        self.request("add_credential", path, status=201, body={})
        first, _ = self.request("list_credentials", path).body["credentials"]
        self.request("revoke_credential", f"{path}/{first['id']}", status=204)

    def run_jobs(self) -> None:
        for job in self.stored("import"):
            message = {"messageId": "1", "body": json.dumps({"import_id": job["id"]})}
            assert invoke("run_import", {"Records": [message]}) == {"batchItemFailures": []}
            assert self.request("get_import", f"/imports/{job['id']}").body["state"] == "done"
        self.aws.now += timedelta(days=31)
        invoke("end_trials", {"time": self.aws.now.isoformat()})
        self.aws.expire()
        invoke("run_daily", {})
        changes = [
            {"eventName": "MODIFY", "eventID": str(number), "dynamodb": _images(old, new, number)}
            for number, (old, new) in enumerate(self.aws.dynamo.log)
        ]
        assert invoke("publish_events", {"Records": changes}) == {"batchItemFailures": []}


def test_every_route_and_job_works_with_the_records(aws: FakeAws) -> None:
    player = Player(aws)
    player.read_lists()
    player.read_each()
    player.add_below_each_level()
    player.change_each_customer()
    player.change_the_rest()
    player.run_jobs()
    player.read_lists()
    player.read_each()
    assert not ROUTES.keys() - player.tried.keys(), "a route was not tried"
    assert violations(aws.dynamo) == []
    lost = [key for key, item in aws.dynamo.records.items() if "of_newer_code" not in item]
    assert [key for key in lost if key[1] == "account"] == lost  # of removed accounts


def _images(old: Any, new: Any, number: int) -> dict[str, Any]:
    image = new or old
    found = {"Keys": {"pk": image["pk"], "sk": image["sk"]}, "SequenceNumber": str(number)}
    return found | ({"OldImage": old} if old else {}) | ({"NewImage": new} if new else {})
