"""Tests: the documents are current, and their links and file paths exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from local.openapi import document
from local.paths import PROJECT
from shared.aws.settings import settings
from shared.customers.changes import RESTORE_PERIOD
from shared.errors import ApiError
from shared.imports.use_cases import RETENTION
from shared.table import keys
from tests.architecture.helpers import README

PAGES: Final = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").rglob("*.md"))]
FENCED_BLOCK: Final = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
CODE_SPAN: Final = re.compile(r"`([^`\n]+)`")
LINK: Final = re.compile(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)|^\[[^\]]+\]: (\S+)", re.MULTILINE)
HEADING: Final = re.compile(r"^#{1,6} +(.+?)(?: +#+)?$", re.MULTILINE)
# A file or folder of the project. `*` and `{...}` are placeholders, and a line number may follow.
PROJECT_PATH: Final = re.compile(r"((?:shared|functions|tests|local|docs|events)/[\w./*{}<>-]*)(?::\d+)?")

# docs/developing.md explains how to add a function, with this name as the example.
EXAMPLE: Final = "add_thing"


def without_blocks(text: str) -> str:
    return FENCED_BLOCK.sub("", text)


def links_of(text: str) -> list[str]:
    """Return the relative links of a page, without those in code."""
    found = (first or second for first, second in LINK.findall(CODE_SPAN.sub("", without_blocks(text))))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors_of(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page. A repeated heading gets `-1`, `-2`, ..."""
    anchors: set[str] = set()
    for heading in HEADING.findall(without_blocks(text)):
        name = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-")
        numbers = (f"{anchor}-{number}" if number else anchor for number in range(len(anchors) + 1))
        anchors.add(next(each for each in numbers if each not in anchors))
    return anchors


def broken_links(page: Path) -> Iterator[str]:
    for link in links_of(page.read_text()):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and (target.suffix != ".md" or anchor not in anchors_of(target.read_text()))):
            yield link


def missing_paths(text: str) -> list[str]:
    """Return the words of code spans that are paths below a folder of the project and do not exist."""
    words = (word for span in CODE_SPAN.findall(without_blocks(text)) for word in span.split())
    found = (match[1] for word in words if (match := PROJECT_PATH.fullmatch(word)) and EXAMPLE not in word)
    return [path for path in found if not any(PROJECT.glob(re.sub(r"[{<].*?[}>]", "*", path.rstrip("/"))))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert list(broken_links(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_path_in_a_code_span_exists(page: Path) -> None:
    assert missing_paths(page.read_text()) == []


def test_broken_links_and_missing_paths_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("""# A heading, with `code`
## Same
## Same
[a](page.md) [b](#a-heading-with-code) [c](#same-1) [d](https://example.com/#x) [e](other.md "title")
[f](#same-2) [g](page.md#none) `[h](none.md)`
```sh
# no heading
[i](none.md)
```
[j](#no-heading)

[k]: none.md
`shared/errors.py` `shared/none.py` `shared/*/none.py` `tests/api/` `tests/none/` `events/{name}.json`
`none/errors.py` shared/none.md `python shared/absent.py` `shared/errors.py:7` `functions/add_thing.py`
""")
    assert list(broken_links(page)) == ["other.md", "#same-2", "page.md#none", "#no-heading", "none.md"]
    assert missing_paths(page.read_text()) == ["shared/none.py", "shared/*/none.py", "tests/none/", "shared/absent.py"]


def test_openapi_document_is_current_and_valid() -> None:
    committed = json.loads((PROJECT / "docs" / "openapi.json").read_text())
    assert committed == document(), "run: make openapi"
    OpenAPIV31SpecValidator(committed).validate()
    assert committed["security"]
    assert "Problem" in committed["components"]["schemas"]


def test_documents_list_every_error_and_only_existing_commands() -> None:
    codes = {error.code: error.status for error in ApiError.__subclasses__()} | {"internal_error": 500}
    errors = (PROJECT / "docs" / "errors.md").read_text()
    documented = {code: int(status) for status, code in re.findall(r"^\| (\d{3}) \| `(\w+)` \|", errors, re.MULTILINE)}
    assert documented == codes
    assert "docs/errors.md" in README
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    commands = set(re.findall(r"\bmake (?:-s )?(\w+)", README))
    assert commands <= targets
    assert {"run", "test", "lint", "token", "build", "openapi"} <= commands
    assert len(README.splitlines()) <= 150


def test_privacy_page_names_every_kind_of_record_and_the_days_of_the_code() -> None:
    page = (PROJECT / "docs" / "privacy.md").read_text()
    cells = [
        [cell.strip() for cell in row.split("|")] for row in re.findall(r"^\|(.*)\|$", keys.__doc__ or "", re.MULTILINE)
    ]
    records = [row for row in cells if len(row) == 4][2:]
    # A record is named by its sort key. Names and parts of imports have sort keys of their own.
    kinds = {re.split("[#<]", pk if sk == "<folded name>" else sk)[0] for _, pk, sk, _ in records} - {"current"}
    assert len(records) == 26
    named = {name for row in re.findall(r"^\|([^|]*)\|", page, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert kinds <= named
    template = (PROJECT / "template.yaml").read_text()
    audit, logs = (
        int(re.findall(rf"{name}: .*Default: (\d+)", template)[0]) for name in ("AuditDays", "LogRetentionDays")
    )
    assert settings.audit_days == audit
    assert all(f"{days} days" in page for days in (audit, logs, RESTORE_PERIOD.days, RETENTION.days))
