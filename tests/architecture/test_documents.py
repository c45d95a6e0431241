"""Tests: documents."""

import json
import re

from openapi_spec_validator import OpenAPIV31SpecValidator

from local.openapi import document
from local.paths import PROJECT
from shared.errors import ApiError
from tests.architecture.helpers import README


def test_openapi_document_is_current_and_valid() -> None:
    committed = json.loads((PROJECT / "docs" / "openapi.json").read_text())
    assert committed == document(), "write it anew: make openapi"
    OpenAPIV31SpecValidator(committed).validate()
    assert committed["security"]
    assert "Problem" in committed["components"]["schemas"]


def test_documents_list_every_error_and_only_existing_commands() -> None:
    codes = {refusal.code: refusal.status for refusal in ApiError.__subclasses__()} | {"internal_error": 500}
    errors = (PROJECT / "docs" / "errors.md").read_text()
    told = {code: int(status) for status, code in re.findall(r"^\| (\d{3}) \| `(\w+)` \|", errors, re.MULTILINE)}
    assert told == codes
    assert "docs/errors.md" in README
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    commands = set(re.findall(r"\bmake (?:-s )?(\w+)", README))
    assert commands <= targets
    assert {"run", "test", "lint", "token", "build", "openapi"} <= commands
    assert len(README.splitlines()) <= 150


def test_requirements_are_pinned_with_hashes_and_name_no_registry() -> None:
    for file in PROJECT.glob("requirements*.txt"):
        text = file.read_text()
        assert "://" not in text, file.name
        assert "index" not in re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE), file.name
        for block in re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip()):
            assert re.match(r"[\w.\[\]-]+==\S+", block), block
            assert "--hash=sha256:" in block, block
