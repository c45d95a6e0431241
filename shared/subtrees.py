"""Walking all that stands below a customer, in path order, over the subtree index."""

from typing import Final

from shared.customers import Customer
from shared.keys import Item, customer_key, tree_below
from shared.store import Page, Position, Store, position

# A page of the root's subtree may be shorter than asked for: two queries a distributor, at most so many a page.
MOST_QUERIES: Final = 16


def below(store: Store, within: Customer, *, limit: int, after: Position | None) -> Page:
    """Up to `limit` customers below `within`, itself left out. One query, but for the root."""
    if within.level == "root":
        return _below_root(store, within, limit=limit, after=after)
    tree = tree_below("customer", within.path)
    return store.query("subtree", tree, starts_with=f"{within.path}/", after=after, limit=limit)


def _below_root(store: Store, root: Customer, *, limit: int, after: Position | None) -> Page:
    """Each distributor has a partition of its own: a distributor, what is below it, the next distributor."""
    tops = tree_below("customer", root.path)
    items: list[Item] = []
    at = after
    for _ in range(MOST_QUERIES // 2):
        if at is not None:
            distributor = at["path"].split("/")[1]
            tree = tree_below("customer", f"{root.path}/{distributor}")
            start = at if at["tree"] == tree else None
            items += store.query("subtree", tree, after=start, limit=limit + 1 - len(items)).items
            if len(items) > limit:
                break
            pk, sk = customer_key(distributor)
            at = {"pk": pk, "sk": sk, "tree": tops, "path": f"{root.path}/{distributor}"}
        found = store.query("subtree", tops, after=at, limit=1).items
        if not found:
            return Page(items, None)
        items += found
        at = position("subtree", found[0])
        if len(items) > limit:
            break
    return Page(items[:limit], position("subtree", items[:limit][-1]))
