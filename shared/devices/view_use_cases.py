"""Use cases for views: list, read, save and remove those of the caller."""

from urllib.parse import unquote

from pydantic import BaseModel, Field

from shared.auth.access import read_with_actor
from shared.auth.authorization import Account, Caller, require_permission
from shared.devices.records import view_change
from shared.devices.views import COLUMNS, NewView, View, Views, validate_view
from shared.errors import NotFoundError, ThrottledError
from shared.table.keys import views_key
from shared.table.queries import parse_record
from shared.table.store import ConditionFailedError, Put, Store, update_between


class ColumnResponse(BaseModel):
    name: str
    title: str


class ViewList(BaseModel):
    views: list[View]
    columns: list[ColumnResponse] = Field(description="All columns that a view can have.")


def list_views(store: Store, caller: Caller) -> ViewList:
    """List the caller's views, including the default view."""
    columns = [ColumnResponse(name=name, title=column.title) for name, column in COLUMNS.items()]
    return ViewList(views=_views(store, caller)[1].shown(), columns=columns)


def get_view(store: Store, caller: Caller, name: str) -> View:
    """Return one of the caller's views. Raises NotFoundError."""
    name = unquote(name)
    columns = _views(store, caller)[1].columns(name)
    if columns is None:
        raise NotFoundError
    return View(name=name, columns=columns)


def save_view(store: Store, caller: Caller, name: str, new: NewView) -> View:
    """Save a view of the caller. It replaces a view with the same name, even the default. Raises RulesViolatedError."""
    name = unquote(name)
    account, views = _views(store, caller)
    validate_view(name, new.columns, views)
    if views.columns_by_name.get(name) == new.columns:
        return View(name=name, columns=new.columns)
    _save(store, caller, account, views, views.saved(name, new.columns), name)
    return View(name=name, columns=new.columns)


def remove_view(store: Store, caller: Caller, name: str) -> None:
    """Remove a view. If it is the default view, the system's default applies again. Raises NotFoundError."""
    name = unquote(name)
    account, views = _views(store, caller)
    if name not in views.columns_by_name:
        raise NotFoundError
    _save(store, caller, account, views, views.without(name), name)


def _views(store: Store, caller: Caller) -> tuple[Account, Views]:
    key = views_key(caller.account_id)
    account, records = read_with_actor(store, caller, key)
    require_permission(account, caller.operation)
    return account, parse_record(Views, records, key) or Views()


def _save(store: Store, caller: Caller, account: Account, before: Views, after: Views, name: str) -> None:
    pk, sk = views_key(caller.account_id)
    old, new = ({"pk": pk, "sk": sk, **views.model_dump()} for views in (before, after))
    changed = update_between(old, new, {"version": before.version}) if before.version else Put(new)
    try:
        store.write(changed, view_change(account, before, after, name, caller))
    except ConditionFailedError as failed:
        detail = "Your views are being modified by another request. Retry after 1 second."
        raise ThrottledError(detail, headers={"Retry-After": "1"}) from failed
