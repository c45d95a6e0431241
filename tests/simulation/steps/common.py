"""The base of all steps: the values that hypothesis chooses from, requests, and comparisons with the model."""

import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from shared.values.timestamps import format_timestamp
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, bootstrap_in
from tests.calls import Called, call
from tests.simulation.fake_aws import FakeAws
from tests.simulation.invariants import violations
from tests.simulation.model import (
    BOTH,
    CHANGEABLE_FIELDS,
    PLAIN_FIELDS,
    ROLES,
    Account,
    Customer,
    ExpectedError,
    Model,
)

MAX_STEPS: Final = 50  # of one example

indexes = st.integers(min_value=0, max_value=10**6)
actor_indexes = st.one_of(st.just(0), indexes)  # the root's first super_user, or any account
names = st.sampled_from(["Alpha", "ALPHA", "Beta", "Straße", "STRASSE", "é", "e\u0301", "Gamma"])
services = st.sampled_from([("all_inclusive",), ("software_only",), BOTH])
countries = st.sampled_from(["DE", "FR", "NL", "JP"])
offsets = st.sampled_from([0, 0, 0, -1, 7])  # added to the current version; mostly 0
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
_OTHER_TEXTS: Final = {"contact_email": ["a@example.com", "b@example.com"]}
plain = {name: st.sampled_from(_OTHER_TEXTS.get(name, ["A", "B"])) for name in PLAIN_FIELDS}
customers = st.fixed_dictionaries({"name": names, "device_country": countries}, optional={**fields, **plain})
changed_references = st.dictionaries(systems, st.one_of(values, st.none()), max_size=2)
changed_values = {"name": names, "device_country": countries, **fields, **plain, "references": changed_references}
changes = st.fixed_dictionaries({}, optional={name: changed_values[name] for name in CHANGEABLE_FIELDS})
ADD_FUNCTIONS: Final = {
    "customer": "add_customer",
    "account": "add_account",
    "test_device": "add_test_device",
    "device": "add_device",
}
IMPORT_COUNTS: Final = ("rows", "created", "existed", "refused")
WITH_ERRORS: Final = ("broken_rules", "archive_blocked", "name_exists", "reference_exists", "email_exists")
MAYBE_ERRORS: Final = (
    "not_found",
    "archived",
    "forbidden",
)  # it has errors only if an id or the role in the body causes it
POINTERS: Final = (
    "name", "parent_id", "level", "service_type", "services_to_provide", "device_country", "storage_location",
    "in_trial", "references", "country", "contact_email", "account_manager", "email",
    "display_name", "role", "disabled", "customer", "accounts",
)  # fmt: skip
KEY_REUSED: Final = (422, "idempotency_key_reused")
DASHBOARD_COLUMNS: Final = (
    "name", "id", "customer", "customer_id", "level", "state", "service_type", "country", "is_test", "invoiced",
    "device_kind",
    "storage_location", "expected_storage_location", "matches", "catalogue_version", "created_at", "created_by",
)  # fmt: skip


@dataclass
class SentRequest:
    """A successful addition. It is repeated later with the same key."""

    function: str
    path: str | None
    body: dict[str, Any]
    key: str
    actor: Account
    created: Any  # its record in the model
    response: Called


@dataclass
class Onboarding:
    """An onboarding request. `done`: pointer of a successful step -> its record in the model and its response."""

    body: dict[str, Any]
    key: str
    actor: Account
    done: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)


class Steps(RuleBasedStateMachine):
    """The API on an AWS in memory, and the model."""

    def __init__(self) -> None:
        super().__init__()
        self.aws = FakeAws(NOW)
        self.installed = contextlib.ExitStack()
        self.installed.enter_context(self.aws.installed())
        bootstrap_in(self.aws.store)
        decision = {
            "decided": "hosted", "decided_for": {"code": "DE", "name": "Germany"}, "catalogue_version": 1,
            "explanation": "Set at creation by the device country then, Germany.", "decided_at": format_timestamp(NOW),
        }  # fmt: skip
        root_id = ROOT_ACCOUNT.id
        root = Customer(
            ROOT.id, "root", None, ROOT.name, "all_inclusive", BOTH, "DE", "DE", {}, decision, NOW, root_id,
            production_since=NOW,
        )  # fmt: skip
        first = Account(
            root_id, root, "person", "root@example.com", ROOT_ACCOUNT.display_name, "super_user", NOW, root_id
        )
        hosted = {code: code for code in "AU BE BR CA DK FR DE IT NL NO PT ZA ES SE CH GB US".split()}
        self.model = Model(root, first, hosted)
        self.sent_requests: list[SentRequest] = []
        self.onboardings: list[Onboarding] = []
        self.delivered = 0
        self.number = 0

    def teardown(self) -> None:
        with self.installed:
            if not sys.exc_info()[0]:  # no step failed
                self.check_everything()

    def check_everything(self) -> None:
        """Read everything, repeat every addition, and check the events and the table."""
        actor = self.account_at(0)
        for customer in list(self.model.customers.values()):
            self._read_customer(actor, customer)
        self._read_audit(actor, self.model.root)
        for archived in (False, True):
            self._read_subtree(actor, self.model.root, archived=archived)
            self._read_invoicing(actor, self.model.root, archived=archived)
        for request in self.sent_requests:
            self._repeat(request)
        self._deliver_stream(1)
        self.check_events()
        self.aws.expire()
        found = violations(self.aws.dynamo)
        assert not found, found[:5]

    def check_events(self) -> None:
        """Compare the published events with the expected ones."""
        published, ids = {}, set()
        for entry in self.aws.bus.entries:
            event = json.loads(entry["Detail"])
            of_customer = event.get("location_request_id") or event["customer_id"]
            subject = event.get("device_id") or event.get("account_id") or of_customer
            published[entry["DetailType"], subject, event["sequence"]] = event
            ids.add(event["event_id"])
        assert len(ids) == len(published), "one event has two ids"
        assert published.keys() == self.model.events.keys()
        for key, details in self.model.events.items():
            assert details == {name: published[key][name] for name in details}

    # ---- requests and responses

    def pick_customer(self, index: int, actor: Account, among: Callable[[Customer], object] | None = None) -> Customer:
        """Return a customer that `among` accepts, if any. Usually the actor can see it; often it is the actor's."""
        every = list(self.model.customers.values())
        seen = [actor.customer] if index % 8 == 1 and not among else [each for each in every if actor.can_see(each)]
        fitting = [each for each in (every if index % 4 == 0 else seen) if among is None or among(each)]
        found = fitting or every
        return found[index // 4 % len(found)]

    def account_at(self, index: int) -> Account:
        accounts = list(self.model.accounts.values())
        return accounts[index % len(accounts)]

    def new_key(self) -> str:
        self.number += 1
        return f"key-{self.number}"

    @staticmethod
    def request(
        function: str, actor: Account, path: str | None = None, *, version: int | None = None, **rest: Any
    ) -> Called:
        """Send a request. `version` is sent as If-Match."""
        headers = {} if version is None else {"if-match": f'"{version}"'}
        sign_in: Any = SimpleNamespace(id=actor.client_id or actor.id)
        return call(function, account=sign_in, path=path, headers=headers | rest.pop("headers", {}), **rest)

    @staticmethod
    def accepted(response: Called, expected: ExpectedError, status: int = 200) -> bool:
        """Assert that the response is the expected one. Return whether success was expected."""
        if not expected:
            assert response.status == status, response.text
            return True
        body = response.body
        assert (response.status, body["code"]) == expected[:2], response.text
        errors = body.get("errors", [])
        assert bool(errors) == (body["code"] in WITH_ERRORS) or body["code"] in MAYBE_ERRORS, response.text
        for error in errors:
            assert error.get("pointer", "/name").split("/")[1] in POINTERS, response.text
        for name, value in expected[2:]:
            blocking = tuple(error.get("customer_id") or error.get("device_id") for error in errors)
            assert (blocking if name == "blocking" else body.get(name)) == value, response.text
        return False

    def dry_run(self, send: Callable[[], Called], error: ExpectedError) -> Any:
        """Send a dry run, which must write nothing. Return its body, or None if an error was expected."""
        before = len(self.aws.dynamo.log)
        response = send()
        assert len(self.aws.dynamo.log) == before, "a dry run wrote records"
        return response.body if self.accepted(response, error) else None

    def check_customer(self, response: Called, customer: Customer, notices: list[str] | None = None) -> None:
        shown = response.body
        codes = [notice["code"] for notice in shown.pop("notices")]
        expected = self.model.shown(customer)
        elsewhere = [notice["code"] for notice in expected.pop("notices")]
        assert (shown, codes) == (expected, [*elsewhere, *(notices or [])])
        assert response.headers["ETag"].startswith(f'"{customer.version}-')

    def all_rows(
        self, function: str, actor: Account, query: dict[str, str], rows: str, path: str | None = None
    ) -> list[Any]:
        """Return the rows of all pages of a list. No page may return an error."""
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            response = self.request(function, actor, path, query={**query, "limit": "3", **cursor})
            assert response.status == 200, response.text
            found += response.body[rows]
            if response.body["next_cursor"] is None:
                return found
            cursor = {"cursor": response.body["next_cursor"]}


def offset_version(version: int, offset: int) -> int:
    """Return the version plus the offset, at least 1."""
    return max(version + offset, 1)


def _id(shown: dict[str, Any]) -> str:
    return str(shown["id"])
