"""Tests: a dry run returns the same results as the run, for random files and random trees."""

import contextlib
import json
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from shared.customers.change_use_cases import archive_customer
from shared.customers.customer import Customer
from shared.devices.blocking import blocking_devices
from shared.imports.file import JSON_LINES
from shared.table.keys import customer_key
from shared.table.store import ConditionFailedError
from tests.builders import a_customer, a_lineage, bootstrap_in, put
from tests.imports.helpers import a_caller, results, run, send
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore

# Few values, so that rows conflict with each other and with existing customers.
NAMES = ["Acme", " acme", "ACME", "Birch", "Elm", "\ufb01r", ""]
REFERENCES = [{}, {"psa": "1"}, {"psa": "2"}, {"psa": "1", "crm": "1"}, {"psa": "#"}]
LEVELS = ["distributor", "sub_distributor", "reseller", "end_customer", "site"]
PARENTS = [*range(6), "Acme", "Birch", "k1", "k2", "absent"]


def optional(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), st.sampled_from(values))


EXISTING = st.tuples(
    st.integers(0, 4), st.sampled_from(NAMES[:5]), st.sampled_from(REFERENCES[:4]), st.booleans(), st.booleans()
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(NAMES),
    "key": optional(["k1", "k2"]),
    "parent_id": st.sampled_from(PARENTS),
    "level": optional(LEVELS),
    "device_country": optional(["DE", "GB", "JP", "Kosovo"]),
    "storage_location": optional(["DE", "GB"]),
    "in_trial": optional([True, False]),
    "references": optional(REFERENCES),
    "service_type": optional(["all_inclusive", "software_only"]),
    "services_to_provide": optional([["all_inclusive"], ["all_inclusive", "software_only"]]),
}


@st.composite
def a_row(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a row that is valid below its parent, then replace up to two fields at random."""
    depth = draw(st.integers(0, 4))
    row: dict[str, Any] = {
        "name": draw(st.sampled_from(NAMES[:5])),
        "parent_id": draw(st.sampled_from([depth, depth, "Acme", "k1"])),
        "level": LEVELS[depth],
        "device_country": draw(st.sampled_from(["DE", "GB"])),
        "references": draw(optional(REFERENCES[:4])),
    }
    if depth < 4:
        row["service_type"] = "all_inclusive"
    if depth < 3:
        row["services_to_provide"] = ["all_inclusive", "software_only"]
    changed = draw(st.lists(st.sampled_from(list(FIELDS)), max_size=2))
    return row | {field: draw(FIELDS[field]) for field in changed}


def a_tree(existing: list[tuple[int, str, dict[str, str], bool, bool]]) -> tuple[MemoryStore, list[Customer]]:
    """Return a store with a customer of each level, and with `existing` ones below them."""
    store = MemoryStore()
    bootstrap_in(store)
    lineage = a_lineage()
    put(store, *lineage[1:])
    for parent, name, references, in_trial, archived in existing:
        level: Any = LEVELS[parent]  # below the lineage's customer of this depth
        fields = {"in_trial": in_trial} if level == "end_customer" else {}
        customer = a_customer(level, lineage[parent], name=name, references=references, **fields)
        with contextlib.suppress(ConditionFailedError):  # its name or reference is taken
            put(store, customer)
        if archived and customer_key(customer.id) in store.items:
            archive_customer(
                store, a_caller(), customer.id, version=1, find_devices=blocking_devices
            )  # its name and references stay taken
    return store, lineage


@settings(max_examples=200, deadline=None)
@given(existing=st.lists(EXISTING, max_size=4), rows=st.lists(a_row(), min_size=1, max_size=8))
def test_dry_run_says_the_same_as_the_run(existing: list[Any], rows: list[dict[str, Any]]) -> None:
    store, lineage = a_tree(existing)
    lines = []
    for row in rows:
        parent = row["parent_id"]
        ids = {**row, "parent_id": lineage[parent].id if isinstance(parent, int) else parent}
        lines.append(json.dumps({field: value for field, value in ids.items() if value is not None}))
    queue, before = MemoryQueue(), dict(store.items)
    dry = send(store, queue, "\n".join(lines), JSON_LINES[0], validate_only=True).response
    assert (store.items, queue.messages) == (before, [])

    added = send(store, queue, "\n".join(lines), JSON_LINES[0]).response
    run(store, queue)
    done = results(store, added.id)
    assert len(done) == len(rows)
    assert [result for result in done if result.status != "created"] == dry.results
    assert sum(result.status == "created" for result in done) == dry.created
    assert all(error["detail"] and error.get("pointer") != "" for result in done for error in result.errors)
    for result in done:
        event(result.status + "".join(sorted({f" {error['code']}" for error in result.errors})))
