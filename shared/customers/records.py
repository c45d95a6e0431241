"""The records of a customer: itself, its name, its references, its history."""

from shared.customers.customer import Customer
from shared.customers.trial import next_due
from shared.errors import require
from shared.table.audit import audit_item, audited
from shared.table.keys import Item, customer_key, history_key, name_key, reference_key, tree_below, trial_shard_of
from shared.table.queries import build_record
from shared.values.changes import Change


def customer_item(customer: Customer) -> Item:
    item = build_record(customer_key(customer.id), customer)
    if customer.archived_at:
        # A distributor stays in the root's partition, so that the archived customers below it are still found.
        kind = "customer" if customer.level == "distributor" else "archived"
        item["tree"] = tree_below(kind, customer.parent_path)
        return item
    if customer.parent_id:
        item["folded_name"] = customer.folded_name
        item["tree"] = tree_below("customer", customer.parent_path)
    if customer.trial_ends_at and not customer.production_since:
        item["trial_shard"] = trial_shard_of(customer.id)
        item["trial_due"] = str(next_due(customer.id, customer.trial_ends_at, after=customer.reminded))
    return item


def name_item(customer: Customer) -> Item:
    """Build the record of a name. It has the fields that the parent's rules need, to read them strongly consistent."""
    pk, sk = name_key(customer.parent_id or "", customer.folded_name)
    known = {field: getattr(customer, field) for field in ("name", "service_type", "services_to_provide", "expires_at")}
    item = {"pk": pk, "sk": sk, "customer_id": customer.id, **known}
    return {name: value for name, value in item.items() if value is not None}


def reference_items(customer: Customer) -> list[Item]:
    """Build the record of each reference, by which a customer is found within its tree."""
    tree = tree_below("reference", customer.parent_path)
    expires = {"expires_at": customer.expires_at} if customer.expires_at else {}
    items = []
    for system, value in customer.references.items():
        pk, sk = reference_key(tree, system, value)
        items.append({"pk": pk, "sk": sk, "customer_id": customer.id, "customer_path": customer.path, **expires})
    return items


def history_item(customer: Customer) -> Item:
    """Build the record of a customer's last change."""
    change = require(customer.last_change)
    return audited(history_key(customer.id, change.at, change.version or 1), change, customer.path, expires=False)


def addition_item(customer: Customer) -> Item:
    """Build the entry of the audit for the addition of a customer. The history builds its own from the customer."""
    change = Change(
        event="customer_added",
        at=customer.created_at,
        by=customer.created_by,
        request_id=customer.created_request_id,
        version=1,
        changes={"level": {"from": None, "to": customer.level}},
    )
    return audit_item(customer.id, change, customer.path)
