"""The API against a plain dictionary: hypothesis chooses requests, jumps of the clock, runs of the schedule, events.

The functions are called as Lambda calls them, on `FakeAws`. The dictionary knows the rules once more, in the simplest
words; each answer is held to it, and the invariants of the table at the end.

python -m tests.proofs.model STEPS SEED
"""

import contextlib
import io
import json
import sys
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from shared.accounts import ROLES
from shared.facts import log
from shared.times import from_text
from tests.builders import NOW, ROOT, begin_in
from tests.calls import Called, Context, call, handler
from tests.proofs.deliveries import record
from tests.proofs.fake_aws import FakeAws
from tests.proofs.invariants import told_by, violations

STEPS_OF_ONE: Final = 50  # steps of one story

BELOW: Final = {
    "root": ("distributor",),
    "distributor": ("sub_distributor", "reseller"),
    "sub_distributor": ("reseller",),
    "reseller": ("end_customer",),
    "end_customer": ("site",),
    "site": (),
}
BOTH: Final = ("all_inclusive", "software_only")
MONTH: Final = timedelta(days=30)
names = st.sampled_from(["Alpha", "ALPHA", "Beta", "Straße", "STRASSE", "é", "e\u0301", "Gamma"])
services = st.sampled_from([("all_inclusive",), ("software_only",), BOTH])
places = st.integers(min_value=0, max_value=10**6)
roles = st.sampled_from(ROLES)


def folded(name: str) -> str:
    """The names of the list above that count as one."""
    return {"ALPHA": "alpha", "STRASSE": "strasse", "Straße": "strasse", "e\u0301": "é"}.get(name, name.lower())


class Api(RuleBasedStateMachine):
    """`customers`, `accounts` and `devices` are what should be there, by id."""

    def __init__(self) -> None:
        super().__init__()
        self.aws = FakeAws(NOW)
        self.installed = contextlib.ExitStack()
        self.installed.enter_context(self.aws.installed())
        begin_in(self.aws.store)
        self.customers: dict[str, dict[str, Any]] = {
            ROOT.id: {
                "name": ROOT.name, "level": "root", "parent": None, "service": "all_inclusive", "services": BOTH,
                "country": "DE", "location": "DE", "ends": None, "since": NOW, "archived": None, "version": 1,
                "reminded": 99, "created": NOW, "ever": False, "reference": None,
            }
        }  # fmt: skip
        self.accounts: dict[str, dict[str, Any]] = {}
        self.devices: dict[str, dict[str, Any]] = {}
        self.views: dict[str, list[str]] = {}
        self.hosted = {code: code for code in "AU BE BR CA DK FR DE IT NL NO PT ZA ES SE CH GB US".split()}
        self.catalogue = 1
        self.asked: list[tuple[dict[str, Any], str, Called]] = []
        self.delivered = 0
        self.number = 0

    def teardown(self) -> None:
        self._deliver(1)
        told = {entry_id for _, entry_id, _ in told_by(self.aws.dynamo)}
        on_the_bus = {json.loads(entry["Detail"])["event_id"] for entry in self.aws.bus.entries}
        self.installed.close()
        self.aws.expire()
        assert on_the_bus == told, "what was told is not what happened"
        assert violations(self.aws.dynamo) == []

    # ---- what the dictionary knows

    def some(self, place: int, level: str | None = None) -> str:
        """A customer's id, that of the root where there is none of the level."""
        ids = [this for this, each in self.customers.items() if level in (None, each["level"])]
        return ids[place % len(ids)] if ids else ROOT.id

    def gone(self, of: dict[str, Any]) -> bool:
        """Archived for thirty days: it counts as removed."""
        return of["archived"] is not None and self.aws.now >= of["archived"] + MONTH

    def live(self, of: dict[str, Any]) -> bool:
        return of["archived"] is None

    def children(self, parent: str, *, archived: bool = False) -> dict[str, dict[str, Any]]:
        return {
            this: each
            for this, each in self.customers.items()
            if each["parent"] == parent and not self.gone(each) and (archived or self.live(each))
        }

    def taken(self, parent: str, name: str, but: str = "") -> bool:
        kin = self.children(parent, archived=True)
        return any(folded(each["name"]) == folded(name) for this, each in kin.items() if this != but)

    def since(self, of: dict[str, Any]) -> datetime | None:
        source = self.customers[of["parent"]] if of["level"] == "site" else of
        since: datetime | None = source["since"]
        if since is None and source["ends"] and self.aws.now >= source["ends"]:
            since = source["ends"]
        return since and max(since, of["created"])

    def decided(self, country: str, wanted: str | None) -> str | None:
        """Where the data goes, `None` where the request is wrong."""
        if country in self.hosted:
            return country if wanted in (None, country) else None
        return wanted if wanted in self.hosted else None

    def same(self, shown: Any, this: str) -> None:
        of, since = self.customers[this], self.since(self.customers[this])
        source = self.customers[of["parent"]] if of["level"] == "site" else of
        assert shown["name"] == of["name"]
        assert (shown["level"], shown["parent_id"], shown["version"]) == (of["level"], of["parent"], of["version"])
        assert shown["service_type"] == source["service"]
        assert tuple(shown["services_to_provide"]) == of["services"]
        assert shown["device_country"]["code"] == of["country"]
        assert shown["storage_location"]["code"] == of["location"]
        assert shown["state"] == ("in_production" if since else "in_trial")
        assert (from_text(shown["production_since"]) if shown["production_since"] else None) == since
        assert (shown["archive"] is not None) == (of["archived"] is not None)

    def refused(self, called: Called, status: int, code: str) -> None:
        assert (called.status, called.body["code"]) == (status, code), called.text

    @staticmethod
    def at(version: int) -> dict[str, str]:
        return {"if-match": f'"{version}"'}

    # ---- what is asked

    @rule(
        place=places, level=st.sampled_from(["distributor", "sub_distributor", "reseller", "end_customer", "site"]),
        fitting=st.sampled_from([True, True, True, True, False]), name=names, service=st.sampled_from(BOTH),
        offered=services, country=st.sampled_from(["DE", "FR", "NL", "JP"]),
        wanted=st.sampled_from([None, None, "DE", "FR", "JP"]), trial=st.booleans(),
    )  # fmt: skip
    def add(  # noqa: PLR0917
        self, place: int, level: str, fitting: bool, name: str, service: str, offered: Any, country: str,
        wanted: str | None, trial: bool,
    ) -> None:  # fmt: skip
        parent = self.some(place)
        above = self.customers[parent]
        if fitting and BELOW[above["level"]]:  # most are good requests: else the tree would not grow
            level = BELOW[above["level"]][place % len(BELOW[above["level"]])]
            offered = above["services"]
            service = service if service in offered else offered[:1][0] if offered else service
            wanted = None if country in self.hosted else "DE"
        body: dict[str, Any] = {"name": name, "parent_id": parent, "level": level, "device_country": country}
        if wanted:
            body["storage_location"] = wanted
        if level != "site":
            body["service_type"] = service
        if level not in ("end_customer", "site"):
            body["services_to_provide"] = list(offered)
        if level == "end_customer" and trial:
            body["in_trial"] = True
        self._add(body)

    def _add(self, body: dict[str, Any]) -> None:
        self.number += 1
        key = f"key-{self.number}"
        called = call("add_customer", body=body, headers={"idempotency-key": key})
        if why := self.why_refused(body):
            return self.refused(called, *why)
        assert called.status == 201, called.text
        self.keep(called.body["id"], body)
        self.asked.append((body, key, called))
        return self.same(called.body, called.body["id"])

    @initialize(trial=st.booleans())
    def a_line(self, trial: bool) -> None:
        """A story begins with a customer of each level: much is asked of those that stand deep."""
        for level in ("distributor", "reseller", "end_customer", "site"):
            body: dict[str, Any] = {
                "name": "Delta", "parent_id": list(self.customers)[-1], "level": level, "device_country": "DE",
            }  # fmt: skip
            if level != "site":
                body["service_type"] = "all_inclusive"
            if level in ("distributor", "reseller"):
                body["services_to_provide"] = list(BOTH)
            if level == "end_customer":
                body["in_trial"] = trial
            self._add(body)

    def why_refused(self, body: dict[str, Any]) -> tuple[int, str] | None:
        """Status and code, where an addition is wrong."""
        above, level = self.customers[body["parent_id"]], body["level"]
        if self.gone(above):
            return 404, "not_found"
        if above["archived"]:
            return 409, "archived"
        needs = {*body.get("services_to_provide", ()), *([body["service_type"]] if level != "site" else ())}
        if (
            level not in BELOW[above["level"]]
            or self.decided(body["device_country"], body.get("storage_location")) is None
            or (level != "site" and not needs <= set(above["services"]))
        ):
            return 422, "broken_rules"
        return (409, "name_exists") if self.taken(body["parent_id"], body["name"]) else None

    def keep(self, this: str, body: dict[str, Any]) -> None:
        now, trial, level = self.aws.now, body.get("in_trial"), body["level"]
        self.customers[this] = {
            "name": body["name"], "level": level, "parent": body["parent_id"], "service": body.get("service_type"),
            "services": tuple(sorted(body.get("services_to_provide", ()))), "country": body["device_country"],
            "location": self.decided(body["device_country"], body.get("storage_location")),
            "ends": now + MONTH if trial else None, "since": None if trial or level == "site" else now,
            "archived": None, "version": 1, "reminded": 99, "created": now, "ever": False, "reference": None,
        }  # fmt: skip

    @rule(place=places, rows=st.lists(st.tuples(names, st.booleans()), min_size=1, max_size=4))
    def import_a_file(self, place: int, rows: list[tuple[str, bool]]) -> None:
        """JSON lines below one customer; what is refused keeps no other row."""
        parent = self.some(place)
        above = self.customers[parent]
        if not BELOW[above["level"]]:
            return
        level = BELOW[above["level"]][0]
        bodies: list[dict[str, Any]] = []
        for name, fits in {folded(name): (name, fits) for name, fits in rows}.values():
            body = {"name": name, "parent_id": parent, "level": level, "device_country": "DE" if fits else "JP"}
            if level != "site":
                body["service_type"] = above["services"][0]
            if level not in ("end_customer", "site"):
                body["services_to_provide"] = list(above["services"])
            bodies.append(body)
        self.number += 1
        headers = {"idempotency-key": f"file-{self.number}", "content-type": "application/x-ndjson"}
        added = call("add_import", body="\n".join(map(json.dumps, bodies)), headers=headers)
        assert added.status == 202, added.text
        message = {"messageId": "1", "body": json.dumps({"import_id": added.body["id"]})}
        for _ in range(2):  # the message comes twice
            assert handler("run_import")({"Records": [message]}, Context()) == {"batchItemFailures": []}
        done = call("get_import", path=f"/imports/{added.body['id']}", query={"limit": "1000"}).body
        assert (done["state"], done["rows_done"], len(done["results"])) == ("done", len(bodies), len(bodies))
        for result in done["results"]:
            body = bodies[result["row"] - 1]
            why = self.why_refused(body)
            if why is None:
                assert result["status"] == "created", result
                self.keep(result["customer_id"], body)
            else:
                assert result["status"] in (("existed", "refused") if why[1] == "name_exists" else ("refused",)), result

    @rule(place=places)
    def repeat(self, place: int) -> None:
        """The same request gets the first answer, whatever became of the customer; nothing once it is removed."""
        if not self.asked:
            return None
        body, key, first = self.asked[place % len(self.asked)]
        again = call("add_customer", body=body, headers={"idempotency-key": key})
        if self.gone(self.customers[first.body["parent_id"]]):
            return self.refused(again, 404, "not_found")
        if self.gone(self.customers[first.body["id"]]):
            assert again.status in (409, 422), again.text
            return None
        assert (again.status, again.headers.get("Idempotent-Replayed")) == (201, "true"), again.text
        assert again.text == first.text
        return None

    @rule(place=places, name=names, stale=st.sampled_from([0, 0, 0, 7]))
    def rename(self, place: int, name: str, stale: int) -> None:
        this = self.some(place)
        of = self.customers[this]
        if of["level"] == "root" or of["name"] == name:
            return None
        called = call(
            "change_customer", path=f"/customers/{this}", body={"name": name}, headers=self.at(of["version"] + stale)
        )
        if self.gone(of):
            return self.refused(called, 404, "not_found")
        if of["archived"]:
            return self.refused(called, 409, "archived")
        if stale:
            return self.refused(called, 412, "stale_version")
        if self.taken(of["parent"], name, but=this):
            return self.refused(called, 409, "name_exists")
        assert called.status == 200, called.text
        of["name"], of["version"] = name, of["version"] + 1
        return self.same(called.body, this)

    @rule(place=places)
    def archive(self, place: int) -> None:
        this = self.some(place)
        of = self.customers[this]
        if of["level"] == "root":
            return None
        called = call("archive_customer", path=f"/customers/{this}", headers=self.at(of["version"]))
        if self.gone(of):
            return self.refused(called, 404, "not_found")
        if self.live(of):
            if self.children(this) or any(each["customer"] == this for each in self.devices.values()):
                return self.refused(called, 409, "archive_blocked")
            of["archived"], of["version"], of["ever"] = self.aws.now, of["version"] + 1, True
        assert called.status == 200, called.text
        return self.same(called.body, this)

    @rule(place=places)
    def restore(self, place: int) -> None:
        this = self.some(place)
        of = self.customers[this]
        if of["level"] == "root":
            return None
        called = call("restore_customer", path=f"/customers/{this}/restore", headers=self.at(of["version"]))
        if self.gone(of):
            return self.refused(called, 404, "not_found")
        if not self.live(of):
            above = self.customers[of["parent"]]
            if not self.live(above):
                return self.refused(called, 409, "archived")
            of["archived"], of["version"] = None, of["version"] + 1
        assert called.status == 200, called.text
        return self.same(called.body, this)

    @rule(place=places, stale=st.sampled_from([0, 0, 7]))
    def start_production(self, place: int, stale: int) -> None:
        this = self.some(place, "end_customer")
        of = self.customers[this]
        called = call("start_production", path=f"/customers/{this}/production", headers=self.at(of["version"] + stale))
        if self.gone(of):
            return self.refused(called, 404, "not_found")
        if of["archived"]:
            return self.refused(called, 409, "archived")
        if self.since(of) is None:
            if stale:
                return self.refused(called, 412, "stale_version")
            of["since"], of["version"] = self.aws.now, of["version"] + 1
        assert called.status == 200, called.text
        return None

    @rule(days=st.sampled_from([0, 1, 6, 23, 30]), seconds=st.sampled_from([0, 1, 3599]))
    def jump(self, days: int, seconds: int) -> None:
        self.aws.now += timedelta(days=days, seconds=seconds)

    @rule(times=st.integers(min_value=1, max_value=3))
    def schedule(self, times: int) -> None:
        """The run is begun once, or more than once by the same event."""
        event = {"time": self.aws.now.isoformat()}
        for _ in range(times):
            handler("end_trials")(event, Context())
        for of in self.customers.values():
            if not self.live(of) or not of["ends"] or of["since"]:
                continue
            if of["ends"] <= self.aws.now:
                of["since"], of["version"] = of["ends"], of["version"] + 1
                continue
            due = [step for step in (7, 3, 1) if of["ends"] - timedelta(days=step) <= self.aws.now]
            if due and min(due) < of["reminded"]:
                of["reminded"], of["version"] = min(due), of["version"] + 1

    @rule(hosted=st.sets(st.sampled_from(["FR", "NL", "JP", "US"])), stale=st.sampled_from([0, 0, 3]))
    def catalogue_is_replaced(self, hosted: set[str], stale: int) -> None:
        every = ["DE", *sorted(hosted)]
        body = {"locations": [{"country": code, "routed_to": "DE"} for code in every]}
        called = call("replace_storage_locations", body=body, headers=self.at(self.catalogue + stale))
        if stale:
            return self.refused(called, 412, "stale_version")
        assert called.status == 200, called.text
        self.hosted, self.catalogue = dict.fromkeys(every, "DE"), self.catalogue + 1
        return None

    @rule(place=places)
    def add_device(self, place: int) -> None:
        this = self.some(place)
        of = self.customers[this]
        self.number += 1
        called = call(
            "add_test_device", path=f"/customers/{this}/test-devices", body={"name": "Device"},
            headers={"idempotency-key": f"device-{self.number}"},
        )  # fmt: skip
        if self.gone(of):
            return self.refused(called, 404, "not_found")
        if of["archived"]:
            return self.refused(called, 409, "archived")
        if sum(each["customer"] == this for each in self.devices.values()) == 10:
            return self.refused(called, 409, "too_many_test_devices")
        assert called.status == 201, called.text
        self.devices[called.body["id"]] = {"customer": this}
        return None

    @rule(place=places)
    def remove_device(self, place: int) -> None:
        if not self.devices:
            return
        this = list(self.devices)[place % len(self.devices)]
        path = f"/customers/{self.devices[this]['customer']}/test-devices/{this}"
        assert call("remove_test_device", path=path).status == 204
        assert call("get_test_device", path=path).status == 404
        del self.devices[this]

    @rule(place=places, number=st.integers(min_value=0, max_value=5), role=roles)
    def invite(self, place: int, number: int, role: str) -> None:
        this = self.some(place)
        of = self.customers[this]
        if of["level"] == "root":
            return None
        email = f"{number}@example.com"
        body = {"email": email.upper(), "display_name": "Somebody", "role": role}
        called = call("add_account", path=f"/customers/{this}/accounts", body=body)
        if self.gone(of):
            return self.refused(called, 404, "not_found")
        if of["archived"]:
            return self.refused(called, 409, "archived")
        if any(each["email"] == email for each in self.accounts.values()):
            return self.refused(called, 409, "email_exists")
        assert called.status == 201, called.text
        self.accounts[called.body["id"]] = {"email": email, "role": role, "customer": this, "version": 1}
        return None

    def last(self, this: str) -> bool:
        of = self.accounts[this]
        kin = [e for e in self.accounts.values() if e["customer"] == of["customer"] and e["role"] == "super_user"]
        return of["role"] == "super_user" and len(kin) == 1

    @rule(place=places, role=roles, removed=st.booleans())
    def change_or_remove_account(self, place: int, role: str, removed: bool) -> None:
        if not self.accounts:
            return None
        this = list(self.accounts)[place % len(self.accounts)]
        of = self.accounts[this]
        if not self.live(self.customers[of["customer"]]) or (of["role"] == role and not removed):
            return None
        body = None if removed else {"role": role}
        function = "remove_account" if removed else "change_account"
        called = call(function, path=f"/accounts/{this}", body=body, headers=self.at(of["version"]))
        if self.last(this):
            return self.refused(called, 409, "last_super_user")
        if removed:
            assert called.status == 204, called.text
            del self.accounts[this]
            return None
        assert called.status == 200, called.text
        of["role"], of["version"] = role, of["version"] + 1
        return None

    @rule(place=places)
    def look(self, place: int) -> None:
        """One customer, and all that stand below it."""
        this = self.some(place)
        of = self.customers[this]
        called = call("get_customer", path=f"/customers/{this}")
        if self.gone(of):
            return self.refused(called, 404, "not_found")
        self.same(called.body, this)
        listed = call("list_customers", query={"parent_id": this, "limit": "100"}).body["customers"]
        assert {each["id"] for each in listed} == set(self.children(this))
        for each in listed:
            self.same(each, each["id"])
        return None

    def subtree(self, top: str) -> set[str]:
        """What stands at and below a customer and is not archived."""
        found = {top} if self.live(self.customers[top]) else set()
        return found.union(*(self.subtree(child) for child in self.children(top)))

    def listed(self, function: str, query: dict[str, str], rows: str, path: str | None = None) -> list[Any]:
        """All pages of a list."""
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            called = call(function, path=path, query={**query, "limit": "3", **cursor})
            assert called.status == 200, called.text
            found += called.body[rows]
            if called.body["next_cursor"] is None:
                return found
            cursor = {"cursor": called.body["next_cursor"]}

    @rule(place=places)
    def look_at_a_subtree(self, place: int) -> None:
        this = self.some(place)
        if self.gone(self.customers[this]):
            return self.refused(call("list_customers", query={"within": this}), 404, "not_found")
        listed = self.listed("list_customers", {"within": this}, "customers")
        assert len(listed) == len({each["id"] for each in listed})
        if self.live(self.customers[this]):
            assert {each["id"] for each in listed} == self.subtree(this)
        for each in listed:
            self.same(each, each["id"])
        return None

    @rule(place=places)
    def look_at_invoicing(self, place: int) -> None:
        """Whoever was never archived is on the month's report from its production on, and nobody before."""
        this = self.some(place)
        if not self.live(self.customers[this]):
            return
        now = self.aws.now
        after = (now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=31)).replace(day=1)
        rows = self.listed("get_invoicing", {"month": f"{now:%Y-%m}"}, "rows", path=f"/customers/{this}/invoicing")
        found = {row["customer_id"]: from_text(row["invoice_from"]) for row in rows}
        assert len(found) == len(rows)
        due = {
            each: since
            for each in self.subtree(this)
            if self.customers[each]["level"] == "end_customer"
            and (since := self.since(self.customers[each]))
            and since < after
        }
        assert found.items() <= due.items()
        assert {each for each in due if not self.customers[each]["ever"]} <= set(found)

    @rule(place=places, who=places)
    def look_as_another(self, place: int, who: int) -> None:
        """An account sees its own customer and what stands below, and nothing tells that there is anything else."""
        live = {this: of for this, of in self.accounts.items() if self.live(self.customers[of["customer"]])}
        if not live:
            return None
        account = list(live)[who % len(live)]
        this, by = self.some(place), SimpleNamespace(id=account)
        called = call("get_customer", path=f"/customers/{this}", account=by)  # type: ignore[arg-type]
        above: str | None = this
        while above is not None and above != live[account]["customer"]:
            above = self.customers[above]["parent"]
        if above is None or self.gone(self.customers[this]):
            self.refused(called, 404, "not_found")
            body = {"name": "Intruder", "parent_id": this}
            return self.refused(call("add_customer", body=body, account=by), 404, "not_found")  # type: ignore[arg-type]
        self.same(called.body, this)
        if live[account]["role"] in ("manager", "operator", "supporter"):
            body = {"name": "Intruder", "parent_id": this}
            return self.refused(call("add_customer", body=body, account=by), 403, "forbidden")  # type: ignore[arg-type]
        return None

    @rule(place=places, value=st.sampled_from(["1", "2", "a b"]))
    def give_a_reference(self, place: int, value: str) -> None:
        this = self.some(place)
        of = self.customers[this]
        if of["level"] in ("root", "distributor") or of["reference"] == value:
            return None
        body = {"references": {"psa": value}}
        called = call("change_customer", path=f"/customers/{this}", body=body, headers=self.at(of["version"]))
        if self.gone(of):
            return self.refused(called, 404, "not_found")
        if of["archived"]:
            return self.refused(called, 409, "archived")
        if self.holder(self.tree(this), value):
            return self.refused(called, 409, "reference_exists")
        assert called.status == 200, called.text
        of["reference"], of["version"] = value, of["version"] + 1
        return None

    def tree(self, this: str) -> str:
        """The distributor of a customer."""
        while self.customers[this]["level"] != "distributor":
            this = self.customers[this]["parent"]
        return this

    def holder(self, tree: str, value: str) -> str | None:
        return next(
            (
                this
                for this, of in self.customers.items()
                if of["reference"] == value and not self.gone(of) and self.tree(this) == tree
            ),
            None,
        )

    @rule(place=places, value=st.sampled_from(["1", "2", "a b"]))
    def find_by_reference(self, place: int, value: str) -> None:
        tree = self.some(place, "distributor")
        if tree == ROOT.id or not self.live(self.customers[tree]):
            return None
        path = f"/customers/by-reference/psa/{value}"
        called = call("get_customer_by_reference", path=path, query={"within": tree})
        this = self.holder(tree, value)
        if this is None:
            return self.refused(called, 404, "not_found")
        assert called.status == 200, called.text
        assert called.body["id"] == this
        return self.same(called.body, this)

    @rule(
        name=st.sampled_from(["mine", "default", "A view"]), removed=st.booleans(),
        columns=st.lists(st.sampled_from(["name", "customer", "country"]), min_size=1, max_size=3, unique=True),
    )  # fmt: skip
    def save_or_remove_a_view(self, name: str, removed: bool, columns: list[str]) -> None:
        path = f"/views/{name}"
        if removed:
            called = call("remove_view", path=path)
            assert called.status == (204 if name in self.views else 404), called.text
            self.views.pop(name, None)
        else:
            assert call("save_view", path=path, body={"columns": columns}).status == 200
            self.views[name] = columns
        shown = {view["name"]: view["columns"] for view in call("list_views").body["views"]}
        assert set(shown) == {"default", *self.views}
        assert self.views.items() <= shown.items()
        found = call("get_view", path=path)
        assert found.status == (200 if name in {"default", *self.views} else 404)

    @rule(times=st.integers(min_value=1, max_value=3))
    def deliver(self, times: int) -> None:
        self._deliver(times)

    def _deliver(self, times: int) -> None:
        """What the table's stream brings since the last time, each batch as often as it likes to come."""
        changes = self.aws.dynamo.log[self.delivered :]
        if not changes:
            return
        records = [record(self.delivered + place, change) for place, change in enumerate(changes) if change[1]]
        for _ in range(times):
            assert handler("publish_events")({"Records": records}, Context()) == {"batchItemFailures": []}
        self.delivered += len(changes)


def play(steps: int, seed: int) -> None:
    """Raises what hypothesis found, with the shortest story that shows it."""
    log.setLevel("CRITICAL")
    settings = hypothesis.settings(
        max_examples=-(-steps // STEPS_OF_ONE), stateful_step_count=STEPS_OF_ONE, deadline=None, database=None,
        suppress_health_check=list(hypothesis.HealthCheck), print_blob=True,
    )  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        run_state_machine_as_test(hypothesis.seed(seed)(Api), settings=settings)


def main() -> None:
    play(int(sys.argv[1]), int(sys.argv[2]))


if __name__ == "__main__":
    main()
