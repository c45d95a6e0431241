"""Helpers of the tests of imports."""

from collections import Counter
from datetime import timedelta
from typing import Any

from shared.auth.authorization import Account, Caller
from shared.customers.customer import Customer
from shared.imports.file import CSV, File, Result
from shared.imports.use_cases import add_import, get_import, run_import
from shared.table.keys import customer_key
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, caller
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore

SCRIPT = "companyname,ParentId,Level,State,LocationId,DeviceCountry\n"
# The script's columns and one of this project: LocationId does not name a country.
WITH_LOCATION = SCRIPT.replace("LocationId", "storage_location")


LATER = NOW + timedelta(days=1)


def a_caller(account: Account = ROOT_ACCOUNT, operation: Any = "change_customers") -> Caller:
    return Caller(account.id, LATER, operation, "request 1")


def send(store: MemoryStore, queue: MemoryQueue, file: str, media: str = CSV, key: str = "key", **options: Any) -> Any:
    as_caller = options.pop("as_caller", a_caller())
    return add_import(store, queue, as_caller, File(file, media), idempotency_key=key, **options)


def run(store: MemoryStore, queue: MemoryQueue) -> None:
    """Process all messages, including those that are sent during processing."""
    while queue.messages:
        run_import(store, queue, queue.messages.pop(0)["import_id"], lambda: LATER, lambda: False)


def results(store: MemoryStore, import_id: str | None, limit: int = 1000, **query: Any) -> list[Result]:
    found, cursor = [], None
    while True:
        page = get_import(store, caller(now=LATER), import_id or "", limit=limit, cursor=cursor, **query)
        assert len(page.results) <= limit
        found += page.results
        cursor = page.next_cursor
        if cursor is None:
            return found


def imported(
    store: MemoryStore, queue: MemoryQueue, file: str, media: str = CSV, key: str = "key"
) -> dict[int, Result]:
    response = send(store, queue, file, media, key).response
    run(store, queue)
    return {result.row: result for result in results(store, response.id)}


def stored(store: MemoryStore, result: Result) -> Customer:
    return Customer.model_validate(store.items[customer_key(result.customer_id or "")])


def codes(result: Result) -> list[tuple[str, str]]:
    return [(error["code"], error.get("pointer", "")) for error in result.errors]


def customers(store: MemoryStore) -> Counter[tuple[str | None, str]]:
    found = [Customer.model_validate(item) for key, item in store.items.items() if key[1] == "customer"]
    return Counter((customer.parent_id, customer.folded_name) for customer in found)


def a_file(rows: int = 300) -> str:
    """Return a file with sixty resellers below a distributor, each with four end-customers. Children come first."""
    lines = [f"End {n},Reseller {n % 60},,,,GB\n" for n in range(rows * 4 // 5)]
    lines += [f"Reseller {n},Nordic,Reseller,,,GB\n" for n in range(60)]
    return SCRIPT + "".join(lines) + f"Nordic,{ROOT.id},,,,DK\n"
