"""Tests: the example in docs/developing.md, which adds a field in two files, works on a copy of the code."""

import subprocess
import sys
from pathlib import Path

import pytest

from local.paths import PROJECT
from tests.newer_code import copy_with_the_field


@pytest.fixture
def newer_code(tmp_path: Path) -> Path:
    copy_with_the_field(tmp_path)
    return tmp_path


USE = """
from datetime import timedelta

from shared.auth.authorization import Caller
from shared.customers.change_use_cases import change_customer, get_history
from shared.customers.customer import CustomerChange, NewCustomer
from shared.customers.use_cases import add_customer, get_customer, get_options
from shared.errors import RulesViolatedError
from shared.imports.file import File
from shared.imports.use_cases import add_import, get_import, run_import
from tests.builders import NOW, ROOT, ROOT_ACCOUNT, bootstrap_in
from tests.memory_queue import MemoryQueue
from tests.memory_store import MemoryStore

FIELD = "contract_number"
store = MemoryStore()
bootstrap_in(store)


def caller(operation="change_customers", later=0):
    return Caller(ROOT_ACCOUNT.id, NOW + timedelta(hours=later), operation)


def request(**fields):
    basics = {
        "name": "Baltic Backup", "parent_id": ROOT.id, "service_type": "all_inclusive",
        "services_to_provide": ["all_inclusive"], "device_country": "DE",
    }
    return NewCustomer(**basics | fields)


# Validated.
try:
    add_customer(store, caller(), request(contract_number=" "), idempotency_key="wrong")
except RulesViolatedError as error:
    assert [each["pointer"] for each in error.errors] == ["/contract_number"], error.errors
else:
    raise AssertionError("an empty contract number was accepted")

# Added, and added again by the same request.
added = add_customer(store, caller(), request(contract_number=" C-1 "), idempotency_key="added").customer
assert added.contract_number == "C-1"

# Offered to a form.
options = get_options(store, caller("read"), ROOT.id)
assert options.levels[0].fields[FIELD].rule == "optional"

# Changed, and shown.
change = CustomerChange(contract_number="C-2")
assert change_customer(store, caller(later=1), added.id, change, version=1).contract_number == "C-2"
assert get_customer(store, caller("read", later=2), added.id).contract_number == "C-2"

# In the history.
entries = get_history(store, caller("read", later=2), added.id, limit=10).entries
assert entries[0].changes[FIELD] == {"from": None, "to": "C-1"}
assert entries[-1].changes == {FIELD: {"from": "C-1", "to": "C-2"}}

# The repeated addition shows what the first one showed.
again = add_customer(store, caller(later=3), request(contract_number=" C-1 "), idempotency_key="added")
assert (again.outcome, again.customer) == ("replayed", added)

# Imported.
file = f"name,parent_id,device_country,{FIELD}\\nNordic Backup,{ROOT.id},DE,C-3\\n"
queue = MemoryQueue()
job = add_import(store, queue, caller(), File(file), idempotency_key="import").response
run_import(store, queue, job.id, lambda: NOW, lambda: False)
(result,) = get_import(store, caller("read"), job.id, limit=10).results
assert result.status == "created", result
assert get_customer(store, caller("read"), result.customer_id).contract_number == "C-3"
print("ok")
"""


def test_a_field_added_in_two_files_is_validated_added_changed_shown_recorded_and_imported(
    newer_code: Path,
) -> None:
    script = f"import sys\nsys.path[:0] = [{str(newer_code)!r}, {str(PROJECT)!r}]\n{USE}"
    run = subprocess.run([sys.executable, "-c", script], cwd=newer_code, capture_output=True, text=True, check=False)
    assert run.stdout.endswith("ok\n"), run.stderr
