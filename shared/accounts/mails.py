"""The mail of an invitation: who invites to which company, where to sign in, and the password on a line of its own.

The user pool calls the function `write_mail` with a CustomMessage event and replaces `{username}` and `{####}` in what
it returns. The names come from `ClientMetadata` of the request that invites.
"""

from html import escape
from typing import Any, Final, NamedTuple

_MAX_SUBJECT: Final = 140  # characters, Cognito's limit
_INVITATION: Final = "CustomMessage_AdminCreateUser"


class Invitation(NamedTuple):
    """What the mail says. `inviter` is empty if the account that invites does not exist any more."""

    company: str
    inviter: str
    console: str

    def as_metadata(self) -> dict[str, str]:
        return self._asdict()


def with_invitation_text(event: Any) -> Any:
    """Return a CustomMessage event with the text of an invitation. An event of another kind is returned unchanged.

    Raises KeyError, TypeError or AttributeError for an event that is not as documented.
    """
    if event["triggerSource"] != _INVITATION:
        return event
    request = event["request"]
    given: dict[str, str] = request.get("clientMetadata") or {}
    company, inviter, console = (given.get(name, "") for name in Invitation._fields)
    by = f"{_shown(inviter)} has invited you" if inviter else "You are invited"
    to = f" to the backup service of {_shown(company)}" if company else " to the backup service"
    lines = [f"<p>{by}{to}.</p>"]
    if console:
        lines.append(f'<p>Sign in here: <a href="{escape(console)}">{_shown(console)}</a></p>')
    lines += [
        f"<p>User name: your e-mail address, or {request['usernameParameter']}</p>",
        "<p>Password for the first sign-in:</p>",
        f"<p>{request['codeParameter']}</p>",
        "<p>It is valid for 7 days. Then you choose a password of your own.</p>",
    ]
    subject = f"Invitation to the backup service of {company}" if company else "Invitation to the backup service"
    subject = subject if len(subject) <= _MAX_SUBJECT else f"{subject[: _MAX_SUBJECT - 1]}…"
    response = {**event["response"], "emailSubject": subject, "emailMessage": "\n".join(lines)}
    return {**event, "response": response}


def _shown(text: str) -> str:
    """Return a text as HTML. Its braces are no placeholders for Cognito."""
    return escape(text).replace("{", "&#123;")
