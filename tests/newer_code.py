"""Create a newer version of the code: a copy of shared/ with the additional field of docs/developing.md."""

import ast
import re
import shutil
from pathlib import Path

from local.paths import PROJECT

GUIDE = (PROJECT / "docs" / "developing.md").read_text()
MODELS = ("Customer", "NewCustomer", "CustomerChange", "CustomerPreview")


def example(place: str) -> str:
    """Return the lines that docs/developing.md inserts at this place."""
    found = re.search(rf"<!-- field: {re.escape(place)} -->\s*```python\n(.*?) *```", GUIDE, re.DOTALL)
    assert found, f"docs/developing.md has no example for {place}"
    return found[1]


def _insert_before(source: str, line: int, lines: str) -> str:
    """Insert lines before a line, counted from 1."""
    all_lines = source.splitlines(keepends=True)
    return "".join([*all_lines[: line - 1], lines, *all_lines[line - 1 :]])


def _line_of_references(source: str, model: str) -> int:
    """Return the number of the line at which a model declares its field `references`."""
    (found,) = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == model]
    (field,) = [
        node
        for node in found.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "references"
    ]
    return field.lineno


def copy_with_the_field(directory: Path) -> None:
    """Copy shared/ to the directory, and edit only the two files that the guide names."""
    shutil.copytree(PROJECT / "shared", directory / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    fields = directory / "shared" / "customers" / "fields.py"
    source = fields.read_text()
    fields.write_text(
        _insert_before(
            source, source[: source.index('    "references": FieldSpec(')].count("\n") + 1, example("fields.py")
        )
    )
    customer = directory / "shared" / "customers" / "customer.py"
    for model in MODELS:
        source = customer.read_text()
        customer.write_text(_insert_before(source, _line_of_references(source, model), example(model)))
