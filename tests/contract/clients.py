"""Generate clients from the committed OpenAPI document, compile them with their story, and play it."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.paths import ENVIRONMENTS, PROJECT

DOCUMENT: Final = PROJECT / "docs" / "openapi.json"
HERE: Final = Path(__file__).parent
PYTHON: Final = ENVIRONMENTS / "contract" / "bin" / "python"
NODE_MODULES: Final = ENVIRONMENTS / "node" / "node_modules"
_MYPY: Final = (ENVIRONMENTS / "dev" / "bin" / "mypy", "--python-executable", PYTHON)
_OPENAPI_GENERATOR: Final = ("openapi-generator-cli", "generate", "-i", DOCUMENT, "-g")


@dataclass(frozen=True)
class Generator:
    """How a client is generated and compiled, both in its own folder, and which file plays the story with it."""

    generate: Sequence[str | Path]
    compile: Sequence[str | Path]
    story: str = ""


GENERATORS: Final = {
    "openapi-python-client": Generator(
        (
            "openapi-python-client",
            "generate",
            "--path",
            DOCUMENT,
            "--meta",
            "none",
            "--output-path",
            "backup_customers_client",
        ),
        (*_MYPY, "--config-file", HERE / "mypy.ini", "backup_customers_client", "story.py"),
        "openapi_python_client.py",
    ),
    "openapi-fetch": Generator(
        ("openapi-typescript", DOCUMENT, "--output", "client/schema.ts"), ("tsc",), "openapi_fetch.ts"
    ),
    "hey-api": Generator(
        ("openapi-ts", "--file", HERE / "openapi-ts.config.mjs", "--input", DOCUMENT), ("tsc",), "hey_api.ts"
    ),
    "openapi-generator-python": Generator(
        (*_OPENAPI_GENERATOR, "python", "-o", "."),
        (*_MYPY, "openapi_client", "story.py"),  # with the strictness of the generated pyproject.toml
        "openapi_generator_python.py",
    ),
    "openapi-generator-typescript-fetch": Generator(
        (*_OPENAPI_GENERATOR, "typescript-fetch", "--additional-properties", "importFileExtension=.js", "-o", "client"),
        ("tsc",),
    ),
}


def run(*command: str | Path, folder: Path, given: str = "") -> str:
    """Run a command in a folder and return its output. Raises AssertionError with the output if it fails."""
    environment = {
        "PATH": f"{PYTHON.parent}:{NODE_MODULES / '.bin'}:/usr/bin:/bin",
        "HOME": str(folder),
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, input=given, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def generate(name: str, folder: Path) -> None:
    """Generate a client and its story in an empty folder, and compile them."""
    generator = GENERATORS[name]
    shutil.copy(HERE / "tsconfig.json", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "node_modules").symlink_to(NODE_MODULES)
    run(*generator.generate, folder=folder)
    if generator.story:
        shutil.copy(HERE / "stories" / generator.story, folder / f"story{Path(generator.story).suffix}")
    run(*generator.compile, folder=folder)


def play(name: str, folder: Path, given: dict[str, str]) -> list[Any]:
    """Play the story with a generated client and return its steps."""
    command = (PYTHON, "story.py") if GENERATORS[name].story.endswith(".py") else ("node", "compiled/story.js")
    return [json.loads(line) for line in run(*command, folder=folder, given=json.dumps(given)).splitlines()]
