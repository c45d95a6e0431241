"""E-mail addresses: which are valid, and when two are equal."""

import unicodedata
from typing import Final

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from shared.errors import RuleViolation
from shared.values.names import find_invisible

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
    try:
        address = _validated(text)
    except EmailNotValidError as error:
        raise _invalid(text, pointer) from error
    if text != unicodedata.normalize("NFKC", text):  # such as full-width letters, which only look like others
        raise _invalid(text, pointer)
    return address.normalized


def _invalid(text: str, pointer: str) -> RuleViolation:
    invisible = find_invisible(text)
    advice = f"It has {invisible}." if invisible else "Use an address such as person@example.com."
    detail = f"The e-mail address is not valid. {advice} Before the @, use ASCII only."
    return RuleViolation("email_invalid", pointer, detail)


def ascii_email(email: str) -> str:
    """Return a normalized address with its domain in ASCII, as mail servers and Cognito need it."""
    try:
        return _validated(email).ascii_email or email
    except EmailNotValidError:
        return email  # stored before its rule existed


def _validated(email: str) -> ValidatedEmail:
    return validate_email(email, check_deliverability=False, allow_smtputf8=False, strict=True)
