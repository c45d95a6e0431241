"""Tests: lists of accounts."""

import pytest

from shared.accounts.use_cases import (
    AccountQuery,
    list_accounts,
)
from shared.auth.authorization import Account
from shared.errors import (
    MalformedRequestError,
    RulesViolatedError,
)
from tests.builders import ROOT, ROOT_ACCOUNT, a_customer, a_lineage, an_account, caller, put
from tests.memory_store import MemoryStore


def test_list_accounts_returns_those_of_a_customer_or_of_its_subtree(store: MemoryStore) -> None:
    lineage = a_lineage()
    put(store, *lineage[1:])
    everyone = [an_account(role, customer) for customer in lineage for role in ("administrator", "supporter")]
    put(store, *everyone)
    everyone.append(ROOT_ACCOUNT)
    for customer in lineage:
        own = sorted(a.path for a in everyone if a.customer_id == customer.id)
        within = sorted(a.path for a in everyone if f"{a.customer_path}/".startswith(f"{customer.path}/"))
        for limit in (1, 2, 3, 100):
            assert paths(store, AccountQuery(customer_id=customer.id), limit, everyone) == own
            assert paths(store, AccountQuery(within=customer.id), limit, everyone) == within


def paths(store: MemoryStore, query: AccountQuery, limit: int, everyone: list[Account]) -> list[str]:
    by_id = {account.id: account.path for account in everyone}
    found, cursor = [], None
    while True:
        page = list_accounts(store, caller(), query, limit=limit, cursor=cursor)
        assert len(page.accounts) <= limit
        found += [by_id[account.id] for account in page.accounts]
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_cursor_of_one_account_list_is_refused_by_the_other(store: MemoryStore) -> None:
    put(store, an_account("manager", ROOT))
    cursor = list_accounts(store, caller(), AccountQuery(customer_id=ROOT.id), limit=1).next_cursor
    assert cursor
    with pytest.raises(MalformedRequestError):
        list_accounts(store, caller(), AccountQuery(within=ROOT.id), limit=1, cursor=cursor)


def test_list_accounts_within_the_root_continues_over_empty_distributors(store: MemoryStore) -> None:
    distributors = [a_customer("distributor", ROOT, name=f"D{n:02}") for n in range(25)]
    put(store, *distributors)
    some = [an_account("manager", distributor) for distributor in distributors[::6]]
    put(store, *some)
    everyone = [ROOT_ACCOUNT, *some]
    assert sorted(paths(store, AccountQuery(within=ROOT.id), 2, everyone)) == sorted(a.path for a in everyone)


@pytest.mark.parametrize("query", [AccountQuery(), AccountQuery(ROOT.id, ROOT.id)])
def test_list_accounts_requires_exactly_one_of_customer_id_and_within(store: MemoryStore, query: AccountQuery) -> None:
    with pytest.raises(RulesViolatedError) as raised:
        list_accounts(store, caller(), query, limit=1)
    assert [(e["code"], e["parameter"]) for e in raised.value.errors] == [("one_of", "customer_id")]
