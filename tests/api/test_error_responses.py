"""The golden file error_responses.json: the exact text of error responses, options and histories.

People and forms act on these texts. `python -m tests.api.test_error_responses` writes the file again. Read the
difference before you commit it: each text must still say what to do.

The file has two members. `responses` maps a request in words to its response. `lists` maps a name to a list of more
than `MAX_INLINE` entries, such as the countries. A response refers to such a list by `{"$list": name}`.
"""

import contextlib
import io
import json
import re
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from shared.api.routes import ROUTES
from shared.auth.authorization import ROLES
from shared.aws.observability import log
from shared.customers.levels import LEVELS
from shared.idempotency import id_from
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, a_customer, a_device, a_lineage, an_account, bootstrap_in, put
from tests.calls import Context, call, handler
from tests.simulation.fake_aws import FakeAws

GOLDEN = Path(__file__).with_name("error_responses.json")
MAX_INLINE = 20  # entries of a list inside a response


def responses() -> dict[str, Any]:  # noqa: C901, PLR0915 - it is a list
    """Return each request in words with its response. The tree has one customer of each level."""
    aws, recorded = FakeAws(NOW), {}
    with aws.installed():
        bootstrap_in(aws.store)
        _, distributor, sub, reseller, end_customer, site = lineage = a_lineage(
            end_customer={"in_trial": True, "references": {"psa": "7"}}
        )
        only = a_customer("reseller", distributor, name="Only", services_to_provide=["all_inclusive"])
        provides = a_customer("distributor", name="Provides")
        below = a_customer(
            "reseller", provides, name="Below", service_type="all_inclusive", services_to_provide=["software_only"]
        )
        put(aws.store, *lineage[1:], only, provides, below, *(an_account(role, distributor) for role in ROLES))
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

        def if_match(version: int = 1) -> dict[str, str]:
            return {"if-match": f'"{version}"'}

        def record(title: str, name: str, path: str = "", **request: Any) -> None:
            called = call(name, path=path or ROUTES[name].path, **request)
            assert called.status >= 400, (title, called.text)
            problem = called.body
            del problem["request_id"]
            headers = {name: called.headers[name] for name in ("Retry-After", "Allow") if name in called.headers}
            recorded[title] = {**problem, **({"headers": headers} if headers else {})}

        def record_add(title: str, body: dict[str, Any], **more: Any) -> None:
            record(f"add: {title}", "add_customer", body=body, **more)

        by_level = {
            ROOT.level: ROOT,
            "distributor": distributor,
            "sub_distributor": sub,
            "reseller": reseller,
            "end_customer": end_customer,
            "site": site,
        }
        good = {"name": "New", "service_type": "all_inclusive", "device_country": "DE"}
        for level, parent in by_level.items():
            record_add(f"nothing below a {level}", {"parent_id": parent.id})
            record_add(
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
                record_add(
                    f"a {lower} with every field below a {level}",
                    {**good, **every, "level": lower, "parent_id": parent.id},
                )
        record_add(
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
        record_add("a reference that is taken", {**end, "references": {"psa": "7"}})
        record_add("a long name", {**end, "name": "x" * 300})
        record_add("a name of control characters", {**end, "name": "a\x07b"})
        record_add("too many references", {**end, "references": {f"s{n}": "1" for n in range(50)}})
        record_add("a reference with a slash", {**end, "references": {"psa": "a/b"}})
        record_add("a service that is not provided", {**good, "service_type": "software_only", "parent_id": only.id})
        record_add(
            "services that are not provided",
            {**good, "level": "distributor", "parent_id": ROOT.id, "services_to_provide": ["all_inclusive", "magic"]},
        )
        record_add("no services", {**good, "level": "distributor", "parent_id": ROOT.id, "services_to_provide": []})
        record_add("a country that is not hosted", {**end, "device_country": "JP"})
        record_add("a location that is not hosted", {**end, "device_country": "JP", "storage_location": "Japan"})
        record_add("another location than the hosted one", {**end, "storage_location": "FR"})
        record_add(
            "a parent that is archived", {**good, "parent_id": archived.id, "services_to_provide": ["all_inclusive"]}
        )
        record_add("a parent that is nowhere", {**end, "parent_id": id_from("cus", "nowhere")})

        path = f"/customers/{distributor.id}"
        for version, title in ((7, "stale"), (0, "odd")):
            record(f"change: {title}", "change_customer", path, body={"name": "x"}, headers=if_match(version))
        record("change: no version", "change_customer", path, body={"name": "x"})
        record(
            "change: all wrong",
            "change_customer",
            path,
            headers=if_match(),
            body={
                "name": "",
                "service_type": "x",
                "services_to_provide": [],
                "device_country": "x",
                "references": {"A": ""},
            },
        )
        for title, customer in (("its type", distributor), ("what it provides", provides)):
            record(
                f"change: a service that a customer below needs for {title}",
                "change_customer",
                f"/customers/{customer.id}",
                headers=if_match(),
                body={"services_to_provide": ["all_inclusive"]},
            )
        record(
            "change: an archived one",
            "change_customer",
            f"/customers/{archived.id}",
            body={"name": "x"},
            headers=if_match(2),
        )
        record(
            "change: the root's name by nobody",
            "change_customer",
            f"/customers/{ROOT.id}",
            body={"name": "x"},
            headers=if_match(),
            account=an_account("super_user", distributor),
        )
        site_path = f"/customers/{site.id}"
        record(
            "change: a site's service",
            "change_customer",
            site_path,
            body={"service_type": "all_inclusive"},
            headers=if_match(),
        )
        record("archive: with all below", "archive_customer", path, headers=if_match())
        record("archive: with devices", "archive_customer", f"/customers/{end_customer.id}", headers=if_match())
        record("archive: the own one", "archive_customer", f"/customers/{ROOT.id}", headers=if_match())
        record("archive: stale", "archive_customer", path, headers=if_match(9))
        record(
            "move: nowhere",
            "change_storage_location",
            f"{path}/storage-location",
            headers=if_match(),
            body={"country": "JP", "reason": "r"},
        )
        record(
            "move: no reason",
            "change_storage_location",
            f"{path}/storage-location",
            headers=if_match(),
            body={"country": "NL", "reason": " "},
        )
        record(
            "move: not by support",
            "change_storage_location",
            f"{path}/storage-location",
            headers=if_match(),
            body={"country": "NL", "reason": "r"},
            account=an_account("super_user", distributor),
        )
        record("production: of a site", "start_production", f"{site_path}/production", headers=if_match())
        record("production: stale", "start_production", f"/customers/{end_customer.id}/production", headers=if_match(9))

        catalogue = [{"country": "DE"}, {"country": "DE"}, {"country": "x"}, {"country": "FR", "routed_to": "NL"}]
        record("catalogue: all wrong", "replace_storage_locations", body={"locations": catalogue}, headers=if_match())
        record(
            "catalogue: stale",
            "replace_storage_locations",
            body={"locations": [{"country": "DE"}]},
            headers=if_match(9),
        )
        record(
            "devices: one too many", "add_test_device", f"/customers/{end_customer.id}/test-devices", body={"name": "x"}
        )
        record("devices: no name", "add_test_device", f"/customers/{site.id}/test-devices", body={"name": ""})
        of_customer = f"/customers/{end_customer.id}"
        record("devices: of a distributor", "add_device", f"{path}/devices", body={"name": "", "kind": "server"})
        record("devices: no kind", "add_device", f"{of_customer}/devices", body={"name": "x"})
        record("devices: unknown kind", "add_device", f"{of_customer}/devices", body={"name": "x", "kind": "phone"})
        of_requests = f"{of_customer}/storage-location-requests"
        for case, location, reason in (
            ("the same location", "Germany", "r"),
            ("not hosted, no reason", "Finland", " "),
            ("no country", "Nowhere", "r"),
        ):
            body = {"location": location, "reason": reason}
            record(f"request: {case}", "add_location_request", of_requests, body=body)
        request = {"body": {"location": "SE", "reason": "r"}, "headers": {"idempotency-key": "first"}}
        assert call("add_location_request", path=of_requests, **request).status == 201
        record("request: a second open one", "add_location_request", of_requests, headers={"idempotency-key": "second"})
        record(
            "decision: no version",
            "decide_location_request",
            f"{of_requests}/slr_none/decision",
            headers={"if-match": ""},
        )
        record("view: unknown columns", "save_view", "/views/mine", body={"columns": ["x", "name", "name"]})

        person = {"display_name": " ", "email": "x", "role": "king"}
        accounts = f"{path}/accounts"
        record("account: all wrong", "add_account", accounts, body=person)
        record(
            "account: a person without address", "add_account", accounts, body={"display_name": "x", "role": "operator"}
        )
        record(
            "account: a machine with address",
            "add_account",
            accounts,
            body={"display_name": "x", "role": "operator", "kind": "api", "email": "x@example.com"},
        )
        record(
            "account: an address that is taken",
            "add_account",
            accounts,
            body={"display_name": "x", "role": "operator", "email": ROOT_ACCOUNT.email},
        )
        machine = {"display_name": "x", "role": "operator", "kind": "api"}
        machine = f"/accounts/{call('add_account', path=accounts, body=machine).body['id']}/credentials"
        for time in ("2020-01-01T00:00:00Z", "soon"):
            record(f"credential: until {time}", "add_credential", machine, body={"expires_at": time})
        call("add_credential", path=machine, body={})
        record("credential: a third one", "add_credential", machine, body={}, headers={"idempotency-key": "third"})
        record("credential: of a person", "add_credential", f"/accounts/{ROOT_ACCOUNT.id}/credentials", body={})
        administrator = an_account("administrator", distributor)
        super_user = an_account("super_user", distributor)
        record(
            "account: a role above the own",
            "add_account",
            accounts,
            account=administrator,
            body={"display_name": "x", "role": "super_user", "email": "x@example.com"},
        )
        record(
            "account: touching a higher one",
            "remove_account",
            f"/accounts/{super_user.id}",
            account=administrator,
            headers=if_match(),
        )
        record("account: the last super_user", "remove_account", f"/accounts/{super_user.id}", headers=if_match())
        record(
            "account: the last super_user lowered",
            "change_account",
            f"/accounts/{super_user.id}",
            headers=if_match(),
            body={"role": "operator"},
        )
        record(
            "account: the own role",
            "change_account",
            f"/accounts/{ROOT_ACCOUNT.id}",
            headers=if_match(),
            body={"role": "operator"},
        )
        record(
            "account: stale",
            "change_account",
            f"/accounts/{administrator.id}",
            headers=if_match(9),
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
                    headers=if_match(9),
                    query={"month": "2026-11"} if name == "get_invoicing" else None,
                )
                if called.status == 403:
                    recorded[f"{name}: by a {role}"] = called.body["detail"]
        record("list: a parent and within", "list_customers", query={"parent_id": ROOT.id, "within": ROOT.id})
        record("list: nothing asked", "list_customers")
        record("list: a cursor of nobody", "list_customers", query={"parent_id": ROOT.id, "cursor": "x"})
        record("list: filters", "list_customers", query={"parent_id": ROOT.id, "level": "x", "state": "y"})
        record("list: a prefix without a parent", "list_customers", query={"within": ROOT.id, "name_prefix": "a"})
        for level, customer in by_level.items():
            recorded[f"options below a {level}"] = call("get_options", path=f"/customers/{customer.id}/options").body
        story = f"/customers/{end_customer.id}"
        call("change_customer", path=story, headers=if_match(), body={"name": "Renamed", "references": {"psa": "8"}})
        call("change_storage_location", path=f"{story}/storage-location", headers=if_match(2))
        for days in (23, 29, 30):
            aws.now = NOW + timedelta(days=days)
            handler("end_trials")({}, Context())
        recorded["history of a trial"] = call("get_history", path=f"{story}/history").body
        recorded["the trial"] = call("get_trial", path=f"{story}/trial").body
        key = {"idempotency-key": "key"}
        call("add_customer", body={**end, "name": "First"}, headers=key)
        record_add("the same key for another", {**end, "name": "Second"}, headers=key)
        record("by nobody", "get_me", account=an_account("operator", distributor, id="acc_gone"))
    return recorded


def store_lists_once(value: Any, lists: dict[str, Any], field: str = "") -> Any:
    """Return `value` with a reference in place of each long list. Add the list to `lists`, named after its field."""
    if isinstance(value, dict):
        return {name: store_lists_once(member, lists, name) for name, member in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) <= MAX_INLINE:
        return [store_lists_once(entry, lists, field) for entry in value]
    names = (field if number == 1 else f"{field} {number}" for number in count(1))
    name = next(name for name in names if lists.setdefault(name, value) == value)
    return {"$list": name}


def expand_lists(value: Any, lists: dict[str, Any]) -> Any:
    """Return `value` with each list in place of its reference. Raises KeyError if `lists` lacks one."""
    if isinstance(value, list):
        return [expand_lists(entry, lists) for entry in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$list"}:
        return lists[value["$list"]]
    return {name: expand_lists(member, lists) for name, member in value.items()}


def as_text(recorded: dict[str, Any]) -> str:
    """Return the text of the golden file. An entry of a long list takes one line."""
    lists: dict[str, Any] = {}
    text = json.dumps(store_lists_once(recorded, lists), indent=1, ensure_ascii=False)
    texts = (
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n]"
        for name, entries in lists.items()
    )
    return f'{{"responses": {text},\n"lists": {{\n{",\n".join(texts)}\n}}}}\n'


def test_every_error_response_equals_the_golden_file() -> None:
    golden = json.loads(GOLDEN.read_text())
    assert responses() == expand_lists(golden["responses"], golden["lists"])


def test_no_error_shows_a_placeholder() -> None:
    """A text without its f prefix would show the name of a variable instead of the value."""
    assert re.findall(r"[{][a-z_]+[^}\n\"]*[}]", GOLDEN.read_text()) == []


def test_golden_file_has_each_long_list_once() -> None:
    golden = json.loads(GOLDEN.read_text())
    recorded = expand_lists(golden["responses"], golden["lists"])
    assert as_text(recorded) == GOLDEN.read_text()


def test_long_lists_are_stored_once_and_expand_to_the_same_value() -> None:
    long = list(range(MAX_INLINE + 1))
    value = {"a": long, "b": [{"a": long[:]}, {"a": long[::-1]}], "c": long[:-1]}
    lists: dict[str, Any] = {}
    stored = store_lists_once(value, lists)
    assert stored == {"a": {"$list": "a"}, "b": [{"a": {"$list": "a"}}, {"a": {"$list": "a 2"}}], "c": long[:-1]}
    assert lists == {"a": long, "a 2": long[::-1]}
    assert expand_lists(stored, lists) == value


if __name__ == "__main__":
    log.setLevel("CRITICAL")
    with contextlib.redirect_stdout(io.StringIO()):  # Powertools prints the metrics
        now = responses()
    GOLDEN.write_text(as_text(now))
