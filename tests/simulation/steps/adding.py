"""Steps that add customers: one by one, from a file, by reference."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.calls import Called, invoke
from tests.simulation.model import (
    ALLOWED_CHILDREN,
    BOTH,
    CHANGEABLE_FIELDS,
    REJECTED_FIELDS,
    ROLES,
    Account,
    Customer,
    ExpectedError,
    fold_name,
    merge_references,
    stale_version,
)
from tests.simulation.steps.common import (
    ADD_FUNCTIONS,
    IMPORT_COUNTS,
    SentRequest,
    Steps,
    actor_indexes,
    customers,
    indexes,
    names,
    offset_version,
    systems,
    values,
)


class AddingSteps(Steps):
    """Steps that add customers: one by one, from a file, by reference."""

    @initialize(trial=st.booleans(), roles=st.tuples(*[st.sampled_from([*ROLES, *ROLES[:2], *ROLES[:2]])] * 3))
    def create_lineage(self, trial: bool, roles: tuple[str, ...]) -> None:
        """Create a customer of each level and three accounts, so that steps often use the lower levels."""
        actor = self.account_at(0)
        for level in ("distributor", "reseller", "end_customer", "site"):
            parent = list(self.model.customers)[-1]
            body: dict[str, Any] = {"name": "Delta", "parent_id": parent, "level": level, "device_country": "DE"}
            if level != "site":
                body["service_type"] = "all_inclusive"
            if level in ("distributor", "reseller"):
                body["services_to_provide"] = list(BOTH)
            if level == "end_customer" and trial:
                body["in_trial"] = True
            self._add(actor, body)
        for number, role in enumerate(roles):
            person = {"kind": "person", "email": f"{number}@example.com", "display_name": "Somebody", "role": role}
            self._add_account(actor, list(self.model.customers.values())[number + 1], person)

    def child_body(self, parent: Customer, new: dict[str, Any], index: int, *, fitting: bool) -> dict[str, Any]:
        """Return a request for a child. With `fitting` it is usually valid. Otherwise the tree would not grow."""
        body = {**new, "parent_id": parent.id, "level": list(ALLOWED_CHILDREN)[index % 5 + 1]}
        if fitting and ALLOWED_CHILDREN[parent.level]:
            body["level"] = ALLOWED_CHILDREN[parent.level][index % len(ALLOWED_CHILDREN[parent.level])]
            body.pop("services_to_provide", None)
            body.pop("service_type", None)
            if body["level"] != "site":
                body["service_type"] = parent.services_to_provide[index % len(parent.services_to_provide)]
            if body["level"] not in ("end_customer", "site"):
                body["services_to_provide"] = list(parent.services_to_provide)
            if body["device_country"] not in self.model.hosted:
                body["storage_location"] = "DE"
            if body["level"] == "end_customer" and index % 2:
                body["in_trial"] = True
            body = {name: value for name, value in body.items() if name not in REJECTED_FIELDS[body["level"]]}
        return body

    @rule(actor_index=actor_indexes, index=indexes, new=customers, fitting=st.sampled_from([True, True, True, False]))
    def add(self, actor_index: int, index: int, new: dict[str, Any], fitting: bool) -> None:
        actor = self.account_at(actor_index)
        self._add(actor, self.child_body(self.pick_customer(index, actor), new, index, fitting=fitting))

    def _add(self, actor: Account, body: dict[str, Any]) -> None:
        error = self.model.add_error(actor, body)
        self.add_with_dry_run("customer", actor, None, None, body, error, {"id", "path", "version"})

    def add_with_dry_run(
        self, kind: str, actor: Account, customer: Customer | None, path: str | None, body: dict[str, Any],
        error: ExpectedError, hidden: set[str],
    ) -> None:  # fmt: skip
        """Send an addition as a dry run, and then without. `hidden`: the members that a preview lacks."""
        key, function = self.new_key(), ADD_FUNCTIONS[kind]

        def send(**query: str) -> Called:
            return self.request(function, actor, path, body=body, query=query, headers={"idempotency-key": key})

        dry = self.dry_run(lambda: send(validate_only="true"), error)
        response = send()
        if self.accepted(response, error, 201):
            assert dry == {name: response.body[name] for name in dry}
            assert not hidden & set(dry)
            created = self.record_addition(kind, actor, customer, body, response.body)
            location = "/accounts" if kind == "account" else path or "/customers"
            assert response.headers["Location"] == f"{location}/{created.id}"
            assert response.headers.get("ETag", "").startswith('"1-' if "version" in response.body else "")
            self.sent_requests.append(SentRequest(function, path, body, key, actor, created, response))

    @rule(index=indexes, rows=st.lists(st.tuples(names, st.booleans()), min_size=1, max_size=4))
    def import_file(self, index: int, rows: list[tuple[str, bool]]) -> None:
        """Import JSON lines below one customer. Invalid rows do not affect others. The message arrives twice."""
        actor = self.account_at(0)
        parent = self.pick_customer(index, actor)
        if not ALLOWED_CHILDREN[parent.level]:
            return
        bodies = []
        for name, fits in {fold_name(name): (name, fits) for name, fits in rows}.values():
            body = self.child_body(parent, {"name": name, "device_country": "DE"}, 0, fitting=True)
            bodies.append(body if fits else {**body, "device_country": "JP"})
        headers = {"idempotency-key": self.new_key(), "content-type": "application/x-ndjson"}
        file = "\n".join(map(json.dumps, bodies))
        dry = self.dry_run(
            lambda: self.request("add_import", actor, body=file, query={"validate_only": "true"}, headers=headers), None
        )
        added = self.request("add_import", actor, body=file, headers=headers)
        assert added.status == 202, added.text
        message = {"messageId": "1", "body": json.dumps({"import_id": added.body["id"]})}
        for _ in range(2):
            assert invoke("run_import", {"Records": [message]}) == {"batchItemFailures": []}
        done = self.request("get_import", actor, f"/imports/{added.body['id']}", query={"limit": "1000"}).body
        assert (done["state"], done["rows_done"], len(done["results"])) == ("done", len(bodies), len(bodies))
        assert {name: dry[name] for name in IMPORT_COUNTS} == {name: done[name] for name in IMPORT_COUNTS}
        for result in done["results"]:
            body = bodies[result["row"] - 1]
            error = self.model.add_error(actor, body)
            if error is None:
                assert result["status"] == "created", result
                self.model.add(result["customer_id"], actor, body)
            else:
                existed = self.model.existing(body, error)
                assert result["status"] == ("existed" if existed else "refused"), result

    @rule(
        actor_index=actor_indexes,
        index=indexes,
        new=customers,
        system=systems,
        value=values,
        offset=st.sampled_from([None, None, 0, -1, 7]),
    )
    def save_by_reference(
        self, actor_index: int, index: int, new: dict[str, Any], system: str, value: str, offset: int | None
    ) -> None:
        """Add the customer if the reference is free, or else change the customer that has it. It can be repeated."""
        actor, model = self.account_at(actor_index), self.model
        parent, known = self.pick_customer(index, actor), self.pick_customer(index, actor, lambda each: each.references)
        if index % 3 and known.parent and known.references:  # an existing reference
            parent, (system, value) = known.parent, next(iter(known.references.items()))
        holder = model.customer_with_reference(parent, system, value)
        body = self.child_body(parent, {**new, "references": {system: value}}, index, fitting=True)
        if holder and holder.level in ALLOWED_CHILDREN[parent.level]:
            body["level"] = holder.level
        version = None if offset is None else offset_version(holder.version if holder else 1, offset)
        path = f"/references/{system}/{quote(value)}"

        def send(version: int | None) -> Called:
            return self.request("save_customer_by_reference", actor, path, version=version, body=body)

        error = model.access_error(actor, parent, "change_customers")
        if holder is None or error:
            error = error or ((412, "stale_version") if version is not None else model.add_error(actor, body))
            response = send(version)
            if not self.accepted(response, error, 201):
                return
            holder = model.add(response.body["id"], actor, body)
        else:
            fields = {name: body[name] for name in CHANGEABLE_FIELDS if name in body}
            if "services_to_provide" in body:
                fields["services_to_provide"] = tuple(sorted(body["services_to_provide"]))
            error = (
                (409, "reference_exists")
                if not actor.can_see(holder)
                else model.access_error(actor, holder, "change_customers")
            )
            if not error and version not in (None, holder.version):
                error = stale_version(holder)
            location = body.get("storage_location")
            if not error and (
                (holder.parent, holder.level) != (parent, body["level"])
                or (location is not None and location != holder.storage_location)
                or body.get("in_trial") not in (None, holder.trial_ends_at is not None)
            ):
                error = 422, "broken_rules"
            fields["references"] = {system: value}
            error = error or model.change_error(actor, holder, fields, version)
            response = send(version)
            if not self.accepted(response, error):
                return
            model.change(holder, "customer_changed", actor, **merge_references(holder, fields))
        self.check_customer(response, holder)
        again = send(None)
        assert (again.status, again.body) == (200, response.body), again.text
