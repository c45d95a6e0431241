"""Tests: an older and a newer version of the code on one table, and a roll-back followed by a new deployment."""

import pytest

from shared.customers.change_use_cases import change_customer
from shared.customers.customer import CustomerChange
from shared.customers.use_cases import get_customer
from shared.table.keys import customer_key
from shared.table.store import SCHEMA, Put
from tests.simulation import fixtures, two_versions
from tests.simulation.turns import Turns


def test_both_versions_at_once_keep_all_invariants() -> None:
    assert [words for seed in range(500) for words in two_versions.findings(seed)] == []


def test_code_that_writes_whole_records_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    two_versions.newer()
    monkeypatch.setattr(
        "shared.customers.change_use_cases.update_between",
        lambda _, after, condition: Put(after, condition=condition),
    )
    found = [words for seed in range(100) for words in two_versions.findings(seed)]
    assert any("lost an attribute" in words for words in found)


def test_roll_back_and_forward_loses_nothing() -> None:
    code, dynamo = two_versions.newer(), fixtures.fixtures().dynamo()
    turns = Turns(dynamo)
    system = fixtures.System(turns, fixtures.MemoryIdentities(), fixtures.MemoryQueue())
    newer = two_versions.a_newer_system(turns, system)
    customer, caller = fixtures.fixtures().end_customer, fixtures.a_caller(operation="change_customers")
    own_caller = code.fixtures.a_caller(operation="change_customers")
    added = two_versions.newer_use_cases()["add"](newer)
    assert dynamo.records[customer_key(added.id)]["schema"] == {"N": str(SCHEMA + 1)}
    two_versions.newer_use_cases()[two_versions.SET_THE_FIELD](newer)
    for number, each in enumerate((customer.id, added.id)):  # rolled back
        version = get_customer(system.store, fixtures.a_caller(operation="read"), each).version
        change_customer(system.store, caller, each, CustomerChange(name=f"Back {number}"), version=version)
    shown = code.fixtures.change_customer(  # and forward again
        newer.store, own_caller, customer.id, code.customer.CustomerChange(device_country="FR"), version=3
    )
    assert (shown.name, shown.contract_number, shown.device_country.code) == ("Back 0", two_versions.VALUE, "FR")
    assert dynamo.records[customer_key(added.id)]["schema"] == {"N": str(SCHEMA + 1)}
