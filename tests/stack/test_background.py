"""Tests: background functions on the running stack."""

from pathlib import Path

import pytest

from local.import_file import Importer, carry_out
from tests.conftest import RunningStack, eventually, kill_workers
from tests.stack.helpers import BOTH, add, subscribed

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]


def test_trial_ends_by_schedule_and_publishes_its_events(stack: RunningStack) -> None:
    """The real schedule calls the function. Only the clock is moved forward."""
    root = stack.call("GET", "/me").json()["customer"]["id"]
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    distributor = add(stack, name="For a trial", parent_id=root, **company)
    reseller = add(stack, name="For a trial", parent_id=distributor["id"], level="reseller", **company)
    trial = add(
        stack,
        name="On trial",
        parent_id=reseller["id"],
        service_type="all_inclusive",
        device_country="DE",
        in_trial=True,
    )
    other = add(
        stack, name="Early", parent_id=reseller["id"], service_type="all_inclusive", device_country="DE", in_trial=True
    )
    early = stack.call("POST", f"/customers/{other['id']}/production", headers={"If-Match": '"1"'})
    assert (early.status_code, early.json()["ended_now"]) == (200, True)
    again = stack.call("POST", f"/customers/{other['id']}/production", headers={"If-Match": '"1"'})
    assert (again.json()["ended_now"], again.json()["production_since"]) == (False, early.json()["production_since"])

    published = subscribed(stack, "customer_entered_production")
    (stack.directory / "clock").write_text(str(31 * 24 * 3600))
    path = f"/customers/{trial['id']}"
    shown = stack.call("GET", path).json()  # true before the schedule has run
    assert (shown["state"], shown["production_since"]) == ("in_production", trial["trial"]["ends_at"])
    recorded = eventually(lambda: (found := stack.call("GET", path).json())["version"] == 2 and found)
    assert recorded == shown | {"version": 2}
    status = stack.call("GET", f"{path}/trial").json()
    assert (status["ended_by"], status["ended_at"], status["days_left"]) == ("schedule", trial["trial"]["ends_at"], 0)
    event = eventually(lambda: next((e for e in published() if e["detail"]["customer_id"] == trial["id"]), None))
    assert event["detail-type"] == "customer_entered_production"
    assert (event["detail"]["invoice_from"], event["detail"]["ended_by"]) == (trial["trial"]["ends_at"], "schedule")


def test_file_is_imported_although_its_worker_is_killed(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    lines = [f"End {n},Reseller {n % 9},EndCustomer,InTrial,,GB" for n in range(700)]
    lines += [f"Reseller {n},Imported,Reseller,InProduction,,GB" for n in range(9)]
    lines += [f"Imported,{root},Distributor,InProduction,,DE", "Bad,nowhere,Site,,,GB"]
    file = "\n".join(["companyname,ParentId,Level,State,LocationId,DeviceCountry", *lines])
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "file-1"}
    accepted = stack.call("POST", "/imports", content=file, headers=headers)
    assert (accepted.status_code, accepted.json()["state"]) == (202, "waiting")
    path = accepted.headers["location"]
    eventually(lambda: stack.call("GET", path).json()["rows_done"])
    assert kill_workers(stack.ministack) > 0
    done = eventually(lambda: (f := stack.call("GET", path).json()).get("state") == "done" and f)
    assert (done["created"], done["existed"], done["refused"]) == (710, 0, 1)
    again = stack.call("POST", "/imports", content=file, headers=headers)
    assert again.headers["idempotent-replayed"] == "true"
    distributor = stack.call("GET", "/customers", params={"parent_id": root, "name_prefix": "Imported"}).json()
    found, query = 0, {"within": distributor["customers"][0]["id"], "limit": "100"}
    while True:
        page = stack.call("GET", "/customers", params=query).json()
        found += len(page["customers"])
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == 710


def test_same_file_again_tries_its_rejected_rows_again(stack: RunningStack, tmp_path: Path) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    body = {**company, "parent_id": root, "name": "Has the reference", "references": {"erp": "900"}}
    holder = stack.call("POST", "/customers", json=body).json()
    file = tmp_path / "customers.csv"
    file.write_text(
        "name,parent_id,device_country,service_type,services_to_provide,references\n"
        f"First of two,{root},DE,all_inclusive,all_inclusive,\n"
        f"Second of two,{root},FR,all_inclusive,all_inclusive,erp=900\n"
    )

    def run() -> list[str]:
        carry_out(Importer(stack.stack, "root"), file, "application/octet-stream", {}, dry_run=False)
        return [line.split(",")[1] for line in file.with_suffix(".results.csv").read_text().splitlines()[1:]]

    assert run() == ["created", "refused"]
    path, headers = f"/customers/{holder['id']}", {"If-Match": '"1"'}
    assert stack.call("PATCH", path, json={"references": {"erp": None}}, headers=headers).status_code == 200
    assert run() == ["existed", "created"]
    assert run() == ["existed", "existed"]
