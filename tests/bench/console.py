"""Compare the console with an earlier one: bytes, requests until the first view, time until it can be used.

make run          # in another terminal
python -m tests.bench.console COMMIT

Both documents are served on the same running stack, in alternating rounds, with the processor slowed down four times.
A view can be used when the name of the customer and the tree with its first level are shown.
"""

import gzip
import json
import statistics
import subprocess
import sys
import time
from typing import Any, Final

from playwright.sync_api import Browser, Page, Route, sync_playwright

from local.paths import PROJECT, STACK_FILE
from tests.console.helpers import CHROMIUM

ROUNDS: Final = 9
SLOWER: Final = 4


def earlier_document(commit: str) -> str:
    """Return the console's document of a commit, in which script and style were files of their own."""

    def read(name: str) -> str:
        command = ["git", "-C", str(PROJECT), "show", f"{commit}:shared/api/console.{name}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return read("html").replace("{{css}}", read("css")).replace("{{js}}", read("js"))


def measure(browser: Browser, stack: dict[str, Any], document: str) -> tuple[int, float]:
    """Return the requests and the milliseconds from opening the page with a session until it can be used."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    address = f"{stack['url']}/"

    def serve(route: Route) -> None:
        route.fulfill(body=document, content_type="text/html; charset=utf-8")

    page.route(address, serve)
    sign_in(page, stack, address)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    started = time.perf_counter()
    page.reload(wait_until="commit")
    page.locator("h1").first.wait_for()
    page.get_by_role("treeitem", level=2).first.wait_for()
    took = (time.perf_counter() - started) * 1000
    context.close()
    return len(requests), took


def sign_in(page: Page, stack: dict[str, Any], address: str) -> None:
    root = stack["accounts"]["root"]
    page.goto(address)
    page.get_by_label("E-mail address").fill(root["id"])
    page.get_by_label("Password", exact=True).fill(root["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("treeitem", level=2).first.wait_for()


def main() -> None:
    stack = json.loads(STACK_FILE.read_text())
    now = (PROJECT / "shared" / "api" / "console.html").read_text()
    documents = {"before": earlier_document(sys.argv[1]), "now": now}
    filled = {
        name: text.replace("{{endpoint}}", stack["endpoint"]).replace("{{client}}", stack["client_id"])
        for name, text in documents.items()
    }
    found: dict[str, list[tuple[int, float]]] = {name: [] for name in filled}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for _ in range(ROUNDS):
            for name, document in filled.items():
                found[name].append(measure(browser, stack, document))
        browser.close()
    print("| console | bytes | compressed | requests to the first view | until it can be used |")
    print("|---|---|---|---|---|")
    for name, rounds in found.items():
        size, compressed = len(filled[name].encode()), len(gzip.compress(filled[name].encode(), 9))
        times = [took for _, took in rounds]
        row = f"{statistics.median(times):.0f} ms ({min(times):.0f} to {max(times):.0f})"
        print(f"| {name} | {size:,} | {compressed:,} | {max(count for count, _ in rounds)} | {row} |")


if __name__ == "__main__":
    main()
