"""Tests: the options of a form."""

from typing import Any

import pytest

from shared.auth.authorization import Caller
from shared.customers.customer import NewCustomer
from shared.customers.levels import ALLOWED_CHILDREN
from shared.customers.options import options_below
from shared.errors import RulesViolatedError
from tests.builders import BOTH, CATALOGUE, NOW, a_customer, new_customer


@pytest.mark.parametrize("services", [["all_inclusive"], ["software_only"], BOTH])
@pytest.mark.parametrize("level", ["root", "distributor", "sub_distributor", "reseller", "end_customer", "site"])
def test_options_alone_describe_a_form_that_new_customer_accepts(level: Any, services: list[str]) -> None:
    """Fill in the form from its options only. Every offered value is accepted, and every other value is rejected."""
    record = {"name": "Name", "references": {"psa": "1"}, "device_country": "DE", "in_trial": True}
    parent = a_customer(level).model_copy(update={"services_to_provide": tuple(services)})
    options = options_below(parent, CATALOGUE, can_add=False)
    assert options.may_add is False
    assert [option.level for option in options.levels] == list(ALLOWED_CHILDREN[parent.level])
    for option in options.levels:
        body: dict[str, Any] = {}
        for field, rule in option.fields.items():
            if rule.rule not in ("refused", "by_device_country"):
                several = field == "services_to_provide"
                first = rule.values if several else (rule.values or [rule.value])[0]
                body[field] = option.level if field == "level" else record.get(field, first)
        created = NewCustomer.model_validate(body)
        customer = new_customer(created, parent, CATALOGUE, id="cus_n", caller=Caller("acc_1", NOW, "change_customers"))
        assert (customer.level, customer.parent_id) == (option.level, parent.id)
        for field, rule in option.fields.items():
            if rule.rule == "refused":
                extra = record.get(field, services if field == "services_to_provide" else services[0])
                wrong = NewCustomer.model_validate(body | {field: extra})
                with pytest.raises(RulesViolatedError) as refused:
                    new_customer(wrong, parent, CATALOGUE, id="cus_n", caller=Caller("acc_1", NOW, "change_customers"))
                assert {"code": "refused", "pointer": f"/{field}"}.items() <= refused.value.errors[0].items()
