"""The crash matrix: every use case, at every one of its AWS calls, with everything that can go wrong there, and then.

The final state must be the faultless one, and the answer of the same request again the first answer.

    python -m tests.simulation.crashes      plays the whole matrix, and tells every case that is wrong
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from shared.accounts.identities import IdentityError
from shared.customers.change_use_cases import change_customer
from shared.customers.customer import CustomerChange
from shared.errors import ApiError
from tests.simulation.fake_dynamo import Record
from tests.simulation.fixtures import ACTS, World, scene, who
from tests.simulation.invariants import violations
from tests.simulation.turns import FAULTS, Crashed, Fault

# What follows a fault: the same request again; again and again, as a duplicate comes too; somebody else first, who
# changes another customer; the schedule first.
FOLLOWS: Final = ("retry", "duplicate", "another", "schedule")
_MOST_RETRIES: Final = 4


@dataclass(frozen=True)
class Case:
    act: str
    call: int
    fault: Fault
    follow: str

    def __str__(self) -> str:
        return f"{self.act}, call {self.call} {self.fault}, then {self.follow}"


def _another(world: World) -> Any:
    """Somebody else, elsewhere: it must make no difference."""
    return change_customer(world.store, who(), scene().empty.id, CustomerChange(device_country="FR"), version=1)


_BEFORE: Final = {"another": _another, "schedule": ACTS["end_trials"]}
# Acts that touch the same record as what comes first: there the outcome is the other one's to decide.
_ENTWINED: Final = {
    "another": {"archive_the_empty_one", "add_below_the_empty_one"},
    "schedule": {"archive_the_trial", "rename_the_trial", "give_a_reference", "start_production", "end_trials"},
}


def faultless(act: str, follow: str = "retry") -> tuple[dict[Any, Record], Any, int]:
    """The final state, the answer, and how many calls there are."""
    world = World.new()
    answer = ACTS[act](world)
    calls = len(world.turns.calls)
    if follow in _BEFORE:
        _BEFORE[follow](world)
    return _settled(world), answer, calls


def _settled(world: World) -> dict[Any, Record]:
    return dict(world.turns.dynamo.records)


def _plain(answer: Any) -> Any:
    """What the caller sees of an answer, without how often it was asked."""
    if isinstance(answer, BaseModel):
        return _plain(answer.model_dump())
    if isinstance(answer, dict):
        return {name: _plain(value) for name, value in answer.items() if name not in ("outcome", "ended_now")}
    if isinstance(answer, list):
        return [_plain(each) for each in answer]
    return answer


def cases() -> Iterator[Case]:
    for act in ACTS:
        _, _, calls = faultless(act)
        for call in range(calls):
            for fault in FAULTS:
                for follow in FOLLOWS:
                    if act not in _ENTWINED.get(follow, ()):
                        yield Case(act, call, fault, follow)


def wrong(case: Case) -> list[str]:
    """What is wrong after this case."""
    state, first, _ = faultless(case.act, case.follow)
    world = World.new()
    world.turns.plan = {case.call: case.fault}
    answer = _tried(world, case.act)
    if case.follow in _BEFORE:
        _BEFORE[case.follow](world)
    times = 2 if case.follow == "duplicate" else 1
    for _ in range(times):
        for _ in range(_MOST_RETRIES):
            answer = _tried(world, case.act)
            if not isinstance(answer, Crashed | IdentityError) and getattr(answer, "status", 0) not in (429, 503):
                break
    found = violations(world.turns.dynamo)
    if isinstance(answer, ApiError):
        if answer.code not in _ONCE.get(case.act, ()):  # else it was done, and the refusal says so
            found.append(f"the same request again is refused: {answer.code} {answer.detail}")
    elif case.act not in _COUNTS and _plain(answer) != _plain(first):
        found.append(f"the answer is another one: {_plain(answer)} and first {_plain(first)}"[:600])
    if _settled(world) != state:
        keys = [key for key in {*state, *_settled(world)} if state.get(key) != _settled(world).get(key)]
        found.append(f"the state is another one at {keys}")
    return found


# The schedule's answer counts what this very run has done.
_COUNTS: Final = ("end_trials",)
# What is taken away cannot be taken away again: a repeat says that it is not there, or no more at that version.
_ONCE: Final = {
    "remove_a_device": ("not_found",),
    "remove_the_first_super_user": ("not_found",),
    "remove_the_second_super_user": ("not_found",),
    "remove_the_super_user_of_the_archived_one": ("not_found",),
}


def _tried(world: World, act: str) -> Any:
    try:
        return ACTS[act](world)
    except (ApiError, IdentityError, Crashed) as ended:
        return ended


def main() -> None:
    counts: Counter[str] = Counter()
    for case in cases():
        counts[case.act] += 1
        for words in wrong(case):
            print(f"{case}: {words}")
    print(f"{counts.total()} cases of {len(counts)} use cases")


if __name__ == "__main__":
    main()
