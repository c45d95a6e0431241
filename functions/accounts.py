"""The accounts of people and machines: who may do what. With onboarding, the only functions that reach Cognito."""

from secrets import token_urlsafe
from typing import Annotated
from uuid import uuid4

from aws_lambda_powertools.event_handler.openapi.params import Query

from shared import audit
from shared.accounts import credential_use_cases, history_use_cases, use_cases
from shared.accounts.account import (
    AccountChange,
    AccountPreview,
    AccountResponse,
    AddedAccountResponse,
    EmailChange,
    NewAccount,
)
from shared.accounts.credentials import AddedCredentialResponse, CredentialList, NewCredential
from shared.accounts.history_use_cases import AccountHistory
from shared.accounts.identities import open_user_directory
from shared.accounts.use_cases import AccountPage, AccountQuery, Me
from shared.api.app import Api
from shared.api.parameters import Accept, Cursor, Format, IdempotencyKey, IfMatch, Limit, ValidateOnly, required_version
from shared.api.problems import HttpResponse
from shared.audit import TYPES, AuditPage, AuditQuery
from shared.aws.observability import log_event
from shared.errors import (
    ArchivedError,
    EmailExistsError,
    LastSuperUserError,
    NotFoundError,
    RulesViolatedError,
    TooManyCredentialsError,
    TooManyInvitationsError,
    UnavailableError,
)

app = Api("accounts")


@app.serves(Me)
def get_me() -> HttpResponse:
    """Get the caller's account, its customer and its permissions."""
    return app.ok(use_cases.get_me(app.store, app.caller))


@app.serves(Me, raises=[UnavailableError])
def record_second_factor() -> HttpResponse:
    """Ask the user pool whether the caller's sign-in has a second factor, and record it."""
    me = use_cases.record_second_factor(app.store, open_user_directory(), app.caller)
    log_event("second_factor_recorded", account_id=me.account.id, second_factor=me.account.second_factor)
    return app.ok(me)


@app.serves(
    AddedAccountResponse,
    status=201,
    preview=AccountPreview,
    raises=[ArchivedError, EmailExistsError, TooManyInvitationsError, RulesViolatedError],
)
def add_account(
    customer_id: str, new: NewAccount, validate_only: ValidateOnly = False, idempotency_key: IdempotencyKey = None
) -> HttpResponse:
    """Give a person or a machine access to a customer."""
    added = use_cases.add_account(
        app.store,
        open_user_directory(),
        app.caller,
        customer_id,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
        cursor_key=token_urlsafe(24),
        max_invitations=app.max_invitations,
        validate_only=validate_only,
    )
    log_event(f"account_{added.outcome}", account_id=added.account.id, customer_id=customer_id, role=added.account.role)
    return app.created(added.account, added.outcome, location=f"/accounts/{added.account.id}")


@app.serves(AccountPage, raises=[NotFoundError, RulesViolatedError])
def list_accounts(
    customer_id: Annotated[str | None, Query(description="List the accounts of this customer itself.")] = None,
    within: Annotated[str | None, Query(description="List the accounts of this customer and of all below it.")] = None,
    email: Annotated[str | None, Query(description="List the account with exactly this address.")] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> HttpResponse:
    """List the accounts of a customer (`customer_id`), of all within it (`within`), or the one with an address."""
    query = AccountQuery(customer_id, within, email)
    return app.ok(use_cases.list_accounts(app.store, app.caller, query, limit=limit, cursor=cursor))


@app.serves(AccountResponse)
def get_account(account_id: str) -> HttpResponse:
    """Get an account."""
    return app.ok(use_cases.get_account(app.store, app.caller, account_id))


@app.serves(AccountResponse, raises=[LastSuperUserError, RulesViolatedError])
def change_account(account_id: str, change: AccountChange, if_match: IfMatch = None) -> HttpResponse:
    """Change an account's role or name, or disable or enable it."""
    version = required_version(if_match)
    account = use_cases.change_account(app.store, app.caller, account_id, change, version=version)
    log_event("account_changed", account_id=account.id, role=account.role, status=account.status)
    return app.ok(account)


@app.serves(AccountResponse, raises=[ArchivedError, EmailExistsError, TooManyInvitationsError, RulesViolatedError])
def change_email(account_id: str, change: EmailChange, if_match: IfMatch = None) -> HttpResponse:
    """Change the address of a person and send an invitation to it. The sign-in with the old address ends."""
    version = required_version(if_match)
    account = use_cases.change_email(
        app.store, app.caller, account_id, change, version=version, max_invitations=app.max_invitations
    )
    log_event("email_changed", account_id=account.id)
    return app.ok(account)


@app.serves(AccountResponse, status=202, raises=[ArchivedError, TooManyInvitationsError, RulesViolatedError])
def resend_invitation(account_id: str) -> HttpResponse:
    """Send another invitation to a person who has not signed in. The last one that arrives is valid, for 7 days."""
    account = use_cases.resend_invitation(app.store, app.caller, account_id, max_invitations=app.max_invitations)
    log_event("invitation_requested", account_id=account.id)
    return app.ok(account, status=202)


@app.serves(AddedCredentialResponse, status=201, raises=[TooManyCredentialsError, RulesViolatedError, UnavailableError])
def add_credential(account_id: str, new: NewCredential, idempotency_key: IdempotencyKey = None) -> HttpResponse:
    """Give a machine another credential, so that it can change to another secret without an interruption."""
    added = credential_use_cases.add_credential(
        app.store,
        open_user_directory(),
        app.caller,
        account_id,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
    )
    log_event(f"credential_{added.outcome}", account_id=account_id, credential_id=added.credential.id)
    return app.created(added.credential, added.outcome, location=f"/accounts/{account_id}/credentials")


@app.serves(CredentialList)
def list_credentials(account_id: str) -> HttpResponse:
    """List the credentials of a machine, without their secrets."""
    return app.ok(credential_use_cases.list_credentials(app.store, app.caller, account_id))


@app.serves(None, status=204)
def revoke_credential(account_id: str, credential_id: str) -> HttpResponse:
    """Revoke a credential of a machine. It is rejected from its next request on."""
    credential_use_cases.revoke_credential(app.store, open_user_directory(), app.caller, account_id, credential_id)
    log_event("credential_revoked", account_id=account_id, credential_id=credential_id)
    return app.no_content()


@app.serves(AccountHistory)
def get_account_history(account_id: str, limit: Limit = 25, cursor: Cursor = None) -> HttpResponse:
    """List every change of an account, also of a removed one: time, who, old and new values."""
    return app.ok(history_use_cases.get_account_history(app.store, app.caller, account_id, limit=limit, cursor=cursor))


@app.serves(AuditPage, raises=[NotFoundError, RulesViolatedError])
def get_audit(
    *,
    within: Annotated[
        str | None, Query(description="List the changes of this customer and of all below it. The default is your own.")
    ] = None,
    by: Annotated[str | None, Query(description="List the changes that this account made.")] = None,
    types: Annotated[
        str | None, Query(description=f"List these types of changes, separated by commas: {', '.join(TYPES)}.")
    ] = None,
    since: Annotated[
        str | None,
        Query(alias="from", description="List changes from this day (UTC) or time on.", examples=["2026-11-01"]),
    ] = None,
    until: Annotated[
        str | None, Query(alias="to", description="List changes up to this day (UTC), or before this time.")
    ] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    format: Format = None,
    accept: Accept = None,
) -> HttpResponse:
    """List who changed what within a customer, the latest first: customers, accounts, test devices, the catalogue."""
    query = AuditQuery(within, by, types, since, until)
    page = audit.get_audit(app.store, app.caller, query, limit=limit, cursor=cursor)
    return app.table(page, "audit.csv", format=format, accept=accept)


@app.serves(None, status=204, raises=[LastSuperUserError])
def remove_account(account_id: str, if_match: IfMatch = None) -> HttpResponse:
    """Remove an account and its sign-in."""
    use_cases.remove_account(app.store, app.caller, account_id, version=required_version(if_match))
    log_event("account_removed", account_id=account_id)
    return app.no_content()


lambda_handler = app.handler()
