"""Why a request is refused, and with which code."""

from typing import Any

from tests.simulation.model.records import (
    BELOW,
    READING,
    REFUSED,
    Account,
    Company,
    Why,
    folded,
    merged,
    stale,
    why_not_active,
)
from tests.simulation.model.state import ModelState


class Refusals(ModelState):
    """Why a request is refused, and with which code."""

    def why_not(self, by: Account, of: Company, operation: str, *, archived: bool = False) -> Why:
        """Refuses for who asks, and for the customer it is about."""
        if why := why_not_active(by):
            return why
        if self.gone(of) or not by.sees(of):
            return 404, "not_found"
        if not by.may(operation):
            return 403, "forbidden"
        if of.archived_at and not archived and operation not in READING:
            return 409, "archived"
        return None

    def decided(self, device_country: str, wanted: str | None) -> str | None:
        """Where the data goes, `None` where the request is wrong."""
        if device_country in self.hosted:
            return device_country if wanted in (None, device_country) else None
        return wanted if wanted in self.hosted else None

    def why_not_added(self, by: Account, body: dict[str, Any]) -> Why:
        above = self.customers[body["parent_id"]]
        if why := self.why_not(by, above, "change_customers"):
            return why
        given = {name for name, value in body.items() if value is not None}
        refused = {*REFUSED.get(body["level"], ()), *(() if body["level"] == "end_customer" else ("in_trial",))}
        required = {"service_type", "services_to_provide"} - refused
        needs = {*body.get("services_to_provide", ()), *([body["service_type"]] if "service_type" in body else ())}
        if (
            body["level"] not in BELOW[above.level]
            or given & refused
            or required - given
            or self.decided(body["device_country"], body.get("storage_location")) is None
            or not needs <= set(above.services_to_provide)
        ):
            return 422, "broken_rules"
        if other := self.taken(above, body["name"]):
            return 409, "name_exists", ("customer_id", other.id)
        return self.why_not_referred(by, above, body.get("references", {}), None)

    def why_not_referred(self, by: Account, at: Company, references: dict[str, Any], but: Company | None) -> Why:
        """Who has the reference is told to those who see that customer."""
        for system, value in references.items():
            other = self.holder(at, system, value)
            if other not in (None, but):
                return 409, "reference_exists", ("customer_id", other.id if other and by.sees(other) else None)
        return None

    def why_not_changed(self, by: Account, of: Company, fields: dict[str, Any], version: int | None) -> Why:
        if why := self.why_not(by, of, "change_customers"):
            return why
        if version is not None and self.repeated(by, of, "customer_changed", version):
            same = all(value == getattr(of, name) for name, value in merged(of, fields).items())
            return self.why_not_served(of, fields) or (None if same else stale(of))
        if version not in (None, of.version):
            return stale(of)
        if "references" in fields and of.level == "distributor" and by.customer is of:
            return 403, "forbidden"
        return self.why_not_served(of, fields) or self.why_not_free(by, of, fields)

    def repeated(self, by: Account, of: Company, event: str, version: int) -> bool:
        """Whether this may be the request that made the last change, sent again."""
        last = of.changes[-1] if of.changes else None
        return bool(last) and (event, by.id, version + 1, version + 1) == (
            last.event,
            last.by,
            last.version,
            of.version,
        )

    def why_not_free(self, by: Account, of: Company, fields: dict[str, Any]) -> Why:
        """The name among its siblings, the references in its tree."""
        if of.parent is None:
            return None
        if "name" in fields and (other := self.taken(of.parent, fields["name"], but=of)):
            return 409, "name_exists", ("customer_id", other.id)
        references = merged(of, fields)["references"] if "references" in fields else {}
        return self.why_not_referred(by, of.parent, references, of)

    def why_not_served(self, of: Company, fields: dict[str, Any]) -> Why:
        """What the level takes, what the parent provides, and what children need."""
        if set(REFUSED.get(of.level, ())) & set(fields):
            return 422, "broken_rules"
        above = set(of.parent.services_to_provide) if of.parent else set()
        wanted = {
            *fields.get("services_to_provide", ()),
            *([fields["service_type"]] if "service_type" in fields else ()),
        }
        taken = set(of.services_to_provide) - set(fields.get("services_to_provide", of.services_to_provide))
        if not wanted <= above or any(taken & child.needs for child in self.children(of)):
            return 422, "broken_rules"
        return None

    def why_not_moved(self, by: Account, of: Company, code: str, version: int) -> Why:
        if why := self.why_not(by, of, "support"):
            return why
        repeated = self.repeated(by, of, "storage_location_changed", version)
        if version != of.version and not repeated:
            return stale(of)
        if code not in self.hosted:
            return 422, "broken_rules"
        return stale(of) if repeated and code != of.storage_location else None

    def why_not_archived(self, by: Account, of: Company, version: int) -> Why:
        """Nothing is wrong with archiving what is archived."""
        why = self.why_not(by, of, "change_customers", archived=True)
        if why or of.archived_at:
            return why
        if version != of.version:
            return stale(of)
        if by.customer is of:
            return 403, "forbidden"
        children = sorted(self.children(of), key=lambda each: folded(each.name))
        blocking = [each.id for each in children] + sorted(device.id for device in self.devices_of(of))
        return (409, "archive_blocked", ("blocking", tuple(blocking))) if blocking else None

    def why_not_restored(self, by: Account, of: Company, version: int) -> Why:
        why = self.why_not(by, of, "change_customers", archived=True)
        if why or not of.archived_at:
            return why
        if version != of.version:
            return stale(of)
        if by.customer is of:
            return 403, "forbidden"
        if of.parent is None or of.parent.archived_at:
            return 409, "archived"
        return None if of.needs <= set(of.parent.services_to_provide) else (422, "broken_rules")

    def why_no_production(self, by: Account, of: Company, version: int) -> Why:
        if why := self.why_not(by, of, "change_customers"):
            return why
        if of.level == "site":
            return 422, "broken_rules"
        return stale(of) if self.since(of) is None and version != of.version else None

    def why_no_device(self, by: Account, of: Company) -> Why:
        if why := self.why_not(by, of, "change_test_devices"):
            return why
        return (409, "too_many_test_devices") if len(self.devices_of(of)) == 10 else None

    def why_no_account(self, by: Account, of: Company, body: dict[str, Any]) -> Why:
        """The address of a removed customer's account comes free: it is to be asked again."""
        if why := self.why_not(by, of, "change_accounts"):
            return why
        if (body.get("email") is None) == (body["kind"] == "person"):
            return 422, "broken_rules"
        if by.is_below(body["role"]):
            return 403, "forbidden"
        other = self.with_address(body.get("email"))
        if other is None:
            return None
        return (429, "throttled") if self.gone(other.customer) else (409, "email_exists")

    def with_address(self, email: str | None) -> Account | None:
        found = (each for each in self.accounts.values() if email and (each.email or "").lower() == email.lower())
        return next(found, None)

    def why_not_touched(self, by: Account, account: Account) -> Why:
        """Refuses to change or remove an account; whether its customer is still there does not matter."""
        if why := why_not_active(by):
            return why
        if account.removed or not by.sees(account.customer):
            return 404, "not_found"
        if not by.may("change_accounts") or by.is_below(account.role):
            return 403, "forbidden"
        return None

    def why_not_changed_account(self, by: Account, account: Account, fields: dict[str, Any], version: int) -> Why:
        if why := self.why_not_touched(by, account):
            return why
        fields = {name: value for name, value in fields.items() if value != getattr(account, name)}
        if account is by and {"role", "disabled"} & set(fields):
            return 422, "broken_rules"
        if "role" in fields and by.is_below(fields["role"]):
            return 403, "forbidden"
        if version != account.version and (fields or version + 1 != account.version):
            return stale(account)
        stays = fields.get("role", "super_user") == "super_user" and not fields.get("disabled")
        return self.why_needed(account) if not stays else None

    def why_not_removed_account(self, by: Account, account: Account, version: int) -> Why:
        if why := self.why_not_touched(by, account):
            return why
        if version != account.version:
            return stale(account)
        return (403, "forbidden") if account is by else self.why_needed(account)

    def why_needed(self, account: Account) -> Why:
        """Refuses where it is the last super_user of a customer that is not archived."""
        kin = [each for each in self.accounts.values() if each.customer is account.customer and each.counts]
        return (409, "last_super_user") if kin == [account] and not account.customer.archived_at else None
