"""Use cases for accounts. Each does one read, applies the rules, and writes at most once."""

import contextlib
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field

from shared.accounts.access import read_account, read_changeable
from shared.accounts.account import (
    AccountChange,
    AccountResponse,
    AddedAccountResponse,
    Credentials,
    EmailChange,
    NewAccount,
    account_tombstone,
    apply_account_change,
    as_created,
    new_account,
    show_account,
    with_another_invitation,
    with_email,
    without_address,
)
from shared.accounts.credential_use_cases import create_sign_in, discard_sign_in
from shared.accounts.credentials import with_first_credential
from shared.accounts.history import ANOTHER_CUSTOMER, record_change, with_change
from shared.accounts.identities import IdentityError, NoIdentityError, UserDirectory
from shared.accounts.records import (
    account_item,
    change_actions,
    count_invitation,
    email_item,
    forgotten,
    free_address,
    history_actions,
    stays_archived,
)
from shared.auth.access import read_with_actor
from shared.auth.authorization import (
    Account,
    Caller,
    Operation,
    authorize,
    require_permission,
)
from shared.auth.cursors import read_cursor, sign_cursor
from shared.aws.settings import settings
from shared.customers.access import read_customer
from shared.customers.customer import Customer, CustomerResponse, show
from shared.customers.subtree import below
from shared.customers.use_cases import MAX_ATTEMPTS, concurrent_modification
from shared.errors import (
    EmailExistsError,
    ForbiddenError,
    KeyReusedError,
    LastSuperUserError,
    NotFoundError,
    RulesViolatedError,
    RuleViolation,
    StaleVersionError,
    UnavailableError,
)
from shared.idempotency import Outcome, ensure_same_request, id_from
from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import (
    CATALOGUE,
    Item,
    Key,
    account_key,
    active_super_users_key,
    customer_key,
    email_key,
    invitations_key,
    tree_below,
)
from shared.table.queries import IncompleteRecord, get_live, is_expired, parse_record, read_all, read_record
from shared.table.store import (
    Action,
    Check,
    ConditionFailedError,
    Put,
    Records,
    Store,
)
from shared.values.emails import normalize_email


@dataclass(frozen=True)
class AddedAccount:
    account: AddedAccountResponse
    outcome: Outcome


def add_account(
    store: Records,
    identities: UserDirectory,
    caller: Caller,
    customer_id: str,
    new: NewAccount,
    *,
    idempotency_key: str,
    cursor_key: str,
    max_invitations: int,
    validate_only: bool = False,
) -> AddedAccount:
    """Add an account at a customer, once for each caller and `idempotency_key`. `validate_only` writes nothing.

    A customer invites at most `max_invitations` persons a day (UTC). Raises NotFoundError, ForbiddenError and
    ArchivedError for the customer, RulesViolatedError, ForbiddenError for a role above the caller's, EmailExistsError,
    TooManyInvitationsError, KeyReusedError, and UnavailableError, with nothing written, if the credential of a machine
    could not be created. Only the first response has the secret of a machine.
    """
    key = account_key(account_id := id_from("acc", caller.account_id, customer_id, idempotency_key))
    customer_at, invitations = customer_key(customer_id), invitations_key(customer_id)
    addresses = _email_keys(new) if validate_only else []
    actor, records = read_with_actor(store, caller, customer_at, key, invitations, *addresses)
    earlier = parse_record(Account, records, key)
    customer = authorize(
        actor, caller.operation, parse_record(Customer, records, customer_at), archived=earlier is not None
    )
    if earlier is None:
        account = new_account(new, customer, actor, id=account_id, cursor_key=cursor_key, now=caller.now)
        if account.kind == "api":
            account = with_first_credential(account, actor, id=id_from("crd", account_id), now=caller.now)
        account = with_change(None, account, "account_added", caller)
        if account.email:  # raises at the limit
            count_invitation(customer_id, records.get(invitations), caller.now, max_invitations)
        if validate_only:
            reserved = [records[email] for email in _email_keys(new) if email in records]
            if not all(_releasable(store, caller.now, item, customer_id) for item in reserved):
                raise EmailExistsError
            return AddedAccount(_shown(account, caller.now), "validated")
        secret = create_sign_in(identities, account.credentials[0]) if account.credentials else None
        earlier = _write_new(store, caller, actor, account, records.get(invitations), max_invitations)
        if earlier is None:
            return AddedAccount(_shown(account, caller.now, secret), "added")
        if account.credentials:
            discard_sign_in(identities, account.credentials[0])
    if earlier.removed:
        raise KeyReusedError("The account of this Idempotency-Key has been removed. Use a new key for a new account.")
    ensure_same_request(new, earlier.request_hash)
    return AddedAccount(_shown(as_created(earlier, new), caller.now), "validated" if validate_only else "replayed")


def _shown(account: Account, now: datetime, secret: str | None = None) -> AddedAccountResponse:
    """Build the response for a new account. `secret` is that of a machine; a repeated request has none."""
    credentials = None
    if secret and account.credentials:
        credential = account.credentials[0]
        credentials = Credentials(id=credential.id, client_id=credential.client_id, client_secret=secret)
    return AddedAccountResponse(**dict(show_account(account, now)), credentials=credentials)


def _write_new(
    store: Records, caller: Caller, actor: Account, account: Account, sent: Item | None, max_invitations: int
) -> Account | None:
    """Write a new account. Return None, or the account that an earlier identical request has written.

    `sent`: the invitations record of the customer, as it was read. An address that another account must give up is
    released first.
    """
    key, customer_at = account_key(account.id), customer_key(account.customer_id)
    actions: list[Action] = [Put(account_item(account)), *history_actions(None, account)]
    actions += [Check(customer_at, {"archived_at": None})]
    actions += [Put(email_item(account))] if account.email else []
    invitations = invitations_key(account.customer_id)
    for _ in range(MAX_ATTEMPTS):
        invited = [count_invitation(account.customer_id, sent, caller.now, max_invitations)] if account.email else []
        try:
            store.write(*actions, *invited)
        except ConditionFailedError as failed:
            if earlier := parse_record(Account, failed.records, key):
                return earlier
            if customer_at in failed.records:
                authorize(actor, caller.operation, parse_record(Customer, failed.records, customer_at))
            sent = failed.records.pop(invitations, sent)
            if failed.records and not _release_address(store, caller, failed, account.customer_id):
                raise EmailExistsError from failed
        else:
            return None
    raise concurrent_modification()


def _release_address(store: Records, caller: Caller, failed: ConditionFailedError, customer_id: str) -> bool:
    """Release an address that is taken, if `customer_id` may have it. Return whether it may."""
    for item in failed.records.values():
        if release := _releasable(store, caller.now, item or {}, customer_id):
            before, after, checks = release
            event = "account_removed" if after.removed else "address_lost"
            after = record_change(before, after, event, by=ANOTHER_CUSTOMER, now=caller.now)
            gone = forgotten(store, before) if after.removed else [free_address(before)]
            with contextlib.suppress(ConditionFailedError):  # another request releases it
                store.write(*change_actions(before, after, least=0), *gone, *checks)
            return True
    return False


def _releasable(
    store: Records, now: datetime, address: Item, customer_id: str
) -> tuple[Account, Account, list[Action]] | None:
    """Return the account that has an address, the account without it, and checks. None if the account keeps it.

    The account of a removed customer is removed. An account of another customer than `customer_id` loses an address at
    which nobody has signed in, so that nobody can keep an address from its owner.
    """
    key = account_key(address.get("account_id", ""))
    account = parse_record(Account, store.get(key), key)
    if account is None or not account.email:
        return None
    at = customer_key(account.customer_id)
    customer = store.get(at).get(at)
    if customer is None or is_expired(customer, now):
        return account, account_tombstone(account), stays_archived(at, customer)
    if account.signed_in_at or not account.invitations or account.customer_id == customer_id:
        return None  # the first super_user was not invited, and has a password
    return account, without_address(account), []


def _email_keys(new: NewAccount) -> list[Key]:
    """Return the key of the address, if the request contains a valid one."""
    try:
        return [email_key(normalize_email(new.email))] if new.email and new.kind == "person" else []
    except RuleViolation:
        return []


def get_account(store: Store, caller: Caller, account_id: str) -> AccountResponse:
    """Return an account. Raises NotFoundError."""
    return show_account(read_account(store, caller, account_id)[1], caller.now)


def change_account(
    store: Store, caller: Caller, account_id: str, change: AccountChange, *, version: int
) -> AccountResponse:
    """Change an account that is at `version`. If nothing differs, nothing is written.

    A repeated request, after its response was lost, gets the same response: the account is at the next version and has
    the requested values. Raises NotFoundError, ForbiddenError, StaleVersionError, RulesViolatedError,
    LastSuperUserError.
    """
    actor, account, _ = read_changeable(store, caller, account_id)
    changed = apply_account_change(change, account, actor)
    if account.version not in (version, version + 1 if changed is account else version):
        raise StaleVersionError.of("account", account.version)
    if changed is not account:
        _write(store, account, with_change(account, changed, "account_changed", caller))
    return show_account(changed, caller.now)


def resend_invitation(store: Store, caller: Caller, account_id: str, *, max_invitations: int) -> AccountResponse:
    """Request another invitation of a person who has not signed in, with another 7 days to do so.

    An invitation that is still to be sent is not requested twice. Raises NotFoundError, ForbiddenError, ArchivedError,
    RulesViolatedError, TooManyInvitationsError, ThrottledError.
    """
    for _ in range(MAX_ATTEMPTS):
        actor, account, _ = read_changeable(store, caller, account_id)
        changed = with_another_invitation(account, actor)
        if changed is account:
            return show_account(account, caller.now)
        try:
            recorded = with_change(account, changed, "invitation_requested", caller)
            _write_invited(store, caller, actor, account, recorded, max_invitations)
        except ConditionFailedError:
            continue  # something has changed since it was read
        return show_account(changed, caller.now)
    raise concurrent_modification()


def _write_invited(
    store: Store, caller: Caller, actor: Account, before: Account, after: Account, max_invitations: int, *more: Action
) -> None:
    """Write a change that invites the person, and count the invitation. Raises ConditionFailedError.

    Raises ArchivedError for an archived customer, and TooManyInvitationsError.
    """
    customer_at, invitations = customer_key(after.customer_id), invitations_key(after.customer_id)
    records = store.get(customer_at, invitations)
    authorize(actor, caller.operation, parse_record(Customer, records, customer_at))
    store.write(
        *change_actions(before, after, least=0),  # with another address, a person has to sign in again
        *more,
        Check(customer_at, {"archived_at": None}),
        count_invitation(after.customer_id, records.get(invitations), caller.now, max_invitations),
    )


def change_email(
    store: Store, caller: Caller, account_id: str, change: EmailChange, *, version: int, max_invitations: int
) -> AccountResponse:
    """Give an account that is at `version` another address, and invite the person there. The old sign-in ends.

    A repeat of the request gets the same response. Raises NotFoundError, ForbiddenError, ArchivedError,
    StaleVersionError, RulesViolatedError, EmailExistsError, TooManyInvitationsError.
    """
    for _ in range(MAX_ATTEMPTS):
        actor, account, _ = read_changeable(store, caller, account_id)
        changed = with_email(account, change, actor)
        if account.version not in (version, version + 1 if changed is account else version):
            raise StaleVersionError.of("account", account.version)
        if changed is account:
            return show_account(account, caller.now)
        addresses: list[Action] = [Put(email_item(changed)), *([free_address(account)] if account.email else [])]
        try:
            recorded = with_change(account, changed, "email_changed", caller)
            _write_invited(store, caller, actor, account, recorded, max_invitations, *addresses)
        except ConditionFailedError as failed:
            address = email_key(changed.email or "")
            if address in failed.records and not _release_address(store, caller, failed, account.customer_id):
                raise EmailExistsError from failed
            continue  # something has changed since it was read
        return show_account(changed, caller.now)
    raise concurrent_modification()


def remove_account(store: Store, caller: Caller, account_id: str, *, version: int) -> None:
    """Remove an account that is at `version`. Its e-mail address can be used again, its id cannot.

    Raises NotFoundError, ForbiddenError, StaleVersionError, LastSuperUserError.
    """
    actor, account, _ = read_changeable(store, caller, account_id)
    if account.version != version:
        raise StaleVersionError.of("account", account.version)
    if account.id == actor.id:
        raise ForbiddenError("You can't remove your own account. Ask another administrator.")
    removed = with_change(account, account_tombstone(account), "account_removed", caller)
    _write(store, account, removed, *forgotten(store, account))


def _write(store: Store, before: Account, after: Account, *more: Action) -> None:
    """Write the change. An archived or removed customer may lose its last super_user.

    Raises StaleVersionError, LastSuperUserError.
    """
    at, counter = customer_key(after.customer_id), active_super_users_key(after.customer_id)
    actions = change_actions(before, after)
    for _ in range(MAX_ATTEMPTS):
        try:
            store.write(*actions, *more)
        except ConditionFailedError as failed:
            if failed.records.keys() - {at, counter}:
                current = failed.records.get(account_key(after.id)) or {}
                raise StaleVersionError.of("account", current.get("version", before.version + 1)) from failed
            customer = store.get(at).get(at)
            if customer and "archived_at" not in customer:
                raise LastSuperUserError from failed
            actions = [*change_actions(before, after, least=0), *stays_archived(at, customer)]
        else:
            return
    raise concurrent_modification()


class AccountPage(BaseModel):
    accounts: list[AccountResponse]
    incomplete: list[IncompleteRecord] = Field(description="Accounts of this page whose record can't be read.")
    next_cursor: str | None = Field(
        description="The cursor of the next page. Null on the last page. A page can have fewer items than the limit."
    )


@dataclass(frozen=True)
class AccountQuery:
    """Which accounts to list. Exactly one of `customer_id`, `within` and `email` is set."""

    customer_id: str | None = None
    within: str | None = None
    email: str | None = None


def list_accounts(
    store: Store, caller: Caller, query: AccountQuery, *, limit: int, cursor: str | None = None
) -> AccountPage:
    """List the accounts of `customer_id` itself, of `within` and all customers below it, or the one with an address.

    An address of an account that the caller may not see is listed like one that nobody has: not at all.
    Raises NotFoundError, MalformedRequestError for a cursor, RulesViolatedError unless exactly one of them is given.
    """
    if sum(each is not None for each in (query.customer_id, query.within, query.email)) != 1:
        raise RulesViolatedError.of(
            RuleViolation("one_of", "customer_id", "Provide exactly one of customer_id, within and email.")
        )
    if query.email is not None:
        return _list_by_email(store, caller, query.email)
    actor, customer, _ = read_customer(store, caller, query.customer_id or query.within or "")
    bound_to = {"list": "accounts", **vars(query)}
    after = read_cursor(actor, bound_to, cursor)
    if query.within is not None:
        page = below(store, "account", customer, limit=limit, after=after)
    else:
        tree, start = tree_below("account", customer.path), f"{customer.path}/acc_"
        page = store.query("subtree", tree, starts_with=start, limit=limit, after=after)
    incomplete: list[IncompleteRecord] = []
    return AccountPage(
        accounts=[
            show_account(account, caller.now) for account in read_all(Account, page.items, incomplete) if account
        ],
        incomplete=incomplete,
        next_cursor=sign_cursor(actor, bound_to, page.next),
    )


def _list_by_email(store: Store, caller: Caller, email: str) -> AccountPage:
    """Two requests, whether or not the address is known, so that their time does not reveal it."""
    try:
        address = email_key(normalize_email(email))
    except RuleViolation as broken:
        raise RulesViolatedError.of(RuleViolation(broken.entry["code"], "email", broken.entry["detail"])) from broken
    actor, records = read_with_actor(store, caller, address)
    require_permission(actor, caller.operation)
    key = account_key(records.get(address, {}).get("account_id", ""))
    _, records = read_with_actor(store, caller, key)
    incomplete: list[IncompleteRecord] = []
    found = read_all(Account, [records[key]] if key in records else [], incomplete)
    return AccountPage(
        accounts=[show_account(account, caller.now) for account in found if account and not account.removed],
        incomplete=incomplete,
        next_cursor=None,
    )


class Me(BaseModel):
    account: AccountResponse
    customer: CustomerResponse
    may: list[Operation] = Field(
        description="The operations that the account may perform on its customer and all below it, sorted by name."
    )
    account_manager: str | None = Field(
        description="Whom to consult about data centres: named for the caller's distributor, or else for the service."
    )


def get_me(store: Store, caller: Caller) -> Me:
    """Return the caller's account, its customer and its permissions. Two requests."""
    account, _ = read_with_actor(store, caller)
    require_permission(account, caller.operation)
    # The customer, the one above it, whose service type and trial a site shares, and its distributor.
    path = account.customer_path.split("/")
    ids = path[-2:]
    found = get_live(store, caller.now, *map(customer_key, dict.fromkeys([*ids, *path[1:2]])), CATALOGUE)
    catalogue = Catalogue.model_validate(found.pop(CATALOGUE))
    records = {item["id"]: read_record(Customer, item) for item in found.values()}
    if account.customer_id not in records:  # removed since
        raise NotFoundError
    return Me(
        account=show_account(account, caller.now),
        customer=show(records[account.customer_id], caller.now, catalogue, records.get(ids[0])),
        may=sorted(account.permissions),
        account_manager=_account_manager(records.get(path[1]) if len(path) > 1 else None),
    )


def _account_manager(distributor: Customer | None) -> str | None:
    return (distributor and distributor.account_manager) or settings.account_manager or None


def record_second_factor(store: Store, identities: UserDirectory, caller: Caller) -> Me:
    """Ask the user pool whether the caller has a second factor, and record it. Raises UnavailableError."""
    try:
        second_factor = bool(identities.find(caller.account_id).second_factor)
    except NoIdentityError:  # a machine, or a person whose sign-in was removed
        second_factor = False
    except IdentityError as error:
        detail = "The user pool did not answer, and nothing was changed. Send the same request again."
        raise UnavailableError(detail, headers={"Retry-After": "5"}) from error
    for _ in range(MAX_ATTEMPTS):
        account, _ = read_with_actor(store, caller)
        require_permission(account, caller.operation)
        if account.second_factor == second_factor:
            return get_me(store, caller)
        changes = {"second_factor": second_factor, "version": account.version + 1}
        with contextlib.suppress(ConditionFailedError):  # something has changed since it was read
            changed = with_change(account, account.model_copy(update=changes), "second_factor_changed", caller)
            store.write(*change_actions(account, changed))
    raise concurrent_modification()
