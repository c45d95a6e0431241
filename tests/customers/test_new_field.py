"""A field is added in two files: this applies the example of docs/developing.md to a copy of the code, and uses it."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.paths import PROJECT

GUIDE = (PROJECT / "docs" / "developing.md").read_text()
MODELS = ("Customer", "NewCustomer", "CustomerChange", "CustomerResponse")


def example(place: str) -> str:
    """The lines that docs/developing.md inserts at this place."""
    found = re.search(rf"<!-- field: {re.escape(place)} -->\s*```python\n(.*?) *```", GUIDE, re.DOTALL)
    assert found, f"docs/developing.md has no example for {place}"
    return found[1]


def insert_before(source: str, line: int, lines: str) -> str:
    """Insert lines before a line, counted from 1."""
    all_lines = source.splitlines(keepends=True)
    return "".join([*all_lines[: line - 1], lines, *all_lines[line - 1 :]])


def line_of_references(source: str, model: str) -> int:
    """The line at which a model declares its field `references`."""
    (found,) = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == model]
    (field,) = [
        node
        for node in found.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "references"
    ]
    return field.lineno


@pytest.fixture
def copy_with_the_field(tmp_path: Path) -> Path:
    """A copy of shared/ in which exactly the two files of the guide were edited."""
    shutil.copytree(PROJECT / "shared", tmp_path / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    fields = tmp_path / "shared" / "customers" / "fields.py"
    source = fields.read_text()
    fields.write_text(
        insert_before(
            source, source[: source.index('    "references": FieldSpec(')].count("\n") + 1, example("fields.py")
        )
    )
    customer = tmp_path / "shared" / "customers" / "customer.py"
    for model in MODELS:
        source = customer.read_text()
        customer.write_text(insert_before(source, line_of_references(source, model), example(model)))
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
    copy_with_the_field: Path,
) -> None:
    script = f"import sys\nsys.path[:0] = [{str(copy_with_the_field)!r}, {str(PROJECT)!r}]\n{USE}"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=copy_with_the_field, capture_output=True, text=True, check=False
    )
    assert run.stdout.endswith("ok\n"), run.stderr
