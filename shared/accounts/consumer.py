"""Consumers for accounts: changes from the table's stream, and sign-ins and mails of the user pool."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from shared.accounts.mails import with_invitation_text
from shared.auth.authorization import account_of
from shared.aws.batch import SEQUENCE_NUMBER, id_of, process_batch
from shared.aws.observability import count_metric, flush_metrics, log, log_event

API_SCOPE: Final = "customers/api"  # as in template.yaml
API_CLIENT: Final = "api"
_COGNITO_SCOPE: Final = "aws.cognito.signin.user.admin"
_KEY: Final = ("dynamodb", "Keys", "pk", "S")


def process_account_changes(event: Any, sync: Callable[[str], str | None]) -> dict[str, Any]:
    """Call `sync` with the id of each changed account. The response reports the records that failed.

    `sync` returns what has become of an invitation, which is logged and counted.
    """

    def sync_account(record: Any) -> None:
        account_id = record["dynamodb"]["Keys"]["pk"]["S"].removeprefix("account#")
        outcome = sync(account_id)
        if outcome == "sent":
            log_event("invitation_sent", account_id=account_id)
        elif outcome:
            log_event("invitation_failed", account_id=account_id, reason=outcome)

    return process_batch(event, SEQUENCE_NUMBER, sync_account, failed_as="account_message_failed", about=_KEY)


def process_mail(event: Any) -> Any:
    """Write the text of an invitation into a CustomMessage event. If that fails, the user pool's own text is sent."""
    try:
        return with_invitation_text(event)
    except Exception as error:  # noqa: BLE001 - nothing may block a mail
        log.error("mail_not_written", account_id=id_of(event, "userName"), error=type(error).__qualname__)
        count_metric("mail_not_written")
        return event
    finally:
        flush_metrics()


def process_sign_in(event: Any, clients: Mapping[str, str], record: Callable[[str, str], None]) -> Any:
    """Call `record` with the username and the app client of a PreTokenGeneration event. Return it with its scopes.

    `clients`: the names of the app clients by their ids; that of the API is named `api`.

    A failure is logged and counted and never raised, because the user pool would then refuse the sign-in.
    """
    sign_in = id_of(event, "userName")
    client_id = id_of(event, "callerContext", "clientId")
    client = clients.get(client_id, client_id) if client_id else "unknown"
    try:
        record(sign_in, client)
    except Exception as error:  # noqa: BLE001 - nothing may block a sign-in
        log.error("sign_in_not_recorded", account_id=account_of(sign_in), error=type(error).__qualname__)
        count_metric("sign_in_not_recorded")
    finally:
        flush_metrics()
    return with_scopes(event) if client == API_CLIENT else event


def with_scopes(event: Any) -> Any:
    """Return the event of a token for the API's app client with its scopes.

    Such a token has the API's scope and can't change the sign-in at Cognito. Tokens of other clients do not change:
    Cognito gives them its own scope, and the API rejects them. Only the event decides.
    """
    scopes = {"scopesToAdd": [API_SCOPE], "scopesToSuppress": [_COGNITO_SCOPE]}
    return {**event, "response": {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": scopes}}}
