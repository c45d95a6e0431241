"""The expected error of each request, or None for success."""

from typing import Any

from tests.builders import ROOT_ACCOUNT
from tests.simulation.model.records import (
    ALLOWED_CHILDREN,
    READ_OPERATIONS,
    REJECTED_FIELDS,
    Account,
    Customer,
    ExpectedError,
    fold_name,
    inactive_error,
    merge_references,
    stale_version,
)
from tests.simulation.model.state import ModelState


class ExpectedErrors(ModelState):
    """The expected error of each request. The order of the checks is that of the API."""

    def access_error(
        self, actor: Account, customer: Customer, operation: str, *, archived: bool = False
    ) -> ExpectedError:
        """Return the error if the account may not do this at the customer, or the customer is archived."""
        if error := inactive_error(actor):
            return error
        if self.is_removed(customer) or not actor.can_see(customer):
            return 404, "not_found"
        if not actor.has_permission(operation):
            return 403, "forbidden"
        if customer.archived_at and not archived and operation not in READ_OPERATIONS:
            return 409, "archived"
        return None

    def storage_location_for(self, device_country: str, requested: str | None) -> str | None:
        """Return where the data is stored, or None for a request that is invalid."""
        if device_country in self.hosted:
            return device_country if requested in (None, device_country) else None
        return requested if requested in self.hosted else None

    def add_error(self, actor: Account, body: dict[str, Any]) -> ExpectedError:
        parent = self.customers[body["parent_id"]]
        if error := self.access_error(actor, parent, "change_customers"):
            return error
        sent = {name for name, value in body.items() if value is not None}
        rejected = {
            *REJECTED_FIELDS[body["level"]],
            *(() if body["level"] == "end_customer" else ("in_trial",)),
        }
        required = {"service_type", "services_to_provide"} - rejected
        needs = {*body.get("services_to_provide", ()), *([body["service_type"]] if "service_type" in body else ())}
        if (
            body["level"] not in ALLOWED_CHILDREN[parent.level]
            or sent & rejected
            or required - sent
            or self.storage_location_for(body["device_country"], body.get("storage_location")) is None
            or not needs <= set(parent.services_to_provide)
        ):
            return 422, "broken_rules"
        if other := self.customer_with_name(parent, body["name"]):
            return 409, "name_exists", ("customer_id", other.id)
        return self.reference_error(actor, parent, body.get("references", {}), None)

    def reference_error(
        self, actor: Account, parent: Customer, references: dict[str, Any], itself: Customer | None
    ) -> ExpectedError:
        """Return the error. It contains the id of the other customer only if the account can see that customer."""
        for system, value in references.items():
            other = self.customer_with_reference(parent, system, value)
            if other not in (None, itself):
                return 409, "reference_exists", ("customer_id", other.id if other and actor.can_see(other) else None)
        return None

    def change_error(
        self, actor: Account, customer: Customer, fields: dict[str, Any], version: int | None
    ) -> ExpectedError:
        if error := self.access_error(actor, customer, "change_customers"):
            return error
        if version is not None and self.repeated(actor, customer, "customer_changed", version):
            same = all(value == getattr(customer, name) for name, value in merge_references(customer, fields).items())
            # The API reads the children only before a write, and a repeated request does not write.
            error = self.services_error(customer, fields, children=[])
            return error or (None if same else stale_version(customer))
        if version not in (None, customer.version):
            return stale_version(customer)
        of_the_root = {"references", "account_manager"} & set(fields)
        if of_the_root and customer.level == "distributor" and actor.customer is customer:
            return 403, "forbidden"
        return self.services_error(customer, fields) or self.uniqueness_error(actor, customer, fields)

    def repeated(self, actor: Account, customer: Customer, event: str, version: int) -> bool:
        """Return whether this may be a repetition of the request that made the last change."""
        last = customer.changes[-1] if customer.changes else None
        return bool(last) and (event, actor.id, version + 1, version + 1) == (
            last.event,
            last.by,
            last.version,
            customer.version,
        )

    def uniqueness_error(self, actor: Account, customer: Customer, fields: dict[str, Any]) -> ExpectedError:
        """Return the error if the name exists among the siblings or a reference exists in the tree."""
        if customer.parent is None:
            return None
        if "name" in fields and (other := self.customer_with_name(customer.parent, fields["name"], itself=customer)):
            return 409, "name_exists", ("customer_id", other.id)
        references = merge_references(customer, fields)["references"] if "references" in fields else {}
        return self.reference_error(actor, customer.parent, references, customer)

    def existing(self, body: dict[str, Any], error: ExpectedError) -> Customer | None:
        """Return the customer that causes a conflict, unless it is archived or contradicts `body`."""
        if error is None or error[1] not in ("name_exists", "reference_exists"):
            return None
        found = self.customers.get(error[2][1] or "") if len(error) > 2 else None
        return None if found is None or found.archived_at or self.contradicts(body, found) else found

    @staticmethod
    def contradicts(body: dict[str, Any], customer: Customer) -> bool:
        """Return whether the body of a new customer contradicts this customer."""
        values = {
            "parent_id": customer.parent and customer.parent.id,
            "level": customer.level,
            "device_country": customer.device_country,
            "storage_location": customer.storage_location,
            "service_type": customer.service_type,
            "in_trial": customer.trial_ends_at is not None,
        }
        if any(body[name] != value for name, value in values.items() if body.get(name) is not None):
            return True
        services = set(body.get("services_to_provide", customer.services_to_provide))
        references = set(body.get("references", {}).items()) - set(customer.references.items())
        return services != set(customer.services_to_provide) or bool(references)

    def services_error(
        self, customer: Customer, fields: dict[str, Any], children: list[Customer] | None = None
    ) -> ExpectedError:
        """Return the error if the level lacks the field, the parent a service, or if a child needs a removed one."""
        if set(REJECTED_FIELDS[customer.level]) & set(fields):
            return 422, "broken_rules"
        provided = set(customer.parent.services_to_provide) if customer.parent else set()
        requested = {
            *fields.get("services_to_provide", ()),
            *([fields["service_type"]] if "service_type" in fields else ()),
        }
        removed = set(customer.services_to_provide) - set(
            fields.get("services_to_provide", customer.services_to_provide)
        )
        children = self.children(customer) if children is None else children
        if not requested <= provided or any(removed & child.needs for child in children):
            return 422, "broken_rules"
        return None

    def storage_location_error(self, actor: Account, customer: Customer, code: str, version: int) -> ExpectedError:
        if error := self.access_error(actor, customer, "support"):
            return error
        repeated = self.repeated(actor, customer, "storage_location_changed", version)
        if version != customer.version and not repeated:
            return stale_version(customer)
        if code not in self.hosted:
            return 422, "broken_rules"
        return stale_version(customer) if repeated and code != customer.storage_location else None

    def archive_error(self, actor: Account, customer: Customer, version: int) -> ExpectedError:
        """Return the error. Archiving an archived customer again succeeds and changes nothing."""
        error = self.access_error(actor, customer, "change_customers", archived=True)
        if error or customer.archived_at:
            return error
        if version != customer.version:
            return stale_version(customer)
        if actor.customer is customer:
            return 403, "forbidden"
        children = sorted(self.children(customer), key=lambda each: fold_name(each.name))
        devices = sorted(self.devices_of(customer), key=lambda each: (fold_name(each.name), each.id))
        blocking = [each.id for each in (*children, *devices)][:100]
        return (409, "archive_blocked", ("blocking", tuple(blocking))) if blocking else None

    def restore_error(self, actor: Account, customer: Customer, version: int) -> ExpectedError:
        error = self.access_error(actor, customer, "change_customers", archived=True)
        if error or not customer.archived_at:
            return error
        if version != customer.version:
            return stale_version(customer)
        if actor.customer is customer:
            return 403, "forbidden"
        if customer.parent is None or customer.parent.archived_at:
            return 409, "archived"
        return None if customer.needs <= set(customer.parent.services_to_provide) else (422, "broken_rules")

    def production_error(self, actor: Account, customer: Customer, version: int) -> ExpectedError:
        if error := self.access_error(actor, customer, "change_customers"):
            return error
        if customer.level == "site":
            return 422, "broken_rules"
        return (
            stale_version(customer) if self.production_start(customer) is None and version != customer.version else None
        )

    def add_device_error(self, actor: Account, customer: Customer, kind: str | None = None) -> ExpectedError:
        if error := self.access_error(actor, customer, "change_devices"):
            return error
        if kind:
            return None if customer.level in ("reseller", "end_customer", "site") else (422, "broken_rules")
        is_full = sum(device.kind is None for device in self.devices_of(customer)) == 10
        return (409, "too_many_test_devices") if is_full else None

    def add_account_error(self, actor: Account, customer: Customer, body: dict[str, Any]) -> ExpectedError:
        """Return the error.

        The e-mail addresses of a removed customer's accounts can be used again, and those at which nobody has signed in
        by other customers.
        """
        if error := self.access_error(actor, customer, "change_accounts"):
            return error
        if (body.get("email") is None) == (body["kind"] == "person"):
            return 422, "broken_rules"
        if actor.is_below(body["role"]):
            return 403, "forbidden"
        other = self.account_with_email(body.get("email"))
        if other is None or self.is_removed(other.customer):
            return None
        is_kept = other.signed_in_at or other.customer is customer or other.id == ROOT_ACCOUNT.id
        return (409, "email_exists") if is_kept else None

    def account_with_email(self, email: str | None) -> Account | None:
        found = (each for each in self.accounts.values() if email and (each.email or "").lower() == email.lower())
        return next(found, None)

    def account_access_error(self, actor: Account, account: Account) -> ExpectedError:
        """Return the error of changing or removing an account. Its customer may be archived or removed."""
        if error := inactive_error(actor):
            return error
        if account.removed or not actor.can_see(account.customer):
            return 404, "not_found"
        if not actor.has_permission("change_accounts") or actor.is_below(account.role):
            return 403, "forbidden"
        return None

    def change_account_error(
        self, actor: Account, account: Account, fields: dict[str, Any], version: int
    ) -> ExpectedError:
        if error := self.account_access_error(actor, account):
            return error
        fields = {name: value for name, value in fields.items() if value != getattr(account, name)}
        if account is actor and {"role", "disabled"} & set(fields):
            return 422, "broken_rules"
        if "role" in fields and actor.is_below(fields["role"]):
            return 403, "forbidden"
        if version != account.version and (fields or version + 1 != account.version):
            return stale_version(account)
        stays_super_user = fields.get("role", "super_user") == "super_user" and not fields.get("disabled")
        return self.last_super_user_error(account) if not stays_super_user else None

    def remove_account_error(self, actor: Account, account: Account, version: int) -> ExpectedError:
        if error := self.account_access_error(actor, account):
            return error
        if version != account.version:
            return stale_version(account)
        return (403, "forbidden") if account is actor else self.last_super_user_error(account)

    def last_super_user_error(self, account: Account) -> ExpectedError:
        """Return the error if this removes the last active super_user of a customer that is not archived."""
        super_users = [each for each in self.accounts.values() if each.customer is account.customer and each.counts]
        return (409, "last_super_user") if super_users == [account] and not account.customer.archived_at else None
