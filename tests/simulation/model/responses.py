"""The expected body of each response."""

from datetime import datetime, timedelta
from typing import Any

from shared.values.countries import COUNTRY_NAMES
from shared.values.timestamps import format_timestamp
from tests.simulation.model.records import (
    DAY,
    MONTH,
    PLAIN_FIELDS,
    Account,
    Customer,
    Device,
    Entry,
    country_response,
    sorted_by_path,
)
from tests.simulation.model.state import ModelState


class Responses(ModelState):
    """The expected bodies, built from the model."""

    def shown(self, customer: Customer) -> dict[str, Any]:
        source, since = customer.source, self.production_start(customer)
        ends = source.trial_ends_at
        lands_in = self.hosted.get(customer.storage_location)
        return {
            "id": customer.id,
            "name": customer.name,
            "level": customer.level,
            "parent_id": customer.parent.id if customer.parent else None,
            "path": customer.path,
            "service_type": source.service_type,
            "inherited_from": None if source is customer else source.id,
            "services_to_provide": list(customer.services_to_provide),
            "device_country": country_response(customer.device_country),
            "storage_location": {**(country_response(customer.storage_location) or {}), **customer.location_decision},
            "lands_in": country_response(lands_in) if lands_in else None,
            "notices": self._elsewhere(customer.storage_location, lands_in),
            "state": "in_production" if since else "in_trial",
            "trial": {
                "started_at": format_timestamp(ends - MONTH),
                "ends_at": format_timestamp(ends),
                "days_left": self.days_left(source),
            }
            if ends
            else None,
            "production_since": format_timestamp(since) if since else None,
            "references": customer.references,
            **{name: getattr(customer, name) for name in PLAIN_FIELDS},
            "archive": customer.archived_at
            and {
                "archived_at": format_timestamp(customer.archived_at),
                "removed_at": format_timestamp(customer.archived_at + MONTH),
            },
            "version": customer.version,
            "created_at": format_timestamp(customer.created_at),
            "created_by": customer.created_by,
        }

    def days_left(self, source: Customer) -> int:
        days, ends = 0, source.trial_ends_at
        while ends and self.production_start(source) is None and self.now + days * DAY < ends:
            days += 1
        return days

    def shown_trial(self, customer: Customer) -> dict[str, Any]:
        source = customer.source
        since, ends = self.production_start(source), source.trial_ends_at
        return {
            "customer_id": customer.id,
            "inherited_from": None if source is customer else source.id,
            "state": "in_production" if since else "in_trial",
            "started_at": format_timestamp(ends - MONTH) if ends else None,
            "ends_at": format_timestamp(ends) if ends else None,
            "days_left": self.days_left(source),
            "reminders": [
                {"days_before": days, "sent_at": format_timestamp(at)} for days, at in source.reminders.items()
            ],
            "ended_at": format_timestamp(since) if ends and since else None,
            "ended_by": (source.ended_by or "schedule") if ends and since else None,
        }

    def landing_today(self, shown: dict[str, Any]) -> dict[str, Any]:
        """Return an earlier response, with where the data of its customer or device lands by today's routing."""
        if "is_test" in shown:
            return {**shown, **self._landing_of_device(shown["expected"]["code"])}
        if "lands_in" not in shown:
            return shown
        location = shown["storage_location"]["code"]
        lands_in = self.hosted.get(location)
        landing = {"lands_in": country_response(lands_in) if lands_in else None}
        return {**shown, **landing, "notices": self._elsewhere(location, lands_in)}

    @staticmethod
    def _elsewhere(location: str, lands_in: str | None) -> list[dict[str, str]]:
        if lands_in == location:
            return []
        of = f"the data of the storage location {COUNTRY_NAMES[location]}"
        detail = (
            f"Today {of} lands in {COUNTRY_NAMES[lands_in]}."
            if lands_in
            else f"Today no data centre stores {of}. Contact support."
        )
        return [{"code": "lands_elsewhere", "detail": detail}]

    def shown_history(self, customer: Customer) -> list[dict[str, Any]]:
        found = [Entry(customer.created_at, "customer_added", customer.created_by, None, customer.added)]
        for days, at in customer.reminders.items():
            found.append(Entry(at, "trial_ending", "schedule", None, {"days_before": {"from": None, "to": days}}))
        since = self.production_start(customer)
        if customer.level == "end_customer" and since and (customer.production_since or not customer.archived_at):
            actor = (customer.ended_by or "schedule") if customer.trial_ends_at else customer.created_by
            into = {"production_since": {"from": None, "to": format_timestamp(since)}}
            found.append(Entry(since, "customer_entered_production", actor, None, into))
        entries = sorted([*found, *customer.changes], key=lambda entry: entry.at)
        return [{**entry._asdict(), "at": format_timestamp(entry.at)} for entry in entries]

    def shown_device(self, device: Device) -> dict[str, Any]:
        return {
            "id": device.id,
            "customer_id": device.customer.id,
            "name": device.name,
            "kind": device.kind,
            "is_test": device.kind is None,
            "invoiced": bool(device.end_customer and self.production_start(device.end_customer)),
            **self._landing_of_device(device.customer.storage_location),
            "created_at": format_timestamp(device.created_at),
            "created_by": device.created_by,
            "version": device.version,
        }

    def _landing_of_device(self, expected: str) -> dict[str, Any]:
        actual = self.hosted.get(expected)
        return {
            "expected": country_response(expected),
            "actual": country_response(actual),
            "matches": actual == expected,
            "catalogue_version": len(self.catalogues),
        }

    def shown_account(self, account: Account) -> dict[str, Any]:
        expires_at = account.invited_at + timedelta(days=7) if account.invited_at else None
        status = account.status
        identity = "ready" if account.synced >= account.version else "pending"
        if status == "invited" and expires_at and self.now >= expires_at:
            status = "invitation_expired"
        if account.has_lost_address and status == "invited":
            status = "undeliverable"
        return {
            "id": account.id,
            "kind": account.kind,
            "customer_id": account.customer.id,
            "email": account.email,
            "display_name": account.display_name,
            "role": account.role,
            "status": status,
            "invited_at": format_timestamp(account.invited_at) if account.invited_at else None,
            "invitation_expires_at": format_timestamp(expires_at) if expires_at and status != "active" else None,
            "invitation_failure": "email_taken" if account.has_lost_address else None,
            "identity": "failed" if account.has_lost_address else identity,
            "second_factor": False,
            "signed_in_at": format_timestamp(account.signed_in_at) if account.signed_in_at else None,
            "version": account.version,
            "created_at": format_timestamp(account.created_at),
            "created_by": account.created_by,
        }

    def shown_drift(self, top: Customer) -> list[dict[str, Any]]:
        """Return the customers whose data is stored outside their storage location, by the current catalogue."""
        return [
            {
                "customer_id": customer.id,
                "name": customer.name,
                "level": customer.level,
                "path": customer.path,
                "expected": country_response(customer.storage_location),
                "actual": country_response(self.hosted.get(customer.storage_location)),
            }
            for customer in sorted_by_path(self.subtree(top))
            if self.hosted.get(customer.storage_location) != customer.storage_location
        ]

    def shown_invoicing(self, top: Customer, month: datetime, *, archived: bool) -> list[dict[str, Any]]:
        """Return the end-customers that are invoiced in the month that starts at `month`."""
        after = (month + 31 * DAY).replace(day=1)
        rows = []
        for customer in sorted_by_path(self.subtree(top, archived=archived)):
            since, end = self.production_start(customer), min(customer.archived_at or after, after)
            if customer.level != "end_customer" or since is None or max(since, month) >= end:
                continue
            days = [month + number * DAY for number in range((after - month).days)]
            days = [
                day for day in days if day < end and day + DAY > since and not (customer.trial_ends_at and day < since)
            ]
            remaining = [
                day for day in days if not any(begin <= day and day + DAY <= stop for begin, stop in customer.archives)
            ]
            if days and not remaining:
                continue
            row = {name: getattr(customer, name) for name in ("name", "path", "service_type", "references")}
            times = {
                "invoice_from": format_timestamp(since),
                "start": format_timestamp(max(since, month)),
                "end": format_timestamp(end),
            }
            device_days = self._device_days(customer, [day for day in remaining if day <= self.now])
            rows.append(
                {"customer_id": customer.id, **row, **times, "days": len(remaining), "device_days": device_days}
            )
        return rows

    def _device_days(self, customer: Customer, days: list[datetime]) -> dict[str, int]:
        """Return the device days by kind, device by device and day by day."""
        found = {"workstation": 0, "server": 0}
        for device in self.every_device:
            if device.kind and device.end_customer is customer:
                last = device.removed_at or self.now
                found[device.kind] += sum(device.created_at.date() <= day.date() <= last.date() for day in days)
        return found
