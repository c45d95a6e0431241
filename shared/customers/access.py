"""Read the customer that a request is about."""

from shared.auth.access import read_with_actor
from shared.auth.authorization import Account, Caller, authorize
from shared.customers.customer import Customer
from shared.table.keys import Item, Key, customer_key
from shared.table.queries import parse_record
from shared.table.store import Records


def read_customer(
    store: Records, caller: Caller, customer_id: str, *keys: Key, archived: bool = False
) -> tuple[Account, Customer, dict[Key, Item]]:
    """Read the caller's account, the customer and the records with these keys, and authorize the caller's operation.

    Return the account, the customer, and all records that were found. Raises NotFoundError, ForbiddenError, and
    ArchivedError unless the customer may be `archived`.
    """
    key = customer_key(customer_id)
    actor, records = read_with_actor(store, caller, key, *keys)
    customer = authorize(actor, caller.operation, parse_record(Customer, records, key), archived=archived)
    return actor, customer, records
