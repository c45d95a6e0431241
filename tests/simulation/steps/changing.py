"""Steps that change, archive and restore customers, move their storage, and start their production."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.values.timestamps import format_timestamp
from tests.calls import Called
from tests.simulation.model import (
    REJECTED_FIELDS,
    Account,
    Customer,
    merge_references,
)
from tests.simulation.steps.common import (
    Steps,
    actor_indexes,
    changes,
    countries,
    indexes,
    offset_version,
    offsets,
    services,
    values,
)


class ChangingSteps(Steps):
    """Steps that change, archive and restore customers, move their storage, and start their production."""

    @rule(actor_index=actor_indexes, index=indexes, fields=changes, offset=offsets)
    def change(self, actor_index: int, index: int, fields: dict[str, Any], offset: int) -> None:
        """Change some fields, usually only those that the level allows."""
        actor = self.account_at(actor_index)
        customer = self.pick_customer(index, actor)
        if index % 4:
            fields = {name: value for name, value in fields.items() if name not in REJECTED_FIELDS[customer.level]}
        if customer.level == "root":
            fields = {name: value for name, value in fields.items() if name.startswith("service")}
        self._change(actor, customer, fields, offset)

    def _change(self, actor: Account, customer: Customer, fields: dict[str, Any], offset: int = 0) -> None:
        model = self.model
        version = offset_version(customer.version, offset)
        error = model.change_error(actor, customer, fields, version)

        def send() -> Called:
            path = f"/customers/{customer.id}"
            return self.request("change_customer", actor, path, version=version, body=fields)

        response = send()
        if not self.accepted(response, error):
            return
        model.change(customer, "customer_changed", actor, **merge_references(customer, fields))
        abroad = customer.version > version and "device_country" in customer.changes[-1].changes
        self.check_customer(response, customer, ["storage_location_unchanged"] if abroad else [])
        assert send().body == response.body  # repeated, as if its response was lost

    @rule(actor_index=actor_indexes, index=indexes, value=st.one_of(values, st.none()), offset=offsets)
    def change_or_remove_reference(self, actor_index: int, index: int, value: str | None, offset: int) -> None:
        actor = self.account_at(actor_index)
        customer = self.pick_customer(index, actor, lambda each: each.references)
        for system in list(customer.references)[:1]:
            self._change(actor, customer, {"references": {system: value}}, offset)

    @rule(index=indexes, value=values)
    def request_reference_of_hidden_customer(self, index: int, value: str) -> None:
        """The error names the customer that has the reference only to accounts that can see it."""
        customer = self.pick_customer(index, self.account_at(0), lambda each: each.level not in ("root", "distributor"))
        if not customer.parent:
            return
        self._change(self.account_at(0), customer, {"references": {"crm": value}})
        for actor in list(self.model.accounts.values()):
            own = actor.customer
            if not actor.can_see(customer) and own.parent and own.parent.tree is customer.parent.tree:
                self._change(actor, own, {"references": {"crm": value}})

    @rule(actor_index=actor_indexes, index=indexes, code=countries, offset=offsets)
    def move_storage(self, actor_index: int, index: int, code: str, offset: int) -> None:
        actor, model = self.account_at(actor_index), self.model
        customer = self.pick_customer(index, actor)
        version, body = offset_version(customer.version, offset), {"country": code, "reason": " a\n reason "}

        def send() -> Called:
            return self.request(
                "change_storage_location",
                actor,
                f"/customers/{customer.id}/storage-location",
                version=version,
                body=body,
            )

        error = model.storage_location_error(actor, customer, code, version)
        response = send()
        if not self.accepted(response, error):
            return
        if model.change(customer, "storage_location_changed", actor, "a reason", storage_location=code):
            customer.location_decision = model.decision("support")
        self.check_customer(response, customer)
        assert send().body == response.body  # repeated, as if its response was lost

    @rule(actor_index=actor_indexes, index=indexes, offset=offsets)
    def archive(self, actor_index: int, index: int, offset: int) -> None:
        actor = self.account_at(actor_index)
        customer = self.pick_customer(
            index, actor, lambda each: not self.model.children(each) or each is actor.customer
        )
        self._archive(actor, customer, offset)

    def _archive(self, actor: Account, customer: Customer, offset: int = 0) -> None:
        model = self.model
        version = offset_version(customer.version, offset)
        error = model.archive_error(actor, customer, version)
        response = self.request("archive_customer", actor, f"/customers/{customer.id}", version=version)
        if not self.accepted(response, error):
            return
        if customer.archived_at is None:
            model.change(customer, "customer_archived", actor, archived_at=model.now)
        self.check_customer(response, customer)

    @rule(actor_index=actor_indexes, index=indexes, offset=offsets)
    def restore(self, actor_index: int, index: int, offset: int) -> None:
        actor = self.account_at(actor_index)
        self._restore(actor, self.pick_customer(index, actor, lambda each: each.archived_at or index % 5 == 0), offset)

    def _restore(self, actor: Account, customer: Customer, offset: int = 0) -> None:
        model = self.model
        version = offset_version(customer.version, offset)
        error = model.restore_error(actor, customer, version)
        response = self.request("restore_customer", actor, f"/customers/{customer.id}/restore", version=version)
        if not self.accepted(response, error):
            return
        if customer.archived_at is not None:
            customer.archives.append((customer.archived_at, model.now))
            model.change(customer, "customer_restored", actor, archived_at=None)
        self.check_customer(response, customer)

    @rule(index=indexes, services=services, days=st.sampled_from([0, 29]))
    def archive_and_restore(self, index: int, services: tuple[str, ...], days: int) -> None:
        """A customer is archived, its trial may end, its parent changes its services, and the customer is restored."""
        actor = self.account_at(0)
        customer = self.pick_customer(
            index, actor, lambda each: each.parent and each.level != "site" and not self.model.children(each)
        )
        if customer.parent:
            self._archive(actor, customer)
            self.advance_clock(days, 0)
            self._read_customer(actor, customer)
            self._change(actor, customer.parent, {"services_to_provide": services})
            self._restore(actor, customer)

    @rule(index=indexes, days=st.lists(st.sampled_from([1, 2, 3, 4, 20, 23, 27]), min_size=1, max_size=4))
    def run_a_trial(self, index: int, days: list[int]) -> None:
        """A trial passes. Its customer is read before and after each run of the schedule."""
        actor = self.account_at(0)
        parent = self.pick_customer(index, actor, lambda each: each.level == "reseller" and not each.archived_at)
        if parent.level != "reseller":
            return
        new = {"name": f"Trial {self.number}", "device_country": "DE"}
        body = self.child_body(parent, new, index, fitting=True)
        self._add(actor, {**body, "in_trial": True})
        customer = list(self.model.customers.values())[-1]
        for number in days:
            self.advance_clock(number, 0)
            self._read_customer(actor, customer)
            self.run_schedule(1)
            self._read_customer(actor, customer)

    @rule(index=indexes, services=services)
    def archive_child_and_parent(self, index: int, services: tuple[str, ...]) -> None:
        """A customer and then its parent are archived. They cannot be restored in the wrong order."""
        actor, model = self.account_at(0), self.model
        customer = self.pick_customer(
            index, actor, lambda each: each.parent and each.parent.parent and not model.children(each)
        )
        if customer.parent:
            for each in (customer, customer.parent):
                self._archive(actor, each)
            self._read_subtree(actor, customer.parent, archived=True)
            for each in (customer, customer.parent, customer):
                self._restore(actor, each)
                self._change(actor, customer.parent, {"services_to_provide": services})

    @rule(actor_index=actor_indexes, index=indexes, offset=offsets, trial=st.booleans())
    def start_production(self, actor_index: int, index: int, offset: int, trial: bool) -> None:
        actor, model = self.account_at(actor_index), self.model
        customer = self.pick_customer(index, actor, lambda each: each.trial_ends_at or not trial)
        version = offset_version(customer.version, offset)
        error = model.production_error(actor, customer, version)
        response = self.request("start_production", actor, f"/customers/{customer.id}/production", version=version)
        if not self.accepted(response, error):
            return
        now = model.production_start(customer) is None
        if now:
            model.start_production(customer, actor)
        since = model.production_start(customer)
        assert since
        assert response.body == {
            "customer_id": customer.id, "state": "in_production", "production_since": format_timestamp(since),
            "ended_now": now, "ended_by": (customer.ended_by or "schedule") if customer.trial_ends_at else None,
            "version": customer.version,
        }  # fmt: skip
