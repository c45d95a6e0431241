""""""

import pytest

from shared.bootstrap import bootstrap_records
from shared.errors import RulesViolatedError
from shared.table.store import ConditionFailedError
from tests.builders import NOW, bootstrap_in
from tests.memory_store import MemoryStore


def test_bootstrap_succeeds_once(memory: MemoryStore) -> None:
    bootstrap_in(memory)
    before = dict(memory.items)
    with pytest.raises(ConditionFailedError):
        bootstrap_in(memory)
    assert memory.items == before


def test_bootstrap_in_a_country_without_storage_requires_a_location() -> None:
    _, actions = bootstrap_records("Root", "Finland", "root@example.com", "key", NOW, "Sweden")
    assert len(actions) == 5
    with pytest.raises(RulesViolatedError) as refused:
        bootstrap_records("Root", "Finland", "root@example.com", "key", NOW)
    assert [error["code"] for error in refused.value.errors] == ["storage_location_required"]


def test_bootstrap_reports_every_violation() -> None:
    with pytest.raises(RulesViolatedError) as refused:
        bootstrap_records(" ", "Atlantis", "nobody", "key", NOW)
    assert [error["pointer"] for error in refused.value.errors] == ["/device_country", "/name", "/email"]
