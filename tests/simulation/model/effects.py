"""What a successful request changes, and which events it publishes."""

from datetime import datetime
from typing import Any

from shared.values.timestamps import format_timestamp
from tests.simulation.model.records import DAY, MONTH, Account, Company, Device, Entry, _plain
from tests.simulation.model.state import ModelState


class Effects(ModelState):
    """What a successful request changes, and which events it publishes."""

    def add(self, id: str, by: Account, body: dict[str, Any]) -> Company:
        """The customer of a request that is not refused."""
        location = self.decided(body["device_country"], body.get("storage_location"))
        assert location
        trial, site = body.get("in_trial"), body["level"] == "site"
        self.customers[id] = Company(
            id, body["level"], self.customers[body["parent_id"]], body["name"], body.get("service_type"),
            tuple(sorted(body.get("services_to_provide", ()))), body["device_country"], location,
            body.get("references", {}),
            self.decision("hosted" if body["device_country"] in self.hosted else "chosen"), self.now, by.id,
            trial_ends_at=self.now + MONTH if trial else None, production_since=None if trial or site else self.now,
        )  # fmt: skip
        of = self.customers[id]
        since = of.production_since if of.level == "end_customer" else None
        facts = {"parent_id": of.parent and of.parent.id, "trial_ends_at": of.trial_ends_at, "invoice_from": since}
        self.tell_of(of, "customer_added", **facts)
        if since:
            self.tell_of(of, "customer_entered_production", invoice_from=since, ended_by=None)
        return of

    def tell_of(self, of: Company, kind: str, **facts: Any) -> None:
        """Expect an event of a customer, with what it holds of the customer now."""
        names = ("name", "path", "level", "service_type", "device_country", "storage_location", "references")
        known = {"customer_id": of.id, **{name: getattr(of, name) for name in names}}
        self.told[kind, of.id, of.version] = {**known, **{name: _plain(value) for name, value in facts.items()}}

    def tell_of_account(self, account: Account, kind: str) -> None:
        facts = {"customer_id": account.customer.id, "role": account.role, "status": account.status}
        self.told[kind, account.id, account.version] = facts

    def tell_of_device(self, device: Device, kind: str, sequence: int) -> None:
        locations = {"expected_location": device.expected, "storage_location": device.actual}
        facts = {"customer_id": device.customer.id, "matches": device.actual == device.expected, **locations}
        self.told[kind, device.id, sequence] = facts

    def start_production(self, of: Company, by: Account) -> None:
        self._in_production(of, self.now, by.id)

    def _in_production(self, of: Company, since: datetime, by: str) -> None:
        of.production_since, of.ended_by, of.version = since, by, of.version + 1
        self.tell_of(of, "customer_entered_production", invoice_from=since, ended_by=by)

    def replace_catalogue(self, by: Account, routes: dict[str, str]) -> None:
        self.catalogues.append(routes)
        self.replaced_by.append(by.id)
        self.told["storage_locations_replaced", None, len(self.catalogues)] = {}

    def decision(self, decided: str) -> dict[str, Any]:
        return {"decided": decided, "catalogue_version": len(self.catalogues), "decided_at": format_timestamp(self.now)}

    def add_device(self, id: str, by: Account, of: Company) -> Device:
        actual = self.hosted.get(of.storage_location)
        self.devices[id] = Device(id, of, actual, of.storage_location, len(self.catalogues), self.now, by.id)
        self.tell_of_device(self.devices[id], "test_device_added", 1)
        return self.devices[id]

    def remove_device(self, device: Device) -> None:
        device.removed = True
        self.tell_of_device(device, "test_device_removed", 2)
        del self.devices[device.id]

    def add_account(self, id: str, by: Account, of: Company, body: dict[str, Any]) -> Account:
        new = Account(id, of, body["kind"], body.get("email"), body["display_name"], body["role"], self.now, by.id)
        self.accounts[id] = new
        self.tell_of_account(new, "account_added")
        if new.kind == "api":  # its sign-in is made at once
            new.synced = 1
            self.tell_of_account(new, "account_changed")
        return new

    def change_account(self, account: Account, **fields: Any) -> None:
        before = account.role, account.status
        for name, value in fields.items():
            setattr(account, name, value)
        account.version += 1
        if before != (account.role, account.status):
            self.tell_of_account(account, "account_changed")

    def sign_in(self, account: Account) -> None:
        """The first time counts."""
        if account.signed_in_at is None:
            follows = account.synced >= account.version
            self.change_account(account, signed_in_at=self.now)
            account.synced = account.version if follows else account.synced

    def remove_account(self, account: Account) -> None:
        account.removed, account.version = True, account.version + 1
        del self.accounts[account.id]
        self.tell_of_account(account, "account_removed")

    def change(self, of: Company, event: str, by: Account, reason: str | None = None, **fields: Any) -> bool:
        """Whether anything is another than before."""
        changed = {name: value for name, value in fields.items() if value != getattr(of, name)}
        if not changed:
            return False
        of.version += 1
        told = {name: {"from": _plain(getattr(of, name)), "to": _plain(value)} for name, value in changed.items()}
        of.changes.append(Entry(self.now, event, by.id, of.version, told, reason))
        before = of.storage_location
        for name, value in changed.items():
            setattr(of, name, value)
        facts: dict[str, Any] = {
            "customer_changed": {"changes": told},
            "storage_location_changed": {"previous_location": before, "reason": reason},
            "customer_archived": {"archived_at": of.archived_at, "removed_at": self.now + MONTH},
            "customer_restored": dict(zip(("archived_at", "restored_at"), (of.archives or [()])[-1], strict=False)),
        }
        self.tell_of(of, event, changed_by=by.id, **facts[event])
        return True

    def run_schedule(self) -> None:
        for of in self.customers.values():
            ends = of.trial_ends_at
            if of.archived_at or not ends or of.production_since:
                continue
            if ends <= self.now:
                self._in_production(of, ends, "schedule")
                continue
            due = min((days for days in (7, 3, 1) if ends - days * DAY <= self.now), default=7)
            if ends - due * DAY <= self.now and due < min(of.reminders, default=99):
                of.reminders[due], of.version = self.now, of.version + 1
                self.tell_of(of, "trial_ending", trial_ends_at=ends, days_before=due)
