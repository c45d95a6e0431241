"""Steps of time: the clock, the schedule, deliveries, the catalogue."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.auth.authorization import account_of
from shared.values.timestamps import format_timestamp
from tests.calls import invoke
from tests.simulation.deliveries import record
from tests.simulation.model import (
    country_response,
    inactive_error,
)
from tests.simulation.steps.common import Steps, actor_indexes, indexes, offset_version, offsets


class TimeSteps(Steps):
    """Steps of time: the clock, the schedule, deliveries, the catalogue."""

    @rule(days=st.sampled_from([0, 1, 6, 23, 30]), seconds=st.sampled_from([0, 1, 3599, 14 * 3600]))
    def advance_clock(self, days: int, seconds: int) -> None:
        self.aws.now += timedelta(days=days, seconds=seconds)
        self.model.now = self.aws.now

    @rule()
    def expire_records(self) -> None:
        """Delete expired records. No response changes: they counted as removed before."""
        self.aws.expire()

    @rule(times=st.integers(min_value=1, max_value=3))
    def run_schedule(self, times: int) -> None:
        """The schedule runs once, or several times for the same event."""
        for _ in range(times):
            invoke("end_trials", {"time": self.aws.now.isoformat()})
        self.model.run_schedule()

    @rule(times=st.integers(min_value=1, max_value=3))
    def deliver_stream(self, times: int) -> None:
        self._deliver_stream(times)

    def _deliver_stream(self, times: int) -> None:
        """Deliver the changes since the last delivery, each batch `times` times."""
        changes = self.aws.dynamo.log[self.delivered :]
        records = [record(self.delivered + index, change) for index, change in enumerate(changes) if change[1]]
        of_accounts = [each for each in records if each["dynamodb"]["Keys"]["sk"] == {"S": "account"}]
        for _ in range(times):
            for function, batch in (("publish_events", records), ("sync_identity", of_accounts)):
                assert invoke(function, {"Records": batch}) == {"batchItemFailures": []}
        self.delivered += len(changes)
        for account in self.model.accounts.values():
            signs_in = account.signed_in_at and account.disabled
            if (
                account.kind == "person"
                and not account.has_lost_address
                and not account.invited_at
                and account.synced < account.version
                and not signs_in
            ):
                account.invited_at = self.aws.now
            account.synced = account.version
        invited = (each for each in self.model.accounts.values() if each.kind == "api" or each.invited_at)
        users = {each.id: not each.disabled for each in invited}
        assert {account_of(name): enabled for name, enabled in self.aws.cognito.users.items()} == users

    @rule(
        actor_index=actor_indexes,
        hosted=st.dictionaries(st.sampled_from(["FR", "NL", "JP", "US"]), st.booleans()),
        offset=offsets,
    )
    def replace_catalogue(self, actor_index: int, hosted: dict[str, bool], offset: int) -> None:
        """Replace the catalogue. Each location is open, or its data is stored in DE."""
        actor, model = self.account_at(actor_index), self.model
        routes = {"DE": "DE", **{code: code if is_open else "DE" for code, is_open in hosted.items()}}
        body = {"locations": [{"country": code, "routed_to": to} for code, to in routes.items()]}
        before = len(model.catalogues)
        error = inactive_error(actor)
        error = error or (None if actor.has_permission("support") else (403, "forbidden"))
        version = offset_version(before, offset)
        repeated = version == before - 1 and (model.hosted, model.replaced_by[-1]) == (routes, actor.id)
        if not error and version != before and not repeated:
            error = 412, "stale_version", ("version", before)
        response = self.request("replace_storage_locations", actor, version=version, body=body)
        if not self.accepted(response, error):
            return
        if repeated or routes == model.hosted:  # the same locations make no new version
            assert response.body["version"] == before
            return
        model.replace_catalogue(actor, routes)
        assert response.body == {
            "version": before + 1, "created_at": format_timestamp(model.now), "created_by": actor.id,
            "locations": [
                {
                    **(country_response(code) or {}), "open": routes[code] == code,
                    "routed_to": country_response(routes[code]),
                }
                for code in sorted(routes)
            ],
        }  # fmt: skip
        again = self.request(
            "replace_storage_locations", actor, version=before, body=body
        )  # repeated, as if its response was lost
        assert again.body == response.body

    @rule(version=indexes)
    def read_catalogue(self, version: int) -> None:
        """Read the current catalogue, or an earlier version."""
        number = version % len(self.model.catalogues) + 1
        response = self.request("get_storage_locations", self.account_at(0), query={"version": str(number)})
        routes = self.model.catalogues[number - 1]
        assert response.body["version"] == number
        assert {each["code"]: each["routed_to"]["code"] for each in response.body["locations"]} == routes
        assert self.request("get_storage_locations", self.account_at(0)).body["version"] == len(self.model.catalogues)
