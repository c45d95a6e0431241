"""Helpers of the browser tests: a user with a browser, and the time limits of these tests."""

import shutil
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from local.paths import LOCAL
from local.seed import set_password
from tests.conftest import RunningStack
from tests.stack.helpers import await_invitation

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


WIDE, NARROW = 1440, 360
HEIGHTS = {360: 740, 900: 900, 1440: 900, 1920: 1080}


class User:
    """A user with a browser. `errors` lists the errors in the browser's console, which must be empty."""

    def __init__(self, stack: RunningStack, context: BrowserContext, account_id: str, password: str) -> None:
        self.stack, self.context, self.account_id, self.password = stack, context, account_id, password
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page: Page = self.new_tab()

    def new_tab(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._on_console)
        page.on("request", lambda request: self.requests.append(request.url))
        return page

    def _on_console(self, message: ConsoleMessage) -> None:
        # The browser also logs failed requests. The page shows these, and the tests check the page.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    @property
    def title(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    def open(self, at: str = "") -> "User":
        self.page.goto(f"{self.stack.stack['url']}/{at}")
        return self

    def go(self, at: str) -> None:
        """Follow a link within the console."""
        self.page.evaluate("at => { location.hash = at }", at)

    def sign_in(self) -> "User":
        self.page.get_by_label("E-mail address").fill(self.account_id)
        self.page.get_by_label("Password", exact=True).fill(self.password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.locator(".avatar")).to_be_visible()
        return self

    def press(self, name: str, *, within: str = "main") -> None:
        """Press a button, or follow a link that looks like one."""
        part = self.page.locator(within)
        button = part.get_by_role("button", name=name, exact=True)
        button.or_(part.get_by_role("link", name=name, exact=True)).first.click()

    def choose(self, label: str, value: str) -> None:
        """Choose an option of a combobox by typing."""
        box = self.page.get_by_role("combobox", name=label)
        box.fill(value)
        self.page.get_by_role("option", name=value).first.click()

    def pick(self, group: str, name: str) -> None:
        """Choose a radio button or a checkbox of a group."""
        self.page.get_by_role("group", name=group).get_by_label(name, exact=True).check()

    def menu(self, name: str, entry: str) -> None:
        """Choose an entry of a menu."""
        self.page.get_by_role("button", name=name).first.click()
        self.page.get_by_role("menuitem", name=entry, exact=True).click()

    def expect_toast(self, text: str) -> None:
        expect(self.page.locator(".toast")).to_contain_text(text)

    def screenshot(self, name: str) -> None:
        """Take a screenshot, and check the accessibility, the width and the focus of the page."""
        expect(self.page.locator(".skeleton")).to_have_count(0)
        size = self.page.viewport_size
        assert size
        scheme = self.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}-{size['width']}-{scheme}.png")
        violations = Axe().run(self.page).response["violations"]
        found = [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in violations]
        assert not found, f"{name} at {size['width']} {scheme}: {found}"
        overflow = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{name} is wider than {size['width']}"
        assert self.page.evaluate("document.activeElement !== document.body"), f"{name}: nothing has the focus"


def post(stack: RunningStack, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = stack.call("POST", path, json=body)
    assert response.is_success, response.text
    added: dict[str, Any] = response.json()
    return added


def account(stack: RunningStack, customer_id: str, role: str) -> tuple[str, str]:
    """Add an account. Return its id and its password."""
    path = f"/customers/{customer_id}/accounts"
    body = {"email": f"{uuid4().hex}@example.com", "display_name": f"The {role}", "role": role}
    account_id: str = post(stack, path, body)["id"]
    await_invitation(stack, account_id)
    cognito = stack.ministack.client("cognito-idp")
    return account_id, set_password(cognito, stack.stack["user_pool_id"], account_id)


def open_menu(user: User) -> None:
    """Open the menu, which a narrow page hides."""
    if user.page.locator("#menu").is_visible():
        user.page.locator("#menu").click()
