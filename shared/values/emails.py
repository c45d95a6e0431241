"""E-mail addresses: what is one, and when two are the same."""

from email_validator import EmailNotValidError, validate_email

from shared.errors import RuleViolation


def normalize_email(email: str, pointer: str = "/email") -> str:
    """The address in its normal form. Whether anybody reads there only an invitation can tell. Raises RuleViolation."""
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise RuleViolation(
            "email_invalid", pointer, "The e-mail address is not valid. Use an address such as person@example.com."
        ) from error
