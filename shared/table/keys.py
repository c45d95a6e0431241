"""All keys of the one table on one screen.

| entity                      | pk                    | sk              | in the indexes             |
|-----------------------------|-----------------------|-----------------|----------------------------|
| customer                    | customer#<id>         | customer        | children, subtree, trials  |
| name, unique below a parent | name#<parent_id>      | <folded name>   |                            |
| children of a customer      | customer#<id>         | children        |                            |
| a change of a customer      | customer#<id>         | history#<time>  | subtree                    |
| reference, unique in a tree | reference#<tree>#...  | reference       |                            |
| account                     | account#<id>          | account         | subtree                    |
| e-mail, unique everywhere   | email#<folded e-mail> | email           |                            |
| active super_users, count   | customer#<id>         | active_super_users |                         |
| invitations of a day, count | customer#<id>         | invitations     |                            |
| device, test device         | customer#<id>         | device#<id>     | subtree                    |
| test devices, count         | customer#<id>         | devices         |                            |
| devices, count              | customer#<id>         | device_count    |                            |
| devices by day, in a tree   | customer#<id>         | device_days     |                            |
| location request            | customer#<id>         | location_request#<id> | subtree              |
| open location request       | customer#<id>         | open_location_request |                      |
| views of an account         | account#<id>          | views           |                            |
| a change of an account      | account#<id>          | history#<time>  | subtree                    |
| a change of the catalogue   | catalogue             | history#<time>  | subtree                    |
| a change without a history  | customer#<id>         | audit#<time>    | subtree                    |
| removal of an archived one  | customer#<id>         | removal#<version> | subtree                  |
| request that left no record | request#<id>          | request         |                            |
| current catalogue           | catalogue             | current         |                            |
| catalogue, each version     | catalogue             | version#000001  |                            |
| import                      | import#<id>           | import          |                            |
| rows of an import, a part   | import#<id>           | rows#00         |                            |
| results of an import, a part| import#<id>           | results#00      |                            |

An archived customer is in the subtree index only, in a partition for archived customers (a distributor: in the root's).
Location requests are in a partition for each state, by time; trials started, in one partition by reseller.
A change is in a partition `audit#<tree>` of that index, whose sort key `path` is then the time of the change. The
removals that are due are in a partition of their own, by time.
The customer, its name and its references count as removed from `expires_at` on, even if DynamoDB deletes them later.

| access pattern                                 | operation                                                          |
|------------------------------------------------|--------------------------------------------------------------------|
| the caller, customers by id, a catalogue       | one BatchGetItem, strongly consistent                              |
| add a customer                                 | one TransactWriteItems: customer, name, references, parent's counter|
| change, archive, restore a customer            | the same, plus a history record; names and references are updated  |
| children that block a change of a parent       | Query of the table: the names below it, strongly consistent        |
| history of a customer or an account            | Query of the table                                                 |
| all changes within a customer, the latest first| Query subtree, by time; for the root, one for each distributor     |
| a customer by a reference                      | BatchGetItem of the reference, then of the customer                |
| an import                                      | one TransactWriteItems of all its rows; one for each part's result |
| children by name, with a prefix                | Query children                                                     |
| all within a customer, in path order           | Query subtree; for the root, one for each of its distributors      |
| accounts of a customer, or all within it       | Query subtree; for the root as above                               |
| add, change, remove an account                 | one TransactWriteItems: account, e-mail, count, the customer       |
| add a credential, replace a token              | one TransactWriteItems: account or device, and the request         |
| devices within a customer                      | Query subtree, and one BatchGetItem of their customers             |
| add, remove a device                           | one TransactWriteItems: device, counts, check of the customer      |
| device days of end-customers in a month        | one BatchGetItem for 100 of them                                   |
| save a view                                    | one TransactWriteItems of one record                               |
| ask support for another storage location       | one TransactWriteItems: request, open one, check of the customer   |
| location requests of a customer                | Query of the table                                                 |
| open location requests of all customers        | Query subtree, and one BatchGetItem of their customers             |
| decide a location request                      | one TransactWriteItems: request, open one, the customer's change   |
| trials started at each reseller                | Query subtree, and one BatchGetItem of the resellers               |
| trials that are due                            | Query trials, 16 shards                                            |
| removed customers whose remnants are to expire | Query subtree; then Query of the table and one update each         |
| replace the catalogue                          | one TransactWriteItems: the new version, the current catalogue     |
"""

import zlib
from datetime import datetime
from typing import Any, Final

from shared.values.names import MAX_NAME_LENGTH
from shared.values.timestamps import format_timestamp

Key = tuple[str, str]
Item = dict[str, Any]

# Names the table itself instead of an index.
TABLE: Final = "table"
# Index -> its partition key and sort key. A record is in an index when it has both attributes.
INDEXES: Final = {
    "children": ("parent_id", "folded_name"),
    "subtree": ("tree", "path"),
    "trials": ("trial_shard", "trial_due"),
    TABLE: ("pk", "sk"),
}
TRIAL_SHARDS: Final = 16
HISTORY: Final = "history#"
AUDIT_ONLY: Final = "audit#"
LOCATION_REQUEST: Final = "location_request#"
# The partition of the subtree index with the resellers that have started trials.
TRIALS_STARTED: Final = "trials_started"
# The partition of the subtree index with the removals of archived customers, by time.
REMOVALS: Final = "removals"

CATALOGUE: Final[Key] = ("catalogue", "current")


def _of(kind: str, id: str) -> str:
    """Build a key from an id, which can come from a request. Truncate the id, so that the key is never too long."""
    return f"{kind}#{id[:64]}"


def customer_key(customer_id: str) -> Key:
    return (_of("customer", customer_id), "customer")


def name_key(parent_id: str, folded_name: str) -> Key:
    return (_of("name", parent_id), folded_name)


def children_key(customer_id: str) -> Key:
    """Build the key of a customer's children record: additions ever (`count`), and withdrawals (`revision`).

    An addition checks the revision that was read, a withdrawal checks the count. Of two concurrent writes, the later
    one fails.
    """
    return (_of("customer", customer_id), "children")


def history_key(customer_id: str, at: datetime, version: int) -> Key:
    return (_of("customer", customer_id), f"{HISTORY}{format_timestamp(at)}#{version:06}")


def audit_key(customer_id: str, at: datetime, detail: str) -> Key:
    return (_of("customer", customer_id), f"{AUDIT_ONLY}{format_timestamp(at)}#{detail}")


def removal_key(customer_id: str, version: int) -> Key:
    return (_of("customer", customer_id), f"removal#{version:06}")


def reference_key(tree: str, system: str, value: str) -> Key:
    """Build the key of a reference: a value of a system identifies one customer within a distributor's tree."""
    return (f"{tree}#{system[:64]}#{value[:MAX_NAME_LENGTH]}", "reference")


def import_key(import_id: str) -> Key:
    return (_of("import", import_id), "import")


def rows_key(import_id: str, part: int) -> Key:
    return (_of("import", import_id), f"rows#{part:02}")


def results_key(import_id: str, part: int) -> Key:
    return (_of("import", import_id), f"results#{part:02}")


def account_key(account_id: str) -> Key:
    return (_of("account", account_id), "account")


def is_change(key: Key) -> bool:
    """Return whether a record is that of a change, in a history or only in the audit."""
    return key[1].startswith((HISTORY, AUDIT_ONLY))


def account_history_key(account_id: str, at: datetime, detail: int | str) -> Key:
    """Build the key of a change of an account: `detail` is its version, or names a change without a version."""
    detail = f"{detail:06}" if isinstance(detail, int) else detail
    return (_of("account", account_id), f"{HISTORY}{format_timestamp(at)}#{detail}")


def email_key(email: str) -> Key:
    """Build the key of an address, whose domain is normalized. All spellings of the local part have the same key."""
    local, _, domain = email.rpartition("@")
    return (f"email#{local.casefold()}@{domain}", "email")


def active_super_users_key(customer_id: str) -> Key:
    """Build the key of the count of a customer's enabled super_users who have signed in.

    `super_users` is the key of an earlier count, which contained invited ones too. No code uses it any more.
    """
    return (_of("customer", customer_id), "active_super_users")


def invitations_key(customer_id: str) -> Key:
    """Build the key of a customer's invitations record: the last `day` (UTC) with invitations, and their `count`."""
    return (_of("customer", customer_id), "invitations")


def device_key(customer_id: str, device_id: str) -> Key:
    return (_of("customer", customer_id), _of("device", device_id))


def counted_test_devices_key(customer_id: str) -> Key:
    """Build the key of the count of a customer's test devices. Its name is older than other devices."""
    return (_of("customer", customer_id), "devices")


def counted_devices_key(customer_id: str) -> Key:
    """Build the key of the count of a customer's devices that are no test devices."""
    return (_of("customer", customer_id), "device_count")


def device_days_key(end_customer_id: str) -> Key:
    """Build the key of the record that counts the devices of an end-customer and its sites by day."""
    return (_of("customer", end_customer_id), "device_days")


def location_request_key(customer_id: str, request_id: str) -> Key:
    """Build the key of a request for another storage location. Its id begins with its time."""
    return (_of("customer", customer_id), f"{LOCATION_REQUEST}{request_id[:64]}")


def location_requests_tree(state: str) -> str:
    """Return the partition of the subtree index with the location requests in a state, by time."""
    return f"location_requests#{state}"


def open_location_request_key(customer_id: str) -> Key:
    """Build the key of the record with the id of a customer's open request, which exists only while it is open."""
    return (_of("customer", customer_id), "open_location_request")


def request_key(id: str) -> Key:
    """Build the key of a request whose result is part of another record, so that a repeat is recognized."""
    return (_of("request", id), "request")


def views_key(account_id: str) -> Key:
    return (_of("account", account_id), "views")


def catalogue_key(version: int) -> Key:
    return ("catalogue", f"version#{version:06}")


def catalogue_history_key(at: datetime, version: int) -> Key:
    return ("catalogue", f"{HISTORY}{format_timestamp(at)}#{version:06}")


def tree_below(kind: str, path: str) -> str:
    """Return the partition of the subtree index with the records of a kind below the customer with this path.

    It is named after the top-level ancestor, so no query can leave a distributor's tree. Customers directly below the
    root (the distributors themselves) are in the root's own partition.
    """
    ids = path.split("/")
    return f"{kind}#{ids[1] if len(ids) > 1 else ids[0]}"


def trial_shard(number: int) -> str:
    return f"trials#{number:02}"


def trial_shard_of(customer_id: str) -> str:
    """Return the shard of the trials index that contains this customer's trial."""
    return trial_shard(zlib.crc32(customer_id.encode()) % TRIAL_SHARDS)
