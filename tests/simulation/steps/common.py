"""What all steps share: the choices of hypothesis, how a request is sent and compared with the model."""

import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from shared.values.timestamps import format_timestamp
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, begin_in
from tests.calls import Called, call
from tests.simulation.fake_aws import FakeAws
from tests.simulation.invariants import violations
from tests.simulation.model import (
    BOTH,
    ROLES,
    Account,
    Company,
    Model,
    Why,
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


class Steps(RuleBasedStateMachine):
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


def near(version: int, off: int) -> int:
    """Another version, or this one; 0 is none."""
    return max(version + off, 1)


def _id(shown: dict[str, Any]) -> str:
    return str(shown["id"])
