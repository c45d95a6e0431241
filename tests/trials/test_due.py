"""Tests: the next step of a trial."""

from datetime import datetime, timedelta

import pytest

from shared.customers.customer import Customer
from shared.customers.trial import STEPS, next_due, parse_due, step_at
from shared.customers.use_cases import add_customer
from shared.table.keys import customer_key
from shared.trials.use_cases import start_production
from tests.builders import MICROSECOND, ROOT, a_new_customer, caller
from tests.memory_store import MemoryStore
from tests.trials.helpers import END


def test_trial_ended_at_its_creation_is_still_replayed_as_added(store: MemoryStore) -> None:
    new = a_new_customer("distributor", ROOT)
    distributor = add_customer(store, caller(operation="change_customers"), new, idempotency_key="d").customer
    parent = Customer.model_validate(store.items[customer_key(distributor.id or "")])
    new = a_new_customer("reseller", parent)
    reseller = add_customer(store, caller(operation="change_customers"), new, idempotency_key="r").customer
    parent = Customer.model_validate(store.items[customer_key(reseller.id or "")])
    new = a_new_customer("end_customer", parent, in_trial=True)
    first = add_customer(store, caller(operation="change_customers"), new, idempotency_key="e").customer
    start_production(store, caller(operation="change_customers"), first.id or "", version=1)  # by the same clock
    again = add_customer(store, caller(operation="change_customers"), new, idempotency_key="e").customer
    assert (again, again.state) == (first, "in_trial")


def test_due_round_trips_as_text_and_sorts_by_time() -> None:
    due = next_due("cus_1", END)
    assert (due.at, due.step, due.ends_at) == (END - timedelta(days=7), 7, END)
    lineage = [due, *(next_due("cus_1", END, after=step) for step in STEPS[:-1])]
    assert [each.step for each in lineage] == list(STEPS)
    assert all(each.ends_at == END for each in lineage)
    assert [str(each) for each in lineage] == sorted(str(each) for each in lineage)
    assert [parse_due(str(each)) for each in lineage] == lineage


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-12-24T10:00:00Z#0#cus_1", "2026-12-24T10:00:00.000000Z#2#cus_1", "2026-12-24T10:00:00.000000Z#0"],
)
def test_parse_due_refuses_other_text(text: str) -> None:
    with pytest.raises(ValueError):
        parse_due(text)


@pytest.mark.parametrize(
    ("now", "step"),
    [
        (END - timedelta(days=7), 7),
        (END - timedelta(days=3) - MICROSECOND, 7),
        (END - timedelta(days=3), 3),
        (END - timedelta(days=1), 1),
        (END - MICROSECOND, 1),
        (END, 0),
        (END + timedelta(days=45), 0),
    ],
)
def test_step_at_returns_the_last_step_that_is_due(now: datetime, step: int) -> None:
    assert step_at(next_due("cus_1", END), now) == step
