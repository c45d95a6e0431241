"""What refusals, options and histories say, word for word: people and forms act on them.

`python -m tests.api.test_error_responses` writes error_responses.json anew.
Read the difference before it is kept: each text must still say what to do.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.api.routes import ROUTES
from shared.auth.authorization import ROLES
from shared.customers.levels import LEVELS
from shared.idempotency import id_from
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, a_customer, a_device, a_line, an_account, begin_in, put
from tests.calls import Context, call, handler
from tests.simulation.fake_aws import FakeAws

KEPT = Path(__file__).with_name("error_responses.json")


def refusals() -> dict[str, Any]:  # noqa: C901, PLR0915 - it is a list
    """Request in words -> status and problem, in a tree of one company a level."""
    aws, found = FakeAws(NOW), {}
    with aws.installed():
        begin_in(aws.store)
        _, distributor, sub, reseller, end_customer, site = line = a_line(
            end_customer={"in_trial": True, "references": {"psa": "7"}}
        )
        only = a_customer("reseller", distributor, name="Only", services_to_provide=["all_inclusive"])
        provides = a_customer("distributor", name="Provides")
        below = a_customer(
            "reseller", provides, name="Below", service_type="all_inclusive", services_to_provide=["software_only"]
        )
        put(aws.store, *line[1:], only, provides, below, *(an_account(role, distributor) for role in ROLES))
        put(aws.store, *(a_device(end_customer, str(number)) for number in range(10)))
        archived = a_customer("distributor", name="Archived")
        put(aws.store, archived)
        call("archive_customer", path=f"/customers/{archived.id}", headers={"if-match": '"1"'})

        child = {
            "name": "By the API",
            "parent_id": distributor.id,
            "level": "reseller",
            "service_type": "all_inclusive",
            "services_to_provide": ["all_inclusive"],
            "device_country": "DE",
        }
        assert call("add_customer", body=child, headers={"idempotency-key": "child"}).status == 201

        def at(version: int = 1) -> dict[str, str]:
            return {"if-match": f'"{version}"'}

        def ask(said: str, name: str, path: str = "", **request: Any) -> None:
            called = call(name, path=path or ROUTES[name].path, **request)
            assert called.status >= 400, (said, called.text)
            problem = called.body
            del problem["request_id"]
            kept = {header: called.headers[header] for header in ("Retry-After", "Allow") if header in called.headers}
            found[said] = {**problem, **({"headers": kept} if kept else {})}

        def add(said: str, body: dict[str, Any], **more: Any) -> None:
            ask(f"add: {said}", "add_customer", body=body, **more)

        of = {
            ROOT.level: ROOT,
            "distributor": distributor,
            "sub_distributor": sub,
            "reseller": reseller,
            "end_customer": end_customer,
            "site": site,
        }
        good = {"name": "New", "service_type": "all_inclusive", "device_country": "DE"}
        for level, parent in of.items():
            add(f"nothing below a {level}", {"parent_id": parent.id})
            add(
                f"everything wrong below a {level}",
                {
                    "parent_id": parent.id,
                    "name": " ",
                    "level": "root",
                    "service_type": "x",
                    "device_country": "Atlantis",
                    "services_to_provide": ["x"],
                    "in_trial": True,
                    "storage_location": "x",
                    "references": {"A": "\t"},
                },
            )
            for lower in LEVELS[1:]:
                every = {"services_to_provide": ["all_inclusive"], "in_trial": True}
                add(
                    f"a {lower} with every field below a {level}",
                    {**good, **every, "level": lower, "parent_id": parent.id},
                )
        add(
            "a name that is taken",
            {
                **good,
                "name": "a SUB_DISTRIBUTOR",
                "parent_id": distributor.id,
                "level": "sub_distributor",
                "services_to_provide": ["all_inclusive"],
            },
        )
        end = {**good, "parent_id": reseller.id}
        add("a reference that is taken", {**end, "references": {"psa": "7"}})
        add("a long name", {**end, "name": "x" * 300})
        add("a name of control characters", {**end, "name": "a\x07b"})
        add("too many references", {**end, "references": {f"s{n}": "1" for n in range(50)}})
        add("a reference with a slash", {**end, "references": {"psa": "a/b"}})
        add("a service that is not provided", {**good, "service_type": "software_only", "parent_id": only.id})
        add(
            "services that are not provided",
            {**good, "level": "distributor", "parent_id": ROOT.id, "services_to_provide": ["all_inclusive", "magic"]},
        )
        add("no services", {**good, "level": "distributor", "parent_id": ROOT.id, "services_to_provide": []})
        add("a country that is not hosted", {**end, "device_country": "JP"})
        add("a location that is not hosted", {**end, "device_country": "JP", "storage_location": "Japan"})
        add("another location than the hosted one", {**end, "storage_location": "FR"})
        add("a parent that is archived", {**good, "parent_id": archived.id, "services_to_provide": ["all_inclusive"]})
        add("a parent that is nowhere", {**end, "parent_id": id_from("cus", "nowhere")})

        path = f"/customers/{distributor.id}"
        for version, said in ((7, "stale"), (0, "odd")):
            ask(f"change: {said}", "change_customer", path, body={"name": "x"}, headers=at(version))
        ask("change: no version", "change_customer", path, body={"name": "x"})
        ask(
            "change: all wrong",
            "change_customer",
            path,
            headers=at(),
            body={
                "name": "",
                "service_type": "x",
                "services_to_provide": [],
                "device_country": "x",
                "references": {"A": ""},
            },
        )
        for said, customer in (("its type", distributor), ("what it provides", provides)):
            ask(
                f"change: a service that a customer below needs for {said}",
                "change_customer",
                f"/customers/{customer.id}",
                headers=at(),
                body={"services_to_provide": ["all_inclusive"]},
            )
        ask(
            "change: an archived one", "change_customer", f"/customers/{archived.id}", body={"name": "x"}, headers=at(2)
        )
        ask(
            "change: the root's name by nobody",
            "change_customer",
            f"/customers/{ROOT.id}",
            body={"name": "x"},
            headers=at(),
            account=an_account("super_user", distributor),
        )
        site_path = f"/customers/{site.id}"
        ask(
            "change: a site's service",
            "change_customer",
            site_path,
            body={"service_type": "all_inclusive"},
            headers=at(),
        )
        ask("archive: with all below", "archive_customer", path, headers=at())
        ask("archive: with devices", "archive_customer", f"/customers/{end_customer.id}", headers=at())
        ask("archive: the own one", "archive_customer", f"/customers/{ROOT.id}", headers=at())
        ask("archive: stale", "archive_customer", path, headers=at(9))
        ask(
            "move: nowhere",
            "change_storage_location",
            f"{path}/storage-location",
            headers=at(),
            body={"country": "JP", "reason": "r"},
        )
        ask(
            "move: no reason",
            "change_storage_location",
            f"{path}/storage-location",
            headers=at(),
            body={"country": "NL", "reason": " "},
        )
        ask(
            "move: not by support",
            "change_storage_location",
            f"{path}/storage-location",
            headers=at(),
            body={"country": "NL", "reason": "r"},
            account=an_account("super_user", distributor),
        )
        ask("production: of a site", "start_production", f"{site_path}/production", headers=at())
        ask("production: stale", "start_production", f"/customers/{end_customer.id}/production", headers=at(9))

        catalogue = [{"country": "DE"}, {"country": "DE"}, {"country": "x"}, {"country": "FR", "routed_to": "NL"}]
        ask("catalogue: all wrong", "replace_storage_locations", body={"locations": catalogue}, headers=at())
        ask("catalogue: stale", "replace_storage_locations", body={"locations": [{"country": "DE"}]}, headers=at(9))
        ask(
            "devices: one too many", "add_test_device", f"/customers/{end_customer.id}/test-devices", body={"name": "x"}
        )
        ask("devices: no name", "add_test_device", f"/customers/{site.id}/test-devices", body={"name": ""})
        ask("view: unknown columns", "save_view", "/views/mine", body={"columns": ["x", "name", "name"]})

        person = {"display_name": " ", "email": "x", "role": "king"}
        accounts = f"{path}/accounts"
        ask("account: all wrong", "add_account", accounts, body=person)
        ask(
            "account: a person without address", "add_account", accounts, body={"display_name": "x", "role": "operator"}
        )
        ask(
            "account: a machine with address",
            "add_account",
            accounts,
            body={"display_name": "x", "role": "operator", "kind": "api", "email": "x@example.com"},
        )
        ask(
            "account: an address that is taken",
            "add_account",
            accounts,
            body={"display_name": "x", "role": "operator", "email": ROOT_ACCOUNT.email},
        )
        administrator = an_account("administrator", distributor)
        super_user = an_account("super_user", distributor)
        ask(
            "account: a role above the own",
            "add_account",
            accounts,
            account=administrator,
            body={"display_name": "x", "role": "super_user", "email": "x@example.com"},
        )
        ask(
            "account: touching a higher one",
            "remove_account",
            f"/accounts/{super_user.id}",
            account=administrator,
            headers=at(),
        )
        ask("account: the last super_user", "remove_account", f"/accounts/{super_user.id}", headers=at())
        ask(
            "account: the last super_user lowered",
            "change_account",
            f"/accounts/{super_user.id}",
            headers=at(),
            body={"role": "operator"},
        )
        ask(
            "account: the own role",
            "change_account",
            f"/accounts/{ROOT_ACCOUNT.id}",
            headers=at(),
            body={"role": "operator"},
        )
        ask(
            "account: stale",
            "change_account",
            f"/accounts/{administrator.id}",
            headers=at(9),
            body={"role": "operator"},
        )
        for role in ROLES:
            account = an_account(role, distributor)
            for name in ("change_customer", "add_account", "add_test_device", "get_invoicing"):
                where = ROUTES[name].path.format(customer_id=reseller.id)
                called = call(
                    name,
                    path=where,
                    account=account,
                    headers=at(9),
                    query={"month": "2026-11"} if name == "get_invoicing" else None,
                )
                if called.status == 403:
                    found[f"{name}: by a {role}"] = called.body["detail"]
        ask("list: a parent and within", "list_customers", query={"parent_id": ROOT.id, "within": ROOT.id})
        ask("list: nothing asked", "list_customers")
        ask("list: a cursor of nobody", "list_customers", query={"parent_id": ROOT.id, "cursor": "x"})
        ask("list: filters", "list_customers", query={"parent_id": ROOT.id, "level": "x", "state": "y"})
        ask("list: a prefix without a parent", "list_customers", query={"within": ROOT.id, "name_prefix": "a"})
        for level, customer in of.items():
            found[f"options below a {level}"] = call("get_options", path=f"/customers/{customer.id}/options").body
        story = f"/customers/{end_customer.id}"
        call("change_customer", path=story, headers=at(), body={"name": "Renamed", "references": {"psa": "8"}})
        call("change_storage_location", path=f"{story}/storage-location", headers=at(2))
        for days in (23, 29, 30):
            aws.now = NOW + timedelta(days=days)
            handler("end_trials")({}, Context())
        found["history of a trial"] = call("get_history", path=f"{story}/history").body
        found["the trial"] = call("get_trial", path=f"{story}/trial").body
        key = {"idempotency-key": "key"}
        call("add_customer", body={**end, "name": "First"}, headers=key)
        add("the same key for another", {**end, "name": "Second"}, headers=key)
        ask("by nobody", "get_me", account=an_account("operator", distributor, id="acc_gone"))
    return found


def test_every_refusal_says_what_it_said() -> None:
    assert refusals() == json.loads(KEPT.read_text())


if __name__ == "__main__":
    KEPT.write_text(json.dumps(refusals(), indent=1, ensure_ascii=False) + "\n")
