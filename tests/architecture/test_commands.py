"""Tests: every command in README.md and docs/ exists or is marked as AWS only, and every link has a target."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from local.paths import PROJECT
from shared.api.routes import ROUTES

PAGES: Final = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
PROGRAMS: Final = {"make", "aws", "sam", "curl", "python", "python3"}
AWS_ONLY: Final = "# AWS only"
UNMARKED: Final = f"mark it: {AWS_ONLY}"
# The addresses of a running stack: $url is the API's, and sam local start-api serves a port of this machine.
LOCAL_URL: Final = re.compile(r"(?:\$\{?url\}?|http://(?:127\.0\.0\.1|localhost):\d+)(/[^?]*)?(?:\?.*)?")
# The languages of blocks that contain no commands.
NO_SHELL: Final = {"python", "mermaid", "json", "yaml"}
ASSIGNMENT: Final = re.compile(r"\w+=\S*")


class Command(NamedTuple):
    """A line of a block, without its comment. `aws_only` if the line or its block is marked."""

    text: str
    aws_only: bool


def commands_of(page: str) -> Iterator[Command]:
    """Yield the commands in the fenced and the indented blocks of a page. A backslash at the end continues a line."""
    page = page.replace("\\\n", " ")
    fenced = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
    blocks = [found[2] for found in fenced.finditer(page) if found[1] not in NO_SHELL]
    blocks += re.findall(r"(?:^ {4,}\S.*\n?)+", fenced.sub("", page), re.MULTILINE)
    for block in blocks:
        whole = any(line.strip() == AWS_ONLY for line in block.splitlines())
        for line in map(str.strip, _joined(block.splitlines())):
            if program_of(line):
                yield Command(line, whole or line.endswith(AWS_ONLY))


def _joined(lines: list[str]) -> Iterator[str]:
    """Yield the lines. A command with open quotes is joined with the lines until they are closed."""
    begun = ""
    for line in lines:
        begun += line
        if program_of(begun) and _has_open_quote(begun):
            begun += "\n"
        else:
            yield begun
            begun = ""
    if begun:
        yield begun


def _has_open_quote(text: str) -> bool:
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return True
    return False


def program_of(line: str) -> str:
    """Return the program of a command, such as `python` for `WRITE=1 .local/env/dev/bin/python`, or "" for none."""
    words = [word for word in line.split() if not ASSIGNMENT.fullmatch(word)]
    name = Path(words[0]).name if words and not words[0].endswith("/") else ""
    return name if name in PROGRAMS else ""


def error_in(command: Command, template: dict[str, Any]) -> str | None:
    """Return why a command cannot run as written, or None."""
    words = [word for word in shlex.split(command.text, comments=True) if not ASSIGNMENT.fullmatch(word)]
    program, arguments = Path(words[0]).name, words[1:]
    if program == "make":
        error = next((f"no target {word}" for word in arguments if word[0] != "-" and word not in targets()), None)
    elif program.startswith("python"):
        error = _python_error(arguments)
    elif program == "sam" and arguments[:1] == ["local"]:
        error = _sam_local_error(arguments[1:], template)
    elif command.aws_only:
        error = None
    elif program == "curl":
        error = _curl_error(arguments)
    else:
        error = UNMARKED
    return error


def _python_error(arguments: list[str]) -> str | None:
    option, name = arguments[0], arguments[-1] if len(arguments) == 1 else arguments[1]
    if option == "-c":
        compile(name, "<the page>", "exec")
        modules = re.findall(r"from ([\w.]+) import", name)
    elif option == "-m":
        modules = [name]
    else:
        return None if (PROJECT / option).is_file() else f"no file {option}"
    return next((f"no module {module}" for module in modules if not module_exists(module)), None)


def _sam_local_error(arguments: list[str], template: dict[str, Any]) -> str | None:
    if arguments[0] == "invoke" and arguments[1] not in template["Resources"]:
        return f"no function {arguments[1]}"
    event = arguments[arguments.index("--event") + 1] if "--event" in arguments else ""
    return None if (PROJECT / event).exists() else f"no file {event}"


def _curl_error(arguments: list[str]) -> str | None:
    found = [match[1] or "/" for word in arguments if (match := LOCAL_URL.fullmatch(word))]
    if not found:
        return UNMARKED
    return None if route_exists(found[0]) else f"no route {found[0]}"


def targets() -> set[str]:
    return set(re.findall(r"^([\w-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))


def module_exists(name: str) -> bool:
    package, *_ = name.split(".")
    if not (PROJECT / package).is_dir():
        return importlib.util.find_spec(package) is not None
    path = PROJECT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def route_exists(path: str) -> bool:
    """Return whether a route has this path. An id may be a placeholder such as CUSTOMER_ID."""
    return any(re.fullmatch(re.sub(r"{\w+}", r"[^/]+", row.path), path) for row in ROUTES.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_exists_or_is_marked_as_aws_only(page: Path, template: dict[str, Any]) -> None:
    errors = [(command.text, error_in(command, template)) for command in commands_of(page.read_text())]
    assert [each for each in errors if each[1]] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_and_module_in_the_text_of_a_page_exists(page: Path) -> None:
    text = page.read_text()
    assert set(re.findall(r"`make (?:-s )?([a-z]+)", text)) <= targets()
    modules = set(re.findall(r"`[^`\n]*python -m ([\w.]+)", text))
    assert [module for module in sorted(modules) if not module_exists(module)] == []


def test_every_resource_and_log_line_in_the_runbook_exists(template: dict[str, Any]) -> None:
    runbook = (PROJECT / "docs" / "runbook.md").read_text()
    resources = set(re.findall(r"\b(?:id_of|logs_of|messages_of) ([A-Z]\w+)", runbook))
    messages = set(re.findall(r"\blogs_of \w+ (\w+)", runbook))
    assert {"Table", "EventsFailed", "EndTrialsLogs"} <= resources <= set(template["Resources"])
    code = "".join(path.read_text() for path in (PROJECT / "shared").rglob("*.py"))
    assert messages
    assert [message for message in sorted(messages) if f'"{message}"' not in code] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    missing = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        if "://" not in link and (not target.exists() or (heading and heading not in anchors(target))):
            missing.append(link)
    assert missing == []


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("make -s token ACCOUNT=root", None),
        ("make nothing", "no target nothing"),
        ("python -m local.seed", None),
        ("WRITE=1 .local/env/dev/bin/python -m tests.absent_module", "no module tests.absent_module"),
        ("python absent.py", "no file absent.py"),
        ("sam local invoke Absent --event events/get_me.json", "no function Absent"),
        ("sam deploy", UNMARKED),
        ("aws s3 ls", UNMARKED),
        (f"aws s3 ls  {AWS_ONLY}", None),
        ('curl -s "$url/customers?limit=1"', None),
        ('curl -s "$url/absent"', "no route /absent"),
        ("curl https://example.com/", UNMARKED),
    ],
)
def test_commands_that_cannot_be_run_are_found(line: str, error: str | None, template: dict[str, Any]) -> None:
    (command,) = commands_of(f"Text:\n\n    {line}\n")
    assert error_in(command, template) == error


def test_commands_are_read_from_all_blocks() -> None:
    page = """make no

- step

  ```sh
  # AWS only
  aws a \\
    b
  ```

    make test

```python
make = 1
```
"""
    assert [(command.text.split(), command.aws_only) for command in commands_of(page)] == [
        (["aws", "a", "b"], True),
        (["make", "test"], False),
    ]
