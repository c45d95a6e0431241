"""Steps that add customers: one by one, from a file, by reference."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.calls import Called, invoke
from tests.simulation.model import (
    BELOW,
    BOTH,
    ROLES,
    Account,
    Company,
    Why,
    folded,
    merged,
    stale,
)
from tests.simulation.steps.common import (
    COUNTS,
    FUNCTIONS,
    Asked,
    Steps,
    actors,
    customers,
    names,
    near,
    places,
    systems,
    values,
)


class AddingSteps(Steps):
    """Steps that add customers: one by one, from a file, by reference."""

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
