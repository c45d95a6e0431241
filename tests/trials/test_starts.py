"""Tests: support sees at which resellers trials began lately, also of customers that are gone."""

from datetime import timedelta
from typing import Any

import pytest

from shared.customers.change_use_cases import archive_customer
from shared.customers.use_cases import add_customer
from shared.devices.blocking import blocking_devices
from shared.errors import ForbiddenError
from shared.trials.starts import list_trial_starts
from tests.builders import NOW, a_customer, a_new_customer, an_account, caller, put
from tests.imports.helpers import LATER, run, send
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore


def listed(store: MemoryStore, now: Any = NOW, limit: int = 100) -> list[tuple[str, int, str]]:
    found, cursor = [], None
    while True:
        page = list_trial_starts(store, caller(now=now, operation="support"), limit=limit, cursor=cursor)
        found += [(each.name, each.started, f"{each.last_started_on}") for each in page.resellers]
        if (cursor := page.next_cursor) is None:
            return found


def test_repeated_trial_is_counted_although_it_was_archived_and_added_again(store: MemoryStore) -> None:
    reseller = a_customer("reseller")
    put(store, a_customer("distributor"), reseller)
    for number in range(3):  # the same company, under a slightly different name each time
        now = NOW + timedelta(days=10 * number)
        by = caller(now=now, operation="change_customers")
        new = a_new_customer("end_customer", reseller, name=f"Aurora Dental {number}", in_trial=True)
        for _ in range(2):
            added = add_customer(store, by, new, idempotency_key=f"{number}").customer
        archive_customer(store, by, added.id, version=1, find_devices=blocking_devices)
    add_customer(store, by, a_new_customer("end_customer", reseller, name="Pays"), idempotency_key="pays")
    assert listed(store, now) == [("A reseller", 3, "2026-12-14")]
    last_day = NOW + timedelta(days=89)
    assert listed(store, last_day) == [("A reseller", 3, "2026-12-14")]
    assert listed(store, last_day + timedelta(days=1)) == [("A reseller", 2, "2026-12-14")]
    assert listed(store, NOW + timedelta(days=120)) == []


def test_preview_and_refused_addition_count_nothing(store: MemoryStore) -> None:
    reseller = a_customer("reseller")
    put(store, a_customer("distributor"), reseller)
    by = caller(operation="change_customers")
    new = a_new_customer("end_customer", reseller, in_trial=True)
    add_customer(store, by, new, idempotency_key="k", validate_only=True)
    assert listed(store) == []


def test_trials_of_an_import_are_counted(store: MemoryStore) -> None:
    queue = MemoryQueue()
    resellers = [a_customer("reseller", name=name) for name in ("A", "B", "C")]
    put(store, a_customer("distributor"), *resellers)
    rows = [
        f"{reseller.name} {n},{reseller.id},software_only,DE,{'yes' if n % 2 else 'no'}"
        for reseller in resellers[:2]
        for n in range(5)
    ]
    send(store, queue, "\n".join(["name,parent_id,service_type,device_country,in_trial", *rows]))
    run(store, queue)
    for limit in (1, 2, 100):
        assert sorted(listed(store, LATER, limit)) == [("A", 2, "2026-11-25"), ("B", 2, "2026-11-25")]


def test_only_support_sees_them(store: MemoryStore) -> None:
    distributor = a_customer("distributor")
    account = an_account("super_user", distributor)
    put(store, distributor, account)
    with pytest.raises(ForbiddenError):
        list_trial_starts(store, caller(account, operation="support"), limit=10)
