"""Tests: requirements files."""

import re

from local.paths import PROJECT


def test_requirements_are_pinned_with_hashes_and_name_no_registry() -> None:
    for file in PROJECT.glob("requirements*.txt"):
        text = file.read_text()
        assert "://" not in text, file.name
        assert "index" not in re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE), file.name
        for block in re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip()):
            assert re.match(r"[\w.\[\]-]+==\S+", block), block
            assert "--hash=sha256:" in block, block
