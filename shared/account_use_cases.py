"""What can be done with accounts."""

from typing import Literal

from pydantic import BaseModel, Field

from shared.accounts import Account, Caller, Operation, Role, account_of, permit
from shared.customers import Customer, CustomerAnswer, show
from shared.keys import account_key, customer_key
from shared.store import Store
from shared.times import Time


class AccountAnswer(BaseModel):
    id: str
    customer_id: str
    email: str
    display_name: str
    role: Role
    status: Literal["invited", "active", "disabled"]
    version: int
    created_at: Time
    created_by: str


class Me(BaseModel):
    account: AccountAnswer
    customer: CustomerAnswer
    may: list[Operation] = Field(description="What the account may do within its customer.")


def show_account(account: Account) -> AccountAnswer:
    return AccountAnswer(**account.model_dump(include=set(AccountAnswer.model_fields)))


def get_me(store: Store, caller: Caller) -> Me:
    """The caller's account, its customer and what it may do there. Two requests."""
    key = account_key(caller.account_id)
    account = account_of(store.get(key).get(key))
    permit(account, "read")
    # The customer, and the one above it, whose service type and trial a site shares.
    ids = account.customer_path.split("/")[-2:]
    found = {item["id"]: Customer.model_validate(item) for item in store.get(*map(customer_key, ids)).values()}
    return Me(
        account=show_account(account),
        customer=show(found[account.customer_id], caller.now, found.get(ids[0])),
        may=sorted(account.may),
    )
