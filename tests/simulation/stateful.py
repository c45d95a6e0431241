"""Stories of the whole API: hypothesis chooses requests, jumps of the clock, runs of the schedule, deliveries.

The functions are called as Lambda calls them, on `FakeAws`; each answer is held to the `Model`, and the table to its
invariants at the end.

python -m tests.simulation.stateful STORIES SEED
"""

import contextlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shared.aws.observability import log
from shared.values.countries import COUNTRY_NAMES
from shared.values.timestamps import format_timestamp
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, begin_in
from tests.calls import Called, call, invoke
from tests.simulation.deliveries import record
from tests.simulation.fake_aws import FakeAws
from tests.simulation.invariants import violations
from tests.simulation.model import (
    BELOW,
    BOTH,
    MAY,
    REFUSED,
    ROLES,
    Account,
    Company,
    Model,
    Why,
    country,
    folded,
    in_order,
    merged,
    stale,
    why_not_active,
)

MAX_STEPS: Final = 50  # of one story

places = st.integers(min_value=0, max_value=10**6)
actors = st.one_of(st.just(0), places)  # the root's first super_user, or anybody
names = st.sampled_from(["Alpha", "ALPHA", "Beta", "Straße", "STRASSE", "é", "e\u0301", "Gamma"])
services = st.sampled_from([("all_inclusive",), ("software_only",), BOTH])
countries = st.sampled_from(["DE", "FR", "NL", "JP"])
offs = st.sampled_from([0, 0, 0, -1, 7])  # from the version that is there
systems = st.sampled_from(["psa", "crm"])
values = st.sampled_from(["1", "2", "a b"])
people = st.fixed_dictionaries({
    "kind": st.sampled_from(["person", "person", "api"]),
    "email": st.one_of(st.none(), st.integers(0, 5).map(lambda n: f"{'pP'[n % 2]}erson{n // 2}@example.com")),
    "display_name": st.just("Somebody"),
    "role": st.sampled_from(ROLES),
})  # fmt: skip
fields = {
    "service_type": st.sampled_from(BOTH),
    "services_to_provide": services,
    "references": st.dictionaries(systems, values, max_size=2),
}
customers = st.fixed_dictionaries({"name": names, "device_country": countries}, optional=fields)
taken_away = st.dictionaries(systems, st.one_of(values, st.none()), max_size=2)
changes = st.fixed_dictionaries(
    {}, optional={"name": names, "device_country": countries, **fields, "references": taken_away}
)
FUNCTIONS: Final = {"customer": "add_customer", "account": "add_account", "test_device": "add_test_device"}
COUNTS: Final = ("rows", "created", "existed", "refused")
WITH_ERRORS: Final = ("broken_rules", "archive_blocked", "name_exists", "reference_exists", "email_exists")
MAYBE_ERRORS: Final = ("not_found", "archived", "forbidden")  # where an id in the body is meant, or the role
POINTERS: Final = (
    "name", "parent_id", "level", "service_type", "services_to_provide", "device_country", "storage_location",
    "in_trial", "references", "country", "email", "display_name", "role", "disabled", "customer", "accounts",
)  # fmt: skip
REUSED: Final = (422, "idempotency_key_reused")
LOOK: Final = (
    "name", "id", "customer", "customer_id", "level", "state", "service_type", "country", "test", "invoiced",
    "storage_location", "expected_storage_location", "matches", "catalogue_version", "created_at", "created_by",
)  # fmt: skip


@dataclass
class Asked:
    """An addition that was carried out, to be asked for again."""

    function: str
    path: str | None
    body: dict[str, Any]
    key: str
    by: Account
    made: Any  # the record of it in the model
    first: Called


@dataclass
class Onboarding:
    """`done`: by pointer, the record in the model and how it was shown."""

    body: dict[str, Any]
    key: str
    by: Account
    done: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)


class Stories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.aws = FakeAws(NOW)
        self.installed = contextlib.ExitStack()
        self.installed.enter_context(self.aws.installed())
        begin_in(self.aws.store)
        decided = {"decided": "hosted", "catalogue_version": 1, "decided_at": format_timestamp(NOW)}
        who = ROOT_ACCOUNT.id
        root = Company(
            ROOT.id, "root", None, ROOT.name, "all_inclusive", BOTH, "DE", "DE", {}, decided, NOW, who,
            production_since=NOW,
        )  # fmt: skip
        first = Account(who, root, "person", "root@example.com", ROOT_ACCOUNT.display_name, "super_user", NOW, who)
        hosted = {code: code for code in "AU BE BR CA DK FR DE IT NL NO PT ZA ES SE CH GB US".split()}
        self.model = Model(root, first, hosted)
        self.asked: list[Asked] = []
        self.onboardings: list[Onboarding] = []
        self.delivered = 0
        self.number = 0

    def teardown(self) -> None:
        with self.installed:
            if not sys.exc_info()[0]:  # the story went well
                self.at_the_end()

    def at_the_end(self) -> None:
        """Everything is looked at."""
        by = self.who(0)
        for of in list(self.model.customers.values()):
            self._look(by, of)
        for archived in (False, True):
            self._look_below(by, self.model.root, archived=archived)
            self._look_at_invoicing(by, self.model.root, archived=archived)
        for asked in self.asked:
            self._repeat(asked)
        self._deliver(1)
        self.look_at_the_bus()
        self.aws.expire()
        assert violations(self.aws.dynamo) == []

    def look_at_the_bus(self) -> None:
        """Every event that is due, with what it says, and no other one."""
        on_the_bus, ids = {}, set()
        for entry in self.aws.bus.entries:
            told = json.loads(entry["Detail"])
            of = told.get("device_id") or told.get("account_id") or told["customer_id"]
            on_the_bus[entry["DetailType"], of, told["sequence"]] = told
            ids.add(told["event_id"])
        assert len(ids) == len(on_the_bus), "one event has two ids"
        assert on_the_bus.keys() == self.model.told.keys()
        for key, facts in self.model.told.items():
            assert facts == {name: on_the_bus[key][name] for name in facts}

    # ---- how it is asked and answered

    def some(self, place: int, by: Account, among: Callable[[Company], object] | None = None) -> Company:
        """A customer: of those that are asked for if there are any, and mostly one that `by` sees, often their own."""
        every = list(self.model.customers.values())
        seen = [by.customer] if place % 8 == 1 and not among else [each for each in every if by.sees(each)]
        fitting = [each for each in (every if place % 4 == 0 else seen) if among is None or among(each)]
        found = fitting or every
        return found[place // 4 % len(found)]

    def who(self, place: int) -> Account:
        accounts = list(self.model.accounts.values())
        return accounts[place % len(accounts)]

    def new_key(self) -> str:
        self.number += 1
        return f"key-{self.number}"

    @staticmethod
    def ask(function: str, by: Account, path: str | None = None, *, at: int | None = None, **rest: Any) -> Called:
        """A request, `at` being the version of what it changes."""
        headers = {} if at is None else {"if-match": f'"{at}"'}
        return call(function, account=by, path=path, headers=headers | rest.pop("headers", {}), **rest)  # type: ignore[arg-type]

    @staticmethod
    def held(called: Called, why: Why, status: int = 200) -> bool:
        """Whether it was to be carried out; either way it was answered as it should be."""
        if not why:
            assert called.status == status, called.text
            return True
        body = called.body
        assert (called.status, body["code"]) == why[:2], called.text
        errors = body.get("errors", [])
        assert bool(errors) == (body["code"] in WITH_ERRORS) or body["code"] in MAYBE_ERRORS, called.text
        for error in errors:
            assert error.get("pointer", "/name").split("/")[1] in POINTERS, called.text
        for name, value in why[2:]:
            blocking = tuple(error.get("customer_id") or error.get("device_id") for error in errors)
            assert (blocking if name == "blocking" else body.get(name)) == value, called.text
        return False

    def writes_nothing(self, ask: Callable[[], Called], why: Why) -> Any:
        """The answer to a dry run that is not refused."""
        before = len(self.aws.dynamo.log)
        called = ask()
        assert len(self.aws.dynamo.log) == before, "a dry run has written"
        return called.body if self.held(called, why) else None

    def looks_right(self, called: Called, of: Company, notices: list[str] | None = None) -> None:
        shown = called.body
        told = [notice["code"] for notice in shown.pop("notices")] if "notices" in shown else None
        assert (shown, told) == (self.model.shown(of), notices)
        assert called.headers["ETag"] == f'"{of.version}"'

    def pages(self, function: str, by: Account, query: dict[str, str], rows: str, path: str | None = None) -> list[Any]:
        """All pages of a list that is not refused."""
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            called = self.ask(function, by, path, query={**query, "limit": "3", **cursor})
            assert called.status == 200, called.text
            found += called.body[rows]
            if called.body["next_cursor"] is None:
                return found
            cursor = {"cursor": called.body["next_cursor"]}

    # ---- customers are added

    @initialize(trial=st.booleans(), roles=st.tuples(*[st.sampled_from([*ROLES, *ROLES[:2], *ROLES[:2]])] * 3))
    def a_line(self, trial: bool, roles: tuple[str, ...]) -> None:
        """A story begins with a customer of each level, and people at some: much is asked of those that stand deep."""
        by = self.who(0)
        for level in ("distributor", "reseller", "end_customer", "site"):
            parent = list(self.model.customers)[-1]
            body: dict[str, Any] = {"name": "Delta", "parent_id": parent, "level": level, "device_country": "DE"}
            if level != "site":
                body["service_type"] = "all_inclusive"
            if level in ("distributor", "reseller"):
                body["services_to_provide"] = list(BOTH)
            if level == "end_customer" and trial:
                body["in_trial"] = True
            self._add(by, body)
        for number, role in enumerate(roles):
            person = {"kind": "person", "email": f"{number}@example.com", "display_name": "Somebody", "role": role}
            self._add_account(by, list(self.model.customers.values())[number + 1], person)

    def body_below(self, parent: Company, new: dict[str, Any], place: int, *, fitting: bool) -> dict[str, Any]:
        """What is asked for; made to fit, mostly: else the tree would not grow."""
        body = {**new, "parent_id": parent.id, "level": list(BELOW)[place % 5 + 1]}
        if fitting and BELOW[parent.level]:
            body["level"] = BELOW[parent.level][place % len(BELOW[parent.level])]
            body.pop("services_to_provide", None)
            body.pop("service_type", None)
            if body["level"] != "site":
                body["service_type"] = parent.services_to_provide[place % len(parent.services_to_provide)]
            if body["level"] not in ("end_customer", "site"):
                body["services_to_provide"] = list(parent.services_to_provide)
            if body["device_country"] not in self.model.hosted:
                body["storage_location"] = "DE"
            if body["level"] == "end_customer" and place % 2:
                body["in_trial"] = True
        return body

    @rule(who=actors, place=places, new=customers, fitting=st.sampled_from([True, True, True, False]))
    def add(self, who: int, place: int, new: dict[str, Any], fitting: bool) -> None:
        by = self.who(who)
        self._add(by, self.body_below(self.some(place, by), new, place, fitting=fitting))

    def _add(self, by: Account, body: dict[str, Any]) -> None:
        why = self.model.why_not_added(by, body)
        self.post("customer", by, None, None, body, why, {"id": None, "path": None})

    def post(
        self, kind: str, by: Account, of: Company | None, path: str | None, body: dict[str, Any], why: Why,
        unset: dict[str, Any],
    ) -> None:  # fmt: skip
        """Ask for an addition, dry first. `unset`: how what is not made yet is shown otherwise."""
        key, function = self.new_key(), FUNCTIONS[kind]

        def ask(**query: str) -> Called:
            return self.ask(function, by, path, body=body, query=query, headers={"idempotency-key": key})

        left_behind = why and why[1] == "throttled"  # the address, by a removed customer: free, once it is asked for
        dry = self.writes_nothing(lambda: ask(validate_only="true"), None if left_behind else why)
        if left_behind:
            self.held(ask(), why)
            self.free(body)
            why = None
        called = ask()
        if self.held(called, why, 201):
            assert dry == {**called.body, **unset}
            made = self.noted(kind, by, of, body, called.body)
            at = "/accounts" if kind == "account" else path or "/customers"
            assert called.headers["Location"] == f"{at}/{made.id}"
            assert called.headers.get("ETag") == ('"1"' if "version" in called.body else None)
            self.asked.append(Asked(function, path, body, key, by, made, called))

    @rule(place=places, rows=st.lists(st.tuples(names, st.booleans()), min_size=1, max_size=4))
    def import_a_file(self, place: int, rows: list[tuple[str, bool]]) -> None:
        """JSON lines below one customer; what is refused keeps no other row. The message comes twice."""
        by = self.who(0)
        parent = self.some(place, by)
        if not BELOW[parent.level]:
            return
        bodies = []
        for name, fits in {folded(name): (name, fits) for name, fits in rows}.values():
            body = self.body_below(parent, {"name": name, "device_country": "DE"}, 0, fitting=True)
            bodies.append(body if fits else {**body, "device_country": "JP"})
        headers = {"idempotency-key": self.new_key(), "content-type": "application/x-ndjson"}
        file = "\n".join(map(json.dumps, bodies))
        dry = self.writes_nothing(
            lambda: self.ask("add_import", by, body=file, query={"validate_only": "true"}, headers=headers), None
        )
        added = self.ask("add_import", by, body=file, headers=headers)
        assert added.status == 202, added.text
        message = {"messageId": "1", "body": json.dumps({"import_id": added.body["id"]})}
        for _ in range(2):
            assert invoke("run_import", {"Records": [message]}) == {"batchItemFailures": []}
        done = self.ask("get_import", by, f"/imports/{added.body['id']}", query={"limit": "1000"}).body
        assert (done["state"], done["rows_done"], len(done["results"])) == ("done", len(bodies), len(bodies))
        assert {name: dry[name] for name in COUNTS} == {name: done[name] for name in COUNTS}
        for result in done["results"]:
            body = bodies[result["row"] - 1]
            why = self.model.why_not_added(by, body)
            if why is None:
                assert result["status"] == "created", result
                self.model.add(result["customer_id"], by, body)
            else:
                holder = self.model.taken(parent, body["name"]) if why[1] == "name_exists" else None
                assert result["status"] == ("existed" if holder and not holder.archived_at else "refused"), result

    @rule(
        who=actors,
        place=places,
        new=customers,
        system=systems,
        value=values,
        at=st.sampled_from([None, None, 0, -1, 7]),
    )
    def save_by_reference(
        self, who: int, place: int, new: dict[str, Any], system: str, value: str, at: int | None
    ) -> None:
        """Added where nobody has the reference, else changed; it can be repeated."""
        by, model = self.who(who), self.model
        parent, known = self.some(place, by), self.some(place, by, lambda each: each.references)
        if place % 3 and known.parent and known.references:  # one that somebody has
            parent, (system, value) = known.parent, next(iter(known.references.items()))
        holder = model.holder(parent, system, value)
        body = self.body_below(parent, {**new, "references": {system: value}}, place, fitting=True)
        if holder and holder.level in BELOW[parent.level]:
            body["level"] = holder.level
        version = None if at is None else near(holder.version if holder else 1, at)
        path = f"/customers/by-reference/{system}/{quote(value)}"

        def ask(version: int | None) -> Called:
            return self.ask("save_customer_by_reference", by, path, at=version, body=body)

        why = model.why_not(by, parent, "change_customers")
        if holder is None or why:
            why = why or ((412, "stale_version") if version is not None else model.why_not_added(by, body))
            called = ask(version)
            if not self.held(called, why, 201):
                return
            holder = model.add(called.body["id"], by, body)
        else:
            fields = {name: body[name] for name in ("name", "service_type", "device_country") if name in body}
            if "services_to_provide" in body:
                fields["services_to_provide"] = tuple(sorted(body["services_to_provide"]))
            why = (409, "reference_exists") if not by.sees(holder) else model.why_not(by, holder, "change_customers")
            if not why and version not in (None, holder.version):
                why = stale(holder)
            location = body.get("storage_location")
            if not why and (
                (holder.parent, holder.level) != (parent, body["level"])
                or (location is not None and location != holder.storage_location)
            ):
                why = 422, "broken_rules"
            fields["references"] = {system: value}
            why = why or model.why_not_changed(by, holder, fields, version)
            called = ask(version)
            if not self.held(called, why):
                return
            model.change(holder, "customer_changed", by, **merged(holder, fields))
        self.looks_right(called, holder)
        again = ask(None)
        assert (again.status, again.body) == (200, called.body), again.text

    # ---- customers are changed

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

    # ---- time goes on

    @rule(days=st.sampled_from([0, 1, 6, 23, 30]), seconds=st.sampled_from([0, 1, 3599, 14 * 3600]))
    def jump(self, days: int, seconds: int) -> None:
        self.aws.now += timedelta(days=days, seconds=seconds)
        self.model.now = self.aws.now

    @rule()
    def dynamo_deletes_what_has_expired(self) -> None:
        """Nobody can tell: it counted as removed before."""
        self.aws.expire()

    @rule(times=st.integers(min_value=1, max_value=3))
    def schedule(self, times: int) -> None:
        """The run is begun once, or more than once by the same event."""
        for _ in range(times):
            invoke("end_trials", {"time": self.aws.now.isoformat()})
        self.model.run_schedule()

    @rule(times=st.integers(min_value=1, max_value=3))
    def deliver(self, times: int) -> None:
        self._deliver(times)

    def _deliver(self, times: int) -> None:
        """What the table's stream brings since the last time, each batch as often as it likes to come."""
        changes = self.aws.dynamo.log[self.delivered :]
        records = [record(self.delivered + place, change) for place, change in enumerate(changes) if change[1]]
        of_accounts = [each for each in records if each["dynamodb"]["Keys"]["sk"] == {"S": "account"}]
        for _ in range(times):
            for function, batch in (("publish_events", records), ("sync_identity", of_accounts)):
                assert invoke(function, {"Records": batch}) == {"batchItemFailures": []}
        self.delivered += len(changes)
        for account in self.model.accounts.values():
            account.synced = account.version
        users = {account.id: not account.disabled for account in self.model.accounts.values()}
        assert self.aws.cognito.users == users

    @rule(who=actors, hosted=st.dictionaries(st.sampled_from(["FR", "NL", "JP", "US"]), st.booleans()), off=offs)
    def replace_the_catalogue(self, who: int, hosted: dict[str, bool], off: int) -> None:
        """Each location is open, or its data lands in DE."""
        by, model = self.who(who), self.model
        routes = {"DE": "DE", **{code: code if opened else "DE" for code, opened in hosted.items()}}
        body = {"locations": [{"country": code, "routed_to": to} for code, to in routes.items()]}
        before = len(model.catalogues)
        why = why_not_active(by)
        why = why or (None if by.may("support") else (403, "forbidden"))
        at = near(before, off)
        repeated = at == before - 1 and (model.hosted, model.replaced_by[-1]) == (routes, by.id)
        if not why and at != before and not repeated:
            why = 412, "stale_version", ("version", before)
        called = self.ask("replace_storage_locations", by, at=at, body=body)
        if not self.held(called, why):
            return
        if repeated:
            assert called.body["version"] == before
            return
        model.replace_catalogue(by, routes)
        assert called.body == {
            "version": before + 1, "created_at": format_timestamp(model.now), "created_by": by.id,
            "locations": [
                {**(country(code) or {}), "open": routes[code] == code, "routed_to": country(routes[code])}
                for code in sorted(routes)
            ],
        }  # fmt: skip
        again = self.ask("replace_storage_locations", by, at=before, body=body)  # its answer was lost
        assert again.body == called.body

    @rule(version=places)
    def look_at_a_catalogue(self, version: int) -> None:
        """Every one that ever was in force."""
        number = version % len(self.model.catalogues) + 1
        called = self.ask("get_storage_locations", self.who(0), query={"version": str(number)})
        routes = self.model.catalogues[number - 1]
        assert called.body["version"] == number
        assert {each["code"]: each["routed_to"]["code"] for each in called.body["locations"]} == routes
        assert self.ask("get_storage_locations", self.who(0)).body["version"] == len(self.model.catalogues)

    # ---- test devices, accounts, onboardings, views

    @rule(who=actors, place=places)
    def add_device(self, who: int, place: int) -> None:
        by = self.who(who)
        of = self.some(place, by)
        path, why = f"/customers/{of.id}/test-devices", self.model.why_no_device(by, of)
        self.post("test_device", by, of, path, {"name": "Device"}, why, {"id": None, "installation_token": None})

    @rule(who=actors, place=places)
    def look_at_or_remove_a_device(self, who: int, place: int) -> None:
        if not self.model.devices:
            return
        by = self.who(who)
        device = list(self.model.devices.values())[place % len(self.model.devices)]
        path = f"/customers/{device.customer.id}/test-devices/{device.id}"
        called = self.ask("get_test_device", by, path)
        if self.held(called, self.model.why_not(by, device.customer, "read")):
            assert called.body == self.model.shown_device(device)
        why = self.model.why_not(by, device.customer, "change_test_devices")
        if self.held(self.ask("remove_test_device", by, path), why, 204):
            self.model.remove_device(device)
            assert self.ask("get_test_device", by, path).status == 404

    @rule(who=actors, place=places, body=people)
    def add_account(self, who: int, place: int, body: dict[str, Any]) -> None:
        by = self.who(who)
        self._add_account(by, self.some(place, by), body)

    def _add_account(self, by: Account, of: Company, body: dict[str, Any]) -> None:
        body = {name: value for name, value in body.items() if value is not None}
        path, why = f"/customers/{of.id}/accounts", self.model.why_no_account(by, of, body)
        unset = {"id": None, "credentials": None, "identity": "pending", "status": "invited"}
        self.post("account", by, of, path, body, why, unset)

    def free(self, body: dict[str, Any]) -> None:
        other = self.model.with_address(body["email"])
        assert other
        self.model.remove_account(other)

    @rule(
        who=actors, place=places, off=offs,
        fields=st.fixed_dictionaries({}, optional={
            "role": st.sampled_from(ROLES), "disabled": st.booleans(), "display_name": st.sampled_from(["A", "B"]),
        }),
    )  # fmt: skip
    def change_account(self, who: int, place: int, off: int, fields: dict[str, Any]) -> None:
        self._change_account(self.who(who), self.who(place), fields, off)

    def _change_account(self, by: Account, account: Account, fields: dict[str, Any], off: int = 0) -> None:
        model = self.model
        if account.id == ROOT_ACCOUNT.id and by is not account:
            return  # whoever asks has to stay
        at = near(account.version, off)

        def ask() -> Called:
            return self.ask("change_account", by, f"/accounts/{account.id}", at=at, body=fields)

        why = model.why_not_changed_account(by, account, fields, at)
        called = ask()
        if not self.held(called, why):
            return
        changed = {name: value for name, value in fields.items() if value != getattr(account, name)}
        if changed:
            model.change_account(account, **changed)
        assert called.body == model.shown_account(account)
        assert ask().body == called.body  # its answer was lost

    @rule(place=places, body=people)
    def somebody_leaves_for_good(self, place: int, body: dict[str, Any]) -> None:
        """A customer is archived until it is removed, and one of its people comes back at another one."""
        by = self.who(0)
        of = self.some(place, by, lambda each: each.parent and not self.model.children(each))
        self._add_account(by, of, body)
        self._archive(by, of)
        self.jump(30, 0)
        self._add_account(by, self.model.root, body)

    @rule(place=places, body=people)
    def somebody_is_promoted(self, place: int, body: dict[str, Any]) -> None:
        """Whoever added them asks for the same again."""
        able = [account for account in self.model.accounts.values() if account.may("change_accounts")]
        by = able[place % len(able)]
        made = len(self.asked)
        self._add_account(by, by.customer, body)
        for asked in self.asked[made:]:
            self._change_account(self.who(0), asked.made, {"role": ROLES[0]})
            self._repeat(asked)

    @rule(who=actors, place=places, off=offs)
    def remove_account(self, who: int, place: int, off: int) -> None:
        by, account, model = self.who(who), self.who(place), self.model
        if account.id == ROOT_ACCOUNT.id and by is not account:
            return
        at = near(account.version, off)
        why = model.why_not_removed_account(by, account, at)
        called = self.ask("remove_account", by, f"/accounts/{account.id}", at=at)
        if self.held(called, why, 204):
            model.remove_account(account)
            assert self.ask("get_account", self.who(0), f"/accounts/{account.id}").status == 404

    @rule(place=places)
    def sign_in(self, place: int) -> None:
        account = self.who(place)
        answer = invoke("record_sign_in", {"userName": account.id})
        assert answer == {"userName": account.id}
        self.model.sign_in(account)

    @rule(who=actors, place=places, new=customers, accounts=st.lists(people, max_size=2), device=st.booleans())
    def onboard(self, who: int, place: int, new: dict[str, Any], accounts: list[dict[str, Any]], device: bool) -> None:
        by = self.who(who)
        body: dict[str, Any] = {
            "customer": self.body_below(self.some(place, by), new, place, fitting=True),
            "accounts": [{name: value for name, value in each.items() if value is not None} for each in accounts],
        }
        if device:
            body["test_device"] = {"name": "Device"}
        self.onboardings.append(Onboarding(body, self.new_key(), by))
        self._onboard(self.onboardings[-1])

    @rule(place=places)
    def onboard_again(self, place: int) -> None:
        """What was done stays done, and the rest is tried again."""
        if self.onboardings:
            self._onboard(self.onboardings[place % len(self.onboardings)])

    def _onboard(self, asked: Onboarding) -> None:
        by, body, of = asked.by, asked.body, None

        def ask(**query: str) -> Called:
            return self.ask("add_onboarding", by, body=body, query=query, headers={"idempotency-key": asked.key})

        first = asked.done.get("/customer")
        refused = self.why_not_again(by, first[0]) if first else self.model.why_not_added(by, body["customer"])
        dry = self.writes_nothing(lambda: ask(validate_only="true"), refused)
        called = ask()
        if refused:
            self.held(called, refused)
            return
        steps = {step["pointer"]: step for step in called.body["steps"]}
        wanted = [("/customer", "customer", body["customer"])]
        wanted += [(f"/accounts/{number}", "account", new) for number, new in enumerate(body["accounts"])]
        wanted += [("/test_device", "test_device", body["test_device"])] if "test_device" in body else []
        for pointer, kind, new in wanted:
            before = asked.done.get(pointer)
            why = self.why_not_again(by, before[0]) if before else self.why_no_step(kind, by, of, new)
            step = steps.pop(pointer)
            if why:
                problem = step["problem"]
                assert (step["outcome"], problem["status"], problem["code"]) == ("refused", *why[:2]), step
                if why[1] == "throttled":
                    self.free(new)
                continue
            assert step["outcome"] == ("replayed" if before else "added"), step
            if before:
                assert step[kind] == before[1]
            else:
                asked.done[pointer] = self.noted(kind, by, of, new, step[kind]), step[kind]
            of = asked.done["/customer"][0]
        assert steps == {}
        problems = [step["problem"] for step in called.body["steps"]]
        assert problems == [step["problem"] for step in dry["steps"]]
        complete = not any(problems)
        assert (called.status, called.body["complete"]) == (201 if complete else 200, complete)

    def why_no_step(self, kind: str, by: Account, of: Any, new: dict[str, Any]) -> Why:
        """Why a step is refused that was not done before, as if it were asked for alone."""
        if kind == "customer":
            return self.model.why_not_added(by, new)
        if kind == "test_device":
            return self.model.why_no_device(by, of)
        return self.model.why_no_account(by, of, new)

    def noted(self, kind: str, by: Account, of: Any, new: dict[str, Any], answer: dict[str, Any]) -> Any:
        """What was made, added to the model; it is shown as it should be."""
        shown, model = {**answer}, self.model
        if kind == "customer":
            made: Any = model.add(shown["id"], by, new)
            expected = model.shown(made)
        elif kind == "account":
            made = model.add_account(shown["id"], by, of, new)
            credentials, expected = shown.pop("credentials"), model.shown_account(made)
            assert (credentials is None) == (new["kind"] == "person")
            if credentials:  # it can sign in at once
                assert self.aws.cognito.users[credentials["client_id"]]
                assert credentials["client_id"] == made.id
        else:
            made = model.add_device(shown["id"], by, of)
            assert shown.pop("installation_token").startswith("bci_")
            expected = model.shown_device(made)
        assert shown == expected
        return made

    @rule(place=places)
    def repeat(self, place: int) -> None:
        """The same request gets the first answer, whatever became of it; nothing once it is removed."""
        self._repeat(self.asked[place % len(self.asked)])

    def _repeat(self, asked: Asked) -> None:
        headers = {"idempotency-key": asked.key}
        again = self.ask(asked.function, asked.by, asked.path, body=asked.body, headers=headers)
        why = self.why_not_again(asked.by, asked.made)
        if self.held(again, why, 201):
            assert again.headers["Idempotent-Replayed"] == "true"
            assert again.text == asked.first.text
        body = {**asked.body, "display_name" if asked.function == "add_account" else "name": "Another"}
        other = self.ask(asked.function, asked.by, asked.path, body=body, headers=headers)
        self.held(other, self.why_not_seen(asked.by, asked.made) or REUSED)

    def why_not_seen(self, by: Account, made: Any) -> Why:
        """Why whoever asks for it again may not do so, whatever they ask for."""
        model = self.model
        if isinstance(made, Company):
            assert made.parent
            return model.why_not(by, made.parent, "change_customers", archived=not model.gone(made))
        operation = "change_accounts" if isinstance(made, Account) else "change_test_devices"
        return model.why_not(by, made.customer, operation, archived=True)

    def why_not_again(self, by: Account, made: Any) -> Why:
        """Why the request that made it is refused now."""
        if why := self.why_not_seen(by, made):
            return why
        if self.model.gone(made) if isinstance(made, Company) else made.removed:
            return REUSED
        return (403, "forbidden") if isinstance(made, Account) and by.is_below(made.role) else None

    @rule(
        who=actors, name=st.sampled_from(["mine", "default", "A view"]), removed=st.booleans(),
        columns=st.lists(st.sampled_from(LOOK[:4]), min_size=1, max_size=3, unique=True),
    )  # fmt: skip
    def save_or_remove_a_view(self, who: int, name: str, removed: bool, columns: list[str]) -> None:
        by = self.who(who)
        views, path = self.model.views.setdefault(by.id, {}), f"/views/{quote(name)}"
        why = why_not_active(by)
        if removed:
            why = why or (None if name in views else (404, "not_found"))
            if self.held(self.ask("remove_view", by, path), why, 204):
                del views[name]
        elif self.held(self.ask("save_view", by, path, body={"columns": columns}), why):
            views[name] = columns
        if by.disabled:
            return
        shown = {view["name"]: view["columns"] for view in self.ask("list_views", by).body["views"]}
        assert set(shown) == {"default", *views}
        assert views.items() <= shown.items()
        assert self.ask("get_view", by, path).status == (200 if name in {"default", *views} else 404)

    # ---- what is there is looked at

    @rule(who=actors, place=places)
    def look(self, who: int, place: int) -> None:
        """One customer, with its trial, its history, its accounts, its children, and what may be added below it."""
        by = self.who(who)
        self._look(by, self.some(place, by))

    def _look(self, by: Account, of: Company) -> None:
        model = self.model
        path, why = f"/customers/{of.id}", model.why_not(by, of, "read")
        called = self.ask("get_customer", by, path)
        if not self.held(called, why):
            for function, below in (("get_trial", "trial"), ("get_history", "history"), ("get_options", "options")):
                self.held(self.ask(function, by, f"{path}/{below}"), why)
            return
        self.looks_right(called, of)
        assert self.ask("get_trial", by, f"{path}/trial").body == model.shown_trial(of)
        entries = self.pages("get_history", by, {}, "entries", f"{path}/history")
        for entry in entries:
            request_id = entry.pop("request_id")
            assert (request_id is None) == (entry["by"] == "schedule") or of.level == "root", entry
        assert entries == model.shown_history(of)
        accounts = self.pages("list_accounts", by, {"customer_id": of.id}, "accounts")
        expected = [model.shown_account(each) for each in model.accounts.values() if each.customer is of]
        assert sorted(accounts, key=_id) == sorted(expected, key=_id)
        options = self.ask("get_options", by, f"{path}/options").body
        assert options["may_add"] == (by.may("change_customers") and of.archived_at is None)
        assert tuple(each["level"] for each in options["levels"]) == BELOW[of.level]
        hosted = {each["code"] for each in options["device_countries"] if each["storage_location"] == each["code"]}
        assert hosted == {each["code"] for each in options["storage_locations"]} == set(model.hosted)
        for each in options["levels"]:
            provided = None if each["level"] == "site" else list(of.services_to_provide)
            assert each["fields"]["service_type"]["values"] == provided
        for device in model.devices_of(of):
            shown = self.ask("get_test_device", by, f"{path}/test-devices/{device.id}").body
            assert shown == model.shown_device(device)
        for prefix in ("", "ST"):
            query = {"parent_id": of.id, "name_prefix": prefix}
            children = self.pages("list_customers", by, query, "customers")
            expected = [each for each in model.children(of) if folded(each.name).startswith(prefix.lower())]
            assert children == list(map(model.shown, sorted(expected, key=lambda each: folded(each.name))))

    @rule(who=actors, place=places, archived=st.booleans())
    def look_at_all_below(self, who: int, place: int, archived: bool) -> None:
        """The lists over a subtree."""
        by = self.who(who)
        self._look_below(by, self.some(place, by), archived=archived)

    def _look_below(self, by: Account, top: Company, *, archived: bool) -> None:
        model = self.model
        if why := model.why_not(by, top, "read"):
            for function in ("list_customers", "list_accounts"):
                self.held(self.ask(function, by, query={"within": top.id}), why)
            for function, below in (("check_storage", "storage-check"), ("list_devices", "devices")):
                self.held(self.ask(function, by, f"/customers/{top.id}/{below}"), why)
            return
        query = {"within": top.id, "archived": str(archived).lower()}
        listed = self.pages("list_customers", by, query, "customers")
        assert listed == [model.shown(of) for of in in_order(model.subtree(top, archived=archived))]
        for some in ({"state": "in_trial", "level": "end_customer"}, {"state": "in_production"}, {"level": "site"}):
            found = self.pages("list_customers", by, query | some, "customers")
            assert found == [each for each in listed if some.items() <= each.items()]
        accounts = self.pages("list_accounts", by, {"within": top.id}, "accounts")
        below = [each for each in model.accounts.values() if each.customer.within(top)]
        if top.level == "root":  # those of a removed customer: until DynamoDB deletes the record of its distributor
            kept = {each["id"] for each in accounts}
            below = [each for each in below if not model.gone(each.customer) or each.id in kept]
        assert sorted(accounts, key=_id) == sorted(map(model.shown_account, below), key=_id)
        drift = self.pages("check_storage", by, {}, "drift", f"/customers/{top.id}/storage-check")
        assert drift == model.shown_drift(top)
        rows = self.pages("list_devices", by, {"columns": ",".join(LOOK)}, "rows", f"/customers/{top.id}/devices")
        assert sorted(rows, key=_id) == sorted(self.rows(top), key=_id)

    def rows(self, top: Company) -> list[dict[str, Any]]:
        """The dashboard."""
        rows = []
        for device in self.model.devices.values():
            of = device.customer
            if not of.within(top):
                continue
            shown, customer = self.model.shown_device(device), self.model.shown(of)
            same = {name: shown[name] for name in LOOK if name in shown}
            rows.append({
                **same, "customer": of.name, "level": of.level, "state": customer["state"],
                "service_type": customer["service_type"], "country": COUNTRY_NAMES[of.device_country],
                "storage_location": COUNTRY_NAMES[device.actual] if device.actual else None,
                "expected_storage_location": COUNTRY_NAMES[of.storage_location],
            })  # fmt: skip
        return rows

    @rule(who=actors, place=places, archived=st.booleans())
    def look_at_invoicing(self, who: int, place: int, archived: bool) -> None:
        by = self.who(who)
        self._look_at_invoicing(by, self.some(place, by), archived=archived)

    def _look_at_invoicing(self, by: Account, top: Company, *, archived: bool) -> None:
        model, path = self.model, f"/customers/{top.id}/invoicing"
        this = model.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        for month in (this, (this - timedelta(days=1)).replace(day=1)):  # and the one before, which is billed
            query = {"month": f"{month:%Y-%m}", "archived": str(archived).lower()}
            if why := model.why_not(by, top, "read_invoicing"):
                self.held(self.ask("get_invoicing", by, path, query=query), why)
            else:
                rows = self.pages("get_invoicing", by, query, "rows", path)
                assert rows == model.shown_invoicing(top, month, archived=archived)

    @rule(who=actors)
    def look_at_oneself(self, who: int) -> None:
        by, model = self.who(who), self.model
        called = self.ask("get_me", by)
        if self.held(called, model.why_not(by, by.customer, "read")):
            may = sorted(operation for operation in MAY[by.role] if by.may(operation))
            shown = {"account": model.shown_account(by), "customer": model.shown(by.customer), "may": may}
            assert called.body == shown

    @rule(who=actors, place=places)
    def look_at_an_account(self, who: int, place: int) -> None:
        """Whatever became of its customer."""
        by, account = self.who(who), self.who(place)
        why = why_not_active(by)
        why = why or (None if by.sees(account.customer) else (404, "not_found"))
        called = self.ask("get_account", by, f"/accounts/{account.id}")
        if self.held(called, why):
            assert called.body == self.model.shown_account(account)

    @rule(who=actors, place=places, system=systems, value=values)
    def find_by_reference(self, who: int, place: int, system: str, value: str) -> None:
        by, model = self.who(who), self.model
        within = self.some(place, by)
        path = f"/customers/by-reference/{system}/{quote(value)}"
        called = self.ask("get_customer_by_reference", by, path, query={"within": within.id})
        of, why = model.holder(within, system, value), model.why_not(by, within, "read")
        if not why:
            why = model.why_not(by, of, "read") if of else (404, "not_found")
        if self.held(called, why) and of:
            self.looks_right(called, of)


def near(version: int, off: int) -> int:
    """Another version, or this one; 0 is none."""
    return max(version + off, 1)


def _id(shown: dict[str, Any]) -> str:
    return str(shown["id"])


def play(stories: int, seed: int) -> int:
    """How many steps were taken. Raises what hypothesis found, with the shortest story that shows it."""
    log.setLevel("CRITICAL")
    settings = hypothesis.settings(
        max_examples=stories, stateful_step_count=MAX_STEPS, deadline=None, database=None,
        suppress_health_check=list(hypothesis.HealthCheck), print_blob=True,
    )  # fmt: skip
    steps = 0

    class Counted(Stories):
        @invariant()
        def after_each_step(self) -> None:
            nonlocal steps
            steps += 1

    with contextlib.redirect_stdout(io.StringIO()):
        run_state_machine_as_test(hypothesis.seed(seed)(Counted), settings=settings)
    return steps


def main() -> None:
    print(play(int(sys.argv[1]), int(sys.argv[2])), "steps")


if __name__ == "__main__":
    main()
