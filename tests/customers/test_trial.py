""""""

from datetime import UTC, datetime, timedelta

import pytest

from shared.customers.customer import show, show_as_created
from shared.customers.trial import TRIAL_PERIOD
from tests.builders import CATALOGUE, MICROSECOND, NOW, a_customer

END = NOW + timedelta(days=30)


def test_trial_lasts_30_times_24_hours() -> None:
    assert timedelta(hours=720) == TRIAL_PERIOD


@pytest.mark.parametrize(
    "start",
    [datetime(2028, 2, 1, tzinfo=UTC), datetime(2026, 12, 15, tzinfo=UTC), datetime(2027, 3, 20, 1, 30, tzinfo=UTC)],
    ids=["leap day", "year's end", "summer time"],
)
def test_trial_has_the_same_length_whenever_it_starts(start: datetime) -> None:
    customer = a_customer("end_customer", now=start, in_trial=True)
    assert customer.trial
    assert customer.trial.ends_at - start == timedelta(hours=720)


@pytest.mark.parametrize(
    ("now", "state", "since"),
    [
        (NOW, "in_trial", None),
        (END - MICROSECOND, "in_trial", None),
        (END, "in_production", END),
        (END + MICROSECOND, "in_production", END),
        (END + timedelta(days=45), "in_production", END),
    ],
    ids=["created", "a microsecond before", "at the end", "after", "the schedule is 45 days late"],
)
def test_trial_is_over_at_its_end_whether_the_schedule_ran_or_not(
    now: datetime, state: str, since: datetime | None
) -> None:
    customer = a_customer("end_customer", in_trial=True)
    shown = show(customer, now, CATALOGUE)
    assert (shown.state, shown.production_since) == (state, since)
    recorded = show(customer.model_copy(update={"production_since": END}), now, CATALOGUE)
    assert (recorded.state, recorded.production_since) == (state, since)


def test_trial_ended_early_is_over_from_then_on() -> None:
    early = NOW + timedelta(days=3)
    customer = a_customer("end_customer", in_trial=True).model_copy(update={"production_since": early})
    assert show(customer, early - MICROSECOND, CATALOGUE).state == "in_trial"
    assert show(customer, early, CATALOGUE).production_since == early
    assert show(customer, END, CATALOGUE).production_since == early


@pytest.mark.parametrize("in_trial", [None, False])
def test_production_without_a_trial_starts_at_creation(in_trial: bool | None) -> None:
    customer = a_customer("end_customer", in_trial=in_trial)
    shown = show(customer, NOW, CATALOGUE)
    assert (shown.state, shown.trial, shown.production_since) == ("in_production", None, NOW)


def test_site_shows_the_trial_and_service_type_of_its_end_customer() -> None:
    end_customer = a_customer("end_customer", in_trial=True, service_type="software_only")
    site = a_customer("site", end_customer, now=NOW + timedelta(days=1))
    shown = show(site, NOW + timedelta(days=2), CATALOGUE, end_customer)
    assert (shown.state, shown.service_type, shown.inherited_from) == ("in_trial", "software_only", end_customer.id)
    assert shown.trial
    assert shown.trial.ends_at == END
    assert show(site, END, CATALOGUE, end_customer).production_since == END


def test_site_added_in_production_is_in_production_from_its_own_creation() -> None:
    end_customer = a_customer("end_customer", in_trial=True)
    later = END + timedelta(days=5)
    assert show(a_customer("site", end_customer, now=later), later, CATALOGUE, end_customer).production_since == later


def test_show_as_created_omits_later_changes() -> None:
    customer = a_customer("end_customer", in_trial=True)
    later = customer.model_copy(update={"production_since": END, "version": 2})
    assert show_as_created(later, None, CATALOGUE) == show(customer, NOW, CATALOGUE)


def test_customer_without_a_trial_is_in_production_even_by_a_slow_clock() -> None:
    for level in ("distributor", "end_customer"):
        shown = show(a_customer(level), NOW - MICROSECOND, CATALOGUE)
        assert (shown.state, shown.production_since) == ("in_production", NOW)
