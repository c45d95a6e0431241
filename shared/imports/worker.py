"""The worker of an import: decides each row by the rules of every addition, and writes many rows in one transaction.

Additions below one parent all update its counter of children, so they share a transaction. If it fails, it reports the
rows that caused it. Those are settled, and the others are written again.
"""

from collections.abc import Mapping
from itertools import batched
from typing import Any

from shared.auth.access import known_to
from shared.auth.authorization import Account, Caller, active_account, authorize
from shared.customers.customer import Customer, new_customer
from shared.customers.existing import existing_or_raise
from shared.customers.use_cases import (
    MAX_ATTEMPTS,
    concurrent_modification,
    count_child,
    creation_actions,
    ensure_unique,
)
from shared.errors import (
    ApiError,
    NameExistsError,
    NoActiveAccountError,
    ReferenceExistsError,
    UnreadableRecordError,
)
from shared.imports.file import MAX_ROW_ERRORS, Errors, Import, Row, Status, StoredResult, request_from_row
from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import CATALOGUE, Item, Key, account_key, children_key, customer_key
from shared.table.queries import get_live, parse_record
from shared.table.store import MAX_ACTIONS, MAX_KEYS, Action, ConditionFailedError, Records


class ImportWorker:
    """Processes the rows of one import. `created`: by row, the id of its customer or None, for its children."""

    def __init__(self, store: Records, import_job: Import) -> None:
        self.store, self.import_job = store, import_job
        self.created: dict[int, str | None] = {}  # also of rows that existed, and None for rejected ones
        self.results: dict[int, StoredResult] = {}
        # Parents, and their revisions. A write fails if one of them has changed since it was read.
        self.parents: dict[str, Customer | None] = {}
        self.unreadable: dict[str | None, UnreadableRecordError] = {}
        self.records: dict[Key, Item] = {}
        self.group: dict[int, tuple[Row, Customer, list[Action]]] = {}
        self.taken: set[Key] = set()  # what the group writes, the records of the parents' children among it

    def process(self, caller: Caller, records: Mapping[Key, Item], rows: list[Row]) -> list[StoredResult]:
        """Process these rows and return their results. `records` has the caller's account and the catalogue."""
        self.caller, self.catalogue = caller, Catalogue.model_validate(records[CATALOGUE])
        try:
            self.actor: Account = active_account(parse_record(Account, records, account_key(caller.account_id)), caller)
        except NoActiveAccountError as refused:  # disabled since, and so nothing is done in its name
            for row in rows:
                self._refuse(row, refused)
            return self._take_results(rows)
        self.read_parents({self.parent_id(row) for row in rows})
        for row in rows:
            self.add(row)
        self.write()
        return self._take_results(rows)

    def _take_results(self, rows: list[Row]) -> list[StoredResult]:
        return [self.results.pop(row.number) for row in rows]

    def parent_id(self, row: Row) -> str | None:
        """Return the parent's id, or None if it is in the same file and not created yet."""
        return self.created.get(row.parent[0]) if row.parent else row.fields.get("parent_id")

    def read_parents(self, ids: set[str | None]) -> None:
        """Read the customers that are not known yet, many in one request. Those outside the subtree look absent."""
        missing = sorted(each for each in ids if each and each not in self.parents)
        for some in batched(missing, MAX_KEYS // 2, strict=False):
            keys = [key for each in some for key in (customer_key(each), children_key(each))]
            found = known_to(self.actor, get_live(self.store, self.caller.now, *keys))
            self.records |= found
            for each in some:
                try:
                    self.parents[each] = parse_record(Customer, found, customer_key(each))
                except UnreadableRecordError as error:
                    self.parents[each], self.unreadable[each] = None, error

    def add(self, row: Row) -> None:
        """Take the row into the group that is written next."""
        if row.errors:
            self._settle(row, "refused", errors=row.errors)
            return
        if row.parent and row.parent[0] in self.group:
            self.write()
        parent_id = self.parent_id(row)
        if row.parent and parent_id is None:
            detail = f"The parent, row {row.parent[0]}, was refused."
            self._settle(row, "refused", errors=[{"code": "parent_refused", "pointer": "/parent_id", "detail": detail}])
            return
        try:
            self.read_parents({parent_id})
            parent = self.parents.get(parent_id or "")
            if unreadable := self.unreadable.get(parent_id):
                raise unreadable
            if parent_id is not None:
                parent = authorize(self.actor, self.caller.operation, parent, pointer="/parent_id")
            new = request_from_row(row, parent_id, parent, self.import_job.from_parents)
            customer = new_customer(
                new, parent, self.catalogue, id=self.import_job.customer_id(row.number), caller=self.caller
            )
        except ApiError as refused:
            self._refuse(row, refused)
            return
        actions = creation_actions(customer, self.caller.now)
        keys = {action.key for action in actions}
        with_parent = keys | {children_key(customer.parent_id or "")}
        if keys & self.taken or len(self.taken | with_parent) > MAX_ACTIONS:
            self.write()
        self.group[row.number] = (row, customer, actions)
        self.taken |= with_parent

    def write(self) -> None:
        """Write the group: all that is free in one transaction, in as many tries as others' rows take."""
        stale = 0
        while self.group:
            added: dict[str, list[Customer]] = {}
            for _, customer, _ in self.group.values():
                added.setdefault(customer.parent_id or "", []).append(customer)
            joining = [count_child(parent_id, self.records, added=children) for parent_id, children in added.items()]
            try:
                self.store.write(*(action for _, _, actions in self.group.values() for action in actions), *joining)
            except ConditionFailedError as failed:
                if not self._settle_failed(failed):
                    stale += 1
                    if stale == MAX_ATTEMPTS:
                        raise concurrent_modification() from failed
                    self._decide_anew(set(added))
            else:
                for row, customer, _ in self.group.values():
                    self._created(row, customer)
                self.group = {}
        self.taken = set()

    def _settle_failed(self, failed: ConditionFailedError) -> bool:
        """Decide the rows that the failed write reports. Return whether there were any."""
        settled = []
        conflicts: list[tuple[Row, Customer, ApiError]] = []
        for number, (row, customer, _) in self.group.items():
            if made_before := parse_record(Customer, failed.records, customer_key(customer.id)):
                self._created(row, made_before)  # before an interruption; it may have been changed since
            else:
                try:
                    ensure_unique(self.actor, customer, failed.records)
                except (NameExistsError, ReferenceExistsError) as taken:
                    conflicts.append((row, customer, taken))
                else:
                    continue
            settled.append(number)
        existing = {conflict.extensions.get("customer_id") for _, _, conflict in conflicts}
        for customer_id in existing:
            self.parents.pop(customer_id or "", None)  # read them as they are now, many in one request
        self.read_parents(existing)
        for row, customer, conflict in conflicts:
            self._existed(row, customer, conflict)
        for number in settled:
            del self.group[number]
        return bool(settled)

    def _decide_anew(self, parent_ids: set[str]) -> None:
        """Read the parents again, which were changed meanwhile, and apply the rules again."""
        rows = [row for row, _, _ in self.group.values()]
        self.group, self.taken = {}, set()
        for parent_id in parent_ids:
            self.parents.pop(parent_id, None)
            self.records.pop(children_key(parent_id), None)
        self.read_parents(set(parent_ids))
        for row in rows:
            self.add(row)

    def _created(self, row: Row, customer: Customer) -> None:
        self.parents[customer.id] = customer
        self._settle(row, "created", customer)

    def _existed(self, row: Row, customer: Customer, conflict: ApiError) -> None:
        """Record that a customer with this name or reference exists, or reject the row if it contradicts it."""
        customer_id = conflict.extensions.get("customer_id")
        existing = self.parents.get(customer_id or "")
        try:
            found = existing_or_raise(conflict, customer, existing, {"parent_id", *row.fields})
        except (NameExistsError, ReferenceExistsError) as refused:
            self._refuse(row, refused)
        else:
            self._settle(row, "existed", found)

    def _refuse(self, row: Row, refusal: ApiError) -> None:
        errors = refusal.errors or [{"code": refusal.code, "detail": refusal.detail}]
        entries = [{"detail": refusal.detail, **error} for error in errors[:MAX_ROW_ERRORS]]
        self._settle(row, "refused", errors=[_short(entry) for entry in entries])

    def _settle(self, row: Row, status: Status, customer: Customer | None = None, errors: Errors | None = None) -> None:
        self.results[row.number] = StoredResult(
            row=row.number,
            status=status,
            customer_id=customer.id if customer else None,
            storage_location=customer.storage_location.country if customer else None,
            errors=errors or [],
        )
        self.created[row.number] = customer.id if customer else None


def _short(error: dict[str, Any]) -> dict[str, Any]:
    """Shorten an error: the choices of a storage location are the same for every row, and in the options route."""
    return {name: value for name, value in error.items() if name != "choices"}
