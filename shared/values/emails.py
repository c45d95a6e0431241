"""E-mail addresses: which are valid, and when two are equal."""

from email_validator import EmailNotValidError, validate_email

from shared.errors import RuleViolation


def normalize_email(email: str, pointer: str = "/email") -> str:
    """Return the normalized address. Whether it exists, only an invitation can show. Raises RuleViolation."""
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise RuleViolation(
            "email_invalid", pointer, "The e-mail address is not valid. Use an address such as person@example.com."
        ) from error
