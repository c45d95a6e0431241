"""Steps that read, and compare what is shown with the model."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.values.countries import COUNTRY_NAMES
from tests.simulation.model import (
    BELOW,
    MAY,
    Account,
    Company,
    folded,
    in_order,
    why_not_active,
)
from tests.simulation.steps.common import LOOK, Steps, _id, actors, places, systems, values


class LookingSteps(Steps):
    """Steps that read, and compare what is shown with the model."""

    @rule(who=actors, place=places)
    def look(self, who: int, place: int) -> None:
        """One customer, with its trial, its history, its accounts, its children, and what may be added below it."""
        by = self.who(who)
        self._look(by, self.some(place, by))

    def _look(self, by: Account, of: Company) -> None:
        model = self.model
        path, why = f"/customers/{of.id}", model.why_not(by, of, "read")
        called = self.ask("get_customer", by, path)
        if not self.held(called, why):
            for function, below in (("get_trial", "trial"), ("get_history", "history"), ("get_options", "options")):
                self.held(self.ask(function, by, f"{path}/{below}"), why)
            return
        self.looks_right(called, of)
        assert self.ask("get_trial", by, f"{path}/trial").body == model.shown_trial(of)
        entries = self.pages("get_history", by, {}, "entries", f"{path}/history")
        for entry in entries:
            request_id = entry.pop("request_id")
            assert (request_id is None) == (entry["by"] == "schedule") or of.level == "root", entry
        assert entries == model.shown_history(of)
        accounts = self.pages("list_accounts", by, {"customer_id": of.id}, "accounts")
        expected = [model.shown_account(each) for each in model.accounts.values() if each.customer is of]
        assert sorted(accounts, key=_id) == sorted(expected, key=_id)
        options = self.ask("get_options", by, f"{path}/options").body
        assert options["may_add"] == (by.may("change_customers") and of.archived_at is None)
        assert tuple(each["level"] for each in options["levels"]) == BELOW[of.level]
        hosted = {each["code"] for each in options["device_countries"] if each["storage_location"] == each["code"]}
        assert hosted == {each["code"] for each in options["storage_locations"]} == set(model.hosted)
        for each in options["levels"]:
            provided = None if each["level"] == "site" else list(of.services_to_provide)
            assert each["fields"]["service_type"]["values"] == provided
        for device in model.devices_of(of):
            shown = self.ask("get_test_device", by, f"{path}/test-devices/{device.id}").body
            assert shown == model.shown_device(device)
        for prefix in ("", "ST"):
            query = {"parent_id": of.id, "name_prefix": prefix}
            children = self.pages("list_customers", by, query, "customers")
            expected = [each for each in model.children(of) if folded(each.name).startswith(prefix.lower())]
            assert children == list(map(model.shown, sorted(expected, key=lambda each: folded(each.name))))

    @rule(who=actors, place=places, archived=st.booleans())
    def look_at_all_below(self, who: int, place: int, archived: bool) -> None:
        """The lists over a subtree."""
        by = self.who(who)
        self._look_below(by, self.some(place, by), archived=archived)

    def _look_below(self, by: Account, top: Company, *, archived: bool) -> None:
        model = self.model
        if why := model.why_not(by, top, "read"):
            for function in ("list_customers", "list_accounts"):
                self.held(self.ask(function, by, query={"within": top.id}), why)
            for function, below in (("check_storage", "storage-check"), ("list_devices", "devices")):
                self.held(self.ask(function, by, f"/customers/{top.id}/{below}"), why)
            return
        query = {"within": top.id, "archived": str(archived).lower()}
        listed = self.pages("list_customers", by, query, "customers")
        assert listed == [model.shown(of) for of in in_order(model.subtree(top, archived=archived))]
        for some in ({"state": "in_trial", "level": "end_customer"}, {"state": "in_production"}, {"level": "site"}):
            found = self.pages("list_customers", by, query | some, "customers")
            assert found == [each for each in listed if some.items() <= each.items()]
        accounts = self.pages("list_accounts", by, {"within": top.id}, "accounts")
        below = [each for each in model.accounts.values() if each.customer.within(top)]
        if top.level == "root":  # those of a removed customer: until DynamoDB deletes the record of its distributor
            kept = {each["id"] for each in accounts}
            below = [each for each in below if not model.gone(each.customer) or each.id in kept]
        assert sorted(accounts, key=_id) == sorted(map(model.shown_account, below), key=_id)
        drift = self.pages("check_storage", by, {}, "drift", f"/customers/{top.id}/storage-check")
        assert drift == model.shown_drift(top)
        rows = self.pages("list_devices", by, {"columns": ",".join(LOOK)}, "rows", f"/customers/{top.id}/devices")
        assert sorted(rows, key=_id) == sorted(self.rows(top), key=_id)

    def rows(self, top: Company) -> list[dict[str, Any]]:
        """The dashboard."""
        rows = []
        for device in self.model.devices.values():
            of = device.customer
            if not of.within(top):
                continue
            shown, customer = self.model.shown_device(device), self.model.shown(of)
            same = {name: shown[name] for name in LOOK if name in shown}
            rows.append({
                **same, "customer": of.name, "level": of.level, "state": customer["state"],
                "service_type": customer["service_type"], "country": COUNTRY_NAMES[of.device_country],
                "storage_location": COUNTRY_NAMES[device.actual] if device.actual else None,
                "expected_storage_location": COUNTRY_NAMES[of.storage_location],
            })  # fmt: skip
        return rows

    @rule(who=actors, place=places, archived=st.booleans())
    def look_at_invoicing(self, who: int, place: int, archived: bool) -> None:
        by = self.who(who)
        self._look_at_invoicing(by, self.some(place, by), archived=archived)

    def _look_at_invoicing(self, by: Account, top: Company, *, archived: bool) -> None:
        model, path = self.model, f"/customers/{top.id}/invoicing"
        this = model.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        for month in (this, (this - timedelta(days=1)).replace(day=1)):  # and the one before, which is billed
            query = {"month": f"{month:%Y-%m}", "archived": str(archived).lower()}
            if why := model.why_not(by, top, "read_invoicing"):
                self.held(self.ask("get_invoicing", by, path, query=query), why)
            else:
                rows = self.pages("get_invoicing", by, query, "rows", path)
                assert rows == model.shown_invoicing(top, month, archived=archived)

    @rule(who=actors)
    def look_at_oneself(self, who: int) -> None:
        by, model = self.who(who), self.model
        called = self.ask("get_me", by)
        if self.held(called, model.why_not(by, by.customer, "read")):
            may = sorted(operation for operation in MAY[by.role] if by.may(operation))
            shown = {"account": model.shown_account(by), "customer": model.shown(by.customer), "may": may}
            assert called.body == shown

    @rule(who=actors, place=places)
    def look_at_an_account(self, who: int, place: int) -> None:
        """Whatever became of its customer."""
        by, account = self.who(who), self.who(place)
        why = why_not_active(by)
        why = why or (None if by.sees(account.customer) else (404, "not_found"))
        called = self.ask("get_account", by, f"/accounts/{account.id}")
        if self.held(called, why):
            assert called.body == self.model.shown_account(account)

    @rule(who=actors, place=places, system=systems, value=values)
    def find_by_reference(self, who: int, place: int, system: str, value: str) -> None:
        by, model = self.who(who), self.model
        within = self.some(place, by)
        path = f"/customers/by-reference/{system}/{quote(value)}"
        called = self.ask("get_customer_by_reference", by, path, query={"within": within.id})
        of, why = model.holder(within, system, value), model.why_not(by, within, "read")
        if not why:
            why = model.why_not(by, of, "read") if of else (404, "not_found")
        if self.held(called, why) and of:
            self.looks_right(called, of)
