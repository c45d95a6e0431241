"""Walking all that stands below a customer, in path order, over the subtree index."""

from typing import Final, Literal

from shared.customers import Customer
from shared.keys import Item, customer_key, tree_below
from shared.store import Page, Position, Store, position

Kind = Literal["customer", "account", "device"]

# A page of the root's subtree may be shorter than asked for: two queries a distributor, at most so many a page.
MOST_QUERIES: Final = 16


def below(store: Store, kind: Kind, within: Customer, *, limit: int, after: Position | None) -> Page:
    """Up to `limit` records of a kind below `within`, itself left out. One query, but for the root."""
    if within.level == "root":
        return _below_root(store, kind, within, limit=limit, after=after)
    tree = tree_below(kind, within.path)
    return store.query("subtree", tree, starts_with=f"{within.path}/", after=after, limit=limit)


# Where a list goes on after the customer it is asked for, which stands first in its own subtree.
AFTER_ITSELF: Final[Position] = {}


def within(store: Store, top: Item, *, limit: int, after: Position | None) -> Page:
    """A customer itself, then up to `limit` in all with the customers below it."""
    customer = Customer.model_validate(top)
    if after is not None:
        return below(store, "customer", customer, limit=limit, after=after or None)
    rest = below(store, "customer", customer, limit=max(limit - 1, 1), after=None)
    if limit == 1:
        return Page([top], AFTER_ITSELF if rest.items else None)
    return Page([top, *rest.items], rest.next)


def position_within(top: Item, item: Item) -> Position:
    return AFTER_ITSELF if item["id"] == top["id"] else position("subtree", item)


def _below_root(store: Store, kind: Kind, root: Customer, *, limit: int, after: Position | None) -> Page:
    """What is the root's own, then tree by tree what is below its distributors.

    A position stands either in the root's own tree, at a distributor that was reached, or in that distributor's tree.
    """
    tops, own = tree_below("customer", root.path), tree_below(kind, root.path)
    items: list[Item] = []
    at = after
    if kind != "customer" and (at is None or at["tree"] == own):
        items += store.query("subtree", own, after=at, limit=limit + 1).items
        at = None
    for _ in range(MOST_QUERIES // 2):
        if len(items) > limit:
            break
        top = None
        if at is not None:  # a distributor was reached: what is below it comes next
            distributor = at["path"].split("/")[1]
            tree = tree_below(kind, f"{root.path}/{distributor}")
            start = at if at["tree"] == tree else None
            items += store.query("subtree", tree, after=start, limit=limit + 1 - len(items)).items
            pk, sk = customer_key(distributor)
            top = {"pk": pk, "sk": sk, "tree": tops, "path": f"{root.path}/{distributor}"}
            if len(items) > limit:
                break
        found = store.query("subtree", tops, after=top, limit=1).items
        if not found:
            return Page(items, None)
        at = position("subtree", found[0])
        items += found if kind == "customer" else []
    return Page(items[:limit], position("subtree", items[limit - 1]) if len(items) > limit else at)
