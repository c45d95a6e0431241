"""Tests: e-mail addresses that are accepted, and how they are written."""

import pytest

from shared.errors import RuleViolation
from shared.values.emails import MAX_EMAIL_LENGTH, ascii_email, normalize_email

LONGEST_DOMAIN = ".".join(["d" * 61] * 3)  # 185 characters


@pytest.mark.parametrize(
    ("text", "normalized", "in_ascii"),
    [
        ("ada@example.com", "ada@example.com", "ada@example.com"),
        (" Ada@EXAMPLE.com ", "Ada@example.com", "Ada@example.com"),
        ("ana@xn--mnchen-3ya.example", "ana@m\u00fcnchen.example", "ana@xn--mnchen-3ya.example"),
        ("ana@m\u00fcnchen.example", "ana@m\u00fcnchen.example", "ana@xn--mnchen-3ya.example"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ],
)
def test_address_is_shown_in_unicode_and_sent_in_ascii(text: str, normalized: str, in_ascii: str) -> None:
    assert (normalize_email(text), ascii_email(normalize_email(text))) == (normalized, in_ascii)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "a b@example.com",
        "j\u00f6rg@example.com",
        "\uff41da@example.com",  # full-width
        "ada@\uff45xample.com",
        f"{'a' * 65}@example.com",
        "ada@exa\u200bmple.com",
        "ada\ufffd@example.com",
        "ada@example.com\n.evil",
    ],
)
def test_address_that_no_mail_reaches_is_rejected(text: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        normalize_email(text, "/accounts/0/email")
    assert (refused.value.entry["code"], refused.value.entry["pointer"]) == ("email_invalid", "/accounts/0/email")


def test_length_is_checked_before_anything_else() -> None:
    local = "a" * (MAX_EMAIL_LENGTH - len(LONGEST_DOMAIN) - 1)
    assert len(normalize_email(f"{local[:64]}@{LONGEST_DOMAIN}")) <= MAX_EMAIL_LENGTH
    with pytest.raises(RuleViolation, match=f"has {MAX_EMAIL_LENGTH + 1} characters"):
        normalize_email("a" * (MAX_EMAIL_LENGTH + 1))
    with pytest.raises(RuleViolation, match="has 60000 characters"):
        normalize_email("a" + "\u0301" * 59_999)


def test_address_that_was_stored_before_the_rule_is_sent_as_it_is() -> None:
    assert ascii_email("j\u00f6rg@example.com") == "j\u00f6rg@example.com"


@pytest.mark.parametrize("text", ["a\u200bb@example.com", "ab@exam\u00adple.com", "\ufeffab@example.com"])
def test_invisible_character_in_an_address_is_named(text: str) -> None:
    with pytest.raises(RuleViolation, match=r"invisible character U\+[0-9A-F]{4} at position"):
        normalize_email(text)
