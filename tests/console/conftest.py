"""Fixtures of the browser tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.conftest import RunningStack
from tests.console.helpers import BOTH, CHROMIUM, HEIGHTS, TIMEOUT, WIDE, User, post

expect.set_options(timeout=TIMEOUT)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium has no sandbox for root. The tests open only the console.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=TIMEOUT)
        yield browser
        browser.close()


@pytest.fixture
def open_browser(stack: RunningStack, browser: Browser) -> Iterator[Callable[..., User]]:
    """Return a function that opens a browser for an account. At the end no browser may have logged an error."""
    users: list[User] = []
    contexts: list[BrowserContext] = []

    def open_one(
        account_id: str | None = None, password: str | None = None, width: int = WIDE, scheme: Any = "light"
    ) -> User:
        root = stack.stack["accounts"]["root"]
        size: Any = {"width": width, "height": HEIGHTS.get(width, 900)}
        context = browser.new_context(viewport=size, color_scheme=scheme, locale="en-GB", timezone_id="UTC")
        context.set_default_timeout(TIMEOUT)
        contexts.append(context)
        users.append(User(stack, context, account_id or root["id"], password or root["password"]))
        return users[-1]

    yield open_one
    errors = [error for person in users for error in person.errors]
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(scope="session")
def lineage(stack: RunningStack) -> dict[str, dict[str, Any]]:
    """Add a customer of each level through the API. Return them by level."""
    parent = stack.call("GET", "/me").json()["customer"]
    added = {"root": parent}
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    for level, fields in {
        "distributor": company,
        "reseller": {**company, "level": "reseller"},
        "end_customer": {"service_type": "all_inclusive", "device_country": "GB", "in_trial": True},
        "site": {"device_country": "GB"},
    }.items():
        parent = post(stack, "/customers", {"name": f"Console {level}", "parent_id": parent["id"], **fields})
        added[level] = parent
    return added
