"""Steps that change, archive, restore and move customers."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.values.timestamps import format_timestamp
from tests.calls import Called
from tests.simulation.model import (
    REFUSED,
    Account,
    Company,
    merged,
)
from tests.simulation.steps.common import Steps, actors, changes, countries, near, offs, places, services, values


class ChangingSteps(Steps):
    """Steps that change, archive, restore and move customers."""

    @rule(who=actors, place=places, fields=changes, off=offs)
    def change(self, who: int, place: int, fields: dict[str, Any], off: int) -> None:
        """Any of the fields; what its level refuses is left out, mostly."""
        by = self.who(who)
        of = self.some(place, by)
        if place % 4:
            fields = {name: value for name, value in fields.items() if name not in REFUSED.get(of.level, ())}
        if of.level == "root":
            fields = {name: value for name, value in fields.items() if name.startswith("service")}
        self._change(by, of, fields, off)

    def _change(self, by: Account, of: Company, fields: dict[str, Any], off: int = 0) -> None:
        model = self.model
        at = near(of.version, off)
        why = model.why_not_changed(by, of, fields, at)

        def ask() -> Called:
            path = f"/customers/{of.id}"
            return self.ask("change_customer", by, path, at=at, body=fields)

        called = ask()
        if not self.held(called, why):
            return
        model.change(of, "customer_changed", by, **merged(of, fields))
        abroad = of.version > at and "device_country" in of.changes[-1].changes
        self.looks_right(called, of, ["storage_location_unchanged"] if abroad else [])
        assert ask().body == called.body  # its answer was lost

    @rule(who=actors, place=places, value=st.one_of(values, st.none()), off=offs)
    def change_or_take_a_reference(self, who: int, place: int, value: str | None, off: int) -> None:
        by = self.who(who)
        of = self.some(place, by, lambda each: each.references)
        for system in list(of.references)[:1]:
            self._change(by, of, {"references": {system: value}}, off)

    @rule(place=places, value=values)
    def ask_for_somebody_elses_reference(self, place: int, value: str) -> None:
        """One who does not see that customer is not told who it is."""
        of = self.some(place, self.who(0), lambda each: each.level not in ("root", "distributor"))
        if not of.parent:
            return
        self._change(self.who(0), of, {"references": {"crm": value}})
        for by in list(self.model.accounts.values()):
            at = by.customer
            if not by.sees(of) and at.parent and at.parent.tree is of.parent.tree:
                self._change(by, at, {"references": {"crm": value}})

    @rule(who=actors, place=places, code=countries, off=offs)
    def move_storage(self, who: int, place: int, code: str, off: int) -> None:
        by, model = self.who(who), self.model
        of = self.some(place, by)
        at, body = near(of.version, off), {"country": code, "reason": " a\n reason "}

        def ask() -> Called:
            return self.ask("change_storage_location", by, f"/customers/{of.id}/storage-location", at=at, body=body)

        why = model.why_not_moved(by, of, code, at)
        called = ask()
        if not self.held(called, why):
            return
        if model.change(of, "storage_location_changed", by, "a reason", storage_location=code):
            of.decided = model.decision("support")
        self.looks_right(called, of)
        assert ask().body == called.body  # its answer was lost

    @rule(who=actors, place=places, off=offs)
    def archive(self, who: int, place: int, off: int) -> None:
        by = self.who(who)
        of = self.some(place, by, lambda each: not self.model.children(each) or each is by.customer)
        self._archive(by, of, off)

    def _archive(self, by: Account, of: Company, off: int = 0) -> None:
        model = self.model
        at = near(of.version, off)
        why = model.why_not_archived(by, of, at)
        called = self.ask("archive_customer", by, f"/customers/{of.id}", at=at)
        if not self.held(called, why):
            return
        if of.archived_at is None:
            model.change(of, "customer_archived", by, archived_at=model.now)
        self.looks_right(called, of)

    @rule(who=actors, place=places, off=offs)
    def restore(self, who: int, place: int, off: int) -> None:
        by = self.who(who)
        self._restore(by, self.some(place, by, lambda each: each.archived_at or place % 5 == 0), off)

    def _restore(self, by: Account, of: Company, off: int = 0) -> None:
        model = self.model
        at = near(of.version, off)
        why = model.why_not_restored(by, of, at)
        called = self.ask("restore_customer", by, f"/customers/{of.id}/restore", at=at)
        if not self.held(called, why):
            return
        if of.archived_at is not None:
            of.archives.append((of.archived_at, model.now))
            model.change(of, "customer_restored", by, archived_at=None)
        self.looks_right(called, of)

    @rule(place=places, services=services, days=st.sampled_from([0, 29]))
    def leave_and_come_back(self, place: int, services: tuple[str, ...], days: int) -> None:
        """A customer is archived, its trial may end, its parent provides something else, and it is to be restored."""
        by = self.who(0)
        of = self.some(place, by, lambda each: each.parent and each.level != "site" and not self.model.children(each))
        if of.parent:
            self._archive(by, of)
            self.jump(days, 0)
            self._look(by, of)
            self._change(by, of.parent, {"services_to_provide": services})
            self._restore(by, of)

    @rule(place=places, days=st.lists(st.sampled_from([1, 2, 3, 4, 20, 23, 27]), min_size=1, max_size=4))
    def a_trial_goes_by(self, place: int, days: list[int]) -> None:
        """Its customer is looked at before and after each run of the schedule."""
        by = self.who(0)
        parent = self.some(place, by, lambda each: each.level == "reseller" and not each.archived_at)
        if parent.level != "reseller":
            return
        new = {"name": f"Trial {self.number}", "device_country": "DE"}
        body = self.body_below(parent, new, place, fitting=True)
        self._add(by, {**body, "in_trial": True})
        of = list(self.model.customers.values())[-1]
        for some in days:
            self.jump(some, 0)
            self._look(by, of)
            self.schedule(1)
            self._look(by, of)

    @rule(place=places, services=services)
    def a_family_leaves(self, place: int, services: tuple[str, ...]) -> None:
        """A customer and then its parent are archived; neither can come back in the wrong order."""
        by, model = self.who(0), self.model
        of = self.some(place, by, lambda each: each.parent and each.parent.parent and not model.children(each))
        if of.parent:
            for each in (of, of.parent):
                self._archive(by, each)
            self._look_below(by, of.parent, archived=True)
            for each in (of, of.parent, of):
                self._restore(by, each)
                self._change(by, of.parent, {"services_to_provide": services})

    @rule(who=actors, place=places, off=offs, trial=st.booleans())
    def start_production(self, who: int, place: int, off: int, trial: bool) -> None:
        by, model = self.who(who), self.model
        of = self.some(place, by, lambda each: each.trial_ends_at or not trial)
        at = near(of.version, off)
        why = model.why_no_production(by, of, at)
        called = self.ask("start_production", by, f"/customers/{of.id}/production", at=at)
        if not self.held(called, why):
            return
        now = model.since(of) is None
        if now:
            model.start_production(of, by)
        since = model.since(of)
        assert since
        assert called.body == {
            "customer_id": of.id, "state": "in_production", "production_since": format_timestamp(since),
            "ended_now": now, "ended_by": (of.ended_by or "schedule") if of.trial_ends_at else None,
            "version": of.version,
        }  # fmt: skip
