"""Tests: the account manager of a distributor, the contact e-mail of a reseller and an end-customer, and /me."""

from itertools import pairwise
from typing import Any

import pytest

from shared.accounts.use_cases import get_me
from shared.aws.settings import settings
from shared.customers.change_use_cases import change_customer, get_history
from shared.customers.customer import Customer, CustomerChange
from shared.customers.use_cases import add_customer, get_customer, get_options
from shared.errors import ForbiddenError, RulesViolatedError
from shared.events.events import events_for_change
from tests.builders import a_customer, a_lineage, a_new_customer, an_account, caller, put
from tests.events.helpers import stream_of
from tests.memory_store import MemoryStore

CHANGES = caller(operation="change_customers")


@pytest.mark.parametrize(
    ("field", "value", "levels"),
    [
        ("account_manager", "Ann Lee, ann@service.example", {"distributor"}),
        ("contact_email", "office@aurora.example", {"reseller", "end_customer"}),
    ],
)
def test_contact_belongs_to_its_levels_only(store: MemoryStore, field: str, value: str, levels: set[str]) -> None:
    lineage = a_lineage()
    put(store, *lineage[1:])
    for parent, customer in pairwise(lineage):
        new = a_new_customer(customer.level, parent, name="New", **{field: value})
        option = next(
            each for each in get_options(store, caller(), parent.id).levels if each.level == customer.level
        ).fields[field]
        change = CustomerChange.model_validate({field: value})
        if customer.level in levels:
            added = add_customer(store, CHANGES, new, idempotency_key=customer.level).customer
            changed = change_customer(store, CHANGES, customer.id, change, version=1)
            assert getattr(added, field) == getattr(changed, field) == value
            assert (option.rule, option.max_length) == ("optional", {"account_manager": 128}.get(field, 254))
            removal = CustomerChange.model_validate({field: " "})
            removed = change_customer(store, CHANGES, customer.id, removal, version=2)
            assert (getattr(removed, field), removed.version) == (None, 3)
        else:
            for act in (
                lambda new=new: add_customer(store, CHANGES, new, idempotency_key="refused"),
                lambda at=customer, change=change: change_customer(store, CHANGES, at.id, change, version=1),
            ):
                with pytest.raises(RulesViolatedError) as refused:
                    act()
                assert [(each["code"], each["pointer"]) for each in refused.value.errors] == [("refused", f"/{field}")]
            assert option.rule == "refused"


@pytest.mark.parametrize("email", ["x", "a@b", "ä@example.com", f"{'a' * 250}@example.com"])
def test_contact_email_must_be_an_address(store: MemoryStore, email: str) -> None:
    reseller = a_customer("reseller")
    put(store, a_customer("distributor"), reseller)
    with pytest.raises(RulesViolatedError) as refused:
        change_customer(store, CHANGES, reseller.id, CustomerChange(contact_email=email), version=1)
    assert [(each["code"], each["pointer"]) for each in refused.value.errors] == [("email_invalid", "/contact_email")]


def test_history_and_events_say_that_a_contact_has_changed_without_its_values(store: MemoryStore) -> None:
    reseller = a_customer("reseller", contact_email="first@aurora.example")
    put(store, a_customer("distributor"), reseller)
    images = stream_of(store)
    change = CustomerChange(contact_email="second@aurora.example", name="Other")
    change_customer(store, CHANGES, reseller.id, change, version=1)
    entries = get_history(store, caller(), reseller.id, limit=10).entries
    assert entries[-1].changes["contact_email"] == {}
    assert "aurora.example" not in str(entries)
    events = [event for old, new in images for _, event in events_for_change(old, new)]
    assert events
    assert "aurora.example" not in str(events)


def test_repeated_addition_shows_the_contact_as_it_was_added(store: MemoryStore) -> None:
    reseller = a_customer("reseller")
    put(store, a_customer("distributor"), reseller)
    new = a_new_customer("end_customer", reseller, contact_email="first@aurora.example")
    first = add_customer(store, CHANGES, new, idempotency_key="k").customer
    for text in ("", "second@aurora.example"):
        version = get_customer(store, caller(), first.id).version
        change_customer(store, CHANGES, first.id, CustomerChange(contact_email=text), version=version)
        assert add_customer(store, CHANGES, new, idempotency_key="k").customer == first


def test_distributor_cannot_name_its_own_account_manager(store: MemoryStore) -> None:
    distributor = a_customer("distributor")
    own = an_account("super_user", distributor)
    put(store, distributor, own)
    by = caller(own, operation="change_customers")
    with pytest.raises(ForbiddenError, match="the account manager of your company"):
        change_customer(store, by, distributor.id, CustomerChange(account_manager="Me"), version=1)
    with pytest.raises(ForbiddenError, match="the references of your company"):
        change_customer(store, by, distributor.id, CustomerChange(references={"psa": "1"}), version=1)


@pytest.mark.parametrize("of_service", ["", "Service desk"])
def test_everyone_in_a_tree_sees_the_account_manager_of_the_distributor(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, of_service: str
) -> None:
    monkeypatch.setitem(settings.environment, "ACCOUNT_MANAGER", of_service)
    lineage = a_lineage(distributor={"account_manager": "Ann Lee"})
    other: Customer = a_customer("distributor", name="Other")
    put(store, *lineage[1:], other)
    for customer in [*lineage, other]:
        account = an_account("supporter", customer)
        put(store, account)
        store.requests.clear()
        me: Any = get_me(store, caller(account))
        assert store.requests == ["get", "get"]
        named = customer not in (lineage[0], other)
        assert me.account_manager == ("Ann Lee" if named else of_service or None)
