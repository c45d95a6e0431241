"""What a system starts with: the root company, the first catalogue, the root's first super_user."""

from datetime import datetime

from shared.accounts import Account
from shared.customers import Customer
from shared.idempotency import id_from
from shared.keys import account_item, catalogue_items, customer_item, email_item, super_users_key
from shared.levels import SERVICE_TYPES
from shared.storage_locations import decide_location, first_catalogue
from shared.store import Action, Count, Put


def begin(name: str, device_country: str, email: str, cursor_key: str, now: datetime) -> tuple[Account, list[Action]]:
    """The root's first super_user, and all that is written, together or not at all, when a system is new.

    The ids follow from nothing but their kind: there is one root, and a second beginning meets the first.
    """
    root_id, account_id = id_from("cus", "root"), id_from("acc", "root")
    catalogue = first_catalogue(now, account_id)
    root = Customer(
        id=root_id,
        name=name,
        level="root",
        path=root_id,
        service_type="all_inclusive",
        services_to_provide=SERVICE_TYPES,
        device_country=device_country,
        storage_location=decide_location(catalogue, device_country, None, now),
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
        cursor_key=cursor_key,
        created_at=now,
        created_by=account_id,
    )
    items = [customer_item(root), *catalogue_items(catalogue), account_item(account), email_item(account)]
    return account, [*map(Put, items), Count(super_users_key(root_id), 1)]
