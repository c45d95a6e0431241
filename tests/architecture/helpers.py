"""Helpers of the architecture tests."""

from typing import Any, Final

from local.paths import PROJECT

README: Final = (PROJECT / "README.md").read_text()
FUNCTIONS: Final = sorted(path.stem for path in (PROJECT / "functions").glob("[a-z]*.py"))

# The recorded calls of functions: a function's name and its requests to AWS, as service, operation and parameters.
Recorded = list[tuple[str, list[tuple[str, str, Any]]]]


def camel(name: str) -> str:
    """Return the function's name in the template, such as `EndTrials` for `end_trials`."""
    return "".join(word.title() for word in name.split("_"))
