"""A scenario that writes every kind of record, in every state that it can have.

    python -m tests.released_records.story > tests/released_records/schema_N.json

The command writes the records of this version of the code. Run it when a schema number is released, and never change
the file afterwards.
"""

import contextlib
import io
import json
import sys
from datetime import timedelta
from typing import Any

from shared.aws.observability import log
from tests.builders import NOW, ROOT, bootstrap_in
from tests.calls import call, invoke
from tests.simulation.fake_aws import FakeAws
from tests.simulation.invariants import published_events

BOTH = ["all_inclusive", "software_only"]


def play(aws: FakeAws) -> None:
    """Run the scenario. Its clock begins at NOW and ends 40 days later."""
    bootstrap_in(aws.store)
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    distributor = _add({**company, "parent_id": ROOT.id, "name": "Distributor", "references": {"psa": "1"}})
    sub = _add({**company, "parent_id": distributor, "level": "sub_distributor", "name": "Sub-distributor"})
    reseller = _add({**company, "parent_id": sub, "name": "Reseller"})
    service = {"parent_id": reseller, "service_type": "software_only", "device_country": "GB"}
    customer = _add({**service, "name": "Customer", "references": {"psa": "2", "crm": "A 1"}})
    site = _add({"parent_id": customer, "name": "Site", "device_country": "JP", "storage_location": "NL"})
    _add({**service, "name": "Ends by itself", "in_trial": True})
    early = _add({**service, "name": "Ends early", "in_trial": True})
    _send("start_production", f"/customers/{early}/production", version=1)

    _send("change_customer", f"/customers/{customer}", {"name": "Renamed", "device_country": "FR"}, version=1)
    _send("change_customer", f"/customers/{reseller}", {"services_to_provide": ["software_only"]}, version=1)
    moved = {"country": "NL", "reason": "By its contract."}
    _send("change_storage_location", f"/customers/{customer}/storage-location", moved, version=2)

    device = call("add_test_device", path=f"/customers/{site}/test-devices", body={"name": "Laptop"}).body["id"]
    call("add_test_device", path=f"/customers/{customer}/test-devices", body={"name": "Server"})
    _send("remove_test_device", f"/customers/{site}/test-devices/{device}")
    call("save_view", path="/views/mine", body={"columns": ["name", "storage_location"]})

    people = f"/customers/{reseller}/accounts"
    machine = call("add_account", path=people, body={"kind": "api", "display_name": "Billing", "role": "supporter"})
    assert machine.status == 201, machine.text
    for number, role in enumerate(("super_user", "super_user", "manager", "operator")):
        person = {"email": f"person{number}@example.com", "display_name": f"Person {number}", "role": role}
        account = call("add_account", path=people, body=person).body["id"]
        _sync(account)
        if number == 1:
            invoke("record_sign_in", {"userName": account})
        if number == 2:
            _send("change_account", f"/accounts/{account}", {"disabled": True}, version=1)
            _sync(account)
    _send("remove_account", f"/accounts/{account}", version=1)
    _sync(account)

    rows = "\n".join(f"Imported {number},{reseller},GB" for number in range(3))
    for key in ("done", "waiting"):
        file = f"name,parent_id,device_country\n{rows.replace('Imported', key)}\nbad,nowhere,GB\n"
        added = call("add_import", body=file, headers={"idempotency-key": key})
        if key == "done":
            invoke("run_import", {"Records": [{"messageId": "1", "body": json.dumps({"import_id": added.body["id"]})}]})
    aws.now = NOW + timedelta(days=24)  # a reminder
    invoke("end_trials", {"time": "2026-12-18T10:00:00Z"})
    aws.now = NOW + timedelta(days=40)  # the end
    invoke("end_trials", {"time": "2027-01-03T10:00:00Z"})
    for name in ("Archived", "Restored"):
        one = _add({**service, "name": name, "references": {"erp": name}})
        _send("archive_customer", f"/customers/{one}", version=1)
    _send("restore_customer", f"/customers/{one}/restore", version=2)
    late = _add({**service, "name": "In trial", "in_trial": True})
    _add({"parent_id": late, "name": "Site in trial", "device_country": "GB"})
    _send("replace_storage_locations", "/storage-locations", _catalogue(), version=1)


def _add(body: dict[str, Any]) -> Any:
    added = call("add_customer", body=body)
    assert added.status == 201, added.text
    return added.body["id"]


def _send(name: str, path: str, body: Any = None, version: int | None = None) -> None:
    headers = {} if version is None else {"if-match": f'"{version}"'}
    called = call(name, path=path, body=body, headers=headers)
    assert called.status in (200, 204), (name, called.text)


def _sync(account_id: str) -> None:
    keys = {"pk": {"S": f"account#{account_id}"}, "sk": {"S": "account"}}
    record = {"eventName": "MODIFY", "dynamodb": {"Keys": keys, "SequenceNumber": "1"}}
    assert invoke("sync_identity", {"Records": [record]}) == {"batchItemFailures": []}


def _catalogue() -> dict[str, Any]:
    """Return today's catalogue, with Denmark routed to Sweden."""
    locations = call("get_storage_locations").body["locations"]
    routed = [{"country": each["code"], "routed_to": each["routed_to"]["code"]} for each in locations]
    return {"locations": [each | {"routed_to": "SE"} if each["country"] == "DK" else each for each in routed]}


def main() -> None:
    log.setLevel("CRITICAL")
    aws = FakeAws(NOW)
    aws.dynamo._newer = False  # as this version writes them
    with contextlib.redirect_stdout(io.StringIO()), aws.installed():
        play(aws)
    records = [dict(sorted(record.items())) for _, record in sorted(aws.dynamo.records.items())]
    lines = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    events = ",\n".join(json.dumps(event) for event in published_events(aws.dynamo))
    sys.stdout.write(f'{{"events": [\n{events}\n],\n"records": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
