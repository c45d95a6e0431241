"""Helpers of the tests of accounts."""

from datetime import datetime
from typing import Any

from shared.accounts.account import AccountChange, EmailChange, NewAccount
from shared.accounts.use_cases import (
    add_account,
    change_account,
    change_email,
    get_account,
    remove_account,
    resend_invitation,
)
from shared.auth.authorization import Account
from shared.customers.customer import Customer
from tests.builders import NOW, ROOT_ACCOUNT, caller
from tests.memory_identities import MemoryIdentities
from tests.memory_store import MemoryStore


class Accounts:
    """The use cases of accounts, with defaults for what a test does not vary."""

    def __init__(self, store: MemoryStore, identities: MemoryIdentities) -> None:
        self.store = store
        self.identities = identities

    def add(
        self,
        customer: Customer,
        by: Account = ROOT_ACCOUNT,
        key: str = "key",
        *,
        validate_only: bool = False,
        max_invitations: int = 20,
        now: datetime = NOW,
        **body: Any,
    ) -> Any:
        fields = {"email": "ada@example.com", "display_name": "Ada", "role": "administrator", **body}
        new = NewAccount.model_validate({name: value for name, value in fields.items() if value is not None})
        return add_account(
            self.store,
            self.identities,
            caller(by, now, operation="change_accounts"),
            customer.id,
            new,
            idempotency_key=key,
            cursor_key="a cursor key",
            max_invitations=max_invitations,
            validate_only=validate_only,
        )

    def change(self, account_id: str, by: Account = ROOT_ACCOUNT, version: int = 1, **change: Any) -> Any:
        as_caller = caller(by, operation="change_accounts")
        return change_account(self.store, as_caller, account_id, AccountChange.model_validate(change), version=version)

    def resend(
        self, account_id: str, by: Account = ROOT_ACCOUNT, *, now: datetime = NOW, max_invitations: int = 20
    ) -> Any:
        as_caller = caller(by, now, operation="change_accounts")
        return resend_invitation(self.store, as_caller, account_id, max_invitations=max_invitations)

    def change_email(
        self, account_id: str, email: str, by: Account = ROOT_ACCOUNT, version: int = 1, *, max_invitations: int = 20
    ) -> Any:
        as_caller, change = caller(by, operation="change_accounts"), EmailChange(email=email)
        return change_email(self.store, as_caller, account_id, change, version=version, max_invitations=max_invitations)

    def remove(self, account_id: str, by: Account = ROOT_ACCOUNT, version: int = 1) -> None:
        remove_account(self.store, caller(by, operation="change_accounts"), account_id, version=version)

    def get(self, account_id: str, by: Account = ROOT_ACCOUNT, now: datetime = NOW) -> Any:
        return get_account(self.store, caller(by, now), account_id)
