"""Tests: the text of an invitation, with hostile names and events."""

import copy
from html.parser import HTMLParser
from typing import Any

import pytest

from shared.accounts.mails import Invitation
from tests.calls import an_event, invoke


class Page(HTMLParser):
    """The tags and the lines of a mail, as a person reads it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.lines: list[str] = [""]
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 - of the base class
        self.tags.append(tag)
        if tag == "p":
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        self.lines[-1] += data.strip("\n")


def written(**names: str) -> tuple[str, Page]:
    event = copy.deepcopy(an_event("write_mail"))
    event["request"]["clientMetadata"] |= names
    response = invoke("write_mail", event)["response"]
    return response["emailSubject"], Page(response["emailMessage"])


def test_invitation_names_the_company_the_inviter_the_console_and_the_password() -> None:
    subject, page = written()
    assert subject == "Invitation to the backup service of Nordic Distribution"
    assert page.lines[1:] == [
        "Ada Lovelace has invited you to the backup service of Nordic Distribution.",
        "Sign in here: https://console.example.com/",
        "User name: your e-mail address, or {username}",
        "Password for the first sign-in:",
        "{####}",
        "It is valid for 7 days. Then you choose a password of your own.",
    ]


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x>', "{####}", "{username}", "&lt;b&gt;", "🏢 Öl"]
)
def test_hostile_names_are_shown_as_they_are(name: str) -> None:
    _, page = written(company=name, inviter=name)
    assert page.lines[1] == f"{name} has invited you to the backup service of {name}."
    assert set(page.tags) == {"p", "a"}
    event = copy.deepcopy(an_event("write_mail"))
    event["request"]["clientMetadata"] |= {"company": name, "inviter": name}
    message = invoke("write_mail", event)["response"]["emailMessage"]
    assert (message.count("{####}"), message.count("{username}")) == (1, 1)


def test_longest_name_fits_into_the_subject() -> None:
    subject, _ = written(company="x" * 128)
    assert len(subject) <= 140


def test_mail_without_names_can_be_read() -> None:
    subject, page = written(company="", inviter="", console="")
    assert subject == "Invitation to the backup service"
    assert page.lines[1:3] == [
        "You are invited to the backup service.",
        "User name: your e-mail address, or {username}",
    ]


@pytest.mark.parametrize("source", ["CustomMessage_ForgotPassword", "CustomMessage_Authentication", "other"])
def test_other_mails_keep_the_text_of_the_user_pool(source: str) -> None:
    event = an_event("write_mail") | {"triggerSource": source}
    assert invoke("write_mail", event) == event


@pytest.mark.parametrize("event", [{}, None, [], {"triggerSource": "CustomMessage_AdminCreateUser"}, "x"])
def test_event_of_another_kind_blocks_no_mail(event: Any) -> None:
    assert invoke("write_mail", event) == event


def test_metadata_has_the_fields_that_the_text_reads() -> None:
    assert set(an_event("write_mail")["request"]["clientMetadata"]) == set(Invitation._fields)
