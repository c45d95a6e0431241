"""Steps of time: the clock, the schedule, deliveries, the catalogue."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.values.timestamps import format_timestamp
from tests.calls import invoke
from tests.simulation.deliveries import record
from tests.simulation.model import (
    country,
    why_not_active,
)
from tests.simulation.steps.common import Steps, actors, near, offs, places


class TimeSteps(Steps):
    """Steps of time: the clock, the schedule, deliveries, the catalogue."""

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
