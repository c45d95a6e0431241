"""`make export-person` and `make erase-person`: all that is stored about the person with an e-mail address.

Both scan the table, because a text that somebody typed can contain an address: the reason of a change, or a row of an
import. They run with an operator's credentials, never in a function. See docs/privacy.md.
"""

import argparse
import contextlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.ministack import client as local_client
from local.paths import STACK_FILE
from local.restore import read_table
from shared.accounts.account import account_tombstone
from shared.accounts.history import ERASURE, record_change
from shared.accounts.identities import CognitoUserDirectory, IdentityError, NoIdentityError, UserDirectory
from shared.accounts.records import change_actions, forgotten
from shared.auth.authorization import Account
from shared.imports.records import pack_records, unpack_records
from shared.table.dynamodb import DynamoStore
from shared.table.keys import Item, Key, account_key, active_super_users_key, customer_key, email_key
from shared.table.queries import parse_record
from shared.table.store import ConditionFailedError, Store
from shared.values.emails import normalize_email

_REPLACEMENT: Final = "erased"
# By sort key: the attributes with a key of their own, which only the API can change.
_KEYS_OF: Final = {"customer": ("name", "folded_name", "references")}


_OF_KEYS: Final = ("pk", "sk", "tree", "path")
# Accounts are those of other people, who may have the same name. Names of customers follow the customer's record.
_OF_PERSONS: Final = ("account", "email", "name", "reference")


class Mention(NamedTuple):
    """A record that contains the address or the name in a text that somebody typed: `attributes` of it."""

    key: Key
    attributes: tuple[str, ...]


class Person(NamedTuple):
    """What is stored about a person: the account, if one has the address, its records, and where texts mention them."""

    address: str
    account: Account | None
    own: list[Item]
    mentions: list[Mention]


def find(items: Mapping[Key, Item], address: str, also: str = "") -> Person:
    """Find what is stored about a person. `also`: another text to search for, such as a name without an account.

    Raises RuleViolation for a text that is no address.
    """
    address = normalize_email(address)
    holder = items.get(email_key(address), {}).get("account_id", "")
    account = parse_record(Account, items, account_key(holder))
    pattern = _pattern(address, account.display_name if account else "", also)
    own = [item for (pk, _), item in items.items() if account and pk == account_key(account.id)[0]]
    mentions = [
        Mention(key, found)
        for key, item in sorted(items.items())
        if key[0].partition("#")[0] not in _OF_PERSONS
        and (found := tuple(name for name in item if name not in _OF_KEYS and pattern.search(_text(name, item))))
    ]
    return Person(address, account, own, mentions)


def _pattern(*texts: str) -> re.Pattern[str]:
    """Return a pattern of these texts as whole words, in any case."""
    wanted = "|".join(re.escape(text) for text in texts if text)
    return re.compile(rf"(?<!\w)(?:{wanted})(?!\w)", re.IGNORECASE)


def _text(name: str, item: Item) -> str:
    value = unpack_records(item) if name == "records" else item[name]
    return json.dumps(value, ensure_ascii=False, default=str)


def export(person: Person, directory: UserDirectory) -> dict[str, Any]:
    """Return everything that is stored about a person, as JSON."""
    try:
        sign_in = directory.find(person.account.id if person.account else person.address)._asdict()
    except NoIdentityError:
        sign_in = None
    return {
        "address": person.address,
        "account": next((item for item in person.own if item["sk"] == "account"), None),
        "other_records": [item for item in person.own if item["sk"] != "account"],
        "sign_in": sign_in,
        "mentioned_in": [{"record": list(key), "attributes": attributes} for key, attributes in person.mentions],
    }


def erase(
    store: Store, directory: UserDirectory, items: Mapping[Key, Item], person: Person, now: datetime, also: str = ""
) -> Iterator[str]:
    """Remove the person's account and sign-in, and replace the texts that mention them. Yield what remains to be done.

    It can be interrupted and repeated. Raises ConditionFailedError if something has changed meanwhile, IdentityError.
    """
    account = person.account
    least = 0 if account is None or "archived_at" in items.get(customer_key(account.customer_id), {}) else 1
    if least and account and _is_last_super_user(items, account):
        yield f"{account.id} is the last active super_user of {account.customer_id}. Add another one, and repeat this."
        return
    pattern = _pattern(person.address, account.display_name if account else "", also)
    for key, attributes in person.mentions:  # first, because the account has the name that is searched for
        stays = [name for name in attributes if name in _KEYS_OF.get(key[1], ())]
        if stays:
            yield f"{key[0]} {key[1]}: change {', '.join(stays)} in the console"
        replaced = {name: _replaced(name, items[key], pattern) for name in attributes if name not in stays}
        if replaced:
            same = {name: items[key][name] for name in replaced}
            store.change(key, same, put=replaced, versioned=False)
    if account:
        removed = record_change(account, account_tombstone(account), "account_removed", by=ERASURE, now=now)
        store.write(*change_actions(account, removed, least=least), *forgotten(store, account))
    with contextlib.suppress(NoIdentityError):  # also one that an interrupted run has left
        directory.remove(account.id if account else directory.find(person.address).name)


def _is_last_super_user(items: Mapping[Key, Item], account: Account) -> bool:
    counted = items.get(active_super_users_key(account.customer_id), {}).get("count", 0)
    return account.is_counted and counted <= 1


def _replaced(name: str, item: Item, pattern: re.Pattern[str]) -> Any:
    """Return an attribute with the texts replaced, also within its lists and mappings."""
    if name == "records":
        return pack_records([_walked(each, pattern) for each in unpack_records(item)])
    return _walked(item[name], pattern)


def _walked(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(_REPLACEMENT, value)
    if isinstance(value, Mapping):
        return {name: _walked(each, pattern) for name, each in value.items()}
    return [_walked(each, pattern) for each in value] if isinstance(value, list) else value


_UNREACHABLE: Final = """What this can't erase expires by itself:
  backups after 35 days, messages in dead-letter queues after 14 days, the table's stream after 1 day.
Logs and events contain ids only, but for the names of customers in events. Subscribers have their own copies."""


def main() -> None:
    words = argparse.ArgumentParser(prog="make export-person", description=__doc__)
    words.add_argument("action", choices=("export", "erase"))
    words.add_argument("email")
    words.add_argument("--also", default="", help="another text to search for, such as the name of a former user")
    words.add_argument("--apply", action="store_true", help="erase; without it, only print what would be erased")
    words.add_argument("--table", help="the table of a deployed stack; without it, that of the running local stack")
    words.add_argument("--pool", help="the user pool of that stack")
    asked = words.parse_args()
    if bool(asked.table) != bool(asked.pool):
        words.error("give both TABLE and POOL, or neither for the local stack")
    try:
        dynamodb, directory, table = _deployed(asked.table, asked.pool) if asked.table else _local()
        items = read_table(dynamodb, table)
        person = find(items, asked.email, asked.also)
        if asked.action == "export":
            print(json.dumps(export(person, directory), ensure_ascii=False, indent=2, default=str))
            return
        print(f"{len(person.own)} records of the account, {len(person.mentions)} records that mention the person.")
        for key, attributes in person.mentions:
            print(f"  {key[0]} {key[1]}: {', '.join(attributes)}")
        left = list(_erase(dynamodb, directory, table, items, person, asked)) if asked.apply else []
    except (OSError, BotoCoreError, ClientError, IdentityError, ConditionFailedError) as error:
        sys.exit(f"It stopped. Run the same command again to continue. ({error})")
    if not asked.apply:
        print("Nothing was changed. Repeat the command with APPLY=1 to erase this.")
        return
    print(_UNREACHABLE)
    sys.exit("\n".join(["To be done by hand:", *left]) if left else 0)


def _erase(
    dynamodb: Any, directory: CognitoUserDirectory, table: str, items: Mapping[Key, Item], person: Person, asked: Any
) -> Iterator[str]:
    return erase(DynamoStore(dynamodb, table), directory, items, person, datetime.now(UTC), asked.also)


def _deployed(table: str, pool: str) -> tuple[Any, CognitoUserDirectory, str]:
    return boto3.client("dynamodb"), CognitoUserDirectory(boto3.client("cognito-idp"), pool), table


def _local() -> tuple[Any, CognitoUserDirectory, str]:
    stack = json.loads(STACK_FILE.read_text(encoding="utf-8"))
    dynamodb, cognito = (local_client(each, stack["endpoint"]) for each in ("dynamodb", "cognito-idp"))
    return dynamodb, CognitoUserDirectory(cognito, stack["user_pool_id"]), stack["table"]


if __name__ == "__main__":
    main()
