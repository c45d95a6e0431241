"""The state of the model, and functions that find records in it."""

from datetime import datetime
from typing import Any

from tests.simulation.model.records import MONTH, Account, Customer, Device, fold_name


class ModelState:
    """`customers`, `accounts` and `devices` are by id. The last of `catalogues` is the current one."""

    def __init__(self, root: Customer, account: Account, hosted: dict[str, str]) -> None:
        self.now = root.created_at
        self.root = root
        self.customers = {root.id: root}
        self.accounts = {account.id: account}
        self.devices: dict[str, Device] = {}
        self.every_device: list[Device] = []  # also those that were removed
        self.views: dict[str, dict[str, list[str]]] = {}  # by account, by name
        self.catalogues = [hosted]  # country -> the country where its data lands
        self.replaced_by = [account.id]
        self.events: dict[tuple[str, str | None, int], dict[str, Any]] = {}  # kind, id, sequence -> details
        self.expect_customer_event(root, "customer_added", parent_id=None, trial_ends_at=None, invoice_from=None)
        self.expect_account_event(account, "account_added")
        self.events["storage_locations_replaced", None, 1] = {}

    @property
    def hosted(self) -> dict[str, str]:
        return self.catalogues[-1]

    def is_removed(self, customer: Customer) -> bool:
        """Return whether it is removed, because it was archived at least 30 days ago."""
        return customer.archived_at is not None and self.now >= customer.archived_at + MONTH

    def children(self, parent: Customer, *, archived: bool = False) -> list[Customer]:
        return [
            each
            for each in self.customers.values()
            if each.parent is parent and (archived or each.archived_at is None) and not self.is_removed(each)
        ]

    def subtree(self, top: Customer, *, archived: bool = False) -> list[Customer]:
        """Return the customer and its descendants: the archived ones, or those that are not."""
        return [
            each
            for each in self.customers.values()
            if each.within(top) and (each.archived_at is not None) == archived and not self.is_removed(each)
        ]

    def devices_of(self, customer: Customer) -> list[Device]:
        return [device for device in self.devices.values() if device.customer is customer]

    def customer_with_name(self, parent: Customer, name: str, itself: Customer | None = None) -> Customer | None:
        siblings = (each for each in self.children(parent, archived=True) if each is not itself)
        return next((each for each in siblings if fold_name(each.name) == fold_name(name)), None)

    def customer_with_reference(self, customer: Customer, system: str, value: str) -> Customer | None:
        """Return the customer that has the reference in the same tree as `customer`."""
        for each in self.customers.values():
            same = each.references.get(system) == value
            if same and each.parent and each.parent.tree is customer.tree and not self.is_removed(each):
                return each
        return None

    def production_start(self, customer: Customer) -> datetime | None:
        """Return the start of production. A trial ends on time, even if the schedule has not run yet."""
        source = customer.source
        since = source.production_since
        if since is None and source.trial_ends_at and self.now >= source.trial_ends_at:
            since = source.trial_ends_at
        return since and max(since, customer.created_at)
