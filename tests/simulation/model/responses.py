"""What a response shows."""

from datetime import datetime
from typing import Any

from shared.values.timestamps import format_timestamp
from tests.simulation.model.records import DAY, MONTH, Account, Company, Device, Entry, country, in_order
from tests.simulation.model.state import ModelState


class Responses(ModelState):
    """What a response shows."""

    def shown(self, of: Company) -> dict[str, Any]:
        source, since = of.source, self.since(of)
        ends = source.trial_ends_at
        return {
            "id": of.id,
            "name": of.name,
            "level": of.level,
            "parent_id": of.parent.id if of.parent else None,
            "path": of.path,
            "service_type": source.service_type,
            "inherited_from": None if source is of else source.id,
            "services_to_provide": list(of.services_to_provide),
            "device_country": country(of.device_country),
            "storage_location": {**(country(of.storage_location) or {}), **of.decided},
            "state": "in_production" if since else "in_trial",
            "trial": {"started_at": format_timestamp(ends - MONTH), "ends_at": format_timestamp(ends)}
            if ends
            else None,
            "production_since": format_timestamp(since) if since else None,
            "references": of.references,
            "archive": of.archived_at
            and {
                "archived_at": format_timestamp(of.archived_at),
                "removed_at": format_timestamp(of.archived_at + MONTH),
            },
            "version": of.version,
            "created_at": format_timestamp(of.created_at),
            "created_by": of.created_by,
        }

    def shown_trial(self, of: Company) -> dict[str, Any]:
        source = of.source
        since, ends = self.since(source), source.trial_ends_at
        left = 0
        while ends and since is None and self.now + left * DAY < ends:
            left += 1
        return {
            "customer_id": of.id,
            "inherited_from": None if source is of else source.id,
            "state": "in_production" if since else "in_trial",
            "started_at": format_timestamp(ends - MONTH) if ends else None,
            "ends_at": format_timestamp(ends) if ends else None,
            "days_left": left,
            "reminders": [
                {"days_before": days, "sent_at": format_timestamp(at)} for days, at in source.reminders.items()
            ],
            "ended_at": format_timestamp(since) if ends and since else None,
            "ended_by": (source.ended_by or "schedule") if ends and since else None,
        }

    def shown_history(self, of: Company) -> list[dict[str, Any]]:
        told = [Entry(of.created_at, "customer_added", of.created_by, None, of.added)]
        for days, at in of.reminders.items():
            told.append(Entry(at, "trial_ending", "schedule", None, {"days_before": {"from": None, "to": days}}))
        since = self.since(of)
        if of.level == "end_customer" and since and (of.production_since or not of.archived_at):
            by = (of.ended_by or "schedule") if of.trial_ends_at else of.created_by
            into = {"production_since": {"from": None, "to": format_timestamp(since)}}
            told.append(Entry(since, "customer_entered_production", by, None, into))
        entries = sorted([*told, *of.changes], key=lambda entry: entry.at)
        return [{**entry._asdict(), "at": format_timestamp(entry.at)} for entry in entries]

    def shown_device(self, device: Device) -> dict[str, Any]:
        expected = device.customer.storage_location
        return {
            "id": device.id,
            "customer_id": device.customer.id,
            "name": "Device",
            "test": True,
            "invoiced": False,
            "expected": country(expected),
            "actual": country(device.actual),
            "matches": device.actual == expected,
            "catalogue_version": device.catalogue_version,
            "created_at": format_timestamp(device.created_at),
            "created_by": device.created_by,
        }

    def shown_account(self, account: Account) -> dict[str, Any]:
        return {
            "id": account.id,
            "kind": account.kind,
            "customer_id": account.customer.id,
            "email": account.email,
            "display_name": account.display_name,
            "role": account.role,
            "status": account.status,
            "identity": "ready" if account.synced >= account.version else "pending",
            "signed_in_at": format_timestamp(account.signed_in_at) if account.signed_in_at else None,
            "version": account.version,
            "created_at": format_timestamp(account.created_at),
            "created_by": account.created_by,
        }

    def shown_drift(self, top: Company) -> list[dict[str, Any]]:
        """Whose data lands elsewhere than it should, by the catalogue in force."""
        return [
            {
                "customer_id": of.id,
                "name": of.name,
                "level": of.level,
                "path": of.path,
                "expected": country(of.storage_location),
                "actual": country(self.hosted.get(of.storage_location)),
            }
            for of in in_order(self.subtree(top))
            if self.hosted.get(of.storage_location) != of.storage_location
        ]

    def shown_invoicing(self, top: Company, month: datetime, *, archived: bool) -> list[dict[str, Any]]:
        """Who is invoiced in the month that starts then."""
        after = (month + 31 * DAY).replace(day=1)
        rows = []
        for of in in_order(self.subtree(top, archived=archived)):
            since, end = self.since(of), min(of.archived_at or after, after)
            if of.level != "end_customer" or since is None or max(since, month) >= end:
                continue
            days = [month + number * DAY for number in range((after - month).days)]
            days = [day for day in days if day < end and day + DAY > since and not (of.trial_ends_at and day < since)]
            left = [day for day in days if not any(begin <= day and day + DAY <= stop for begin, stop in of.archives)]
            if days and not left:
                continue
            row = {name: getattr(of, name) for name in ("name", "path", "service_type", "references")}
            times = {
                "invoice_from": format_timestamp(since),
                "start": format_timestamp(max(since, month)),
                "end": format_timestamp(end),
            }
            rows.append({"customer_id": of.id, **row, **times, "days": len(left)})
        return rows
