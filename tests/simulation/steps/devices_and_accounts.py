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
    Customer,
    ExpectedError,
    inactive_error,
)
from tests.simulation.steps.common import (
    DASHBOARD_COLUMNS,
    KEY_REUSED,
    Onboarding,
    SentRequest,
    Steps,
    actor_indexes,
    customers,
    indexes,
    offset_version,
    offsets,
    people,
)


def without_secrets(body: dict[str, Any]) -> dict[str, Any]:
    return {name: None if name in ("credentials", "installation_token") else each for name, each in body.items()}


class AccountSteps(Steps):
    """Steps of test devices, accounts, onboardings and views."""

    @rule(actor_index=actor_indexes, index=indexes, kind=st.sampled_from([None, "workstation", "server"]))
    def add_device(self, actor_index: int, index: int, kind: str | None) -> None:
        actor = self.account_at(actor_index)
        customer = self.pick_customer(index, actor)
        path, error = f"/customers/{customer.id}/", self.model.add_device_error(actor, customer, kind)
        what, path = ("device", f"{path}devices") if kind else ("test_device", f"{path}test-devices")
        body = {"name": "Device", **({"kind": kind} if kind else {})}
        self.add_with_dry_run(what, actor, customer, path, body, error, {"id", "installation_token"})

    @rule(actor_index=actor_indexes, index=indexes, offset=offsets, name=st.sampled_from(["Device", "Other"]))
    def rename_device(self, actor_index: int, index: int, offset: int, name: str) -> None:
        devices = [each for each in self.model.devices.values() if each.kind]
        if not devices:
            return
        actor, device = self.account_at(actor_index), devices[index % len(devices)]
        version = offset_version(device.version, offset)
        error = self.model.access_error(actor, device.customer, "change_devices")
        if not error and name != device.name and version != device.version:
            error = 412, "stale_version", ("version", device.version)
        response = self.request("change_device", actor, device.path, version=version, body={"name": name})
        if self.accepted(response, error):
            device.version += name != device.name
            device.name = name
            assert response.body == self.model.shown_device(device)

    @rule(actor_index=actor_indexes, index=indexes)
    def read_or_remove_device(self, actor_index: int, index: int) -> None:
        if not self.model.devices:
            return
        actor = self.account_at(actor_index)
        device = list(self.model.devices.values())[index % len(self.model.devices)]
        what, path = device.what, device.path
        response = self.request(f"get_{what}", actor, path)
        if self.accepted(response, self.model.access_error(actor, device.customer, "read")):
            assert response.body == self.model.shown_device(device)
        error = self.model.access_error(actor, device.customer, "change_devices")
        if self.accepted(self.request(f"remove_{what}", actor, path), error, 204):
            self.model.remove_device(device)
            assert self.request(f"get_{what}", actor, path).status == 404

    @rule(actor_index=actor_indexes, index=indexes, body=people)
    def add_account(self, actor_index: int, index: int, body: dict[str, Any]) -> None:
        actor = self.account_at(actor_index)
        self._add_account(actor, self.pick_customer(index, actor), body)

    def _add_account(self, actor: Account, customer: Customer, body: dict[str, Any]) -> None:
        body = {name: value for name, value in body.items() if value is not None}
        path, error = f"/customers/{customer.id}/accounts", self.model.add_account_error(actor, customer, body)
        self.add_with_dry_run("account", actor, customer, path, body, error, {"id", "credentials", "status"})

    @rule(
        actor_index=actor_indexes, index=indexes, offset=offsets,
        fields=st.fixed_dictionaries({}, optional={
            "role": st.sampled_from(ROLES), "disabled": st.booleans(), "display_name": st.sampled_from(["A", "B"]),
        }),
    )  # fmt: skip
    def change_account(self, actor_index: int, index: int, offset: int, fields: dict[str, Any]) -> None:
        self._change_account(self.account_at(actor_index), self.account_at(index), fields, offset)

    def _change_account(self, actor: Account, account: Account, fields: dict[str, Any], offset: int = 0) -> None:
        model = self.model
        if account.id == ROOT_ACCOUNT.id and actor is not account:
            return  # the steps need one super_user at the root
        version = offset_version(account.version, offset)

        def send() -> Called:
            return self.request("change_account", actor, f"/accounts/{account.id}", version=version, body=fields)

        error = model.change_account_error(actor, account, fields, version)
        response = send()
        if not self.accepted(response, error):
            return
        changed = {name: value for name, value in fields.items() if value != getattr(account, name)}
        if changed:
            model.change_account(account, **changed)
        assert response.body == model.shown_account(account)
        assert send().body == response.body  # repeated, as if its response was lost

    @rule(index=indexes, body=people)
    def reuse_email_of_removed_customer(self, index: int, body: dict[str, Any]) -> None:
        """A customer is archived until it is removed. Then one of its e-mail addresses is used at another customer."""
        actor = self.account_at(0)
        customer = self.pick_customer(index, actor, lambda each: each.parent and not self.model.children(each))
        self._add_account(actor, customer, body)
        self._archive(actor, customer)
        self.advance_clock(30, 0)
        self._add_account(actor, self.model.root, body)

    @rule(index=indexes, body=people)
    def replay_after_promotion(self, index: int, body: dict[str, Any]) -> None:
        """An account is promoted to super_user. Then the account that added it repeats the same request."""
        able = [account for account in self.model.accounts.values() if account.has_permission("change_accounts")]
        actor = able[index % len(able)]
        before = len(self.sent_requests)
        self._add_account(actor, actor.customer, body)
        for request in self.sent_requests[before:]:
            self._change_account(self.account_at(0), request.created, {"role": ROLES[0]})
            self._repeat(request)

    @rule(actor_index=actor_indexes, index=indexes, offset=offsets)
    def remove_account(self, actor_index: int, index: int, offset: int) -> None:
        actor, account, model = self.account_at(actor_index), self.account_at(index), self.model
        if account.id == ROOT_ACCOUNT.id and actor is not account:
            return
        version = offset_version(account.version, offset)
        error = model.remove_account_error(actor, account, version)
        response = self.request("remove_account", actor, f"/accounts/{account.id}", version=version)
        if self.accepted(response, error, 204):
            model.remove_account(account)
            assert self.request("get_account", self.account_at(0), f"/accounts/{account.id}").status == 404

    @rule(actor_index=actor_indexes, index=indexes)
    def rotate_a_credential(self, actor_index: int, index: int) -> None:
        """A machine gets another credential, and its first one is revoked."""
        machines = [account for account in self.model.accounts.values() if account.kind == "api"]
        if not machines:
            return
        actor, machine = self.account_at(actor_index), machines[index % len(machines)]
        path, key = f"/accounts/{machine.id}/credentials", {"idempotency-key": self.new_key()}
        error = self.model.account_access_error(actor, machine)
        error = error or ((422, "broken_rules") if machine.disabled else None)
        response = self.request("add_credential", actor, path, body={}, headers=key)
        if not self.accepted(response, error, 201):
            return
        self.model.change_account(machine)
        again = self.request("add_credential", actor, path, body={}, headers=key)
        assert again.body == {**response.body, "client_secret": None}
        first, second = self.request("list_credentials", actor, path).body["credentials"]
        assert (first["client_id"], second["client_id"]) == (machine.client_id, response.body["client_id"])
        assert self.request("revoke_credential", actor, f"{path}/{first['id']}").status == 204
        self.model.change_account(machine)
        assert self.request("get_me", machine).body["code"] == "no_active_account"
        machine.client_id = second["client_id"]

    @rule(actor_index=actor_indexes, index=indexes)
    def replace_a_token(self, actor_index: int, index: int) -> None:
        if not self.model.devices:
            return
        actor = self.account_at(actor_index)
        device = list(self.model.devices.values())[index % len(self.model.devices)]
        key = {"idempotency-key": self.new_key()}
        response = self.request(f"replace_{device.what}_token", actor, f"{device.path}/token", headers=key)
        error = self.model.access_error(actor, device.customer, "change_devices")
        if self.accepted(response, error, 201):
            device.version += 1
            shown = response.body
            assert shown.pop("installation_token").startswith("bci_")
            assert shown == self.model.shown_device(device)

    @rule(index=indexes)
    def sign_in(self, index: int) -> None:
        account = self.account_at(index)
        answer = invoke("record_sign_in", {"userName": account.id})
        assert answer == {"userName": account.id}
        self.model.sign_in(account)

    @rule(
        actor_index=actor_indexes,
        index=indexes,
        new=customers,
        accounts=st.lists(people, max_size=2),
        device=st.booleans(),
    )
    def onboard(
        self, actor_index: int, index: int, new: dict[str, Any], accounts: list[dict[str, Any]], device: bool
    ) -> None:
        actor = self.account_at(actor_index)
        body: dict[str, Any] = {
            "customer": self.child_body(self.pick_customer(index, actor), new, index, fitting=True),
            "accounts": [{name: value for name, value in each.items() if value is not None} for each in accounts],
        }
        if device:
            body["test_device"] = {"name": "Device"}
        self.onboardings.append(Onboarding(body, self.new_key(), actor))
        self._onboard(self.onboardings[-1])

    @rule(index=indexes)
    def onboard_again(self, index: int) -> None:
        """Repeat an onboarding: the successful steps are replayed, and the others are tried again."""
        if self.onboardings:
            self._onboard(self.onboardings[index % len(self.onboardings)])

    def _onboard(self, request: Onboarding) -> None:
        actor, body, customer = request.actor, request.body, None

        def send(**query: str) -> Called:
            return self.request(
                "add_onboarding", actor, body=body, query=query, headers={"idempotency-key": request.key}
            )

        first = request.done.get("/customer")
        customer_error = self.replay_error(actor, first[0]) if first else self.model.add_error(actor, body["customer"])
        existing = None if first else self.model.existing(body["customer"], customer_error)
        customer_error = None if existing else customer_error
        dry = self.dry_run(lambda: send(validate_only="true"), customer_error)
        response = send()
        if customer_error:
            self.accepted(response, customer_error)
            return
        steps = {step["pointer"]: step for step in response.body["steps"]}
        requested = [("/customer", "customer", body["customer"])]
        requested += [(f"/accounts/{number}", "account", new) for number, new in enumerate(body["accounts"])]
        requested += [("/test_device", "test_device", body["test_device"])] if "test_device" in body else []
        for pointer, kind, new in requested:
            before = request.done.get(pointer)
            error = self.replay_error(actor, before[0]) if before else self.step_error(kind, actor, customer, new)
            step = steps.pop(pointer)
            if kind == "customer" and existing:
                assert (step["outcome"], step["customer"]) == ("existed", self.model.shown(existing)), step
                assert response.body["customer_id"] == dry["existing_customer_id"] == existing.id
                customer = existing
                continue
            if error:
                problem = step["problem"]
                assert (step["outcome"], problem["status"], problem["code"]) == ("refused", *error[:2]), step
                continue
            assert step["outcome"] == ("replayed" if before else "added"), step
            if before:
                assert step[kind] == self.model.landing_today(without_secrets(before[1]))
            else:
                request.done[pointer] = self.record_addition(kind, actor, customer, new, step[kind]), step[kind]
            customer = existing or request.done["/customer"][0]
        assert steps == {}
        problems = [step["problem"] for step in response.body["steps"]]
        assert problems == [step["problem"] for step in dry["steps"]]
        complete = not any(problems)
        created = complete and not existing
        assert (response.status, response.body["complete"]) == (201 if created else 207, complete)

    def step_error(self, kind: str, actor: Account, customer: Any, new: dict[str, Any]) -> ExpectedError:
        """Return the expected error of a step that has not succeeded yet. It is the error of the separate request."""
        if kind == "customer":
            return self.model.add_error(actor, new)
        if kind == "test_device":
            return self.model.add_device_error(actor, customer)
        return self.model.add_account_error(actor, customer, new)

    def record_addition(
        self, kind: str, actor: Account, customer: Any, new: dict[str, Any], answer: dict[str, Any]
    ) -> Any:
        """Add the created record to the model, and compare its response. Return the record."""
        shown, model = {**answer}, self.model
        if kind == "customer":
            created: Any = model.add(shown["id"], actor, new)
            expected = model.shown(created)
        elif kind == "account":
            if other := model.account_with_email(new.get("email")):
                release = model.remove_account if model.is_removed(other.customer) else model.lose_address
                release(other)
            created = model.add_account(shown["id"], actor, customer, new)
            credentials, expected = shown.pop("credentials"), model.shown_account(created)
            assert (credentials is None) == (new["kind"] == "person")
            if credentials:  # its user exists already
                assert self.aws.cognito.users[credentials["client_id"]]
                assert credentials["client_id"].startswith(f"{created.id}.")
                created.client_id = credentials["client_id"]
        else:
            created = model.add_device(shown["id"], actor, customer, new.get("kind"))
            assert shown.pop("installation_token").startswith("bci_")
            expected = model.shown_device(created)
        assert shown == expected
        return created

    @rule(index=indexes)
    def repeat(self, index: int) -> None:
        """Repeat the request. It returns the first response until the record is removed, even after changes."""
        self._repeat(self.sent_requests[index % len(self.sent_requests)])

    def _repeat(self, request: SentRequest) -> None:
        headers = {"idempotency-key": request.key}
        again = self.request(request.function, request.actor, request.path, body=request.body, headers=headers)
        error = self.replay_error(request.actor, request.created)
        if self.accepted(again, error, 201):
            assert again.headers["Idempotent-Replayed"] == "true"
            assert again.body == self.model.landing_today(without_secrets(request.response.body))
        body = {**request.body, "display_name" if request.function == "add_account" else "name": "Another"}
        other = self.request(request.function, request.actor, request.path, body=body, headers=headers)
        self.accepted(other, self.replay_access_error(request.actor, request.created) or KEY_REUSED)

    def replay_access_error(self, actor: Account, created: Any) -> ExpectedError:
        """Return the error if the account no longer has the permission for this request, with any body."""
        model = self.model
        if isinstance(created, Customer):
            assert created.parent
            return model.access_error(actor, created.parent, "change_customers", archived=not model.is_removed(created))
        operation = "change_accounts" if isinstance(created, Account) else "change_devices"
        return model.access_error(actor, created.customer, operation, archived=True)

    def replay_error(self, actor: Account, created: Any) -> ExpectedError:
        """Return the expected error if the request that created the record is repeated now."""
        if error := self.replay_access_error(actor, created):
            return error
        is_removed = self.model.is_removed(created) if isinstance(created, Customer) else created.removed
        return KEY_REUSED if is_removed else None

    @rule(
        actor_index=actor_indexes, name=st.sampled_from(["mine", "default", "A view"]), removed=st.booleans(),
        columns=st.lists(st.sampled_from(DASHBOARD_COLUMNS[:4]), min_size=1, max_size=3, unique=True),
    )  # fmt: skip
    def save_or_remove_a_view(self, actor_index: int, name: str, removed: bool, columns: list[str]) -> None:
        actor = self.account_at(actor_index)
        views, path = self.model.views.setdefault(actor.id, {}), f"/views/{quote(name)}"
        error = inactive_error(actor)
        if removed:
            error = error or (None if name in views else (404, "not_found"))
            if self.accepted(self.request("remove_view", actor, path), error, 204):
                del views[name]
        elif self.accepted(self.request("save_view", actor, path, body={"columns": columns}), error):
            views[name] = columns
        if actor.disabled:
            return
        shown = {view["name"]: view["columns"] for view in self.request("list_views", actor).body["views"]}
        assert set(shown) == {"default", *views}
        assert views.items() <= shown.items()
        assert self.request("get_view", actor, path).status == (200 if name in {"default", *views} else 404)
