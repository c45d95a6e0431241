"""Tests: changing storage locations as support."""

import pytest

from shared.customers.change_use_cases import (
    get_history,
)
from shared.customers.customer import Customer
from shared.errors import (
    ForbiddenError,
    RulesViolatedError,
    StaleVersionError,
)
from tests.builders import (
    ROOT,
    ROOT_ACCOUNT,
    an_account,
    caller,
    put,
)
from tests.customers.change_helpers import LATER, Meddling, a_tree, change, move, stored
from tests.memory_store import MemoryStore


def test_support_changes_a_storage_location_and_the_reason_is_recorded(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    store.requests.clear()
    moved = move(store, lineage[4], reason=" By  its contract. ")
    assert store.requests == ["get", "write"]
    location = moved.storage_location
    assert (location.code, location.decided, location.catalogue_version) == ("NL", "support", 1)
    entry = get_history(store, caller(now=LATER), lineage[4].id, limit=100).entries[-1]
    assert (entry.event, entry.by, entry.at, entry.request_id, entry.reason, entry.changes) == (
        "storage_location_changed",
        ROOT_ACCOUNT.id,
        LATER,
        "request 1",
        "By its contract.",
        {"storage_location": {"from": "DE", "to": "NL"}},
    )
    assert move(store, lineage[4], version=2).version == 2  # it already has this location


def test_storage_location_change_by_others_returns_403_and_names_support(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    for account in (an_account("super_user", lineage[1]), an_account("administrator", ROOT)):
        put(store, account)
        with pytest.raises(ForbiddenError) as refused:
            move(store, lineage[4], account)
        assert "ontact support" in refused.value.detail


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"country": "FI"}, "storage_location_unknown"),
        ({"country": "Nowhere"}, "country_unknown"),
        ({"reason": " "}, "reason_required"),
        ({"reason": "x" * 501}, "reason_required"),
        ({"reason": "a\u200bb"}, "reason_required"),
    ],
)
def test_storage_location_change_requires_a_known_location_and_a_reason(
    store: MemoryStore, lineage: list[Customer], body: dict[str, str], code: str
) -> None:
    before = dict(store.items)
    with pytest.raises(RulesViolatedError) as refused:
        move(store, lineage[4], **body)
    assert refused.value.errors[0]["code"] == code
    assert store.items == before


def test_storage_location_change_accepts_a_reason_of_500_characters(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    assert move(store, lineage[4], reason="x" * 500).version == 2


def test_storage_location_change_of_a_stale_version_returns_412(meddling: Meddling) -> None:
    lineage = a_tree(meddling)
    with pytest.raises(StaleVersionError):
        move(meddling, lineage[4], version=7)
    meddling.meddle = [lambda: change(meddling, lineage[4], name="First")]
    with pytest.raises(StaleVersionError):
        move(meddling, lineage[4])
    assert stored(meddling, lineage[4]).storage_location.country == "DE"
