"""Tests: lists omit and name a record that this version can't read, and contain every other record."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.customers.customer import Customer
from shared.table.keys import account_key, customer_key, device_key, views_key
from tests.api.helpers import assert_problem
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, a_customer, a_device, a_lineage, an_account, bootstrap_in, put
from tests.calls import Called, call
from tests.simulation.fake_aws import FakeAws

WORD = {"S": "of_a_newer_version"}


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    found = FakeAws(NOW)
    with found.installed():
        bootstrap_in(found.store)
        yield found


@pytest.fixture
def tree(aws: FakeAws) -> list[Customer]:
    """A customer of each level, and a second reseller, end-customer and site with valid records."""
    lineage = a_lineage()
    more = [
        a_customer("reseller", lineage[1], name="Good reseller"),
        a_customer("end_customer", lineage[3], name="Good customer"),
        a_customer("site", lineage[4], name="Good site"),
    ]
    put(aws.store, *lineage[1:], *more)
    return [*lineage, *more]


def breaks(aws: FakeAws, key: Any, attribute: str = "service_type") -> None:
    aws.dynamo.records[key] = {**aws.dynamo.records[key], attribute: WORD}


def ids(rows: list[dict[str, Any]]) -> set[str]:
    return {row["id"] for row in rows}


def named(called: Called) -> list[tuple[str, str]]:
    assert called.status == 200, called.text
    return [(each["kind"], each["id"]) for each in called.body["incomplete"]]


def test_unreadable_customer_is_left_out_of_every_list_and_named(aws: FakeAws, tree: list[Customer]) -> None:
    broken, good = tree[4], tree[7]
    device = a_device(broken, "Device")
    put(aws.store, device, a_device(good, "Good device"), an_account("operator", broken))
    breaks(aws, customer_key(broken.id))
    below = {"parent_id": broken.parent_id or ""}
    children = call("list_customers", query=below)
    assert (ids(children.body["customers"]), named(children)) == ({good.id}, [("customer", broken.id)])
    sites = [tree[5].id, tree[8].id]  # a site shares the service type and the trial of the broken record
    for query in ({"within": ROOT.id}, {"within": tree[1].id}, {"within": tree[3].id, "level": "end_customer"}):
        found = call("list_customers", query=query)
        left_out = [("customer", each) for each in (broken.id, *sites)]
        assert sorted(named(found)) == sorted(left_out)
        assert good.id in ids(found.body["customers"])
        assert not ids(found.body["customers"]) & {broken.id, *sites}
    month = {"month": "2026-11"}
    invoicing = call("get_invoicing", path=f"/customers/{ROOT.id}/invoicing", query=month)
    assert named(invoicing) == [("customer", broken.id)]
    assert [row["customer_id"] for row in invoicing.body["rows"]] == [good.id]
    as_csv = call("get_invoicing", path=f"/customers/{ROOT.id}/invoicing", query=month, headers={"accept": "text/csv"})
    assert as_csv.headers["Incomplete-Records"] == f"customer {broken.id}"
    assert named(call("check_storage", path=f"/customers/{ROOT.id}/storage-check")) == [("customer", broken.id)]
    devices = call("list_devices", path=f"/customers/{ROOT.id}/devices", query={"columns": "name"})
    assert (devices.body["rows"], named(devices)) == ([{"name": "Good device"}], [("device", device.id)])
    assert named(call("list_accounts", query={"within": ROOT.id})) == []


@pytest.mark.parametrize(
    "request_of",
    [
        lambda broken, account: call("get_customer", path=f"/customers/{broken.id}", account=account),
        lambda broken, account: call("get_options", path=f"/customers/{broken.id}/options", account=account),
        lambda broken, account: call("get_history", path=f"/customers/{broken.id}/history", account=account),
        lambda broken, account: call("get_trial", path=f"/customers/{broken.id}/trial", account=account),
        lambda broken, account: call("list_customers", query={"within": broken.id}, account=account),
        lambda broken, account: call("list_devices", path=f"/customers/{broken.id}/devices", account=account),
        lambda broken, account: call(
            "change_customer", path=f"/customers/{broken.id}", headers={"if-match": '"1"'}, account=account
        ),
        lambda broken, account: call(
            "archive_customer", path=f"/customers/{broken.id}", headers={"if-match": '"1"'}, account=account
        ),
        lambda broken, account: call(
            "add_customer", body={"parent_id": broken.id, "name": "x", "device_country": "DE"}, account=account
        ),
    ],
)
def test_unreadable_customer_is_an_error_of_its_own_by_id_and_absent_from_outside(
    aws: FakeAws, tree: list[Customer], request_of: Any
) -> None:
    broken = tree[4]
    outside = an_account("super_user", tree[6])
    put(aws.store, outside)
    before = dict(aws.dynamo.records)
    breaks(aws, customer_key(broken.id))
    after = dict(aws.dynamo.records)
    assert_problem(request_of(broken, ROOT_ACCOUNT), 500, "unreadable_record")
    absent = Customer.model_validate({**broken.model_dump(), "id": broken.id[:-1] + "a"})
    hidden, missing = request_of(broken, outside), request_of(absent, outside)
    assert (hidden.status, hidden.text) == (404, missing.text)
    assert aws.dynamo.records == after != before


def test_unreadable_account_is_left_out_and_named(aws: FakeAws, tree: list[Customer]) -> None:
    broken, good = an_account("operator", tree[3]), an_account("supporter", tree[3])
    put(aws.store, broken, good)
    breaks(aws, account_key(broken.id), "role")
    for query in ({"within": ROOT.id}, {"within": tree[2].id}, {"customer_id": tree[3].id}):
        found = call("list_accounts", query=query)
        assert named(found) == [("account", broken.id)]
        assert good.id in ids(found.body["accounts"])
    assert_problem(call("get_account", path=f"/accounts/{broken.id}"), 500, "unreadable_record")
    outside = an_account("super_user", tree[6])
    put(aws.store, outside)
    assert_problem(call("get_account", path=f"/accounts/{broken.id}", account=outside), 404, "not_found")
    assert_problem(call("get_me", account=broken), 500, "unreadable_record")


def test_unreadable_device_is_left_out_named_and_blocks_archiving(aws: FakeAws, tree: list[Customer]) -> None:
    site = tree[5]
    broken, good = a_device(site, "Broken"), a_device(site, "Good")
    put(aws.store, broken, good)
    breaks(aws, device_key(site.id, broken.id), "version")
    found = call("list_devices", path=f"/customers/{ROOT.id}/devices", query={"columns": "name"})
    assert (found.body["rows"], named(found)) == ([{"name": "Good"}], [("device", broken.id)])
    as_csv = call("list_devices", path=f"/customers/{site.id}/devices", headers={"accept": "text/csv"})
    assert as_csv.headers["Incomplete-Records"] == f"device {broken.id}"
    path = f"/customers/{site.id}/test-devices/{broken.id}"
    assert_problem(call("get_test_device", path=path), 500, "unreadable_record")
    blocked = call("archive_customer", path=f"/customers/{site.id}", headers={"if-match": '"1"'})
    assert {error["device_id"] for error in blocked.body["errors"]} == {broken.id, good.id}


def test_unreadable_views_leave_the_dashboard_with_the_default_columns(aws: FakeAws, tree: list[Customer]) -> None:
    put(aws.store, a_device(tree[5], "Device"))
    assert call("save_view", path="/views/mine", body={"columns": ["name"]}).status == 200
    breaks(aws, views_key(ROOT_ACCOUNT.id), "columns_by_name")
    found = call("list_devices", path=f"/customers/{ROOT.id}/devices")
    assert (len(found.body["rows"]), named(found)) == (1, [("views", ROOT_ACCOUNT.id)])
    for called in (
        call("list_devices", path=f"/customers/{ROOT.id}/devices", query={"view": "mine"}),
        call("list_views"),
        call("save_view", path="/views/other", body={"columns": ["name"]}),
    ):
        assert_problem(called, 500, "unreadable_record")
    assert named(call("list_devices", path=f"/customers/{ROOT.id}/devices", query={"columns": "name"})) == []


def test_unreadable_change_is_left_out_of_the_history_and_named(aws: FakeAws, tree: list[Customer]) -> None:
    customer = tree[4]
    for version in (1, 2, 3):
        body = {"name": f"Version {version}"}
        path, headers = f"/customers/{customer.id}", {"if-match": f'"{version}"'}
        assert call("change_customer", path=path, body=body, headers=headers).status == 200
    keys = sorted(key for key in aws.dynamo.records if key[1].startswith("history#"))
    breaks(aws, keys[1], "changes")
    path, names, left_out, cursor = f"/customers/{customer.id}/history", [], [], {}
    while True:
        page = call("get_history", path=path, query={"limit": "1", **cursor})
        left_out += named(page)
        names += [each["changes"]["name"]["to"] for each in page.body["entries"] if each["event"] == "customer_changed"]
        if page.body["next_cursor"] is None:
            break
        cursor = {"cursor": page.body["next_cursor"]}
    assert names == ["Version 1", "Version 3"]
    assert left_out == [("change", keys[1][1].removeprefix("history#"))]


def test_row_below_an_unreadable_parent_is_rejected_and_the_others_are_created(
    aws: FakeAws, tree: list[Customer]
) -> None:
    broken, good = tree[4], tree[7]
    breaks(aws, customer_key(broken.id))
    file = f"name,parent_id,device_country\nOne,{broken.id},DE\nTwo,{good.id},DE\n"
    query = {"validate_only": "true"}
    tried = call("add_import", body=file, query=query, headers={"idempotency-key": "k"})
    (refused,) = tried.body["results"]
    assert (tried.body["created"], refused["row"], refused["errors"][0]["code"]) == (1, 1, "unreadable_record")


def test_country_that_this_version_does_not_know_is_shown_by_its_code(aws: FakeAws, tree: list[Customer]) -> None:
    aws.dynamo.records[customer_key(tree[4].id)] |= {"device_country": {"S": "QZ"}}
    shown = call("get_customer", path=f"/customers/{tree[4].id}").body
    assert shown["device_country"] == {"code": "QZ", "name": "QZ"}


def test_unreadable_record_is_logged_by_its_key_and_counted(
    aws: FakeAws, tree: list[Customer], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    breaks(aws, customer_key(tree[4].id))
    call("get_customer", path=f"/customers/{tree[4].id}")
    (line,) = [each for each in caplog.records if each.getMessage() == "record_unreadable"]
    assert (line.pk, line.sk, line.fields) == (f"customer#{tree[4].id}", "customer", ["service_type"])  # type: ignore[attr-defined]
    assert '"record_unreadable":[1.0]' in capsys.readouterr().out
