"""Helpers of the browser tests: a user with a browser, and the time limits of these tests."""

import shutil
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from local.paths import LOCAL
from tests.conftest import RunningStack

# Milliseconds that playwright waits for a condition. It waits no longer than needed, so a busy machine fails no test.
TIMEOUT = 90_000


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


BROWSER_TEST = [
    pytest.mark.ministack,
    pytest.mark.enable_socket,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"),
]


SCREENSHOTS = LOCAL / "screenshots"


BOTH = ["all_inclusive", "software_only"]


WIDE, NARROW = 1600, 360


class User:
    """A user with a browser. `errors` lists the errors in the browser's console, which must be empty."""

    def __init__(self, stack: RunningStack, context: BrowserContext, account_id: str, password: str) -> None:
        self.stack, self.account_id, self.password = stack, account_id, password
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._on_console)
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _on_console(self, message: ConsoleMessage) -> None:
        # The browser also logs failed requests. The page shows these, and the tests check the page.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)

    def open(self, at: str = "") -> "User":
        self.page.goto(f"{self.stack.stack['url']}/{at}")
        return self

    def sign_in(self) -> "User":
        self.page.get_by_label("E-mail address").fill(self.account_id)
        self.page.get_by_label("Password").fill(self.password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()
        return self

    def press(self, name: str, *, within: str = "main") -> None:
        self.page.locator(within).get_by_role("button", name=name, exact=True).first.click()

    def choose(self, label: str, value: str) -> None:
        self.page.locator("main").get_by_label(label, exact=True).select_option(label=value)

    def screenshot(self, name: str) -> None:
        """Take a screenshot of the whole page, and check its accessibility and its width."""
        expect(self.page.locator("main")).not_to_contain_text("Loading")
        size = self.page.viewport_size
        assert size
        scheme = self.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}-{size['width']}-{scheme}.png", full_page=True)
        violations = Axe().run(self.page).response["violations"]
        assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in violations] == [], name
        overflow = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{name} is wider than {size['width']}"


def post(stack: RunningStack, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = stack.call("POST", path, json=body)
    assert response.is_success, response.text
    added: dict[str, Any] = response.json()
    return added


def open_menu(user: User) -> None:
    """Open the menu of sections, which only a narrow page has."""
    if user.page.locator("#menu").is_visible():
        user.page.locator("#menu").click()
