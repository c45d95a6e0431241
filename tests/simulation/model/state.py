"""What the model stores, and how customers relate."""

from datetime import datetime
from typing import Any

from tests.simulation.model.records import MONTH, Account, Company, Device, folded


class ModelState:
    """`customers`, `accounts` and `devices` are what is there, by id; `catalogues` all versions, the last in force."""

    def __init__(self, root: Company, account: Account, hosted: dict[str, str]) -> None:
        self.now = root.created_at
        self.root = root
        self.customers = {root.id: root}
        self.accounts = {account.id: account}
        self.devices: dict[str, Device] = {}
        self.views: dict[str, dict[str, list[str]]] = {}  # by account, by name
        self.catalogues = [hosted]  # a country -> where its data lands
        self.replaced_by = [account.id]
        self.told: dict[tuple[str, str | None, int], dict[str, Any]] = {}  # events: kind, of whom, sequence -> facts
        self.tell_of(root, "customer_added", parent_id=None, trial_ends_at=None, invoice_from=None)
        self.tell_of_account(account, "account_added")
        self.told["storage_locations_replaced", None, 1] = {}

    @property
    def hosted(self) -> dict[str, str]:
        return self.catalogues[-1]

    def gone(self, of: Company) -> bool:
        """Archived for thirty days: it counts as removed."""
        return of.archived_at is not None and self.now >= of.archived_at + MONTH

    def children(self, parent: Company, *, archived: bool = False) -> list[Company]:
        return [
            each
            for each in self.customers.values()
            if each.parent is parent and (archived or each.archived_at is None) and not self.gone(each)
        ]

    def subtree(self, top: Company, *, archived: bool = False) -> list[Company]:
        """What stands at and below a customer and is not archived, or is."""
        return [
            each
            for each in self.customers.values()
            if each.within(top) and (each.archived_at is not None) == archived and not self.gone(each)
        ]

    def devices_of(self, of: Company) -> list[Device]:
        return [device for device in self.devices.values() if device.customer is of]

    def taken(self, parent: Company, name: str, but: Company | None = None) -> Company | None:
        kin = (each for each in self.children(parent, archived=True) if each is not but)
        return next((each for each in kin if folded(each.name) == folded(name)), None)

    def holder(self, at: Company, system: str, value: str) -> Company | None:
        """Who has the reference, in the tree in which what stands at or below `at` has its own."""
        for each in self.customers.values():
            same = each.references.get(system) == value
            if same and each.parent and each.parent.tree is at.tree and not self.gone(each):
                return each
        return None

    def since(self, of: Company) -> datetime | None:
        """In production since when."""
        source = of.source
        since = source.production_since
        if since is None and source.trial_ends_at and self.now >= source.trial_ends_at:
            since = source.trial_ends_at
        return since and max(since, of.created_at)
