"""Steps of test devices, accounts, onboardings and views."""

from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.builders import ROOT_ACCOUNT
from tests.calls import Called, invoke
from tests.simulation.model import (
    ROLES,
    Account,
    Company,
    Why,
    why_not_active,
)
from tests.simulation.steps.common import (
    LOOK,
    REUSED,
    Asked,
    Onboarding,
    Steps,
    actors,
    customers,
    near,
    offs,
    people,
    places,
)


class AccountSteps(Steps):
    """Steps of test devices, accounts, onboardings and views."""

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
