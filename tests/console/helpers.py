"""Helpers of the tests of console."""

import shutil
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from local.paths import LOCAL
from tests.conftest import RunningStack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


SHOTS = LOCAL / "screenshots"


BOTH = ["all_inclusive", "software_only"]


WIDE, NARROW = 1600, 360


class Person:
    """Somebody at a browser. What the browser complains of is kept, and must stay empty."""

    def __init__(self, stack: RunningStack, context: BrowserContext, account_id: str, password: str) -> None:
        self.stack, self.account_id, self.password = stack, account_id, password
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(90_000)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _heard(self, line: ConsoleMessage) -> None:
        # That a request was refused or failed is noted by the browser itself; the page shows it, and tests look there.
        if line.type == "error" and not line.text.startswith("Failed to load resource"):
            self.complaints.append(line.text)

    def open(self, at: str = "") -> "Person":
        self.page.goto(f"{self.stack.stack['url']}/{at}")
        return self

    def sign_in(self) -> "Person":
        self.page.get_by_label("E-mail address").fill(self.account_id)
        self.page.get_by_label("Password").fill(self.password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()
        return self

    def press(self, name: str, *, within: str = "main") -> None:
        self.page.locator(within).get_by_role("button", name=name, exact=True).first.click()

    def choose(self, label: str, value: str) -> None:
        self.page.locator("main").get_by_label(label, exact=True).select_option(label=value)

    def shot(self, name: str) -> None:
        """A screenshot of the whole page; axe must find nothing in it."""
        expect(self.page.locator("main")).not_to_contain_text("One moment")
        size = self.page.viewport_size
        assert size
        scheme = self.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}-{size['width']}-{scheme}.png", full_page=True)
        found = Axe().run(self.page).response["violations"]
        assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found] == [], name
        overflow = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{name} is wider than {size['width']}"


def post(stack: RunningStack, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = stack.call("POST", path, json=body)
    assert answer.is_success, answer.text
    added: dict[str, Any] = answer.json()
    return added


def menu(someone: Person) -> None:
    """Opens the sections, where the page is narrow."""
    if someone.page.locator("#menu").is_visible():
        someone.page.locator("#menu").click()
