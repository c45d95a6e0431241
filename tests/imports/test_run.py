"""Tests: processing an import."""

from collections import Counter

import pytest

from shared.customers.change_use_cases import archive_customer, change_customer
from shared.customers.customer import Customer, CustomerChange
from shared.devices.blocking import blocking_devices
from shared.errors import (
    ForbiddenError,
    ThrottledError,
    UnavailableError,
)
from shared.imports.file import ROWS_PER_PART
from shared.imports.use_cases import get_import, run_import
from shared.table.keys import children_key, customer_key
from shared.table.store import Action, Increment
from tests.builders import ROOT, a_customer, an_account, bootstrap_in, caller, put
from tests.imports.helpers import (
    LATER,
    SCRIPT,
    WITH_LOCATION,
    a_caller,
    a_file,
    codes,
    customers,
    imported,
    results,
    run,
    send,
    stored,
)
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore


def test_run_import_refuses_a_bad_row_and_creates_the_others(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    reseller = lineage[3].id
    file = (
        "name,parent_id,service_type,device_country,in_trial,references,key\n"
        f"Good,{reseller},all_inclusive,GB,,,\n"
        f",{reseller},all_inclusive,GB,,,\n"
        f"Finnish,{reseller},all_inclusive,FI,,,\n"
        f"Cells,{reseller}\n"
        f"Trial,{reseller},all_inclusive,GB,perhaps,,\n"
        f"Refs,{reseller},all_inclusive,GB,,psa,\n"
        "Nobody,cus_aaaaaaaaaaaaaaaaaaaaaaaaaa,all_inclusive,GB,,,\n"
        "Lost,nowhere,all_inclusive,GB,,,\n"
        "Child,Finnish,,GB,,,\n"
        "Orphan,,,GB,,,\n"
        "One,Two,,GB,,,\n"
        "Two,One,,GB,,,\n"
        "Twin,Good,,GB,,,same\n"
        "Twin,Good,,GB,,,same\n"
        "Of twins,same,,GB,,,\n"
        f"{'x' * 2600},{reseller},all_inclusive,GB,,,\n"
        f"Last,{reseller},all_inclusive,GB,,psa=1,\n"
        f"Again,{reseller},all_inclusive,GB,,psa=1,\n"
    )
    found = imported(store, queue, file)
    assert {row: (result.status, codes(result)) for row, result in found.items()} == {
        1: ("created", []),
        2: ("refused", [("required", "/name")]),
        3: ("refused", [("storage_location_required", "/storage_location")]),
        4: ("refused", [("required", "/service_type"), ("required", "/device_country")]),
        5: ("refused", [("wrong_value", "/in_trial")]),
        6: ("refused", [("wrong_value", "/references")]),
        7: ("refused", [("not_found", "/parent_id")]),
        8: ("refused", [("parent_unknown", "/parent_id")]),
        9: ("refused", [("parent_refused", "/parent_id")]),
        10: ("refused", [("required", "/parent_id")]),
        11: ("refused", [("parent_circular", "/parent_id")]),
        12: ("refused", [("parent_circular", "/parent_id")]),
        13: ("created", []),
        14: ("existed", []),
        15: ("refused", [("parent_ambiguous", "/parent_id")]),
        16: ("refused", [("row_too_long", "")]),
        17: ("created", []),
        18: ("existed", []),
    }
    assert all(error["detail"] for result in found.values() for error in result.errors)
    assert found[14].customer_id == found[13].customer_id
    assert found[18].customer_id == found[17].customer_id
    assert max(customers(store).values()) == 1
    response = get_import(store, caller(now=LATER), list(store.items)[-1][0].removeprefix("import#"), limit=1000)
    assert (response.state, response.rows, response.rows_done) == ("done", 18, 18)
    assert (response.created, response.existed, response.refused) == (3, 2, 13)
    assert response.finished_at == LATER


def test_importing_the_same_file_again_reports_existed(store: MemoryStore, queue: MemoryQueue) -> None:
    file = WITH_LOCATION + f"Nordic,{ROOT.id},,,,DK\nHelsinki,Nordic,Reseller,,SE,FI\n"
    first = imported(store, queue, file)
    second = imported(store, queue, file, key="other")
    assert {row: result.status for row, result in second.items()} == {1: "existed", 2: "existed"}
    assert [result.customer_id for result in second.values()] == [result.customer_id for result in first.values()]
    more = imported(store, queue, file + "Espoo,Nordic,Reseller,,SE,FI\n", key="third")
    assert more[3].status == "created"
    assert stored(store, more[3]).parent_id == first[1].customer_id


def test_row_with_an_archived_name_is_refused_with_the_reason(store: MemoryStore, queue: MemoryQueue) -> None:
    distributor = a_customer("distributor", name="Nordic")
    put(store, distributor)
    archive_customer(store, a_caller(), distributor.id, version=1, find_devices=blocking_devices)
    found = imported(store, queue, SCRIPT + f"Nordic,{ROOT.id},,,,DK\nBelow,Nordic,Reseller,,,DK\n")
    assert codes(found[1]) == [("name_exists", "/name")]
    assert codes(found[2]) == [("parent_refused", "/parent_id")]
    assert (
        "archived"
        in imported(store, queue, SCRIPT + f"X,{distributor.id},Reseller,,,DK\n", key="x")[1].errors[0]["detail"]
    )


class Failing(MemoryStore):
    """A store that stops the worker before or after one of its writes."""

    def __init__(self) -> None:
        super().__init__()
        self.stop_at = -1
        self.after = False
        self.writes = 0

    def write(self, *actions: Action) -> None:
        self.writes += 1
        stop = self.writes == self.stop_at
        if stop and not self.after:
            raise UnavailableError("down")
        super().write(*actions)
        if stop:
            raise UnavailableError("down")


@pytest.mark.parametrize("after", [False, True])
def test_import_interrupted_anywhere_creates_each_customer_once(after: bool) -> None:
    whole, queue = Failing(), MemoryQueue()
    bootstrap_in(whole)
    whole.writes = 0
    expected = imported(whole, queue, a_file())
    assert {result.status for result in expected.values()} == {"created"}
    assert max(customers(whole).values()) == 1
    for stop_at in range(2, whole.writes + 1):  # the first write stores the file
        store, queue = Failing(), MemoryQueue()
        bootstrap_in(store)
        response = send(store, queue, a_file()).response
        store.writes, store.stop_at, store.after = 1, stop_at, after
        message = queue.messages[0]
        with pytest.raises(UnavailableError):
            run(store, queue)
        queue.messages.append(message)  # SQS delivers it again
        run(store, queue)
        assert {result.row: result for result in results(store, response.id)} == expected
        assert customers(store) == customers(whole)
        assert children(store) == children(whole)


def children(store: MemoryStore) -> dict[str, int]:
    return {key[0]: item["count"] for key, item in store.items.items() if key[1] == "children"}


def test_two_messages_of_one_import_create_each_customer_once(store: MemoryStore, queue: MemoryQueue) -> None:
    response = send(store, queue, a_file()).response

    class Meddling(MemoryStore):
        """A store in which another worker resumes the import before each write."""

        busy = False

        def write(self, *actions: Action) -> None:
            if not self.busy:
                self.busy = True
                run_import(self, queue, response.id or "", lambda: LATER, lambda: False)
            super().write(*actions)

    meddling = Meddling()
    meddling.items = store.items
    run_import(meddling, queue, response.id or "", lambda: LATER, lambda: False)
    assert {result.status for result in results(meddling, response.id)} == {"created"}
    assert max(customers(meddling).values()) == 1
    assert sum(customers(meddling).values()) == 302


def test_run_import_sends_another_message_when_the_time_is_up(store: MemoryStore, queue: MemoryQueue) -> None:
    response = send(store, queue, a_file()).response
    import_id = response.id or ""
    queue.messages.clear()
    calls = iter([False, True])
    of = run_import(store, queue, import_id, lambda: LATER, lambda: next(calls))
    assert of is not None
    assert (of.parts_done, of.created, queue.messages) == (1, ROWS_PER_PART, [{"import_id": import_id}])
    seen = get_import(store, caller(now=LATER), import_id, limit=1000)
    assert (seen.state, seen.rows_done, len(seen.results), seen.next_cursor) == (
        "running",
        ROWS_PER_PART,
        ROWS_PER_PART,
        None,
    )
    run(store, queue)
    assert len(results(store, import_id)) == 301
    assert run_import(store, queue, "imp_absent", lambda: LATER, lambda: False) is None


def test_row_cannot_reach_outside_the_importers_subtree(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    administrator = an_account("administrator", lineage[3])
    supporter = an_account("supporter", lineage[3])
    put(store, administrator, supporter)
    file = f"name,parent_id,device_country,references\nUp,{lineage[2].id},GB,\nIn,{lineage[3].id},GB,\n"
    with pytest.raises(ForbiddenError):
        send(store, queue, file, as_caller=a_caller(supporter))
    response = send(store, queue, file, as_caller=a_caller(administrator)).response
    run(store, queue)
    found = {result.row: result for result in results(store, response.id)}
    assert [(found[1].status, codes(found[1])), (found[2].status, codes(found[2]))] == [
        ("refused", [("not_found", "/parent_id")]),
        ("created", []),
    ]


def test_unreadable_parent_is_named_only_within_the_importers_subtree(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    administrator = an_account("administrator", lineage[3])
    inside = a_customer("end_customer", lineage[3], name="Broken")
    outside = a_customer("reseller", lineage[2], name="Broken")
    put(store, administrator, inside, outside)
    for broken in (inside, outside):
        store.items[customer_key(broken.id)]["service_type"] = "of_a_newer_version"
    rows = "".join(f"S,{parent_id},GB\n" for parent_id in (inside.id, outside.id, outside.id[:-1] + "x"))
    response = send(store, queue, f"name,parent_id,device_country\n{rows}", as_caller=a_caller(administrator)).response
    run(store, queue)
    unreadable, hidden, absent = results(store, response.id)
    assert codes(unreadable) == [("unreadable_record", "")]
    assert codes(hidden) == [("not_found", "/parent_id")]
    assert hidden.errors == absent.errors


def test_import_of_a_disabled_account_creates_nothing_more(
    store: MemoryStore, queue: MemoryQueue, lineage: list[Customer]
) -> None:
    administrator = an_account("administrator", lineage[3])
    put(store, administrator)
    response = send(
        store, queue, f"name,parent_id,device_country\nE,{lineage[3].id},GB\n", as_caller=a_caller(administrator)
    ).response
    store.items[f"account#{administrator.id}", "account"]["disabled"] = True
    run(store, queue)
    (result,) = results(store, response.id)
    assert codes(result) == [("no_active_account", "")]


def test_row_is_decided_again_when_its_parent_changes_concurrently(store: MemoryStore, queue: MemoryQueue) -> None:
    distributor = a_customer("distributor")
    put(store, distributor)
    lines = "".join(f"R{n},{distributor.id},reseller,{s},all_inclusive,GB\n" for n, s in enumerate(SERVICES))
    send(store, queue, "name,parent_id,level,service_type,services_to_provide,device_country\n" + lines)
    narrower = CustomerChange(services_to_provide=["all_inclusive"])

    class Meddling(MemoryStore):
        times = 1

        def write(self, *actions: Action) -> None:
            if self.times:
                self.times -= 1
                change_customer(self, a_caller(), distributor.id, narrower, version=1)
            super().write(*actions)

    meddling = Meddling()
    meddling.items = store.items
    run_import(meddling, queue, queue.messages[0]["import_id"], lambda: LATER, lambda: False)
    found = results(meddling, queue.messages[0]["import_id"])
    assert [result.status for result in found] == ["created", "refused"]


SERVICES = ("all_inclusive", "software_only")


def test_message_is_retried_when_conflicts_do_not_end(store: MemoryStore, queue: MemoryQueue) -> None:
    send(store, queue, SCRIPT + f"Nordic,{ROOT.id},,,,DK\n")

    class Restless(MemoryStore):
        def write(self, *actions: Action) -> None:
            if isinstance(actions[-1], Increment):
                pk, sk = children_key(ROOT.id)
                self.items[pk, sk] = {"pk": pk, "sk": sk, "revision": len(self.requests)}
            super().write(*actions)

    restless = Restless()
    restless.items = store.items
    with pytest.raises(ThrottledError):
        run(restless, queue)


def test_rows_below_one_parent_share_transactions(store: MemoryStore, queue: MemoryQueue) -> None:
    reseller = a_customer("reseller")
    put(store, reseller)
    send(
        store,
        queue,
        "name,parent_id,device_country\n" + "".join(f"E{n},{reseller.id},GB\n" for n in range(ROWS_PER_PART)),
    )
    store.requests.clear()
    run(store, queue)
    # 33 rows of three records each and the children of the parent make a transaction of 100; a part is five of them.
    assert Counter(store.requests) == {"get": 3, "write": 5 + 1}
    assert store.items[children_key(reseller.id)]["count"] == ROWS_PER_PART


def test_children_of_a_malformed_row_are_refused_with_the_reason(store: MemoryStore, queue: MemoryQueue) -> None:
    file = f"key,name,parent_id,in_trial\nk1,A,{ROOT.id},maybe\n,B,k1,\n,C,A,\n,{'x' * 200_000},k1,\n"
    found = imported(store, queue, file)
    assert [codes(found[row])[0][0] for row in (1, 2, 3, 4)] == [
        "wrong_value", "parent_refused", "parent_refused", "row_too_long",
    ]  # fmt: skip
