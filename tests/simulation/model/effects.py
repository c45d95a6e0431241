"""The changes of successful requests in the model, and the events that they publish."""

from datetime import datetime
from typing import Any

from shared.values.countries import COUNTRY_NAMES
from shared.values.timestamps import format_timestamp
from tests.simulation.model.records import (
    DAY,
    MONTH,
    PERSONAL_FIELDS,
    PLAIN_FIELDS,
    Account,
    Customer,
    Device,
    Entry,
    country_response,
    to_json,
)
from tests.simulation.model.state import ModelState


class Effects(ModelState):
    """The changes and the events of each successful request."""

    def add(self, id: str, actor: Account, body: dict[str, Any]) -> Customer:
        """Add the customer of a successful request."""
        location = self.storage_location_for(body["device_country"], body.get("storage_location"))
        assert location
        trial, site = body.get("in_trial"), body["level"] == "site"
        self.customers[id] = Customer(
            id, body["level"], self.customers[body["parent_id"]], body["name"], body.get("service_type"),
            tuple(sorted(body.get("services_to_provide", ()))), body["device_country"], location,
            body.get("references", {}),
            self.decision("hosted" if body["device_country"] in self.hosted else "chosen", body["device_country"]),
            self.now, actor.id,
            trial_ends_at=self.now + MONTH if trial else None, production_since=None if trial or site else self.now,
            plain={name: body[name] for name in PLAIN_FIELDS if name in body},
        )  # fmt: skip
        customer = self.customers[id]
        since = customer.production_since if customer.level == "end_customer" else None
        details = {
            "parent_id": customer.parent and customer.parent.id,
            "trial_ends_at": customer.trial_ends_at,
            "invoice_from": since,
        }
        self.expect_customer_event(customer, "customer_added", **details)
        if since:
            self.expect_customer_event(customer, "customer_entered_production", invoice_from=since, ended_by=None)
        return customer

    def expect_customer_event(self, customer: Customer, kind: str, **details: Any) -> None:
        """Expect an event with these details and the fields that the customer has now."""
        names = ("name", "path", "level", "service_type", "device_country", "storage_location", "references")
        known = {"customer_id": customer.id, **{name: getattr(customer, name) for name in names}}
        self.events[kind, customer.id, customer.version] = {
            **known,
            **{name: to_json(value) for name, value in details.items()},
        }

    def expect_account_event(self, account: Account, kind: str) -> None:
        details = {"customer_id": account.customer.id, "role": account.role, "status": account.status}
        self.events[kind, account.id, account.version] = details

    def expect_device_event(self, device: Device, kind: str, sequence: int) -> None:
        expected = device.customer.storage_location
        actual = self.hosted.get(expected)
        details = {"customer_id": device.customer.id, "expected_location": expected, "storage_location": actual,
                   "matches": actual == expected}  # fmt: skip
        if device.kind:
            details["end_customer_id"] = device.end_customer.id if device.end_customer else None
        self.events[f"{device.what}_{kind}", device.id, sequence] = details

    def start_production(self, customer: Customer, actor: Account) -> None:
        self._in_production(customer, self.now, actor.id)

    def _in_production(self, customer: Customer, since: datetime, actor: str) -> None:
        customer.production_since, customer.ended_by, customer.version = since, actor, customer.version + 1
        self.expect_customer_event(customer, "customer_entered_production", invoice_from=since, ended_by=actor)

    def replace_catalogue(self, actor: Account, routes: dict[str, str]) -> None:
        self.catalogues.append(routes)
        self.replaced_by.append(actor.id)
        self.events["storage_locations_replaced", None, len(self.catalogues)] = {}

    def decision(self, decided: str, country: str = "") -> dict[str, Any]:
        """Return how a location was decided. `country`: the device country at the creation, unless by support."""
        explanation = {
            "hosted": f"Set at creation by the device country then, {COUNTRY_NAMES.get(country)}.",
            "chosen": f"Chosen at creation: the device country then, {COUNTRY_NAMES.get(country)}, hosted no storage.",
            "support": "Changed by support. The history has the reason.",
        }[decided]
        return {
            "decided": decided, "decided_for": country_response(country), "explanation": explanation,
            "catalogue_version": len(self.catalogues), "decided_at": format_timestamp(self.now),
        }  # fmt: skip

    def add_device(self, id: str, actor: Account, customer: Customer, kind: str | None = None) -> Device:
        self.devices[id] = device = Device(id, customer, kind, self.now, actor.id)
        self.every_device.append(device)
        self.expect_device_event(device, "added", 1)
        return device

    def remove_device(self, device: Device) -> None:
        device.removed_at = max(self.now, device.created_at)
        self.expect_device_event(device, "removed", device.version + 1)
        del self.devices[device.id]

    def add_account(self, id: str, actor: Account, customer: Customer, body: dict[str, Any]) -> Account:
        new = Account(
            id, customer, body["kind"], body.get("email"), body["display_name"], body["role"], self.now, actor.id
        )
        self.accounts[id] = new
        new.synced = int(new.kind == "api")  # the request creates its user first
        self.expect_account_event(new, "account_added")
        return new

    def lose_address(self, account: Account) -> None:
        """Take the address from an account, because another customer invites the person."""
        self.change_account(account, email=None, has_lost_address=True, invited_at=None)

    def change_account(self, account: Account, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(account, name, value)
        account.version += 1
        self.expect_account_event(account, "account_changed")

    def sign_in(self, account: Account) -> None:
        """Store the time of the first sign-in. Later ones change nothing."""
        if account.signed_in_at is None and not account.has_lost_address:
            was_synced = account.synced >= account.version
            self.change_account(account, signed_in_at=self.now)
            account.synced = account.version if was_synced else account.synced

    def remove_account(self, account: Account) -> None:
        account.removed, account.version = True, account.version + 1
        del self.accounts[account.id]
        self.expect_account_event(account, "account_removed")

    def change(self, customer: Customer, event: str, actor: Account, reason: str | None = None, **fields: Any) -> bool:
        """Change the customer. Return False if every field already has its value."""
        changed = {name: value for name, value in fields.items() if value != getattr(customer, name)}
        if not changed:
            return False
        customer.version += 1
        changes = {
            name: {} if name in PERSONAL_FIELDS else {"from": to_json(getattr(customer, name)), "to": to_json(value)}
            for name, value in changed.items()
        }
        customer.changes.append(Entry(self.now, event, actor.id, customer.version, changes, reason))
        before = customer.storage_location
        for name, value in changed.items():
            setattr(customer, name, value)
        details: dict[str, Any] = {
            "customer_changed": {"changes": changes},
            "storage_location_changed": {"previous_location": before, "reason": reason},
            "customer_archived": {"archived_at": customer.archived_at, "removed_at": self.now + MONTH},
            "customer_restored": dict(
                zip(("archived_at", "restored_at"), (customer.archives or [()])[-1], strict=False)
            ),
        }
        self.expect_customer_event(customer, event, changed_by=actor.id, **details[event])
        return True

    def run_schedule(self) -> None:
        """End the trials that are over, and publish the reminders that are due."""
        for customer in self.customers.values():
            ends = customer.trial_ends_at
            if customer.archived_at or not ends or customer.production_since:
                continue
            if ends <= self.now:
                self._in_production(customer, ends, "schedule")
                continue
            due = min((days for days in (7, 3, 1) if ends - days * DAY <= self.now), default=7)
            if ends - due * DAY <= self.now and due < min(customer.reminders, default=99):
                customer.reminders[due], customer.version = self.now, customer.version + 1
                self.expect_customer_event(customer, "trial_ending", trial_ends_at=ends, days_before=due)
