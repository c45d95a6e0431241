"""Fixtures of this folder."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.conftest import RunningStack
from tests.console.helpers import BOTH, CHROMIUM, WIDE, Person, post

expect.set_options(timeout=90_000)  # the machine may be busy


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Root may not use the sandbox; the page is our own.
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(stack: RunningStack, browser: Browser) -> Iterator[Callable[..., Person]]:
    """A function that gives somebody at a browser of a width and a theme; at the end nobody's has complained."""
    people: list[Person] = []
    contexts: list[BrowserContext] = []

    def give(
        account_id: str | None = None, password: str | None = None, width: int = WIDE, scheme: Any = "light"
    ) -> Person:
        root = stack.stack["accounts"]["root"]
        size: Any = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, color_scheme=scheme, locale="en-GB", timezone_id="UTC")
        contexts.append(context)
        people.append(Person(stack, context, account_id or root["id"], password or root["password"]))
        return people[-1]

    yield give
    complaints = [complaint for person in people for complaint in person.complaints]
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def line(stack: RunningStack) -> dict[str, dict[str, Any]]:
    """A customer of each level, made through the API, and one account of each kind that the tests need."""
    parent = stack.call("GET", "/me").json()["customer"]
    found = {"root": parent}
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    for level, fields in {
        "distributor": company,
        "reseller": {**company, "level": "reseller"},
        "end_customer": {"service_type": "all_inclusive", "device_country": "GB", "in_trial": True},
        "site": {"device_country": "GB"},
    }.items():
        parent = post(stack, "/customers", {"name": f"Console {level}", "parent_id": parent["id"], **fields})
        found[level] = parent
    return found
