"""The records of an account: itself and its e-mail address."""

from shared.auth.authorization import Account
from shared.table.keys import Item, account_key, email_key, tree_below
from shared.table.queries import build_record


def account_item(account: Account) -> Item:
    item = build_record(account_key(account.id), account)
    if account.removed:  # without the index attributes, no list contains it
        return item
    return {**item, "tree": tree_below("account", account.customer_path), "path": account.path}


def email_item(account: Account) -> Item:
    pk, sk = email_key(account.email or "")
    return {"pk": pk, "sk": sk, "account_id": account.id}
