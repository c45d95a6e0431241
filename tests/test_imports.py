"""Files of customers: how they are read, what becomes of each row, and that no interruption makes a second customer."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.auth.authorization import Account, Caller
from shared.customers.change_use_cases import archive_customer, change_customer
from shared.customers.customer import Customer, CustomerChange
from shared.devices.use_cases import blocking_devices
from shared.errors import (
    ForbiddenError,
    KeyReusedError,
    MalformedRequestError,
    NotFoundError,
    RulesViolatedError,
    ThrottledError,
    UnavailableError,
)
from shared.imports.file import CSV, JSON_LINES, MAX_ROWS, ROWS_PER_PART, Result, read_file
from shared.imports.use_cases import add_import, get_import, run_import
from shared.table.keys import children_key, customer_key, name_key
from shared.table.store import Action, Increment
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, a_customer, a_line, an_account, begin_in, caller, put
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore

SCRIPT = "companyname,ParentId,Level,State,LocationId,DeviceCountry\n"
LATER = NOW + timedelta(days=1)


@pytest.fixture
def store(memory: MemoryStore) -> MemoryStore:
    begin_in(memory)
    return memory


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def line(store: MemoryStore) -> list[Customer]:
    line = a_line()
    put(store, *line[1:])
    return line


def by(account: Account = ROOT_ACCOUNT, operation: Any = "change_customers") -> Caller:
    return Caller(account.id, LATER, operation, "request 1")


def send(store: MemoryStore, queue: MemoryQueue, file: str, media: str = CSV, key: str = "key", **options: Any) -> Any:
    who = options.pop("who", by())
    return add_import(store, queue, who, file, media, idempotency_key=key, **options)


def run(store: MemoryStore, queue: MemoryQueue) -> None:
    """Every message, and those that are sent meanwhile."""
    while queue.messages:
        run_import(store, queue, queue.messages.pop(0)["import_id"], lambda: LATER, lambda: False)


def results(store: MemoryStore, import_id: str | None, limit: int = 1000, **query: Any) -> list[Result]:
    found, cursor = [], None
    while True:
        page = get_import(store, caller(now=LATER), import_id or "", limit=limit, cursor=cursor, **query)
        assert len(page.results) <= limit
        found += page.results
        cursor = page.next_cursor
        if cursor is None:
            return found


def imported(
    store: MemoryStore, queue: MemoryQueue, file: str, media: str = CSV, key: str = "key"
) -> dict[int, Result]:
    answer = send(store, queue, file, media, key).answer
    run(store, queue)
    return {result.row: result for result in results(store, answer.id)}


def stored(store: MemoryStore, result: Result) -> Customer:
    return Customer.model_validate(store.items[customer_key(result.customer_id or "")])


def codes(result: Result) -> list[tuple[str, str]]:
    return [(error["code"], error["pointer"]) for error in result.errors]


def customers(store: MemoryStore) -> Counter[tuple[str | None, str]]:
    found = [Customer.model_validate(item) for key, item in store.items.items() if key[1] == "customer"]
    return Counter((customer.parent_id, customer.folded_name) for customer in found)


# ---- reading a file


def test_the_header_of_the_onboarding_script_is_taken_as_it_is(store: MemoryStore, queue: MemoryQueue) -> None:
    file = (
        SCRIPT
        + "Leeds,Aurora,Site,,,GB\n"
        + f"Nordic,{ROOT.id},Distributor,InProduction,,Denmark\n"
        + "Helsinki,Nordic,Reseller,InProduction,SE,Finland\n"
        + "Finland,Nordic,Sub-Distributor,,Sweden,FI\n"
        + "Aurora,Helsinki,EndCustomer,InTrial,,GB\n"
    )
    found = imported(store, queue, file)
    assert {row: result.status for row, result in found.items()} == dict.fromkeys(range(1, 6), "created")
    site, nordic, helsinki, finland, aurora = (stored(store, found[row]) for row in range(1, 6))
    assert [c.level for c in (nordic, finland, helsinki, aurora, site)] == [
        "distributor", "sub_distributor", "reseller", "end_customer", "site",
    ]  # fmt: skip
    assert (site.parent_id, aurora.parent_id, helsinki.parent_id) == (aurora.id, helsinki.id, nordic.id)
    assert (helsinki.storage_location.country, finland.storage_location.decided) == ("SE", "chosen")
    assert (aurora.trial is None, nordic.trial) == (False, None)
    # What the header does not hold is taken from the parent.
    assert {c.service_type for c in (nordic, helsinki, aurora)} == {"all_inclusive"}
    assert nordic.services_to_provide == helsinki.services_to_provide == ("all_inclusive", "software_only")
    assert (aurora.services_to_provide, site.service_type) == ((), None)
    assert aurora.created_request_id == "request 1"


def test_our_own_names_are_taken_with_every_field(store: MemoryStore, queue: MemoryQueue, line: list[Customer]) -> None:
    file = (
        "\ufeffname;key;parent_id;level;service_type;services_to_provide;device_country;storage_location;in_trial;references\r\n"
        f'"Reseller; one";r1;{line[1].id};reseller;Software-Only;"all_inclusive|software_only";FI;SE;;\r\n'
        'End;;r1;;software only;;GB;;yes;"psa=1; crm=A 2"\r\n'
        "\r\n"
    )
    found = imported(store, queue, file)
    reseller, end = stored(store, found[1]), stored(store, found[2])
    assert (reseller.name, reseller.service_type) == ("Reseller; one", "software_only")
    assert reseller.services_to_provide == ("all_inclusive", "software_only")
    assert (end.parent_id, end.references, end.trial is None) == (reseller.id, {"psa": "1", "crm": "A 2"}, False)


def test_json_lines_are_taken(store: MemoryStore, queue: MemoryQueue, line: list[Customer]) -> None:
    rows: list[Any] = [
        {"name": "S", "parent_id": "e", "device_country": "GB"},
        {"key": "e", "name": "E", "parent_id": line[3].id, "device_country": "GB", "in_trial": True,
         "references": {"psa": "1"}, "service_type": "all_inclusive"},
    ]  # fmt: skip
    wrong = ["{", '"text"', '{"name": 7}', '{"what": 1}', '{"key": 1}', '{"a": "\\ud800"}', "[" * 100_000]
    file = "\n\n".join([*map(json.dumps, rows), *wrong])
    found = imported(store, queue, file, JSON_LINES[0])
    assert [found[row].status for row in (1, 3)] == ["created", "created"]
    assert stored(store, found[1]).parent_id == found[3].customer_id
    assert [codes(found[row]) for row in range(5, 19, 2)] == [
        [("json", "")], [("json", "")], [("string_type", "/name")], [("unknown_field", "/what")],
        [("wrong_type", "/key")], [("json", "")], [("json", "")],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("", "columns"),
        ("name,parent_id\n", "file_empty"),
        ("parent_id,level\nx,y\n", "columns"),
        ("name,name\na,b\n", "columns"),
        ("companyname,name\na,b\n", "columns"),
        ("name,colour\na,b\n", "columns"),
        ('name,parent_id\nx,y\n"a,b\nc,d\n', "file_malformed"),
        ("name\n" + "x\n" * (MAX_ROWS + 1), "file_too_long"),
    ],
)
def test_what_is_wrong_with_the_file_refuses_it(store: MemoryStore, queue: MemoryQueue, file: str, code: str) -> None:
    before = dict(store.items)
    with pytest.raises(RulesViolatedError) as refused:
        send(store, queue, file)
    assert [error["code"] for error in refused.value.errors] == [code]
    assert (store.items, queue.messages) == (before, [])


def test_json_lines_of_nothing_are_refused(store: MemoryStore, queue: MemoryQueue) -> None:
    with pytest.raises(RulesViolatedError):
        send(store, queue, "\n \n", JSON_LINES[1])


def test_ten_thousand_rows_are_read() -> None:
    file = "name,parent_id\n" + "".join(f"{n},{'' if n == MAX_ROWS - 1 else n + 1}\n" for n in range(MAX_ROWS))
    rows = read_file(file, CSV).rows
    assert [row.number for row in rows] == [*range(MAX_ROWS, 0, -1)]  # each below the next one
    assert rows[ROWS_PER_PART + 1].parent == (MAX_ROWS - ROWS_PER_PART, 1)
    assert rows[ROWS_PER_PART].parent == (MAX_ROWS - ROWS_PER_PART + 1, 0)


@settings(max_examples=200)
@given(st.data())
def test_rows_are_ordered_parents_first_and_none_is_lost(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 30))
    words = st.sampled_from([*map(str, range(size)), "nobody", "", ROOT.id])
    parents = [data.draw(words) for _ in range(size)]
    file = "key,name,parent_id\n" + "".join(f"{n},Name {n},{parents[n]}\n" for n in range(size))
    rows = read_file(file, CSV).rows
    assert sorted(row.number for row in rows) == [*range(1, size + 1)]
    place = {row.number: at for at, row in enumerate(rows)}
    for at, row in enumerate(rows):
        word = parents[row.number - 1]
        if row.errors:
            assert row.errors[0]["code"] == ("parent_unknown" if word == "nobody" else "parent_circular")
        elif word in ("", ROOT.id):
            assert row.parent is None
        else:
            assert row.parent == (int(word) + 1, place[int(word) + 1] // ROWS_PER_PART)
            assert place[int(word) + 1] < at


# ---- what becomes of the rows


def test_a_bad_row_stops_no_other(store: MemoryStore, queue: MemoryQueue, line: list[Customer]) -> None:
    reseller = line[3].id
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
        4: ("refused", [("cells", "")]),
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
    answer = get_import(store, caller(now=LATER), list(store.items)[-1][0].removeprefix("import#"), limit=1000)
    assert (answer.state, answer.rows, answer.rows_done) == ("done", 18, 18)
    assert (answer.created, answer.existed, answer.refused) == (3, 2, 13)
    assert answer.finished_at == LATER


def test_a_repeated_import_is_the_same_one_and_another_file_is_refused(store: MemoryStore, queue: MemoryQueue) -> None:
    file = SCRIPT + f"Nordic,{ROOT.id},,,,DK\n"
    first = send(store, queue, file)
    again = send(store, queue, file)
    assert (first.outcome, again.outcome, again.answer.id) == ("added", "replayed", first.answer.id)
    assert len(queue.messages) == 2  # its message may never have been sent
    run(store, queue)
    assert send(store, queue, file).answer.state == "done"
    assert queue.messages == []
    with pytest.raises(KeyReusedError):
        send(store, queue, file + "Other\n")
    assert sum(customers(store).values()) == 2


def test_the_same_file_again_finds_what_it_made(store: MemoryStore, queue: MemoryQueue) -> None:
    file = SCRIPT + f"Nordic,{ROOT.id},,,,DK\nHelsinki,Nordic,Reseller,,SE,FI\n"
    first = imported(store, queue, file)
    second = imported(store, queue, file, key="other")
    assert {row: result.status for row, result in second.items()} == {1: "existed", 2: "existed"}
    assert [result.customer_id for result in second.values()] == [result.customer_id for result in first.values()]
    more = imported(store, queue, file + "Espoo,Nordic,Reseller,,SE,FI\n", key="third")
    assert more[3].status == "created"
    assert stored(store, more[3]).parent_id == first[1].customer_id


def test_a_name_that_is_archived_is_refused_and_says_so(store: MemoryStore, queue: MemoryQueue) -> None:
    distributor = a_customer("distributor", name="Nordic")
    put(store, distributor)
    archive_customer(store, by(), distributor.id, version=1, find_devices=blocking_devices)
    found = imported(store, queue, SCRIPT + f"Nordic,{ROOT.id},,,,DK\nBelow,Nordic,Reseller,,,DK\n")
    assert codes(found[1]) == [("name_exists", "/name")]
    assert codes(found[2]) == [("parent_refused", "/parent_id")]
    assert (
        "archived"
        in imported(store, queue, SCRIPT + f"X,{distributor.id},Reseller,,,DK\n", key="x")[1].errors[0]["detail"]
    )


class Failing(MemoryStore):
    """Stops at one of its writes: before or after it."""

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


def a_file(rows: int = 300) -> str:
    """Sixty resellers below a distributor, each with four end-customers; the children stand first."""
    lines = [f"End {n},Reseller {n % 60},,,,GB\n" for n in range(rows * 4 // 5)]
    lines += [f"Reseller {n},Nordic,Reseller,,,GB\n" for n in range(60)]
    return SCRIPT + "".join(lines) + f"Nordic,{ROOT.id},,,,DK\n"


@pytest.mark.parametrize("after", [False, True])
def test_an_import_that_is_interrupted_anywhere_makes_each_customer_once(after: bool) -> None:
    whole, queue = Failing(), MemoryQueue()
    begin_in(whole)
    whole.writes = 0
    expected = imported(whole, queue, a_file())
    assert {result.status for result in expected.values()} == {"created"}
    assert max(customers(whole).values()) == 1
    for stop_at in range(2, whole.writes + 1):  # the first one keeps the file
        store, queue = Failing(), MemoryQueue()
        begin_in(store)
        answer = send(store, queue, a_file()).answer
        store.writes, store.stop_at, store.after = 1, stop_at, after
        message = queue.messages[0]
        with pytest.raises(UnavailableError):
            run(store, queue)
        queue.messages.append(message)  # it comes again
        run(store, queue)
        assert {result.row: result for result in results(store, answer.id)} == expected
        assert customers(store) == customers(whole)
        assert children(store) == children(whole)


def children(store: MemoryStore) -> dict[str, int]:
    return {key[0]: item["count"] for key, item in store.items.items() if key[1] == "children"}


def test_two_messages_of_one_import_do_its_rows_once(store: MemoryStore, queue: MemoryQueue) -> None:
    answer = send(store, queue, a_file()).answer

    class Meddling(MemoryStore):
        """Lets another one carry the import on before each write."""

        busy = False

        def write(self, *actions: Action) -> None:
            if not self.busy:
                self.busy = True
                run_import(self, queue, answer.id or "", lambda: LATER, lambda: False)
            super().write(*actions)

    meddling = Meddling()
    meddling.items = store.items
    run_import(meddling, queue, answer.id or "", lambda: LATER, lambda: False)
    assert {result.status for result in results(meddling, answer.id)} == {"created"}
    assert max(customers(meddling).values()) == 1
    assert sum(customers(meddling).values()) == 302


def test_what_is_left_when_the_time_is_up_goes_on_with_another_message(store: MemoryStore, queue: MemoryQueue) -> None:
    answer = send(store, queue, a_file()).answer
    import_id = answer.id or ""
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


@pytest.mark.parametrize("limit", [1, 99, ROWS_PER_PART, ROWS_PER_PART + 1, 1000])
def test_the_pages_of_results_hold_every_row_once(store: MemoryStore, queue: MemoryQueue, limit: int) -> None:
    answer = send(store, queue, a_file() + "Bad,nowhere,,,,GB\n" * 3).answer
    run(store, queue)
    found = results(store, answer.id, limit)
    assert sorted(result.row for result in found) == [*range(1, 305)]
    assert [r.row for r in results(store, answer.id, limit, status="refused")] == [302, 303, 304]


def test_results_are_seen_from_the_customer_of_the_one_who_imported_and_above(
    store: MemoryStore, queue: MemoryQueue, line: list[Customer]
) -> None:
    administrator = an_account("administrator", line[3])
    neighbour = an_account("administrator", a_customer("reseller", line[2], name="Other"))
    put(store, administrator, neighbour)
    answer = send(store, queue, f"name,parent_id,device_country\nE,{line[3].id},GB\n", who=by(administrator)).answer
    assert get_import(store, caller(administrator, now=LATER), answer.id or "", limit=1).rows == 1
    with pytest.raises(NotFoundError):
        get_import(store, caller(neighbour, now=LATER), answer.id or "", limit=1)
    with pytest.raises(NotFoundError):
        get_import(store, caller(now=LATER + timedelta(days=90)), answer.id or "", limit=1)
    with pytest.raises(MalformedRequestError):
        get_import(store, caller(now=LATER), answer.id or "", limit=1, cursor="x.y")


def test_a_row_reaches_nothing_outside_the_importing_account(
    store: MemoryStore, queue: MemoryQueue, line: list[Customer]
) -> None:
    administrator = an_account("administrator", line[3])
    supporter = an_account("supporter", line[3])
    put(store, administrator, supporter)
    file = f"name,parent_id,device_country,references\nUp,{line[2].id},GB,\nIn,{line[3].id},GB,\n"
    with pytest.raises(ForbiddenError):
        send(store, queue, file, who=by(supporter))
    answer = send(store, queue, file, who=by(administrator)).answer
    run(store, queue)
    found = {result.row: result for result in results(store, answer.id)}
    assert [(found[1].status, codes(found[1])), (found[2].status, codes(found[2]))] == [
        ("refused", [("not_found", "/parent_id")]),
        ("created", []),
    ]


def test_an_account_that_is_disabled_meanwhile_adds_nothing_more(
    store: MemoryStore, queue: MemoryQueue, line: list[Customer]
) -> None:
    administrator = an_account("administrator", line[3])
    put(store, administrator)
    answer = send(store, queue, f"name,parent_id,device_country\nE,{line[3].id},GB\n", who=by(administrator)).answer
    store.items[f"account#{administrator.id}", "account"]["disabled"] = True
    run(store, queue)
    (result,) = results(store, answer.id)
    assert codes(result) == [("no_active_account", "")]


def test_a_parent_that_changes_meanwhile_is_asked_again(store: MemoryStore, queue: MemoryQueue) -> None:
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
                change_customer(self, by(), distributor.id, narrower, version=1)
            super().write(*actions)

    meddling = Meddling()
    meddling.items = store.items
    run_import(meddling, queue, queue.messages[0]["import_id"], lambda: LATER, lambda: False)
    found = results(meddling, queue.messages[0]["import_id"])
    assert [result.status for result in found] == ["created", "refused"]


SERVICES = ("all_inclusive", "software_only")


def test_a_parent_that_never_rests_lets_the_message_come_again(store: MemoryStore, queue: MemoryQueue) -> None:
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


def test_many_rows_below_one_parent_go_in_few_transactions(store: MemoryStore, queue: MemoryQueue) -> None:
    reseller = a_customer("reseller")
    put(store, reseller)
    send(
        store,
        queue,
        "name,parent_id,device_country\n" + "".join(f"E{n},{reseller.id},GB\n" for n in range(ROWS_PER_PART)),
    )
    store.requests.clear()
    run(store, queue)
    # 49 rows of two records each and the children of the parent make a transaction of 99; a part is three of them.
    assert Counter(store.requests) == {"get": 3, "write": 3 + 1}
    assert store.items[children_key(reseller.id)]["count"] == ROWS_PER_PART


# ---- a dry run


def test_a_dry_run_tells_all_and_writes_nothing(store: MemoryStore, queue: MemoryQueue, line: list[Customer]) -> None:
    file = (
        SCRIPT
        + f"Nordic,{ROOT.id},Distributor,,,Denmark\n"
        + "Helsinki,Nordic,Reseller,,SE,Finland\n"
        + "helsinki,Nordic,Reseller,,SE,Finland\n"
        + "Oulu,Nordic,Reseller,,,Finland\n"
        + f"{line[1].name},{ROOT.id},,,,DE\n"
    )
    before = dict(store.items)
    tried = send(store, queue, file, validate_only=True)
    assert (store.items, queue.messages) == (before, [])
    assert (tried.outcome, tried.answer.id, tried.answer.state) == ("validated", None, "validated")
    assert (tried.answer.created, tried.answer.existed, tried.answer.refused) == (2, 2, 1)
    real = {row: (r.status, codes(r)) for row, r in imported(store, queue, file).items() if r.status != "created"}
    assert {result.row: (result.status, codes(result)) for result in tried.answer.results} == real
    assert name_key(ROOT.id, "nordic") in store.items
    assert send(store, queue, file, validate_only=True).answer.state == "done"


def test_an_import_whose_message_is_not_taken_is_begun_by_the_same_request(
    store: MemoryStore, queue: MemoryQueue
) -> None:
    file = SCRIPT + f"Nordic,{ROOT.id},,,,DK\n"
    queue.down = True
    with pytest.raises(UnavailableError):
        send(store, queue, file)
    queue.down = False
    answer = send(store, queue, file).answer
    run(store, queue)
    assert get_import(store, caller(now=LATER), answer.id or "", limit=1).state == "done"


def test_the_forms_of_spreadsheets_and_of_other_systems_are_understood(
    store: MemoryStore, queue: MemoryQueue, line: list[Customer]
) -> None:
    found = imported(store, queue, f"name,parent_id,device_country,,\nA,{line[3].id},GB,,\nB,{line[3].id},GB\n")
    assert [found[row].status for row in (1, 2)] == ["created", "created"]
    rows: list[Any] = [
        {"companyname": "C\u2028D\u0085E", "ParentId": line[3].id, "DeviceCountry": "GB", "State": "InTrial"},
        {
            "companyname": "F",
            "ParentId": line[3].id,
            "DeviceCountry": "GB",
            "State": "InProduction",
            "Level": "EndCustomer",
        },
        {"companyname": "G", "name": "H", "ParentId": line[3].id},
        {"companyname": "I", "State": "perhaps"},
    ]
    file = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    found = imported(store, queue, file, JSON_LINES[0], key="json")
    assert [codes(found[row]) for row in (1, 2, 3, 4)] == [
        [("name_characters", "/name")],
        [],
        [("field_twice", "/name")],
        [("wrong_value", "/state")],
    ]


def test_the_children_of_a_row_of_bad_form_are_told_so(store: MemoryStore, queue: MemoryQueue) -> None:
    file = f"key,name,parent_id,in_trial\nk1,A,{ROOT.id},maybe\n,B,k1,\n,C,A,\n,{'x' * 200_000},k1,\n"
    found = imported(store, queue, file)
    assert [codes(found[row])[0][0] for row in (1, 2, 3, 4)] == [
        "wrong_value", "parent_refused", "parent_refused", "row_too_long",
    ]  # fmt: skip


def test_what_is_kept_of_a_file_fits_one_transaction(store: MemoryStore, queue: MemoryQueue) -> None:
    row = json.dumps({"name": "x" * 60, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5})
    send(store, queue, "\n".join([row] * MAX_ROWS), JSON_LINES[0])
    sizes = [len(json.dumps(item)) for key, item in store.items.items() if key[0].startswith("import#")]
    assert max(sizes) < 400_000
    assert sum(sizes) < 4_000_000
    run(store, queue)
    assert max(len(json.dumps(i)) for key, i in store.items.items() if key[0].startswith("import#")) < 400_000


def test_an_import_whose_results_are_gone_is_not_carried_out_again(store: MemoryStore, queue: MemoryQueue) -> None:
    file = SCRIPT + f"Nordic,{ROOT.id},,,,DK\n"
    answer = send(store, queue, file).answer
    run(store, queue)
    with pytest.raises(KeyReusedError):
        send(store, queue, file, who=Caller(ROOT_ACCOUNT.id, LATER + timedelta(days=90), "change_customers"))
    assert answer.id


@pytest.mark.parametrize("row", ["Same,{0},GB,", "N{1},{0},GB,a=1{1}; b=1{1}; c=1{1}; d=1{1}; e=1{1}"])
def test_a_dry_run_of_ten_thousand_rows_makes_few_requests(
    store: MemoryStore, queue: MemoryQueue, line: list[Customer], row: str
) -> None:
    rows = "".join(row.format(line[3].id, n) + "\n" for n in range(MAX_ROWS))
    store.requests.clear()
    tried = send(store, queue, "name,parent_id,device_country,references\n" + rows, validate_only=True).answer
    assert tried.created + tried.existed == MAX_ROWS
    assert len(store.requests) < 1_000
