"""Tests: one contract for the store in memory, on moto and on ministack. tests/stack/test_races.py tests races."""

from decimal import Decimal

import pytest
from pytest import FixtureRequest  # noqa: PT013

from shared.table.dynamodb import DynamoStore
from shared.table.keys import TABLE
from shared.table.store import (
    SCHEMA,
    Check,
    ConditionFailedError,
    Delete,
    Increment,
    Put,
    Store,
    Update,
    update_between,
)
from tests.simulation.fake_dynamo import FakeDynamo


@pytest.fixture(
    params=[
        "memory",
        "fake_store",
        "moto_store",
        pytest.param("ministack_store", marks=[pytest.mark.ministack, pytest.mark.enable_socket]),
    ]
)
def store(request: FixtureRequest) -> Store:
    found: Store = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def fake_store() -> DynamoStore:
    """Return the real store on the simulation's DynamoDB client in memory."""
    return DynamoStore(FakeDynamo(), "table")  # type: ignore[arg-type]


def an_item(key: str, **attributes: object) -> dict[str, object]:
    return {"schema": SCHEMA, "pk": key, "sk": "x", **attributes}


def test_put_item_is_read_back_unchanged(store: Store) -> None:
    item = an_item("a", text="Zürich", number=7, yes=True, list=["b", "a"], map={"deep": {"n": 1}}, empty=[])
    store.write(Put(item))
    assert store.get(("a", "x")) == {("a", "x"): item}


def test_tuple_is_stored_as_a_list(store: Store) -> None:
    store.write(Put(an_item("a", many=("x", "y"))))
    assert store.get(("a", "x"))["a", "x"]["many"] == ["x", "y"]


def test_get_omits_absent_records(store: Store) -> None:
    store.write(Put(an_item("a")))
    assert set(store.get(("a", "x"), ("b", "x"))) == {("a", "x")}


def test_get_reads_a_repeated_key_once(store: Store) -> None:
    store.write(Put(an_item("a")))
    assert set(store.get(("a", "x"), ("a", "x"))) == {("a", "x")}


def test_put_without_a_condition_fails_on_an_existing_record(store: Store) -> None:
    store.write(Put(an_item("a", n=1)))
    with pytest.raises(ConditionFailedError) as failed:
        store.write(Put(an_item("b")), Put(an_item("a", n=2)))
    assert failed.value.records == {("a", "x"): an_item("a", n=1)}
    assert store.get(("a", "x"), ("b", "x")) == {("a", "x"): an_item("a", n=1)}


def test_check_of_an_absent_record_fails_and_returns_none(store: Store) -> None:
    with pytest.raises(ConditionFailedError) as failed:
        store.write(Put(an_item("a")), Check(("b", "x")))
    assert failed.value.records == {("b", "x"): None}
    assert store.get(("a", "x")) == {}


def test_failed_write_returns_every_failed_record(store: Store) -> None:
    store.write(Put(an_item("a", n=1)), Put(an_item("b", n=1)))
    with pytest.raises(ConditionFailedError) as failed:
        store.write(Put(an_item("a")), Put(an_item("c")), Check(("b", "x"), {"n": 2}))
    assert failed.value.records == {("a", "x"): an_item("a", n=1), ("b", "x"): an_item("b", n=1)}


@pytest.mark.parametrize("value", [7, "text", ["a", "b"], [], True])
def test_check_succeeds_for_the_stored_value(store: Store, value: object) -> None:
    store.write(Put(an_item("a", v=value)))
    store.write(Check(("a", "x"), {"v": value}), Put(an_item("b")))
    with pytest.raises(ConditionFailedError):
        store.write(Check(("a", "x"), {"v": "other"}), Put(an_item("c")))
    assert set(store.get(("b", "x"), ("c", "x"))) == {("b", "x")}


def test_check_of_a_missing_attribute_fails(store: Store) -> None:
    store.write(Put(an_item("a")))
    with pytest.raises(ConditionFailedError):
        store.write(Check(("a", "x"), {"v": 1}), Put(an_item("b")))


def test_put_over_a_record_requires_its_condition(store: Store) -> None:
    store.write(Put(an_item("a", version=1, old=1)))
    store.write(Put(an_item("a", version=2), condition={"version": 1}))
    assert store.get(("a", "x"))["a", "x"] == an_item("a", version=2)
    with pytest.raises(ConditionFailedError) as failed:
        store.write(Put(an_item("a", version=3), condition={"version": 1}))
    assert failed.value.records == {("a", "x"): an_item("a", version=2)}
    with pytest.raises(ConditionFailedError):
        store.write(Put(an_item("b", version=3), condition={"version": 1}))


def test_update_changes_only_what_differs(store: Store) -> None:
    key = ("a", "x")
    newer = {"of_another_version": {"deep": [1]}, "schema": 7}
    store.write(Put(an_item("a", version=1, old=1, same="s", **newer)))
    before, after = an_item("a", version=1, old=1, same="s"), an_item("a", version=2, same="s", new=True)
    update = update_between(before, after, {"version": 1})
    assert (update.key, update.put, update.remove) == (key, {"version": 2, "new": True}, ("old",))
    store.write(update, Put(an_item("b")))
    changed = {**an_item("a", version=2, same="s", new=True), **newer}
    assert store.get(key)[key] == changed
    with pytest.raises(ConditionFailedError) as failed:
        store.write(update, Put(an_item("c")))
    assert failed.value.records == {key: changed}
    store.write(Update(key, {}, ("new",), {"version": 2, "old": None}))
    assert "new" not in store.get(key)[key]
    with pytest.raises(ConditionFailedError) as failed:
        store.write(Update(("d", "x"), {"n": 1}))
    assert failed.value.records == {("d", "x"): None}
    store.write(Update(key, {}, ("same",)))
    assert store.get(key)[key] == {**an_item("a", version=2), **newer}


def test_delete_succeeds_when_its_condition_holds(store: Store) -> None:
    store.write(Put(an_item("a", owner="me")))
    with pytest.raises(ConditionFailedError) as failed:
        store.write(Delete(("a", "x"), {"owner": "you"}))
    assert failed.value.records == {("a", "x"): an_item("a", owner="me")}
    store.write(Delete(("a", "x"), {"owner": "me"}))
    assert store.get(("a", "x")) == {}
    with pytest.raises(ConditionFailedError):
        store.write(Delete(("a", "x")))


def test_increment_starts_at_zero_and_stays_within_its_bounds(store: Store) -> None:
    key = ("a", "x")
    with pytest.raises(ConditionFailedError) as failed:
        store.write(Increment(key, -1))
    assert failed.value.records == {key: None}
    for _ in range(3):
        store.write(Increment(key, 1, most=3))
    with pytest.raises(ConditionFailedError) as failed:
        store.write(Increment(key, 1, most=3), Put(an_item("b")))
    assert failed.value.records == {key: an_item("a", count=3)}
    store.write(Increment(key, 1))
    for _ in range(3):
        store.write(Increment(key, -1, least=1))
    with pytest.raises(ConditionFailedError):
        store.write(Increment(key, -1, least=1))
    store.write(Increment(key, -1))
    assert store.get(key, ("b", "x")) == {key: an_item("a", count=0)}


def test_increment_adds_to_more_attributes_and_sets_others(store: Store) -> None:
    key = ("a", "x")
    for number in (1, 2):
        store.write(
            Increment(key, 1, most=2, also={"server+2026-11-28": 2, "other": -1}, put={"tree": "t", "path": "p"})
        )
        expected = an_item("a", count=number, other=-number, tree="t", path="p")
        assert store.get(key) == {key: {**expected, "server+2026-11-28": 2 * number}}
    before = store.get(key)
    with pytest.raises(ConditionFailedError):
        store.write(Increment(key, 1, most=2, also={"other": 5}, put={"path": "q"}))
    assert store.get(key) == before


def test_condition_can_require_an_absent_attribute(store: Store) -> None:
    store.write(Put(an_item("a", one=1)))
    store.write(Check(("a", "x"), {"two": None, "one": 1}), Put(an_item("b")))
    with pytest.raises(ConditionFailedError):
        store.write(Check(("a", "x"), {"one": None}), Put(an_item("c")))
    store.write(Check(("a", "x"), {"one": ...}), Put(an_item("c")))
    with pytest.raises(ConditionFailedError):
        store.write(Check(("a", "x"), {"two": ...}), Put(an_item("d")))


def test_change_updates_one_record_when_its_condition_holds(store: Store) -> None:
    key = ("a", "x")
    store.write(Put(an_item("a", version=1, old="o", due="d")))
    store.change(key, {"due": "d", "since": None}, put={"since": "s", "n": 7}, remove=("due", "none"))
    assert store.get(key)[key] == an_item("a", version=2, old="o", since="s", n=7)
    with pytest.raises(ConditionFailedError) as failed:
        store.change(key, {"since": None}, put={"since": "t"})
    assert failed.value.records == {key: an_item("a", version=2, old="o", since="s", n=7)}
    with pytest.raises(ConditionFailedError) as failed:
        store.change(("b", "x"), {"since": None}, put={"since": "t"})
    assert failed.value.records == {("b", "x"): None}


def test_change_refuses_a_record_whose_version_is_not_a_number(store: Store) -> None:
    store.write(Put(an_item("a", version="one")), Put(an_item("b")))
    for key in (("a", "x"), ("b", "x")):
        with pytest.raises(ConditionFailedError) as failed:
            store.change(key, {}, put={"n": 1})
        assert failed.value.records == store.get(key)


def test_query_stops_at_a_sort_key(store: Store) -> None:
    put_children(store, ["a", "b", "c"])
    page = store.query("children", "p", up_to="b", limit=10)
    assert [item["folded_name"] for item in page.items] == ["a", "b"]
    page = store.query("children", "p", up_to="b", limit=1, after=store.query("children", "p", limit=1).next)
    assert [item["folded_name"] for item in page.items] == ["b"]


def put_children(store: Store, names: list[str], parent: str = "p") -> None:
    for name in names:
        store.write(Put(an_item(f"{parent} {name}", parent_id=parent, folded_name=name)))


def test_query_reads_a_range_in_either_direction(store: Store) -> None:
    store.write(*(Put(an_item(f"n{name}", parent_id="p", folded_name=name)) for name in "abcde"))
    for descending, expected in ((False, ["b", "c", "d"]), (True, ["d", "c", "b"])):
        found, after = [], None
        for _ in range(3):
            page = store.query("children", "p", since="b", up_to="d", descending=descending, limit=1, after=after)
            found += [item["folded_name"] for item in page.items]
            after = page.next
        assert (found, after) == (expected, None)
    assert [item["folded_name"] for item in store.query("children", "p", descending=True, limit=2).items] == ["e", "d"]
    assert store.query("children", "p", since="f", up_to="g", descending=True, limit=1).items == []


def test_query_returns_one_partition_in_utf8_order(store: Store) -> None:
    names = ["b", "a", "Z", "ä", "a b", "\U0001f600", "\uffee"]
    put_children(store, names)
    put_children(store, ["other"], parent="q")
    page = store.query("children", "p", limit=100)
    assert [item["folded_name"] for item in page.items] == sorted(names, key=str.encode)
    assert page.next is None


def test_query_filters_by_prefix(store: Store) -> None:
    put_children(store, ["acme", "acme 2", "acm", "b"])
    page = store.query("children", "p", starts_with="acme", limit=100)
    assert [item["folded_name"] for item in page.items] == ["acme", "acme 2"]


@pytest.mark.parametrize("prefix", ["", "n"])
def test_pages_contain_every_record_once_and_the_last_is_not_empty(store: Store, prefix: str) -> None:
    names = [f"n{n:02}" for n in range(7)]
    put_children(store, names)
    for limit in range(1, 9):
        names_read, after, pages = [], None, 0
        while True:
            page = store.query("children", "p", starts_with=prefix, limit=limit, after=after)
            assert len(page.items) <= limit
            names_read += [item["folded_name"] for item in page.items]
            pages += 1
            after = page.next
            if after is None:
                break
        assert names_read == names
        assert pages == -(-len(names) // limit)


def test_record_without_the_sort_key_is_not_in_the_index(store: Store) -> None:
    store.write(Put(an_item("a", parent_id="p")))
    assert store.query("children", "p", limit=10).items == []


def test_put_replaces_an_expired_record(store: Store) -> None:
    store.write(Put(an_item("a", n=1, expires_at=100)), Put(an_item("b", n=1)))
    for key, unless_expired_at in (("a", 99), ("b", 100)):
        with pytest.raises(ConditionFailedError) as failed:
            store.write(Put(an_item(key, n=2), unless_expired_at=unless_expired_at))
        assert failed.value.records == store.get((key, "x"))
    store.write(Put(an_item("a", n=2), unless_expired_at=100), Put(an_item("c"), unless_expired_at=100))
    assert store.get(("a", "x"))["a", "x"] == an_item("a", n=2)


def test_increment_can_require_other_attributes(store: Store) -> None:
    key = ("a", "x")
    with pytest.raises(ConditionFailedError) as failed:
        store.write(Increment(key, 1, condition={"revision": 1}))
    assert failed.value.records == {key: None}
    store.write(Increment(key, 2, condition={"revision": None}))
    assert store.get(key)[key] == an_item("a", count=2)
    store.write(Put(an_item("a", count=2, revision=1), condition={"count": 2}))
    with pytest.raises(ConditionFailedError) as failed:
        store.write(Increment(key, 1, condition={"revision": None}))
    assert failed.value.records == {key: an_item("a", count=2, revision=1)}
    store.write(Increment(key, 1, condition={"revision": 1}))
    assert store.get(key)[key] == an_item("a", count=3, revision=1)
    store.write(Put(an_item("b", revision=1)))
    store.write(Increment(("b", "x"), 1, condition={"revision": 1}))
    assert store.get(("b", "x"))["b", "x"] == an_item("b", count=1, revision=1)


def test_increment_by_zero_checks_its_bound(store: Store) -> None:
    key = ("a", "x")
    store.write(Increment(key, 0, most=0))
    store.write(Increment(key, 0, most=0), Increment(("b", "x"), 1))
    store.write(Increment(key, 1))
    with pytest.raises(ConditionFailedError):
        store.write(Increment(key, 0, most=0))


def test_query_of_the_table_is_strongly_consistent(store: Store) -> None:
    for n in range(3):
        store.write(Put({"pk": "p", "sk": f"history#{n}"}), Put({"pk": "p", "sk": f"other#{n}"}))
    page = store.query(TABLE, "p", starts_with="history#", limit=2)
    assert [item["sk"] for item in page.items] == ["history#0", "history#1"]
    assert [i["sk"] for i in store.query(TABLE, "p", starts_with="history#", limit=2, after=page.next).items] == [
        "history#2"
    ]
    absent = {"pk": "p", "sk": "history#1#"}  # no record has this key
    after = store.query(TABLE, "p", starts_with="history#", limit=2, after=absent)
    assert [item["sk"] for item in after.items] == ["history#2"]


def test_values_of_types_that_only_another_version_writes_are_read(moto_store: DynamoStore) -> None:
    values = {"set": {"SS": ["a", "b"]}, "numbers": {"NS": ["1"]}, "bytes": {"B": b"x"}, "price": {"N": "1.50"},
              "exponent": {"N": "1E+3"}, "negative": {"N": "-7"}, "map": {"M": {"set": {"SS": ["a"]}}}}  # fmt: skip
    moto_store.write(Put(an_item("a", known="k")))
    client, table = moto_store._client, moto_store._table
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": "x"}, "known": {"S": "k"}, **values})
    item = moto_store.get(("a", "x"))["a", "x"]
    assert (item["known"], item["price"], item["exponent"], item["negative"]) == ("k", Decimal("1.50"), 1000, -7)
    assert sorted(item["set"]) == ["a", "b"]
    before, after = an_item("a", known="k"), an_item("a", known="other")
    moto_store.write(update_between(before, after, {"known": "k"}))
    stored = client.get_item(TableName=table, Key={"pk": {"S": "a"}, "sk": {"S": "x"}})["Item"]
    assert {**stored, "set": {"SS": sorted(stored["set"]["SS"])}} == {
        "pk": {"S": "a"}, "sk": {"S": "x"}, **values, "known": {"S": "other"},
    }  # fmt: skip
