"""The crash matrix: every use case, each of its AWS calls, every fault of that call, and every kind of aftermath.

The final state must be the same as without a fault. A repeated request must return the first response.

    python -m tests.simulation.crashes      run the whole matrix and print each case that fails
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from shared.accounts.identities import IdentityError
from shared.auth.authorization import Account
from shared.customers.change_use_cases import change_customer
from shared.customers.customer import CustomerChange
from shared.errors import ApiError
from shared.table.dynamodb import deserialize
from tests.simulation.fake_dynamo import Record
from tests.simulation.fixtures import USE_CASES, System, a_caller, fixtures
from tests.simulation.invariants import violations
from tests.simulation.turns import FAULTS, Crashed, Fault

# What follows a fault: a retry; a retry and its duplicate; a change of another customer, or the schedule, before it.
FOLLOWS: Final = ("retry", "duplicate", "another", "schedule")
_MAX_RETRIES: Final = 4


@dataclass(frozen=True)
class Case:
    use_case: str
    call: int
    fault: Fault
    follow: str

    def __str__(self) -> str:
        return f"{self.use_case}, call {self.call} {self.fault}, then {self.follow}"


def _another(system: System) -> Any:
    """Change another customer, which must not affect the result."""
    return change_customer(
        system.store, a_caller(), fixtures().empty.id, CustomerChange(device_country="FR"), version=1
    )


_BEFORE: Final = {"another": _another, "schedule": USE_CASES["end_trials"]}
# Use cases that write the same record as the call before the retry. Their outcome depends on it.
_SAME_RECORDS: Final = {
    "another": {"archive_the_empty_one", "add_below_the_empty_one"},
    "schedule": {"archive_the_trial", "rename_the_trial", "give_a_reference", "start_production", "end_trials"},
}


def faultless(use_case: str, follow: str = "retry") -> tuple[dict[Any, Record], Any, int]:
    """Return the final state without a fault, the response, and the number of calls."""
    system = System.new()
    response = USE_CASES[use_case](system)
    calls = len(system.turns.calls)
    if follow in _BEFORE:
        _BEFORE[follow](system)
    return _final_state(system), response, calls


def _final_state(system: System) -> dict[Any, Record]:
    return {key: _without_secrets(record) for key, record in system.turns.dynamo.records.items()}


def _without_secrets(record: Record) -> Record:
    """Return the record without random values: the hash of a token, and the client ids of credentials."""
    text = _CLIENT_ID.sub("client id", json.dumps(record))
    return {name: value for name, value in json.loads(text).items() if name != "token_hash"}


_CLIENT_ID: Final = re.compile(r"acc_\w+\.[0-9a-f]{16}")
# Members of a response that differ for a repeated request.
_DIFFERENT: Final = ("outcome", "ended_now", "credentials", "client_id", "client_secret", "installation_token")


def _plain(response: Any) -> Any:
    """Return a response as plain data, without the members that differ for a repeated request."""
    if isinstance(response, BaseModel):
        return _plain(response.model_dump())
    if isinstance(response, dict):
        return {name: _plain(value) for name, value in response.items() if name not in _DIFFERENT}
    if isinstance(response, list | tuple):
        return [_plain(each) for each in response]
    return response


def cases() -> Iterator[Case]:
    for use_case in USE_CASES:
        _, _, calls = faultless(use_case)
        for call in range(calls):
            for fault in FAULTS:
                for follow in FOLLOWS:
                    if use_case not in _SAME_RECORDS.get(follow, ()):
                        yield Case(use_case, call, fault, follow)


def findings(case: Case) -> list[str]:
    """Describe what is wrong after this case."""
    state, first, _ = faultless(case.use_case, case.follow)
    system = System.new()
    system.turns.plan = {case.call: case.fault}
    response = _run(system, case.use_case)
    if case.follow in _BEFORE:
        _BEFORE[case.follow](system)
    times = 2 if case.follow == "duplicate" else 1
    for _ in range(times):
        for _ in range(_MAX_RETRIES):
            response = _run(system, case.use_case)
            if not isinstance(response, Crashed | IdentityError) and getattr(response, "status", 0) not in (429, 503):
                break
    found = violations(system.turns.dynamo)
    if isinstance(response, ApiError):
        # An expected error means that the first request succeeded.
        if response.code not in _EXPECTED_ON_REPEAT.get(case.use_case, ()):
            found.append(f"the repeated request returns an error: {response.code} {response.detail}")
    elif case.use_case not in _COUNT_RESULTS and _plain(response) != _plain(first):
        found.append(f"the repeated request returns {_plain(response)}, and the first one {_plain(first)}"[:600])
    if _final_state(system) != state:
        keys = [key for key in {*state, *_final_state(system)} if state.get(key) != _final_state(system).get(key)]
        found.append(f"the final state differs at {keys}")
    return [*found, *_without_sign_in(system)]


def _without_sign_in(system: System) -> Iterator[str]:
    """Check that each credential of a machine that was added has a sign-in. That of the fixtures has none."""
    for (_, sk), record in system.turns.dynamo.records.items():
        account = Account.model_validate(deserialize(record)) if sk == "account" else None
        for credential in account.credentials or () if account else ():
            known = credential.client_id in system.identities.users
            if not known and credential not in (fixtures().machine.credentials or ()):
                yield f"the credential {credential.id} has no sign-in"


# The schedule returns how many trials this run ended.
_COUNT_RESULTS: Final = ("end_trials",)
# A record cannot be removed twice: the repeated request returns an error.
_EXPECTED_ON_REPEAT: Final = {
    "remove_a_device": ("not_found",),
    "remove_a_server": ("not_found",),
    "revoke_the_first_credential": ("not_found",),
    "remove_the_first_super_user": ("not_found",),
    "remove_the_second_super_user": ("not_found",),
    "remove_the_super_user_of_the_archived_one": ("not_found",),
}


def _run(system: System, use_case: str) -> Any:
    try:
        return USE_CASES[use_case](system)
    except (ApiError, IdentityError, Crashed) as ended:
        return ended


def main() -> None:
    counts: Counter[str] = Counter()
    for case in cases():
        counts[case.use_case] += 1
        for words in findings(case):
            print(f"{case}: {words}")
    print(f"{counts.total()} cases of {len(counts)} use cases")


if __name__ == "__main__":
    main()
