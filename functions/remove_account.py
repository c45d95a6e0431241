"""DELETE /accounts/{account_id}: take an account and its sign-in away."""

from shared.account_use_cases import remove_account
from shared.errors import LastSuperUserError, NotFoundError, StaleVersionError, VersionRequiredError
from shared.facts import tell
from shared.http import Api, IfMatch, Response, version_required

app = Api("remove_account")


@app.serves(None, status=204, refuses=[NotFoundError, LastSuperUserError, StaleVersionError, VersionRequiredError])
def route(account_id: str, if_match: IfMatch = None) -> Response:
    """Take an account and its sign-in away."""
    remove_account(app.store, app.caller, account_id, version=version_required(if_match))
    tell("account_removed", account_id=account_id)
    return app.nothing()


lambda_handler = app.started()
