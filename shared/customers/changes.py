"""Changes of a customer: the requests, the rules, and the record of each change.

A change is recorded once, as the customer's `last_change`. The same transaction stores it in the history, and events
are published from it. Source: domain.md.
"""

import math
from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from shared.auth.authorization import Account, Caller
from shared.customers.customer import ArchivePeriod, Customer, CustomerChange, given_fields, provided_by
from shared.customers.fields import FIELDS, Context, check_field_rule, normalize_fields
from shared.customers.trial import SCHEDULE, STEPS
from shared.errors import (
    MAX_ERRORS,
    ArchiveBlockedError,
    ForbiddenError,
    RulesViolatedError,
    RuleViolation,
    Violations,
    require,
)
from shared.storage_locations.catalogue import Catalogue, location_by_support
from shared.values.changes import Change
from shared.values.timestamps import format_timestamp

RESTORE_PERIOD: Final = timedelta(days=30)
MAX_ARCHIVES: Final = 50
MAX_REASON_LENGTH: Final = 500


class LocationChange(BaseModel):
    """Body of PUT /customers/{customer_id}/storage-location."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    country: str = Field(description="One of the catalogue's locations, by ISO 3166-1 code or English name.")
    reason: str = Field(description=f"The reason, 1 to {MAX_REASON_LENGTH} characters. The history shows it.")


def depends_on_parent(change: CustomerChange) -> bool:
    """Return whether the decision depends on what the parent provides."""
    return change.service_type is not None or change.services_to_provide is not None


def apply_change(change: CustomerChange, customer: Customer, parent: Customer | None, caller: Caller) -> Customer:
    """Return `customer` with the change, at its next version, or unchanged if nothing differs.

    `parent` is needed if the decision depends on it. Raises RulesViolatedError with every violation. The store decides
    whether the name and the references are free and whether children need a removed service.
    """
    violations = Violations()
    given = given_fields(change)
    levels = (customer.level,)
    rules = {field: FIELDS[field].rule(customer.level) for field in given}
    for field, rule in rules.items():
        violations.check(check_field_rule, field, rule, given=True, levels=levels)
    allowed = {field: value for field, value in given.items() if rules[field] != "refused"}
    context = Context(levels, provided_by(parent), stored=customer.model_dump(include=set(allowed)))
    after = normalize_fields(violations, allowed, context)
    violations.raise_if_any()
    return _with_change(customer, "customer_changed", after, caller)


def with_storage_location(change: LocationChange, customer: Customer, catalogue: Catalogue, caller: Caller) -> Customer:
    """Return `customer` with the location that support chose, or unchanged if it has it. Raises RulesViolatedError."""
    violations = Violations()
    location = violations.check(location_by_support, catalogue, change.country, caller.now)
    reason = violations.check(normalize_reason, change.reason)
    violations.raise_if_any()
    if location.country == customer.storage_location.country:
        return customer
    return _with_change(customer, "storage_location_changed", {"storage_location": location}, caller, reason)


def normalize_reason(reason: str) -> str:
    """Return the reason in one line. Raises RuleViolation."""
    text = " ".join(reason.split())
    if not 1 <= len(text) <= MAX_REASON_LENGTH or not text.isprintable():
        detail = f"A reason of 1 to {MAX_REASON_LENGTH} printable characters is required."
        raise RuleViolation("reason_required", "/reason", detail)
    return text


def archive(customer: Customer, caller: Caller) -> Customer:
    """Return `customer` archived, to be removed in 30 days. Raises RulesViolatedError at the limit of archives."""
    if len(customer.archives) >= MAX_ARCHIVES:
        detail = f"A customer can be archived {MAX_ARCHIVES} times. This customer has reached the limit."
        raise RulesViolatedError.of(RuleViolation("archived_too_often", "customer_id", detail))
    expires_at = math.ceil((caller.now + RESTORE_PERIOD).timestamp())
    return _with_change(customer, "customer_archived", {"archived_at": caller.now, "expires_at": expires_at}, caller)


def restore(customer: Customer, parent: Customer, caller: Caller) -> Customer:
    """Return `customer` as it was before it was archived. Raises RulesViolatedError if its parent provides less now."""
    violations = Violations()
    stored = {field: getattr(customer, field) for field, spec in FIELDS.items() if spec.from_parent}
    needed = {field: value for field, value in stored.items() if value}
    normalize_fields(violations, needed, Context((customer.level,), provided_by(parent)))
    violations.raise_if_any()
    archived_at = require(customer.archived_at)
    times = ArchivePeriod(start=archived_at, end=max(caller.now, archived_at))
    after = {"archived_at": None, "expires_at": None, "archives": (*customer.archives, times)}
    return _with_change(customer, "customer_restored", after, caller)


def ensure_not_own_customer(actor: Account, customer: Customer) -> None:
    """Raise ForbiddenError if the customer is the actor's own: only a company above can archive or restore it."""
    if actor.customer_id == customer.id:
        raise ForbiddenError("You can't archive or restore your own company. Ask a company above it.")


# The fields of a distributor that are the root's: its ids in the root's systems, and whom the root has named.
_OF_THE_ROOT: Final = {"references": "references", "account_manager": "account manager"}


def ensure_not_own_fields(actor: Account, customer: Customer, change: CustomerChange) -> None:
    """Raise ForbiddenError if a distributor changes what only the root may change of it."""
    if customer.level == "distributor" and actor.customer_id == customer.id:
        for field, label in _OF_THE_ROOT.items():
            if getattr(change, field) is not None:
                detail = f"Only the company above yours can change the {label} of your company. Ask there."
                raise ForbiddenError(detail)


def ensure_not_blocked(blocking: list[dict[str, str]], devices: int) -> None:
    """Raise ArchiveBlockedError with the children and devices, if there are any. `devices`: how many it has."""
    if blocking or devices:
        has = f"{devices:,} {'device' if devices == 1 else 'devices'}" if devices else "customers below it"
        detail = f"The customer still has {has}. Archive or remove first what errors lists, at most {MAX_ERRORS}."
        raise ArchiveBlockedError(detail, blocking, devices=devices)


def ensure_not_needed(services: Set[str], children: Iterable[Mapping[str, Any]]) -> None:
    """Raise RulesViolatedError with the children that have or provide one of the services."""
    violations = Violations()
    for child in children:
        uses = services & {child.get("service_type", ""), *child.get("services_to_provide", ())}
        if uses:
            needs = " and ".join(sorted(uses))
            detail = f"The child {child['name']} uses {needs}. Change that customer first."
            broken = RuleViolation("needed_below", "/services_to_provide", detail, customer_id=child["customer_id"])
            violations.add(broken)
    violations.raise_if_any()


# The fields whose changes the history shows.
HISTORY_FIELDS: Final = {field for field, spec in FIELDS.items() if spec.in_history} | {"archived_at"}


def _with_change(
    before: Customer, event: str, after: Mapping[str, Any], caller: Caller, reason: str | None = None
) -> Customer:
    """Return `before` with these fields, its next version and this change, or `before` itself if nothing differs."""
    fields = {field: value for field, value in after.items() if value != getattr(before, field)}
    if not fields:
        return before
    old_values, changed = before.model_dump(mode="json"), before.model_copy(update=fields)
    new_values = changed.model_dump(mode="json")
    change = Change(
        event=event,
        at=max(caller.now, before.last_change.at if before.last_change else before.created_at),
        by=caller.account_id,
        request_id=caller.request_id,
        version=before.version + 1,
        changes={
            field: {}
            if field in FIELDS and FIELDS[field].personal
            else {"from": _history_value(field, old_values), "to": _history_value(field, new_values)}
            for field in fields
            if field in HISTORY_FIELDS
        },
        reason=reason,
    )
    # Include fields that the history omits: a repeated addition shows the customer as it was added.
    kept = (HISTORY_FIELDS | set(FIELDS)) - {"archived_at"}
    initial_values = {field: old_values[field] for field in fields if field in kept}
    return changed.model_copy(
        update={
            "initial_values": {**initial_values, **before.initial_values},
            "last_change": change,
            "version": change.version,
        }
    )


def _history_value(field: str, values: Mapping[str, Any]) -> Any:
    """Return the value that the history shows: for a storage location, its country."""
    return values[field]["country"] if field == "storage_location" else values[field]


def entries_from_record(customer: Customer, now: datetime) -> list[Change]:
    """Build the history entries that follow from the record, by time: added, reminded, in production."""
    first = {**customer.model_dump(mode="json", include=HISTORY_FIELDS - {"archived_at"}), **customer.initial_values}
    shown = {field for field in HISTORY_FIELDS if field not in FIELDS or not FIELDS[field].personal}
    created = {field: _history_value(field, first) for field in first if first[field] and field in shown}
    actor_id, request_id = customer.created_by, customer.created_request_id
    entries = [_initial_entry("customer_added", customer.created_at, actor_id, request_id, created)]
    for days in STEPS:
        sent_at = getattr(customer, f"reminder_{days}_at") if days else None
        if sent_at:
            entries.append(_initial_entry("trial_ending", sent_at, SCHEDULE, None, {"days_before": days}))
    since = customer.production_since_at(now) if customer.level == "end_customer" else None
    if customer.archived_at and not customer.production_since:
        since = None  # the event is published after the customer is restored
    if since is not None:
        if customer.trial:
            actor_id, request_id = customer.trial_ended_by or SCHEDULE, customer.production_request_id
        entries.append(
            _initial_entry(
                "customer_entered_production",
                since,
                actor_id,
                request_id,
                {"production_since": format_timestamp(since)},
            )
        )
    return entries


def _initial_entry(
    event: str, at: datetime, actor_id: str, request_id: str | None, values: Mapping[str, Any]
) -> Change:
    """Build an entry with values that were not set before."""
    changes = {field: {"from": None, "to": value} for field, value in values.items()}
    return Change(event=event, at=at, by=actor_id, request_id=request_id, changes=changes)
