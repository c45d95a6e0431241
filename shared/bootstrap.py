"""The first records of a system: the root company, the first catalogue and the root's first super_user."""

from datetime import datetime

from shared.accounts.records import account_item, email_item
from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.customers.levels import SERVICE_TYPES
from shared.customers.records import customer_item
from shared.errors import Violations, require
from shared.idempotency import id_from
from shared.storage_locations.catalogue import decide_location, first_catalogue
from shared.storage_locations.records import catalogue_items
from shared.table.store import Action, Put
from shared.values.countries import country_code
from shared.values.emails import normalize_email
from shared.values.names import normalize_name


def bootstrap_records(
    name: str, device_country: str, email: str, cursor_key: str, now: datetime, storage_location: str | None = None
) -> tuple[Account, list[Action]]:
    """Return the root's first super_user, and all records of a new system, to be written in one transaction.

    The ids are constant, so a second bootstrap conflicts with the first. Raises RulesViolatedError.
    """
    root_id, account_id = id_from("cus", "root"), id_from("acc", "root")
    catalogue = first_catalogue(now, account_id)
    violations = Violations()
    country = violations.check(country_code, device_country, "/device_country")
    location = violations.check(decide_location, catalogue, country, storage_location, now) if country else None
    name, email = violations.check(normalize_name, name), violations.check(normalize_email, email)
    violations.raise_if_any()
    root = Customer(
        id=root_id,
        name=name,
        level="root",
        path=root_id,
        service_type="all_inclusive",
        services_to_provide=SERVICE_TYPES,
        device_country=country,
        storage_location=require(location),
        production_since=now,
        created_at=now,
        created_by=account_id,
    )
    account = Account(
        id=account_id,
        customer_id=root_id,
        customer_path=root.path,
        email=email,
        display_name=f"{name}, first super_user",
        role="super_user",
        invitations=0,  # this sign-in is created with a password
        cursor_key=cursor_key,
        created_at=now,
        created_by=account_id,
    )
    items = [customer_item(root), *catalogue_items(catalogue), account_item(account), email_item(account)]
    return account, [*map(Put, items)]
