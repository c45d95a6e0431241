"""The records of a request for another storage location: itself, and the one that shows that a customer has one."""

from shared.auth.authorization import Caller
from shared.location_requests.request import LocationRequest
from shared.table.audit import audit_item
from shared.table.keys import Item, Key, location_request_key, location_requests_tree, open_location_request_key
from shared.table.queries import build_record
from shared.table.store import Put
from shared.values.changes import Change
from shared.values.timestamps import format_timestamp


def location_request_item(request: LocationRequest) -> Item:
    """Build the record. In the subtree index it is in the partition of its state, by time."""
    item = build_record(location_request_key(request.customer_id, request.id), request)
    at = format_timestamp(request.decided_at or request.created_at)
    return {**item, "tree": location_requests_tree(request.state), "path": f"{at}#{request.id}"}


def open_request_item(request: LocationRequest) -> Item:
    pk, sk = open_location_request_key(request.customer_id)
    return {"pk": pk, "sk": sk, "location_request_id": request.id}


def sent_item(key: Key, request: LocationRequest) -> Item:
    """Build the record by which a repeat of the same HTTP request is recognized. `key` is derived from it."""
    pk, sk = key
    return {"pk": pk, "sk": sk, "location_request_id": request.id, "request_hash": request.request_hash}


def record_change(request: LocationRequest, event: str, caller: Caller) -> Put:
    """Return the entry of the audit for a new request, or for its decision."""
    change = Change(
        event=event,
        at=max(caller.now, request.created_at),
        by=caller.account_id,
        request_id=caller.request_id,
        version=request.version,
        changes={
            "location_request_id": {"to": request.id},
            "storage_location": {"from": request.from_location, "to": request.location},
            "state": {"from": None if request.state == "open" else "open", "to": request.state},
        },
    )
    return Put(audit_item(request.customer_id, change, request.customer_path, about=request.id))
