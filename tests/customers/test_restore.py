"""Tests: restoring archived customers."""

from datetime import timedelta

import pytest

from shared.customers.change_use_cases import (
    get_history,
)
from shared.customers.changes import entries_from_record
from shared.customers.customer import Customer
from shared.customers.references import get_customer_by_reference
from shared.customers.use_cases import add_customer, get_customer
from shared.errors import (
    ArchivedError,
    ForbiddenError,
    KeyReusedError,
    NameExistsError,
    NotFoundError,
    RulesViolatedError,
)
from shared.table.keys import (
    customer_key,
    name_key,
    trial_shard,
)
from shared.trials.use_cases import end_trials
from tests.builders import (
    MICROSECOND,
    NOW,
    ROOT,
    a_customer,
    a_lineage,
    a_new_customer,
    an_account,
    caller,
    put,
)
from tests.customers.change_helpers import (
    DAY,
    LATER,
    Meddling,
    a_caller,
    a_tree,
    archive,
    change,
    codes,
    entries,
    listed,
    restore,
    stored,
)
from tests.memory_store import MemoryStore


def test_restore_fails_when_the_parent_is_archived(store: MemoryStore, lineage: list[Customer]) -> None:
    archive(store, lineage[5])
    archive(store, lineage[4])
    with pytest.raises(ArchivedError):
        restore(store, lineage[5])
    restore(store, lineage[4])
    assert restore(store, lineage[5]).version == 3


def test_restore_fails_when_the_parent_is_archived_concurrently(meddling: Meddling) -> None:
    lineage = a_tree(meddling)
    archive(meddling, lineage[5])
    meddling.meddle = [lambda: archive(meddling, lineage[4])]
    with pytest.raises(ArchivedError):
        restore(meddling, lineage[5])
    assert stored(meddling, lineage[5]).archived_at


@pytest.mark.parametrize("deleted", [False, True])
def test_name_and_references_are_released_when_the_customer_expires_and_not_before(
    store: MemoryStore, lineage: list[Customer], deleted: bool
) -> None:
    """The clock decides. It makes no difference whether DynamoDB has deleted the records."""
    change(store, lineage[5], references={"psa": "7"})
    archive(store, lineage[5], version=2)
    removed_at = LATER + 30 * DAY
    again = a_new_customer("site", lineage[4], name=lineage[5].name, references={"psa": "7"})
    last = removed_at - MICROSECOND
    with pytest.raises(NameExistsError) as refused:
        add_customer(store, a_caller(now=last), again, idempotency_key="again")
    assert "rchived" in refused.value.detail
    assert get_customer(store, caller(now=last), lineage[5].id).archive
    assert listed(store, now=last, within=lineage[1].id, archived=True) == [lineage[5].id]
    if deleted:
        for key in [key for key, item in store.items.items() if item.get("expires_at")]:
            del store.items[key]
    for gone in (
        lambda: get_customer(store, caller(now=removed_at), lineage[5].id),
        lambda: restore(store, lineage[5], version=3, as_caller=a_caller(now=removed_at)),
        lambda: get_history(store, caller(now=removed_at), lineage[5].id, limit=10),
        lambda: get_customer_by_reference(store, caller(now=removed_at), "psa", "7", within=lineage[1].id),
    ):
        with pytest.raises(NotFoundError):
            gone()
    assert listed(store, now=removed_at, within=lineage[1].id, archived=True) == []
    added = add_customer(store, a_caller(now=removed_at), again, idempotency_key="again").customer
    assert store.items[name_key(lineage[4].id, lineage[5].folded_name)]["customer_id"] == added.id
    assert get_customer_by_reference(store, caller(now=removed_at), "psa", "7", within=lineage[1].id).id == added.id


def test_restore_succeeds_until_the_last_microsecond_of_30_days(store: MemoryStore, lineage: list[Customer]) -> None:
    now = LATER + MICROSECOND  # the removal is at the next whole second
    removed_at = archive(store, lineage[5], as_caller=a_caller(now=now)).archive.removed_at
    assert now + 30 * DAY <= removed_at < now + 30 * DAY + timedelta(seconds=1)
    with pytest.raises(NotFoundError):
        restore(store, lineage[5], as_caller=a_caller(now=removed_at))
    assert restore(store, lineage[5], as_caller=a_caller(now=removed_at - MICROSECOND)).version == 3


@pytest.mark.parametrize("deleted", [False, True])
def test_id_of_a_removed_customer_is_never_reused(store: MemoryStore, deleted: bool) -> None:
    new = a_new_customer("distributor", ROOT)
    first = add_customer(store, a_caller(now=NOW), new, idempotency_key="key").customer
    customer = Customer.model_validate(store.items[customer_key(first.id or "")])
    archive(store, customer)
    if deleted:
        for key in [key for key, item in store.items.items() if item.get("expires_at")]:
            del store.items[key]
    with pytest.raises(KeyReusedError):
        add_customer(store, a_caller(now=LATER + 31 * DAY), new, idempotency_key="key")
    assert add_customer(store, a_caller(now=LATER + 31 * DAY), new, idempotency_key="other").outcome == "added"


def test_restore_of_ones_own_company_returns_403(store: MemoryStore, lineage: list[Customer]) -> None:
    account = an_account("super_user", lineage[5])
    put(store, account)
    archive(store, lineage[5])
    with pytest.raises(ForbiddenError):
        restore(store, lineage[5], as_caller=a_caller(account))


def test_trial_that_ends_while_archived_is_published_after_the_restore(store: MemoryStore) -> None:
    lineage = a_lineage(end_customer={"in_trial": True})
    put(store, *lineage[1:5])
    archive(store, lineage[4])
    over = NOW + 30 * DAY
    assert [entry.event for entry in entries(store, lineage[4], over)] == ["customer_added", "customer_archived"]
    restore(store, lineage[4], as_caller=a_caller(now=over))
    assert entries(store, lineage[4], over)[-2].event == "customer_entered_production"


def test_trial_continues_by_the_clock_while_the_customer_is_archived(store: MemoryStore) -> None:
    lineage = a_lineage(end_customer={"in_trial": True})
    end_customer = lineage[4]
    put(store, *lineage[1:5])
    seven = NOW + 23 * DAY
    end_trials(store, seven, time_is_up=lambda: False)
    assert stored(store, end_customer).reminder_7_at == seven
    change(store, end_customer, version=2, name="Still reminded once")
    assert end_trials(store, seven, time_is_up=lambda: False) == {}
    archive(store, end_customer, version=3, as_caller=a_caller(now=seven))
    over = NOW + 31 * DAY
    assert end_trials(store, over, time_is_up=lambda: False) == {}
    restore(store, end_customer, version=4, as_caller=a_caller(now=over))
    assert end_trials(store, over, time_is_up=lambda: False) == {"ended": 1}
    ended = stored(store, end_customer)
    assert (ended.production_since, ended.reminder_3_at) == (NOW + 30 * DAY, None)
    assert all(store.query("trials", trial_shard(shard), limit=1).items == [] for shard in range(16))


def test_restore_fails_when_the_parent_no_longer_provides_the_services(store: MemoryStore) -> None:
    parent = a_customer("distributor")
    child = a_customer("reseller", parent)  # provides both, and is all_inclusive itself
    put(store, parent, child)
    archive(store, child)
    change(store, parent, services_to_provide=["all_inclusive"])
    with pytest.raises(RulesViolatedError) as refused:
        restore(store, child)
    assert codes(refused) == [("service_not_provided", "/services_to_provide/1")]


def test_repeated_addition_of_an_archived_customer_shows_it_as_not_archived(
    store: MemoryStore, lineage: list[Customer]
) -> None:
    archive(store, lineage[5])
    record = stored(store, lineage[5])
    assert record.initial_values == {}  # the values of the addition have not changed
    added = entries_from_record(record, LATER)[0]
    assert (added.event, set(added.changes)) == ("customer_added", {"name", "device_country", "storage_location"})
