"""Use cases for the credentials of machines."""

import contextlib
from dataclasses import dataclass

from shared.accounts.access import read_account, read_changeable
from shared.accounts.credentials import (
    AddedCredentialResponse,
    CredentialList,
    NewCredential,
    new_credential,
    show_credential,
    with_credential,
    without_credential,
)
from shared.accounts.history import with_change
from shared.accounts.identities import IdentityError, UserDirectory, new_secret
from shared.accounts.records import change_actions
from shared.auth.authorization import Account, Caller, Credential
from shared.customers.use_cases import MAX_ATTEMPTS, concurrent_modification
from shared.errors import KeyReusedError, NotFoundError, UnavailableError
from shared.idempotency import Outcome, ensure_same_hash, id_from, request_hash
from shared.table.keys import Item, request_key
from shared.table.store import ConditionFailedError, Put, Store


@dataclass(frozen=True)
class AddedCredential:
    credential: AddedCredentialResponse
    outcome: Outcome


def add_credential(
    store: Store,
    identities: UserDirectory,
    caller: Caller,
    account_id: str,
    new: NewCredential,
    *,
    idempotency_key: str,
) -> AddedCredential:
    """Give a machine another credential, once for each caller and `idempotency_key`. Only this response has its secret.

    Raises NotFoundError, ForbiddenError, RulesViolatedError, TooManyCredentialsError, KeyReusedError, and
    UnavailableError if the user pool fails.
    """
    credential_id = id_from("crd", caller.account_id, account_id, idempotency_key)
    request = request_key(credential_id)
    for _ in range(MAX_ATTEMPTS):
        actor, account, records = read_changeable(store, caller, account_id, request)
        if request in records:
            return AddedCredential(_repeated(account, credential_id, new, records[request]), "replayed")
        credential = new_credential(account, new, actor, id=credential_id, now=caller.now)
        changed = with_change(account, with_credential(account, credential), "credential_added", caller)
        secret = create_sign_in(identities, credential)
        try:
            store.write(
                *change_actions(account, changed),
                Put({"pk": request[0], "sk": request[1], "request_hash": request_hash(new)}),
            )
        except ConditionFailedError:  # something has changed since it was read
            discard_sign_in(identities, credential)
            continue
        shown = dict(show_credential(credential))
        return AddedCredential(AddedCredentialResponse(**shown, client_secret=secret), "added")
    raise concurrent_modification()


def _repeated(account: Account, credential_id: str, new: NewCredential, request: Item) -> AddedCredentialResponse:
    """Return the response to a repeated request, without the secret."""
    ensure_same_hash(request_hash(new), request["request_hash"])
    credential = _find(account, credential_id)
    if credential is None:
        raise KeyReusedError("The credential of this Idempotency-Key has been revoked. Use a new key for a new one.")
    return AddedCredentialResponse(**dict(show_credential(credential)), client_secret=None)


def create_sign_in(identities: UserDirectory, credential: Credential) -> str:
    """Create the sign-in of a credential and return its secret. Raises UnavailableError.

    The account is written after the sign-in, so a credential in the table always has one. A sign-in that no account has
    is useless, because the API refuses its tokens. `shared.accounts.reconciliation` removes it.
    """
    secret = new_secret()
    try:
        identities.create_machine_user(credential.client_id, secret)
    except IdentityError as error:
        detail = "The credential could not be created, and nothing was changed. Send the same request again."
        raise UnavailableError(detail, headers={"Retry-After": "5"}) from error
    return secret


def discard_sign_in(identities: UserDirectory, credential: Credential) -> None:
    """Remove the sign-in of a credential that no account has, if the user pool works."""
    with contextlib.suppress(IdentityError):
        identities.remove(credential.client_id)


def list_credentials(store: Store, caller: Caller, account_id: str) -> CredentialList:
    """Return the credentials of a machine, without their secrets. Raises NotFoundError, ForbiddenError."""
    _, account, _ = read_account(store, caller, account_id)
    return CredentialList(credentials=[show_credential(each) for each in account.usable_credentials])


def revoke_credential(
    store: Store, identities: UserDirectory, caller: Caller, account_id: str, credential_id: str
) -> None:
    """Revoke a credential of a machine, from its next request on. Raises NotFoundError, ForbiddenError."""
    for _ in range(MAX_ATTEMPTS):
        _, account, _ = read_changeable(store, caller, account_id)
        credential = _find(account, credential_id)
        if credential is None:
            raise NotFoundError
        changed = with_change(account, without_credential(account, credential), "credential_revoked", caller)
        with contextlib.suppress(ConditionFailedError):  # something has changed since it was read
            store.write(*change_actions(account, changed))
            discard_sign_in(identities, credential)  # if this fails, the stream's function removes it
            return
    raise concurrent_modification()


def _find(account: Account, credential_id: str) -> Credential | None:
    return next((each for each in account.usable_credentials if each.id == credential_id), None)
