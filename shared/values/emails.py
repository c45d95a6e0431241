"""E-mail addresses: which are valid, and when two are equal."""

import unicodedata
from typing import TYPE_CHECKING, Final

from shared.errors import RuleViolation
from shared.values.names import find_invisible

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

MAX_EMAIL_LENGTH: Final = 254  # characters, RFC 5321


def normalize_email(email: str, pointer: str = "/email") -> str:
    """Return the normalized address, its domain in Unicode. Raises RuleViolation.

    The part before the @ must be ASCII, because many mail servers refuse others. Whether the address exists, only an
    invitation can show.
    """
    text = email.strip()
    if len(text) > MAX_EMAIL_LENGTH:
        detail = f"The e-mail address has {len(text)} characters. The limit is {MAX_EMAIL_LENGTH}."
        raise RuleViolation("email_invalid", pointer, detail)
    address = _validated(text)
    # NFKC changes such as full-width letters, which only look like others.
    if address is None or text != unicodedata.normalize("NFKC", text):
        raise _invalid(text, pointer)
    return address.normalized


def _invalid(text: str, pointer: str) -> RuleViolation:
    invisible = find_invisible(text)
    advice = f"It has {invisible}." if invisible else "Use an address such as person@example.com."
    detail = f"The e-mail address is not valid. {advice} Before the @, use ASCII only."
    return RuleViolation("email_invalid", pointer, detail)


def ascii_email(email: str) -> str:
    """Return a normalized address with its domain in ASCII, as mail servers and Cognito need it."""
    address = _validated(email)
    return (address and address.ascii_email) or email  # one that is not valid was stored before its rule existed


def _validated(email: str) -> "ValidatedEmail | None":
    # Its patterns take a seventh of the start of a function, and few requests contain an address.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        return validate_email(email, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
