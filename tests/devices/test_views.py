"""Tests: views of the dashboard."""

from typing import Any

import pytest

from shared.customers.customer import Customer
from shared.devices.dashboard import list_devices
from shared.devices.view_use_cases import get_view, list_views, remove_view, save_view
from shared.devices.views import DEFAULT_COLUMNS, MAX_VIEWS, NewView
from shared.errors import (
    NotFoundError,
    RulesViolatedError,
    ThrottledError,
)
from tests.builders import ROOT, an_account, caller, put
from tests.memory_store import MemoryStore


def test_views_belong_to_one_account(store: MemoryStore, finnish: Customer) -> None:
    other = an_account("supporter", finnish)
    put(store, other)
    save_view(store, caller(other), "mine", NewView(columns=["name"]))
    assert [view.name for view in list_views(store, caller(other)).views] == ["default", "mine"]
    assert [view.name for view in list_views(store, caller()).views] == ["default"]
    for act in (lambda: get_view(store, caller(), "mine"), lambda: remove_view(store, caller(), "mine")):
        with pytest.raises(NotFoundError):
            act()


def test_removing_a_saved_default_view_restores_the_systems(store: MemoryStore) -> None:
    for columns in (["name"], ["name", "storage_location"]):
        save_view(store, caller(), "default", NewView(columns=columns))
        assert get_view(store, caller(), "default").columns == columns
    remove_view(store, caller(), "default")
    assert get_view(store, caller(), "default").columns == list(DEFAULT_COLUMNS)
    with pytest.raises(NotFoundError):
        remove_view(store, caller(), "default")


@pytest.mark.parametrize(
    ("name", "columns", "at"),
    [
        ("v", [], {"pointer": "/columns"}),
        ("v", ["name", "colour"], {"pointer": "/columns/1"}),
        ("v", ["name", "name"], {"pointer": "/columns/1"}),
        ("x" * 65, ["name"], {"parameter": "name"}),
        ("a\u202eb", ["name"], {"parameter": "name"}),
        (" v", ["name"], {"parameter": "name"}),
        ("", ["name"], {"parameter": "name"}),
        ("..", ["name"], {"parameter": "name"}),
        ("a/b", ["name"], {"parameter": "name"}),
        ("v ", ["name"], {"parameter": "name"}),
    ],
)
def test_invalid_view_is_refused(store: MemoryStore, name: str, columns: list[str], at: dict[str, str]) -> None:
    with pytest.raises(RulesViolatedError) as refused:
        save_view(store, caller(), name, NewView(columns=columns))
    assert at.items() <= refused.value.errors[0].items()
    assert len(list_views(store, caller()).views) == 1


@pytest.mark.parametrize("name", ["v", "My view", "my%20view", "x" * 64, "Gerätesicht", "a-b_c 1"])
def test_view_is_found_by_the_name_it_was_saved_with(store: MemoryStore, name: str) -> None:
    saved = save_view(store, caller(), name, NewView(columns=["name"]))
    assert saved.name == name.replace("%20", " ")
    assert get_view(store, caller(), saved.name) == get_view(store, caller(), name) == saved
    assert list_devices(store, caller(), ROOT.id, view=saved.name, limit=1).view == saved.name
    remove_view(store, caller(), name)


def test_twenty_first_view_is_refused(store: MemoryStore) -> None:
    for n in range(MAX_VIEWS):
        save_view(store, caller(), f"view {n}", NewView(columns=["name"]))
    with pytest.raises(RulesViolatedError, match="violates one rule"):
        save_view(store, caller(), "one more", NewView(columns=["name"]))
    save_view(store, caller(), "view 7", NewView(columns=["customer"]))


def test_concurrent_saves_of_views_return_429_to_one(store: MemoryStore) -> None:
    write = store.write

    def someone_else_first(*actions: Any) -> None:
        store.write = write  # type: ignore[method-assign]
        save_view(store, caller(), "theirs", NewView(columns=["name"]))
        write(*actions)

    store.write = someone_else_first  # type: ignore[method-assign]
    with pytest.raises(ThrottledError):
        save_view(store, caller(), "mine", NewView(columns=["name"]))
    assert [view.name for view in list_views(store, caller()).views] == ["default", "theirs"]
