"""Builders of records, so that a test shows only the fields that matter to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.accounts.records import account_item, count_super_users, counted, email_item
from shared.auth.authorization import Account, Caller, Operation, Role
from shared.bootstrap import bootstrap_records
from shared.customers.customer import Customer, NewCustomer, new_customer
from shared.customers.levels import LEVELS, Level
from shared.customers.records import customer_item, name_item, reference_items
from shared.devices.device import Device
from shared.devices.records import count_device, device_item
from shared.idempotency import id_from
from shared.storage_locations.catalogue import first_catalogue
from shared.table.store import Put, Store

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CATALOGUE = first_catalogue(NOW, "acc_first")
BOTH = ["all_inclusive", "software_only"]

ROOT_ACCOUNT, _beginning = bootstrap_records("Root company", "DE", "root@example.com", "root-cursor-key", NOW)
ROOT = Customer.model_validate(next(a.item for a in _beginning if isinstance(a, Put) and a.item.get("level") == "root"))

# The required fields of each level.
FIELDS: dict[str, dict[str, Any]] = {
    "root": {"service_type": "all_inclusive", "services_to_provide": BOTH},
    "distributor": {"service_type": "all_inclusive", "services_to_provide": BOTH},
    "sub_distributor": {"service_type": "all_inclusive", "services_to_provide": BOTH},
    "reseller": {"service_type": "all_inclusive", "services_to_provide": BOTH},
    "end_customer": {"service_type": "all_inclusive"},
    "site": {},
}


def bootstrap_in(store: Store) -> None:
    store.write(*_beginning)


def a_new_customer(level: Level, parent: Customer, **fields: Any) -> NewCustomer:
    """Build a valid request for a customer of `level`. A field that is None is omitted."""
    body = {
        "name": f"A {level}",
        "parent_id": parent.id,
        "level": level,
        "device_country": "DE",
        **FIELDS[level],
        **fields,
    }
    return NewCustomer.model_validate({name: value for name, value in body.items() if value is not None})


def a_customer(level: Level, parent: Customer | None = None, now: datetime = NOW, **fields: Any) -> Customer:
    """Build a customer of `level` below `parent`, or below the shortest chain of parents."""
    if level == "root":
        return ROOT
    if parent is None:
        shortest = {"distributor": "root", "sub_distributor": "distributor", "reseller": "distributor"}
        parent = a_customer(shortest.get(level) or LEVELS[LEVELS.index(level) - 1])  # type: ignore[arg-type]
    new = a_new_customer(level, parent, **fields)
    return new_customer(
        new,
        parent,
        CATALOGUE,
        id=id_from("cus", parent.id, new.name or ""),
        caller=Caller("acc_builder", now, "change_customers"),
    )


def a_lineage(**fields: Any) -> list[Customer]:
    """Build a customer of each level, from the root to a site, each below the previous one."""
    lineage = [ROOT]
    for level in LEVELS[1:]:
        lineage.append(a_customer(level, lineage[-1], **fields.get(level, {})))
    return lineage


def an_account(role: Role, customer: Customer, **fields: Any) -> Account:
    account_id = id_from("acc", role, customer.id)
    return Account.model_validate(
        {
            "id": account_id,
            "customer_id": customer.id,
            "customer_path": customer.path,
            "email": f"{role}@{customer.id}.example",
            "display_name": role,
            "role": role,
            "signed_in_at": NOW,
            "identity_version": 1,
            "cursor_key": f"key of {account_id}",
            "version": 1,
            "created_at": NOW,
            "created_by": "acc_builder",
            **fields,
        }
    )


def a_device(customer: Customer, name: str = "Device", **fields: Any) -> Device:
    """Build a test device whose data is in the expected storage location; with a `kind`, a device."""
    key = () if name == "Device" else (name,)
    return Device.model_validate(
        {
            "id": id_from("dev", customer.id, *key),
            "customer_id": customer.id,
            "customer_path": customer.path,
            "name": name,
            "storage_location": customer.storage_location.country,
            "expected_location": customer.storage_location.country,
            "catalogue_version": 1,
            "created_at": NOW,
            "created_by": "acc_builder",
            **fields,
        }
    )


def put(store: Store, *records: Customer | Account | Device) -> None:
    """Store new records, with their name records, reference records and counters."""
    for record in records:
        if isinstance(record, Account):
            email = [Put(email_item(record))] if record.email else []
            store.write(Put(account_item(counted(record))), *email, *count_super_users(None, record))
        elif isinstance(record, Device):
            store.write(
                Put(device_item(record)),
                *(replace(each, most=None) for each in count_device(record, 1, record.created_at)),
            )
        elif record.parent_id:
            store.write(Put(customer_item(record)), Put(name_item(record)), *map(Put, reference_items(record)))


def caller(account: Account = ROOT_ACCOUNT, now: datetime = NOW, operation: Operation = "read") -> Caller:
    return Caller(account.id, now, operation)
