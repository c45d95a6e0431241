"""Lists of a customer's subtree, in path order, from the subtree index."""

from collections.abc import Callable
from typing import Any, Final, Literal

from shared.auth.authorization import Account
from shared.auth.cursors import read_cursor, sign_cursor
from shared.customers.customer import Customer
from shared.table.audit import AUDIT
from shared.table.keys import Item, customer_key, tree_below
from shared.table.queries import paginate
from shared.table.store import Page, Position, Store, position

Kind = Literal["customer", "archived", "account", "device"]

# The most queries for a page of the root's subtree, one per distributor. Such a page can be shorter than the limit.
MAX_QUERIES: Final = 16


def below(store: Store, kind: Kind, within: Customer, *, limit: int, after: Position | None) -> Page:
    """Return up to `limit` records of a kind below `within`, without `within`. One query, except for the root."""
    if within.level == "root":
        return _below_root(store, kind, within, limit=limit, after=after)
    tree = tree_below(kind, within.path)
    return store.query("subtree", tree, starts_with=f"{within.path}/", after=after, limit=limit)


def latest_changes(
    store: Store, within: Customer, *, since: str, up_to: str, limit: int, after: Position | None
) -> Page:
    """Return up to `limit` records of changes in the tree of `within` from a time on, before another, latest first.

    For a customer below a distributor, they are those of the whole tree. One query, except for the root: first the
    changes of the root itself, then those of one distributor's tree after another.
    """
    if within.level == "root":
        times = {"since": since, "up_to": up_to, "descending": True}
        return _below_root(store, AUDIT, within, limit=limit, after=after, **times)
    tree = tree_below(AUDIT, within.path)
    return store.query("subtree", tree, since=since, up_to=up_to, descending=True, limit=limit, after=after)


# The position after the listed customer itself, which is the first of its own subtree.
AFTER_ITSELF: Final[Position] = {}


def within(store: Store, top: Item, *, limit: int, after: Position | None, kind: Kind = "customer") -> Page:
    """Return a customer and the customers below it, up to `limit` in all; or the archived customers below it."""
    customer = Customer.model_validate(top)
    if after is not None or ("archived_at" in top) != (kind == "archived"):
        return below(store, kind, customer, limit=limit, after=after or None)
    rest = below(store, kind, customer, limit=max(limit - 1, 1), after=None)
    if limit == 1:
        return Page([top], AFTER_ITSELF if rest.items or rest.next else None)
    return Page([top, *rest.items], rest.next)


def list_within[T](
    store: Store,
    actor: Account,
    top: Item,
    bound_to: dict[str, Any],
    show: Callable[[list[Item]], list[T | None]],
    *,
    limit: int,
    cursor: str | None,
    kind: Kind = "customer",
) -> tuple[list[T], str | None]:
    """Return a page of a customer and all below it, as `show` builds it (`None`: omitted), and the next page's cursor.

    The kind `archived` lists the archived customers below it.
    """
    shown, after = paginate(
        lambda size, start: within(store, top, limit=size, after=start, kind=kind),
        show,
        lambda item: position_within(top, item),
        limit=limit,
        after=read_cursor(actor, bound_to, cursor),
        filtered=True,
    )
    return shown, sign_cursor(actor, bound_to, after)


def position_within(top: Item, item: Item) -> Position:
    return AFTER_ITSELF if item["id"] == top["id"] else position("subtree", item)


def _below_root(store: Store, kind: str, root: Customer, *, limit: int, after: Position | None, **options: Any) -> Page:
    """Return the records of the root's own tree, then those of each distributor's tree. `options` are of the queries.

    A position is in the root's own tree, at a distributor, or in a distributor's tree.
    """
    tops, own = tree_below("customer", root.path), tree_below(kind, root.path)
    items: list[Item] = []
    current = after
    of_customers = kind in ("customer", "archived")
    if not of_customers and (current is None or current["tree"] == own):
        items += store.query("subtree", own, after=current, limit=limit + 1, **options).items
        current = None
    reached = [current] if current is not None else []
    if len(items) <= limit:
        start = _distributor(root, current) if current is not None else None
        page = store.query("subtree", tops, after=start, limit=MAX_QUERIES - len(reached))
        reached += [position("subtree", item) for item in page.items]
        records = {item["path"]: item for item in page.items}
        for reach in reached:
            current, distributor = reach, _distributor(root, reach)
            top = (
                records.get(current["path"])
                if of_customers and current["tree"] == tops and current is not after
                else None
            )
            if top and ("archived_at" in top) == (kind == "archived"):
                items.append(top)
            if len(items) > limit:
                break
            tree = tree_below(kind, distributor["path"])
            begin = current if current["tree"] == tree else None
            below_it = store.query("subtree", tree, after=begin, limit=limit + 1 - len(items), **options).items
            items += below_it
            current = position("subtree", below_it[-1]) if below_it else current
            if len(items) > limit:
                break
        else:
            return Page(items, current if page.next else None)
    return Page(items[:limit], position("subtree", items[limit - 1]))


def _distributor(root: Customer, current: Position) -> Position:
    """Return the position of the distributor whose tree contains `current`."""
    tops = tree_below("customer", root.path)
    distributor = current["path"].split("/")[1] if current["tree"] == tops else current["tree"].partition("#")[2]
    pk, sk = customer_key(distributor)
    return {"pk": pk, "sk": sk, "tree": tops, "path": f"{root.path}/{distributor}"}
