"""DELETE /accounts/{account_id}: take an account and its sign-in away."""

from shared.accounts.use_cases import remove_account
from shared.api.http import Api, HttpResponse, IfMatch, version_required
from shared.aws.observability import log_event
from shared.errors import LastSuperUserError, NotFoundError, StaleVersionError, VersionRequiredError

app = Api("remove_account")


@app.serves(None, status=204, refuses=[NotFoundError, LastSuperUserError, StaleVersionError, VersionRequiredError])
def route(account_id: str, if_match: IfMatch = None) -> HttpResponse:
    """Take an account and its sign-in away."""
    remove_account(app.store, app.caller, account_id, version=version_required(if_match))
    log_event("account_removed", account_id=account_id)
    return app.no_content()


lambda_handler = app.handler()
