"""Calls of every function, with all its kinds of requests to AWS."""

import json
from datetime import UTC, datetime

from shared.customers.removal import removal_item
from shared.table.dynamodb import DynamoStore
from shared.table.keys import account_key, children_key
from shared.table.store import Put, Update
from tests import calls
from tests.builders import NOW, ROOT, a_customer, a_lineage, an_account, put
from tests.calls import an_event


def call_every_function(store: DynamoStore) -> None:  # noqa: PLR0915 - it is a list
    """Call each function for every kind of request to AWS that it can send."""
    call = calls.call
    lineage = a_lineage(end_customer={"in_trial": True})
    put(store, *lineage[1:], an_account("super_user", lineage[1]))
    empty = a_customer("distributor", name="Empty", references={"psa": "old"})
    put(store, empty)

    def if_match(version: int) -> dict[str, str]:
        return {"if-match": f'"{version}"'}

    for name in (
        "get_me", "get_storage_locations", "list_views", "save_view", "remove_view", "get_view", "add_customer",
        "add_test_device", "get_console",
    ):  # fmt: skip
        calls.handle(name, an_event(name))
    call("save_view", path="/views/mine", body={"columns": ["name"]})
    call("remove_view", path="/views/mine")
    for name, rest in {
        "get_customer": "", "get_options": "/options", "get_trial": "/trial", "check_storage": "/storage-check",
        "list_devices": "/devices", "get_history": "/history",
    }.items():  # fmt: skip
        call(name, path=f"/customers/{lineage[5].id}{rest}")
    call("get_invoicing", path=f"/customers/{ROOT.id}/invoicing", query={"month": "2026-11"})
    call("list_customers", query={"parent_id": ROOT.id})
    call("list_customers", query={"within": ROOT.id})
    call("list_accounts", query={"within": ROOT.id})
    call("list_accounts", query={"customer_id": ROOT.id})
    call("start_production", path=f"/customers/{lineage[4].id}/production", headers=if_match(1))

    path = f"/customers/{empty.id}"
    call("change_customer", path=path, headers=if_match(1), body={"name": "Named", "references": {"psa": "7"}})
    call("change_customer", path=path, headers=if_match(2), body={"services_to_provide": ["all_inclusive"]})
    call("change_storage_location", path=f"{path}/storage-location", headers=if_match(3))
    call("archive_customer", path=path, headers=if_match(4))
    call("restore_customer", path=f"{path}/restore", headers=if_match(5))
    put(store, a_customer("reseller", empty))
    call("archive_customer", path=path, headers=if_match(6))  # refused, as it has a customer below it

    new = {"name": "Saved", "parent_id": ROOT.id, "service_type": "all_inclusive", "device_country": "DE"}
    for more in ({"services_to_provide": ["all_inclusive", "software_only"]}, {"name": "Saved again"},
                 {"services_to_provide": ["all_inclusive"]}):  # fmt: skip
        call("save_customer_by_reference", path="/references/psa/8", body={**new, **more})
    call("get_customer_by_reference", path="/references/psa/8")
    call("add_onboarding")
    machine = {"kind": "api", "display_name": "Billing", "role": "supporter"}
    customer = json.loads(an_event("add_customer")["body"]) | {"name": "With a machine", "device_country": "DE"}
    done = call("add_onboarding", body={"customer": customer, "accounts": [machine], "test_device": {"name": "d"}})
    assert done.status == 201, done.text

    account_path = f"/customers/{ROOT.id}/accounts"
    credentials = f"/accounts/{call('add_account', path=account_path, body=machine).body['id']}/credentials"
    second = call("add_credential", path=credentials, body={}).body["id"]
    call("list_credentials", path=credentials)
    call("get_account_history", path=credentials.replace("credentials", "history"))
    call("get_audit", query={"types": "account_added"})
    call("get_audit_csv")
    call("revoke_credential", path=f"{credentials}/{second}")
    person = {"email": "ada@example.com", "display_name": "Ada", "role": "super_user"}
    added = call("add_account", path=account_path, body=person).body
    call("get_account", path=f"/accounts/{added['id']}")
    _sync_identity(added["id"])
    call("list_accounts", query={"email": "ada@example.com"})
    at = call("get_account", path=f"/accounts/{added['id']}").body["version"]
    new_address = {"email": "ada.new@example.com"}
    call("change_email", path=f"/accounts/{added['id']}/email", headers=if_match(at), body=new_address)
    _sync_identity(added["id"])
    call("resend_invitation", path=f"/accounts/{added['id']}/invitation")
    _sync_identity(added["id"])
    for changes in ({"disabled": True}, {"disabled": False}):
        version = call("get_account", path=f"/accounts/{added['id']}").body["version"]
        call("change_account", path=f"/accounts/{added['id']}", headers=if_match(version), body=changes)
        _sync_identity(added["id"])
    calls.invoke("record_sign_in", {**an_event("record_sign_in"), "userName": added["id"]})
    call("record_second_factor", account=an_account("super_user", ROOT, id=added["id"]))
    version = call("get_account", path=f"/accounts/{added['id']}").body["version"]
    call("remove_account", path=f"/accounts/{added['id']}", headers=if_match(version))
    _sync_identity(added["id"])

    for number in (1, 2):  # an account of a removed customer no longer reserves its address
        removed_customer = a_customer("distributor", name=f"Gone {number}").model_copy(
            update={"archived_at": NOW, "expires_at": 1}
        )
        put(store, removed_customer, an_account("super_user", removed_customer, email=f"gone{number}@example.com"))
    back = {**person, "email": "gone1@example.com"}
    assert call("add_account", path=account_path, body=back).status == 201
    customer = {**customer, "name": "With one who is back"}
    accounts = [{**person, "email": "gone2@example.com"}]
    steps = call("add_onboarding", body={"customer": customer, "accounts": accounts}).body["steps"]
    assert steps[1]["outcome"] == "added"

    elsewhere = call(
        "add_account", path=f"/customers/{lineage[1].id}/accounts", body={**person, "email": "x@example.com"}
    )
    _sync_identity(elsewhere.body["id"])
    taken = call("add_account", path=account_path, body={**person, "email": "x@example.com"})  # nobody has signed in
    _sync_identity(taken.body["id"])

    left = a_customer("reseller", lineage[1], name="Left")
    put(store, left)
    for removed in (False, True):  # the last super_user of an archived customer
        another = {**person, "email": f"left{removed}@example.com"}
        super_user = call("add_account", path=f"/customers/{left.id}/accounts", body=another).body["id"]
        calls.invoke("record_sign_in", {**an_event("record_sign_in"), "userName": super_user})
        call("archive_customer", path=f"/customers/{left.id}", headers=if_match(1 + 2 * removed))
        if removed:
            call("remove_account", path=f"/accounts/{super_user}", headers=if_match(2))
        else:
            call("change_account", path=f"/accounts/{super_user}", headers=if_match(2), body={"role": "operator"})
            call("remove_account", path=f"/accounts/{super_user}", headers=if_match(3))
        call("restore_customer", path=f"/customers/{left.id}/restore", headers=if_match(2 + 2 * removed))

    asked = call("add_location_request", path=f"{path}/storage-location-requests").body["id"]
    call("get_location_request", path=f"{path}/storage-location-requests/{asked}")
    call("list_customers_location_requests", path=f"{path}/storage-location-requests")
    call("list_location_requests")
    decision = f"{path}/storage-location-requests/{asked}/decision"
    call("decide_location_request", path=decision, headers=if_match(6))
    call("list_trial_starts")
    server = call("add_device", path=f"/customers/{lineage[5].id}/devices").body["id"]
    call("get_device", path=f"/customers/{lineage[5].id}/devices/{server}")
    call("change_device", path=f"/customers/{lineage[5].id}/devices/{server}", headers=if_match(1))
    call("replace_device_token", path=f"/customers/{lineage[5].id}/devices/{server}/token")
    call("remove_device", path=f"/customers/{lineage[5].id}/devices/{server}")
    device = call("add_test_device", path=f"/customers/{lineage[4].id}/test-devices", body={"name": "d"}).body["id"]
    call("get_test_device", path=f"/customers/{lineage[4].id}/test-devices/{device}")
    call("replace_test_device_token", path=f"/customers/{lineage[4].id}/test-devices/{device}/token")
    call("remove_test_device", path=f"/customers/{lineage[4].id}/test-devices/{device}")

    accepted = call("add_import", headers={"idempotency-key": "one"}).body["id"]
    calls.invoke("run_import", {"Records": [{"body": json.dumps({"import_id": accepted})}]})
    call("get_import", path=f"/imports/{accepted}")
    calls.invoke("publish_events", an_event("publish_events"))
    put(store, a_customer("end_customer", now=datetime(2026, 1, 1, tzinfo=UTC), in_trial=True))
    calls.invoke("end_trials", {"time": "2026-01-31T00:00:00Z"})
    call("replace_storage_locations", headers=if_match(1))

    removed_customer = a_customer("reseller", lineage[1], name="Gone for good").model_copy(
        update={"archived_at": NOW, "expires_at": int(NOW.timestamp()), "version": 2}
    )
    put(store, removed_customer, an_account("operator", removed_customer, email="gone@example.com"))
    pk, sk = children_key(removed_customer.id)
    store.write(Put(removal_item(removed_customer)), Put({"pk": pk, "sk": sk, "count": 0}))
    for disabled in (True, False):  # as if somebody had enabled or disabled the sign-in
        store.write(Update(account_key(taken.body["id"]), {"disabled": disabled}))
        calls.invoke("run_daily", an_event("run_daily"))  # some accounts here have no sign-in


def _sync_identity(account_id: str) -> None:
    event = an_event("sync_identity")
    event["Records"][0]["dynamodb"]["Keys"]["pk"]["S"] = f"account#{account_id}"
    calls.invoke("sync_identity", event)
