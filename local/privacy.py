"""`make export-person` and `make erase-person`: all that is stored about the person with an e-mail address.

Both scan the table, because a text that somebody typed can contain an address: the reason of a change, or a row of an
import. They run with an operator's credentials, never in a function. See docs/privacy.md.
"""

import argparse
import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
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
from shared.accounts.records import change_actions, forgotten, stays_archived
from shared.auth.authorization import Account, account_of
from shared.devices.device import Device
from shared.devices.records import device_item
from shared.errors import ApiError, RuleViolation
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
# Fields with texts that somebody typed, and all that is within them. A name is replaced only there: elsewhere, the
# same word is a value of the system, such as a level or a country. An address is replaced everywhere.
_TEXTS: Final = frozenset(
    {"name", "folded_name", "references", "reason", "decision_reason", "detail", "account_manager"}
)
_TEXTS_OF_ROWS: Final = _TEXTS | {"parent_id"}  # in a file, a parent can be given by its name
# Attributes of an account that are secrets of the service. An export does not contain them.
_SECRETS: Final = ("cursor_key",)


class Mention(NamedTuple):
    """A record that mentions the person in these attributes, and the texts in which it does."""

    key: Key
    attributes: tuple[str, ...]
    texts: tuple[str, ...] = ()


class _Wanted(NamedTuple):
    """What to search for: in every value, and in texts that somebody typed."""

    everywhere: re.Pattern[str]
    in_texts: re.Pattern[str]


class Person(NamedTuple):
    """What is stored about a person: the account, if one has the address, its records, and where others mention it.

    `mentions`: records with the address or the name in a text that somebody typed. `references`: records with the id of
    the account, such as the changes that the person has made.
    """

    address: str
    account: Account | None
    own: list[Item]
    mentions: list[Mention]
    references: list[Mention]


def find(items: Mapping[Key, Item], address: str, also: str = "") -> Person:
    """Find what is stored about a person. `also`: another text to search for, such as a name without an account.

    Raises RuleViolation for a text that is no address.
    """
    address = normalize_email(address)
    holder = items.get(email_key(address), {}).get("account_id", "")
    account = parse_record(Account, items, account_key(holder))
    wanted = _wanted(address, account, also)
    own = [item for (pk, _), item in items.items() if account and pk == account_key(account.id)[0]]
    mentions = list(_mentions(items, wanted, lambda pk: pk.partition("#")[0] not in _OF_PERSONS))
    at = account_key(account.id)[0] if account else ""
    references = list(_mentions(items, _Wanted(*[_pattern(account.id)] * 2), lambda pk: pk != at)) if account else []
    return Person(address, account, own, mentions, [each._replace(texts=()) for each in references])


def _mentions(items: Mapping[Key, Item], wanted: _Wanted, is_searched: Callable[[str], bool]) -> Iterator[Mention]:
    for key, item in sorted(items.items()):
        texts = {
            name: found
            for name in item
            if name not in _OF_KEYS and is_searched(key[0]) and (found := _matching(name, _value(name, item), wanted))
        }
        if texts:
            yield Mention(key, tuple(texts), tuple(dict.fromkeys(text for found in texts.values() for text in found)))


def _pattern(*texts: str) -> re.Pattern[str]:
    """Return a pattern of these texts as whole words, in any case."""
    wanted = "|".join(re.escape(text) for text in texts if text)
    return re.compile(rf"(?<!\w)(?:{wanted})(?!\w)", re.IGNORECASE)


def _value(name: str, item: Item) -> Any:
    return unpack_records(item) if name == "records" else item[name]


def _wanted(address: str, account: Account | None, also: str) -> _Wanted:
    addresses = (address, also if "@" in also else "")
    return _Wanted(_pattern(*addresses), _pattern(address, also, account.display_name if account else ""))


def _matching(name: str, value: Any, wanted: _Wanted) -> list[str]:
    """Return the texts of an attribute that match, also within lists and mappings."""
    found: list[str] = []

    def note(text: str, pattern: re.Pattern[str]) -> str:
        found.extend([text] if pattern.search(text) else [])
        return text

    _walked(name, value, wanted, note)
    return found


def export(person: Person, directory: UserDirectory) -> dict[str, Any]:
    """Return everything that is stored about a person, as JSON. Of other records only the texts that mention them."""
    try:
        sign_in = directory.find(person.account.id if person.account else person.address)._asdict()
    except NoIdentityError:
        sign_in = None
    return {
        "address": person.address,
        "account": next((_shown(item) for item in person.own if item["sk"] == "account"), None),
        "other_records": [item for item in person.own if item["sk"] != "account"],
        "sign_in": sign_in,
        "mentioned_in": [
            {"record": each.key, "attributes": each.attributes, "texts": each.texts} for each in person.mentions
        ],
        "referred_to_in": [{"record": each.key, "attributes": each.attributes} for each in person.references],
    }


def _shown(account: Item) -> Item:
    return {name: value for name, value in account.items() if name not in _SECRETS}


def erase(
    store: Store, directory: UserDirectory, items: Mapping[Key, Item], person: Person, now: datetime, also: str = ""
) -> Iterator[str]:
    """Remove the person's account and sign-in, and replace the texts that mention them. Yield what remains to be done.

    It can be interrupted and repeated. Raises ConditionFailedError if something has changed meanwhile, IdentityError.
    """
    account = person.account
    if refusal := refused(items, person):
        yield refusal
        return
    wanted = _wanted(person.address, account, also)
    for key, attributes, _ in person.mentions:  # first, because the account has the name that is searched for
        stays = [name for name in attributes if name in _KEYS_OF.get(key[1], ())]
        if stays:
            yield f"{key[0]} {key[1]}: change {', '.join(stays)} in the console"
        dropped = tuple(name for name in attributes if name == "contact_email")  # no address can replace an address
        replaced = {name: _replaced(name, items[key], wanted) for name in attributes if name not in (*stays, *dropped)}
        if "path" in items[key] and key[1].startswith("device#"):  # the position of a device begins with its name
            replaced["path"] = device_item(Device.model_validate({**items[key], **replaced}))["path"]
        if replaced or dropped:
            same = {name: items[key][name] for name in (*replaced, *dropped)}
            store.change(key, same, put=replaced, remove=dropped, versioned=False)
    if account:
        removed = record_change(account, account_tombstone(account), "account_removed", by=ERASURE, now=now)
        at = customer_key(account.customer_id)
        is_active = _is_active(items.get(at))
        unchanged = [] if is_active else stays_archived(at, items.get(at))
        actions = change_actions(account, removed, least=1 if is_active else 0)
        store.write(*actions, *unchanged, *forgotten(store, account))
        directory.remove(account.id)
    with contextlib.suppress(NoIdentityError):  # one that an interrupted run has left
        sign_in = directory.find(person.address).name
        holder = parse_record(Account, items, account_key(account_of(sign_in)))
        if holder is None or holder.removed:
            directory.remove(sign_in)
        else:
            yield f"{sign_in} still signs in with the address. It loses it within a day: repeat this then."


def refused(items: Mapping[Key, Item], person: Person) -> str | None:
    """Return why a person can't be erased: an active customer keeps its last active super_user."""
    account = person.account
    if account is None or not account.is_counted or not _is_active(items.get(customer_key(account.customer_id))):
        return None
    if items.get(active_super_users_key(account.customer_id), {}).get("count", 0) > 1:
        return None
    return (
        f"{account.id} is the last active super_user of {account.customer_id}, and nothing was erased. "
        "Invite another super_user there, wait until they have signed in, and repeat this."
    )


def _is_active(customer: Item | None) -> bool:
    return customer is not None and "archived_at" not in customer


def _replaced(name: str, item: Item, wanted: _Wanted) -> Any:
    """Return an attribute with the texts replaced, also within its lists and mappings."""
    replaced = _walked(name, _value(name, item), wanted, lambda text, pattern: pattern.sub(_REPLACEMENT, text))
    return pack_records(replaced) if name == "records" else replaced


def _walked(name: str, value: Any, wanted: _Wanted, change: Callable[[str, re.Pattern[str]], str]) -> Any:
    """Return the value of an attribute with every text changed. `change` gets the text and what to search for in it."""
    typed = _TEXTS_OF_ROWS if name == "records" else _TEXTS

    def walk(part: Any, *, is_typed: bool) -> Any:
        if isinstance(part, str):
            return change(part, wanted.in_texts if is_typed else wanted.everywhere)
        if isinstance(part, Mapping):
            return {field: walk(each, is_typed=is_typed or field in typed) for field, each in part.items()}
        return [walk(each, is_typed=is_typed) for each in part] if isinstance(part, list) else part

    return walk(value, is_typed=name in typed)


UNREACHABLE: Final = """This command can't erase copies that expire by themselves:
  backups of the table after 35 days, the table's stream after 1 day, and the access log after LogRetentionDays.
  The access log has ids, IP addresses, user agents and URL paths.
Nor can it erase what has left the service: mails that were sent, exports, and events that subscribers have received.
Events contain ids of accounts, and the names, references and reasons of changes of customers."""


class _Stack(NamedTuple):
    dynamodb: Any
    cognito: Any
    table: str
    pool: str

    @property
    def directory(self) -> CognitoUserDirectory:
        return CognitoUserDirectory(self.cognito, self.pool)


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
        stack = _deployed(asked.table, asked.pool) if asked.table else _local()
        items = read_table(stack.dynamodb, stack.table)
        person = find(items, asked.email, asked.also)
        left = _export(stack, person) if asked.action == "export" else _erase(stack, items, person, asked)
    except RuleViolation as invalid:
        sys.exit(str(invalid))
    except (OSError, BotoCoreError, ClientError, IdentityError, ConditionFailedError, ApiError) as error:
        sys.exit(f"It stopped. Run the same command again to continue. ({error})")
    sys.exit("\n".join(["To be done by hand:", *left]) if left else 0)


def _export(stack: _Stack, person: Person) -> list[str]:
    found = export(person, stack.directory)
    if found["sign_in"]:  # with what the person has stored there, such as a nickname
        user = stack.cognito.admin_get_user(UserPoolId=stack.pool, Username=found["sign_in"]["name"])
        found["sign_in"]["attributes"] = {each["Name"]: each.get("Value") for each in user["UserAttributes"]}
    print(json.dumps(found, ensure_ascii=False, indent=2, default=str))
    return []


def _erase(stack: _Stack, items: Mapping[Key, Item], person: Person, asked: argparse.Namespace) -> list[str]:
    print(f"{len(person.own)} records of the account, {len(person.mentions)} records that mention the person.")
    for key, attributes, _ in person.mentions:
        print(f"  {key[0]} {key[1]}: {', '.join(attributes)}")
    if refusal := refused(items, person):
        return [refusal]
    if not asked.apply:
        print("Nothing was changed. Repeat the command with APPLY=1 to erase this.")
        return []
    store = DynamoStore(stack.dynamodb, stack.table)
    left = list(erase(store, stack.directory, items, person, datetime.now(UTC), asked.also))
    print(UNREACHABLE)
    return left


def _deployed(table: str, pool: str) -> _Stack:
    return _Stack(boto3.client("dynamodb"), boto3.client("cognito-idp"), table, pool)


def _local() -> _Stack:
    stack = json.loads(STACK_FILE.read_text(encoding="utf-8"))
    dynamodb, cognito = (local_client(each, stack["endpoint"]) for each in ("dynamodb", "cognito-idp"))
    return _Stack(dynamodb, cognito, stack["table"], stack["user_pool_id"])


if __name__ == "__main__":
    main()
