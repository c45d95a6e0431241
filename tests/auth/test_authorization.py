"""Tests: the permissions of each role, compared with `authorization.csv`, which was written by hand from domain.md.

The tests combine 5 roles, 6 levels of the caller, every position of the target in the tree and every operation, with
the id in the path, the query, the body or the cursor. For a target inside the caller's subtree, the file gives the
expected status. The response for a target outside is a 404 that is identical to the one for a missing resource.
"""

import csv
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from functions import accounts, imports, onboarding
from local.paths import PROJECT
from shared.api import app
from shared.api.routes import ROUTES
from shared.auth.authorization import ROLES, Account, Role
from shared.customers.customer import Customer
from shared.customers.levels import LEVELS, Level
from shared.idempotency import id_from
from shared.imports.file import Import
from shared.imports.records import import_item
from shared.location_requests.records import location_request_item, open_request_item
from shared.location_requests.request import LocationRequest
from shared.table.store import Put
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, a_customer, a_device, an_account, bootstrap_in, put
from tests.calls import Called, call
from tests.memory_identities import MemoryIdentities
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore

ROWS = list(csv.DictReader((PROJECT / "tests" / "auth" / "authorization.csv").read_text().splitlines()))


INSIDE = {"self", "child", "deep descendant"}


ABSENT = id_from("cus", "absent")


NOBODY = id_from("acc", "absent")
REQUEST_ID = "slr_20261124100000000_aaaaaaaa"


class Forest:
    """Two trees of every level, each customer with a sibling, and a supporter at every customer."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.lineage = self._line(ROOT, "mine")
        self.siblings = {
            customer.level: a_customer(customer.level, parent, name="sibling")
            for parent, customer in zip(self.lineage, self.lineage[1:], strict=False)
        }
        self.nephews = {
            level: a_customer(LEVELS[LEVELS.index(level) + 1], sibling, name="nephew")
            for level, sibling in self.siblings.items()
            if level != "site"
        }
        self.other = self._line(ROOT, "other")
        everyone = [*self.lineage[1:], *self.siblings.values(), *self.nephews.values(), *self.other[1:]]
        put(store, *everyone)
        for customer in [ROOT, *everyone]:  # an import by an account of the customer
            theirs = {"id": f"imp_{customer.id}", "path": customer.path, "rows": 1, "created_by": "acc_builder"}
            kept = {"created_at": NOW, "request_hash": "", "kept_until": 9999999999}
            store.write(Put(import_item(Import.model_validate({**theirs, **kept}))))
        put(store, *(a_device(customer) for customer in [ROOT, *everyone]))
        put(store, *(a_device(customer, name="Server", kind="server") for customer in [ROOT, *everyone]))
        for customer in [ROOT, *everyone]:
            request = LocationRequest(
                id=REQUEST_ID,
                customer_id=customer.id,
                customer_path=customer.path,
                from_location=customer.storage_location.country,
                location="SE",
                reason="r",
                created_at=NOW,
                created_by="acc_builder",
            )
            store.write(Put(location_request_item(request)), Put(open_request_item(request)))
        self.supporters = {
            customer.id: an_account("supporter", customer, id=id_from("acc", "target", customer.id))
            for customer in [ROOT, *everyone]
        }
        put(
            store,
            *(a.model_copy(update={"email": f"target@{a.customer_id}.example"}) for a in self.supporters.values()),
        )
        self.machines = {
            at: each.model_copy(update={"id": id_from("acc", "machine", at), "kind": "api", "email": None})
            for at, each in self.supporters.items()
        }
        put(store, *self.machines.values())

    @staticmethod
    def _line(root: Customer, name: str) -> list[Customer]:
        lineage = [root]
        for level in LEVELS[1:]:
            known = {"crm": "known"} if level in ("distributor", "site") else {}  # one in each tree
            lineage.append(
                a_customer(level, lineage[-1], name=name, references=known if name == "mine" or level == "site" else {})
            )
        return lineage

    def targets(self, level: Level) -> dict[str, str]:
        """Yield each position of a target relative to the caller's customer at `level`, and its id."""
        at = LEVELS.index(level)
        found = {"self": self.lineage[at].id, "absent": ABSENT, "another tree": self.other[4].id}
        if at > 0:
            found |= {"parent": self.lineage[at - 1].id, "sibling": self.siblings[level].id}
        if level in self.nephews:
            found["nephew"] = self.nephews[level].id
        if at > 1:
            found["ancestor"] = self.lineage[at - 2].id
        if at < 5:
            found["child"] = self.lineage[at + 1].id
        if at < 4:
            found["deep descendant"] = self.lineage[-1].id
        return found


@pytest.fixture
def forest(memory: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> Forest:
    bootstrap_in(memory)
    monkeypatch.setattr(app, "open_store", lambda: memory)
    for function in (accounts, onboarding):
        monkeypatch.setattr(function, "open_user_directory", MemoryIdentities)
    monkeypatch.setattr(imports, "open_import_queue", MemoryQueue)
    return Forest(memory)


def ask(forest: Forest, operation: str, id_in: str, by: Account, target: str) -> Called:
    """Send one request about the target. Its changes are undone, so every request runs on the same records."""
    account = forest.supporters[target].id if target in forest.supporters else NOBODY
    machine = forest.machines[target].id if target in forest.machines else NOBODY
    dry = {"validate_only": "true"}
    device = f"/customers/{target}/test-devices/{id_from('dev', target)}"
    server = f"/customers/{target}/devices/{id_from('dev', target, 'Server')}"
    asked = f"/customers/{target}/storage-location-requests"
    stale = {"if-match": '"99"'}
    theirs = "IntdIg.c2lnbmVkIGJ5IHNvbWVib2R5IGVsc2U"
    requests: dict[tuple[str, str], Callable[[], Called]] = {
        ("get_customer", "path"): lambda: call("get_customer", account=by, path=f"/customers/{target}"),
        ("get_options", "path"): lambda: call("get_options", account=by, path=f"/customers/{target}/options"),
        ("list_customers", "parent_id"): lambda: call("list_customers", account=by, query={"parent_id": target}),
        ("list_customers", "within"): lambda: call("list_customers", account=by, query={"within": target}),
        ("list_customers", "cursor"): lambda: call(
            "list_customers", account=by, query={"within": target, "cursor": theirs}
        ),
        ("change_customer", "path"): lambda: call(
            "change_customer", account=by, path=f"/customers/{target}", body={"name": "Other"}, headers=stale
        ),
        ("archive_customer", "path"): lambda: call(
            "archive_customer", account=by, path=f"/customers/{target}", headers=stale
        ),
        ("restore_customer", "path"): lambda: call(
            "restore_customer", account=by, path=f"/customers/{target}/restore", headers=stale
        ),
        ("change_storage_location", "path"): lambda: call(
            "change_storage_location", account=by, path=f"/customers/{target}/storage-location", headers=stale
        ),
        ("add_location_request", "path"): lambda: call("add_location_request", account=by, path=asked),
        ("list_customers_location_requests", "path"): lambda: call(
            "list_customers_location_requests", account=by, path=asked
        ),
        ("list_customers_location_requests", "cursor"): lambda: call(
            "list_customers_location_requests", account=by, path=asked, query={"cursor": theirs}
        ),
        ("get_location_request", "path"): lambda: call(
            "get_location_request", account=by, path=f"{asked}/{REQUEST_ID}"
        ),
        ("decide_location_request", "path"): lambda: call(
            "decide_location_request", account=by, path=f"{asked}/{REQUEST_ID}/decision", headers=stale
        ),
        ("list_location_requests", "none"): lambda: call("list_location_requests", account=by),
        ("list_trial_starts", "none"): lambda: call("list_trial_starts", account=by),
        ("get_history", "path"): lambda: call("get_history", account=by, path=f"/customers/{target}/history"),
        ("get_history", "cursor"): lambda: call(
            "get_history", account=by, path=f"/customers/{target}/history", query={"cursor": theirs}
        ),
        ("get_customer_by_reference", "within"): lambda: call(
            "get_customer_by_reference", account=by, path="/references/crm/known", query={"within": target}
        ),
        ("save_customer_by_reference", "body"): lambda: call(
            "save_customer_by_reference",
            account=by,
            path="/references/psa/none",
            body={"parent_id": target},
        ),
        ("add_customer", "body"): lambda: call("add_customer", account=by, body={"parent_id": target}, query=dry),
        ("list_accounts", "customer_id"): lambda: call("list_accounts", account=by, query={"customer_id": target}),
        ("list_accounts", "within"): lambda: call("list_accounts", account=by, query={"within": target}),
        ("list_accounts", "cursor"): lambda: call(
            "list_accounts", account=by, query={"within": target, "cursor": theirs}
        ),
        ("add_account", "path"): lambda: call(
            "add_account", account=by, path=f"/customers/{target}/accounts", body={"role": "supporter"}, query=dry
        ),
        ("get_account", "path"): lambda: call("get_account", account=by, path=f"/accounts/{account}"),
        ("change_account", "path"): lambda: call(
            "change_account", account=by, path=f"/accounts/{account}", body={"role": "supporter"}, headers=stale
        ),
        ("change_email", "path"): lambda: call(
            "change_email", account=by, path=f"/accounts/{account}/email", headers=stale
        ),
        ("resend_invitation", "path"): lambda: call(
            "resend_invitation", account=by, path=f"/accounts/{account}/invitation"
        ),
        ("remove_account", "path"): lambda: call(
            "remove_account", account=by, path=f"/accounts/{account}", headers=stale
        ),
        ("add_credential", "path"): lambda: call(
            "add_credential", account=by, path=f"/accounts/{machine}/credentials", body={}
        ),
        ("get_account_history", "path"): lambda: call(
            "get_account_history", account=by, path=f"/accounts/{account}/history"
        ),
        ("get_account_history", "cursor"): lambda: call(
            "get_account_history", account=by, path=f"/accounts/{account}/history", query={"cursor": theirs}
        ),
        ("get_audit", "within"): lambda: call("get_audit", account=by, query={"within": target}),
        ("get_audit", "cursor"): lambda: call("get_audit", account=by, query={"within": target, "cursor": theirs}),
        ("get_audit_csv", "within"): lambda: call("get_audit_csv", account=by, query={"within": target}),
        ("list_credentials", "path"): lambda: call(
            "list_credentials", account=by, path=f"/accounts/{machine}/credentials"
        ),
        ("revoke_credential", "path"): lambda: call(
            "revoke_credential", account=by, path=f"/accounts/{machine}/credentials/{machine}"
        ),
        ("start_production", "path"): lambda: call(
            "start_production", account=by, path=f"/customers/{target}/production", headers=stale
        ),
        ("get_invoicing", "path"): lambda: call(
            "get_invoicing", account=by, path=f"/customers/{target}/invoicing", query={"month": "2026-11"}
        ),
        ("get_invoicing_csv", "path"): lambda: call(
            "get_invoicing_csv", account=by, path=f"/customers/{target}/invoicing.csv", query={"month": "2026-11"}
        ),
        ("get_trial", "path"): lambda: call("get_trial", account=by, path=f"/customers/{target}/trial"),
        ("add_test_device", "path"): lambda: call(
            "add_test_device", account=by, path=f"/customers/{target}/test-devices", query=dry
        ),
        ("get_test_device", "path"): lambda: call("get_test_device", account=by, path=device),
        ("remove_test_device", "path"): lambda: call("remove_test_device", account=by, path=device),
        ("replace_test_device_token", "path"): lambda: call(
            "replace_test_device_token", account=by, path=f"{device}/token"
        ),
        ("add_device", "path"): lambda: call("add_device", account=by, path=f"/customers/{target}/devices", query=dry),
        ("get_device", "path"): lambda: call("get_device", account=by, path=server),
        ("change_device", "path"): lambda: call("change_device", account=by, path=server, headers=stale),
        ("remove_device", "path"): lambda: call("remove_device", account=by, path=server),
        ("replace_device_token", "path"): lambda: call("replace_device_token", account=by, path=f"{server}/token"),
        ("check_storage", "path"): lambda: call("check_storage", account=by, path=f"/customers/{target}/storage-check"),
        ("check_storage", "cursor"): lambda: call(
            "check_storage", account=by, path=f"/customers/{target}/storage-check", query={"cursor": theirs}
        ),
        ("list_devices", "path"): lambda: call("list_devices", account=by, path=f"/customers/{target}/devices"),
        ("list_devices_csv", "path"): lambda: call(
            "list_devices_csv", account=by, path=f"/customers/{target}/devices.csv"
        ),
        ("list_devices", "cursor"): lambda: call(
            "list_devices", account=by, path=f"/customers/{target}/devices", query={"cursor": theirs}
        ),
        ("add_onboarding", "body"): lambda: call(
            "add_onboarding", account=by, body={"customer": {"parent_id": target}}, query=dry
        ),
        ("add_import", "none"): lambda: call("add_import", account=by, query=dry, headers={"idempotency-key": "key"}),
        ("get_import", "path"): lambda: call("get_import", account=by, path=f"/imports/imp_{target}"),
        ("list_views", "none"): lambda: call("list_views", account=by),
        ("get_view", "none"): lambda: call("get_view", account=by),
        ("save_view", "none"): lambda: call("save_view", account=by),
        ("remove_view", "none"): lambda: (call("save_view", account=by), call("remove_view", account=by))[1],
        ("get_storage_locations", "none"): lambda: call("get_storage_locations", account=by),
        ("get_me", "none"): lambda: call("get_me", account=by),
        ("record_second_factor", "none"): lambda: call("record_second_factor", account=by),
        ("replace_storage_locations", "none"): lambda: call("replace_storage_locations", account=by, headers=stale),
    }
    before = dict(forest.store.items)  # the store replaces records and never changes them in place
    called = requests[operation, id_in]()
    forest.store.items = before
    return called


def response(called: Called) -> str:
    return {403: "forbidden", 404: "hidden"}.get(called.status, "allowed")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("level", LEVELS)
def test_every_role_at_every_level_gets_what_the_table_says(forest: Forest, role: Role, level: Level) -> None:
    customer = forest.lineage[LEVELS.index(level)]
    by = an_account(role, customer, id=id_from("acc", "caller"), email="caller@example.com")
    put(forest.store, by)
    seen: Counter[str] = Counter()
    for row in ROWS:
        operation, id_in = row["operation"], row["id_in"]
        inside = row[role].replace("root only", "allowed" if level == "root" else "forbidden")
        if id_in == "none":
            assert response(ask(forest, operation, id_in, by, ABSENT)) == inside, row
            continue
        absent = ask(forest, operation, id_in, by, ABSENT)
        for relation, target in forest.targets(level).items():
            called = ask(forest, operation, id_in, by, target)
            anywhere = level == "root" and relation != "absent"  # the root's subtree contains every customer
            expected = inside if relation in INSIDE or anywhere else "hidden"
            assert response(called) == expected, (row, relation, called.text)
            assert called.status < 500
            if expected == "hidden":
                assert (called.status, called.headers, called.text) == (absent.status, absent.headers, absent.text)
            seen[relation] += 1
    assert len(set(seen.values())) == 1
    assert set(seen) >= {"self", "absent", "another tree"}


def test_table_contains_every_operation_of_the_api() -> None:
    assert {row["operation"] for row in ROWS} == {name for name, row in ROUTES.items() if row.operation}
    assert {cell for row in ROWS for role in ROLES for cell in [row[role]]} == {"allowed", "forbidden", "root only"}


def test_table_covers_every_relation(forest: Forest) -> None:
    relations: set[str] = set()
    for level in LEVELS:
        relations |= set(forest.targets(level))
    assert relations == {
        "self", "parent", "ancestor", "child", "deep descendant", "sibling", "nephew", "another tree", "absent",
    }  # fmt: skip


def test_lists_contain_only_the_callers_subtree(forest: Forest) -> None:
    by = an_account("super_user", forest.lineage[1], id=id_from("acc", "caller"), email="caller@example.com")
    put(forest.store, by)
    for name, key in (("list_customers", "customers"), ("list_accounts", "accounts")):
        listed: list[Any] = call(name, account=by, query={"within": by.customer_id, "limit": "100"}).body[key]
        assert listed
        for record in listed:
            customer_id = record.get("customer_id", record["id"])
            path = next(item["path"] for item in forest.store.items.values() if item.get("id") == customer_id)
            assert f"{path}/".startswith(f"{by.customer_path}/")
    assert ROOT_ACCOUNT.id not in call("list_accounts", account=by, query={"within": by.customer_id}).text


def test_route_without_a_row_fails_at_import() -> None:
    def open_the_vault() -> None: ...

    with pytest.raises(KeyError, match="open_the_vault"):
        app.Api("customers").serves(None)(open_the_vault)  # type: ignore[arg-type]


def test_account_sees_no_customer_whose_id_only_begins_like_its_own() -> None:
    account = an_account("super_user", ROOT).model_copy(update={"customer_path": "cus_1/cus_2"})
    seen = ["cus_1/cus_2", "cus_1/cus_2/cus_3"]
    hidden = ["cus_1", "cus_1/cus_22", "cus_1/cus_2a/cus_3", "cus_1/cus_3", ""]
    assert [path for path in seen + hidden if account.can_see(path)] == seen
