"""Simulate how many requests and console pages meet a cold start. Write a table of docs/benchmarks.md.

python -m tests.bench.cold_starts

Assumptions, because AWS was not available:

- Visits are a Poisson process. 70 % of them are pages of the console, and 30 % are single calls of other systems.
- All pages and all routes are equally frequent, or the nth is 1/n as frequent as the first. Nobody knows the real
  frequencies. If there are many requests, concentrating them on few pages makes cold starts of the others more common.
- A page sends its requests one after the other, as the console does.
- A request takes 0.1 seconds, or 0.6 with a cold start. Of the idle environments, the last one that was used gets it.
- An environment that is idle is removed after 5 to 15 minutes.
"""

import heapq
import random
from collections import defaultdict
from operator import mul
from typing import Final

from shared.api.routes import ROUTES
from tests.bench.tables import write

HOURS: Final = 200
WARM, COLD = 0.1, 0.6  # seconds of a request
IDLE: Final = (300, 900)  # seconds until an idle environment is removed
PAGES: Final = (  # the requests of each page of the console, the most frequent first
    ("get_console", "get_me", "list_customers"),
    ("get_customer", "list_customers"),
    ("get_customer", "get_history"),
    ("get_customer", "get_options"),
    ("list_views", "list_devices"),
    ("check_storage",),
    ("list_accounts",),
    ("list_customers",),
    ("get_storage_locations",),
    ("get_import",),
)
LAYOUTS: Final = {
    "one function a route": {name: name for name in ROUTES},
    "**one a resource**": {name: row.function for name, row in ROUTES.items()},
    "one for all": dict.fromkeys(ROUTES, "all"),
}


class Environments:
    """The execution environments of one function: when each is free, and when it is removed if it is not used."""

    def __init__(self, chosen: random.Random) -> None:
        self._chosen = chosen
        self._free: list[tuple[float, float]] = []  # sorted: free since, removed at
        self._busy: list[float] = []

    def call(self, now: float) -> bool:
        """Return whether a call at this time, in seconds, meets a cold start."""
        while self._busy and self._busy[0] <= now:
            free_at = heapq.heappop(self._busy)
            self._free.append((free_at, free_at + self._chosen.uniform(*IDLE)))
        self._free = [each for each in self._free if each[1] > now]
        is_cold = not self._free
        if not is_cold:
            self._free.remove(max(self._free))
        heapq.heappush(self._busy, now + (COLD if is_cold else WARM))
        return is_cold


def simulate(
    requests_a_minute: float, function_of: dict[str, str], *, skew: float = 0, seed: int = 1
) -> tuple[float, float]:
    """Return the share of requests, and of console pages, that meet a cold start. The nth is 1/n**skew as frequent."""
    chosen = random.Random(seed)  # noqa: S311 - a seed is no secret
    routes = chosen.sample(list(ROUTES), len(ROUTES))
    of_pages, of_routes = ([1 / n**skew for n in range(1, len(each) + 1)] for each in (PAGES, routes))
    requests_a_visit = 0.3 + 0.7 * sum(map(mul, of_pages, map(len, PAGES))) / sum(of_pages)
    environments: dict[str, Environments] = defaultdict(lambda: Environments(chosen))
    cold_requests = requests = cold_pages = pages = 0
    now = 0.0
    while now < HOURS * 3600:
        now += chosen.expovariate(requests_a_minute / requests_a_visit / 60)
        is_page = chosen.random() < 0.7
        visit = chosen.choices(PAGES, of_pages)[0] if is_page else tuple(chosen.choices(routes, of_routes))
        at, cold = now, 0
        for name in visit:
            is_cold = environments[function_of[name]].call(at)
            at, cold = at + (COLD if is_cold else WARM), cold + is_cold
        requests, cold_requests = requests + len(visit), cold_requests + cold
        pages, cold_pages = pages + is_page, cold_pages + (is_page and cold > 0)
    return cold_requests / requests, cold_pages / pages


def main() -> None:
    rows = []
    for skew, frequencies in ((0, "all equal"), (1, "1/n")):
        for rate in (1, 5, 20, 60):
            cells = [simulate(rate, layout, skew=skew) for layout in LAYOUTS.values()]
            rows.append([frequencies, rate, *(f"{requests:.1%}, {pages:.1%}" for requests, pages in cells)])
    write("cold pages", ["frequencies", "requests a minute", *(f"{name}: requests, pages" for name in LAYOUTS)], rows)


if __name__ == "__main__":
    main()
