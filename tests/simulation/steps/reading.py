"""Steps that read, and compare each response with the model."""

from collections import Counter
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.values.countries import COUNTRY_NAMES
from shared.values.timestamps import format_timestamp
from tests.builders import ROOT_ACCOUNT
from tests.simulation.model import (
    ALLOWED_CHILDREN,
    PERMISSIONS,
    Account,
    Customer,
    fold_name,
    inactive_error,
    sorted_by_path,
)
from tests.simulation.steps.common import DASHBOARD_COLUMNS, Steps, _id, actor_indexes, indexes, systems, values

OF_CUSTOMERS: Final = ("customer_added", "customer_changed", "customer_archived", "customer_restored",
                       "storage_location_changed", "customer_entered_production")  # fmt: skip


AUDITED: Final = timedelta(days=400)  # for which the audit shows changes


class ReadingSteps(Steps):
    """Steps that read, and compare each response with the model."""

    @rule(actor_index=actor_indexes, index=indexes)
    def read_customer(self, actor_index: int, index: int) -> None:
        """Read one customer with its trial, history, accounts, options, test devices and children."""
        actor = self.account_at(actor_index)
        self._read_customer(actor, self.pick_customer(index, actor))

    def _read_customer(self, actor: Account, customer: Customer) -> None:
        model = self.model
        path, error = f"/customers/{customer.id}", model.access_error(actor, customer, "read")
        response = self.request("get_customer", actor, path)
        if not self.accepted(response, error):
            for function, below in (("get_trial", "trial"), ("get_history", "history"), ("get_options", "options")):
                self.accepted(self.request(function, actor, f"{path}/{below}"), error)
            return
        self.check_customer(response, customer)
        assert self.request("get_trial", actor, f"{path}/trial").body == model.shown_trial(customer)
        entries = self.all_rows("get_history", actor, {}, "entries", f"{path}/history")
        for entry in entries:
            request_id = entry.pop("request_id")
            assert (request_id is None) == (entry["by"] == "schedule") or customer.level == "root", entry
        assert entries == model.shown_history(customer)
        accounts = self.all_rows("list_accounts", actor, {"customer_id": customer.id}, "accounts")
        expected = [model.shown_account(each) for each in model.accounts.values() if each.customer is customer]
        assert sorted(accounts, key=_id) == sorted(expected, key=_id)
        options = self.request("get_options", actor, f"{path}/options").body
        assert options["may_add"] == (actor.has_permission("change_customers") and customer.archived_at is None)
        assert tuple(each["level"] for each in options["levels"]) == ALLOWED_CHILDREN[customer.level]
        hosted = {each["code"] for each in options["device_countries"] if each["storage_location"] == each["code"]}
        assert hosted == set(model.hosted)
        assert {each["code"]: each["lands_in"] for each in options["storage_locations"]} == model.hosted
        assert all(each["lands_in"] == model.hosted.get(each["code"]) for each in options["device_countries"])
        for each in options["levels"]:
            provided = None if each["level"] == "site" else list(customer.services_to_provide)
            assert each["fields"]["service_type"]["values"] == provided
        for device in model.devices_of(customer):
            shown = self.request(f"get_{device.what}", actor, device.path).body
            assert shown == model.shown_device(device)
        for prefix in ("", "ST"):
            query = {"parent_id": customer.id, "name_prefix": prefix}
            children = self.all_rows("list_customers", actor, query, "customers")
            expected = [each for each in model.children(customer) if fold_name(each.name).startswith(prefix.lower())]
            assert children == list(map(model.shown, sorted(expected, key=lambda each: fold_name(each.name))))

    @rule(actor_index=actor_indexes, index=indexes)
    def read_audit(self, actor_index: int, index: int) -> None:
        """Read who changed what within a customer."""
        actor = self.account_at(actor_index)
        self._read_audit(actor, self.pick_customer(index, actor))

    def _read_audit(self, actor: Account, top: Customer) -> None:
        """Compare the audit with the histories of all customers, and with the accounts to which it leads."""
        model = self.model
        if error := model.access_error(actor, top, "read_audit"):
            self.accepted(self.request("get_audit", actor, query={"within": top.id}), error)
            return
        entries = self.all_rows("get_audit", actor, {"within": top.id}, "entries")
        keys = Counter((each["customer_id"], each["account_id"], each["event"], each["at"], each["version"],
                        str(each["changes"])) for each in entries)  # fmt: skip
        assert max(keys.values(), default=1) == 1
        # The root finds the trees of its distributors, so not that of one that was removed, once it is deleted.
        removed = [each for each in model.customers.values() if each.level == "distributor" and model.is_removed(each)]
        found_by = [each for each in model.customers.values() if not any(each.within(gone) for gone in removed)]
        ids = {each.id for each in found_by}
        entries = [each for each in entries if each["customer_id"] in ids]
        shown = sorted((each["customer_id"], each["at"], each["event"], each["by"]) for each in entries
                       if each["account_id"] is None and each["event"] in OF_CUSTOMERS)  # fmt: skip
        within, since = [each for each in found_by if each.within(top)], format_timestamp(model.now - AUDITED)
        expected = sorted(
            (each.id, entry["at"], entry["event"], entry["by"])
            for each in within
            for entry in model.shown_history(each)
            if entry["by"] != "schedule"  # the audit has what people and machines did
            and entry["at"] >= since
            and (entry["event"] != "customer_entered_production" or each.ended_by)  # or it began in production
            and (entry["event"] != "customer_added" or each.level != "root")
        )
        assert shown == expected, set(shown) ^ set(expected)
        for account in model.accounts.values():
            is_forgotten = format_timestamp(account.created_at) < since
            if account.customer not in within or account.id == ROOT_ACCOUNT.id or is_forgotten:
                continue
            changes = [each["changes"] for each in reversed(entries) if each["account_id"] == account.id]
            folded = {name: change["to"] for each in changes for name, change in each.items() if "to" in change}
            found = (folded["role"], bool(folded.get("disabled")), bool(folded.get("removed")))
            assert found == (account.role, account.disabled, account.removed)

    @rule(actor_index=actor_indexes, index=indexes, archived=st.booleans())
    def read_subtree(self, actor_index: int, index: int, archived: bool) -> None:
        """Read the lists over a subtree."""
        actor = self.account_at(actor_index)
        self._read_subtree(actor, self.pick_customer(index, actor), archived=archived)

    def _read_subtree(self, actor: Account, top: Customer, *, archived: bool) -> None:
        model = self.model
        if error := model.access_error(actor, top, "read"):
            for function in ("list_customers", "list_accounts"):
                self.accepted(self.request(function, actor, query={"within": top.id}), error)
            for function, below in (("check_storage", "storage-check"), ("list_devices", "devices")):
                self.accepted(self.request(function, actor, f"/customers/{top.id}/{below}"), error)
            return
        query = {"within": top.id, "archived": str(archived).lower()}
        listed = self.all_rows("list_customers", actor, query, "customers")
        assert listed == [model.shown(customer) for customer in sorted_by_path(model.subtree(top, archived=archived))]
        for filters in ({"state": "in_trial", "level": "end_customer"}, {"state": "in_production"}, {"level": "site"}):
            found = self.all_rows("list_customers", actor, query | filters, "customers")
            assert found == [each for each in listed if filters.items() <= each.items()]
        accounts = self.all_rows("list_accounts", actor, {"within": top.id}, "accounts")
        below = [each for each in model.accounts.values() if each.customer.within(top)]
        if top.level == "root":
            # An account of a removed customer is listed until DynamoDB deletes the record of its distributor.
            listed_ids = {each["id"] for each in accounts}
            below = [each for each in below if not model.is_removed(each.customer) or each.id in listed_ids]
        assert sorted(accounts, key=_id) == sorted(map(model.shown_account, below), key=_id)
        drift = self.all_rows("check_storage", actor, {}, "drift", f"/customers/{top.id}/storage-check")
        assert drift == model.shown_drift(top)
        rows = self.all_rows(
            "list_devices", actor, {"columns": ",".join(DASHBOARD_COLUMNS)}, "rows", f"/customers/{top.id}/devices"
        )
        assert sorted(rows, key=_id) == sorted(self.rows(top), key=_id)

    def rows(self, top: Customer) -> list[dict[str, Any]]:
        """Return the expected rows of the dashboard."""
        rows = []
        for device in self.model.devices.values():
            customer = device.customer
            if not customer.within(top):
                continue
            shown, shown_customer = self.model.shown_device(device), self.model.shown(customer)
            same = {name: shown[name] for name in DASHBOARD_COLUMNS if name in shown}
            rows.append({
                **same, "customer": customer.name, "level": customer.level, "state": shown_customer["state"],
                "service_type": shown_customer["service_type"], "country": COUNTRY_NAMES[customer.device_country],
                "device_kind": device.kind,
                "storage_location": shown["actual"] and shown["actual"]["name"],
                "expected_storage_location": COUNTRY_NAMES[customer.storage_location],
            })  # fmt: skip
        return rows

    @rule(actor_index=actor_indexes, index=indexes, archived=st.booleans())
    def read_invoicing(self, actor_index: int, index: int, archived: bool) -> None:
        actor = self.account_at(actor_index)
        self._read_invoicing(actor, self.pick_customer(index, actor), archived=archived)

    def _read_invoicing(self, actor: Account, top: Customer, *, archived: bool) -> None:
        model, path = self.model, f"/customers/{top.id}/invoicing"
        this = model.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        for month in (this, (this - timedelta(days=1)).replace(day=1)):  # this month, and the month before
            query = {"month": f"{month:%Y-%m}", "archived": str(archived).lower()}
            if error := model.access_error(actor, top, "read_invoicing"):
                self.accepted(self.request("get_invoicing", actor, path, query=query), error)
            else:
                rows = self.all_rows("get_invoicing", actor, query, "rows", path)
                assert rows == model.shown_invoicing(top, month, archived=archived)

    @rule(actor_index=actor_indexes)
    def read_me(self, actor_index: int) -> None:
        actor, model = self.account_at(actor_index), self.model
        response = self.request("get_me", actor)
        if self.accepted(response, model.access_error(actor, actor.customer, "read")):
            permissions = sorted(operation for operation in PERMISSIONS[actor.role] if actor.has_permission(operation))
            lineage = [each for each in model.customers.values() if actor.customer.within(each)]
            manager = next((each.account_manager for each in lineage if each.level == "distributor"), None)
            shown = {"account": model.shown_account(actor), "customer": model.shown(actor.customer), "may": permissions,
                     "account_manager": manager}  # fmt: skip
            assert response.body == shown

    @rule(actor_index=actor_indexes, index=indexes)
    def read_account(self, actor_index: int, index: int) -> None:
        """Read an account. Its customer may be archived or removed."""
        actor, account = self.account_at(actor_index), self.account_at(index)
        error = inactive_error(actor)
        error = error or (None if actor.can_see(account.customer) else (404, "not_found"))
        response = self.request("get_account", actor, f"/accounts/{account.id}")
        if self.accepted(response, error):
            assert response.body == self.model.shown_account(account)

    @rule(actor_index=actor_indexes, index=indexes, system=systems, value=values)
    def find_by_reference(self, actor_index: int, index: int, system: str, value: str) -> None:
        actor, model = self.account_at(actor_index), self.model
        within = self.pick_customer(index, actor)
        path = f"/references/{system}/{quote(value)}"
        response = self.request("get_customer_by_reference", actor, path, query={"within": within.id})
        customer, error = (
            model.customer_with_reference(within, system, value),
            model.access_error(actor, within, "read"),
        )
        if not error:
            error = model.access_error(actor, customer, "read") if customer else (404, "not_found")
        if self.accepted(response, error) and customer:
            self.check_customer(response, customer)
