"""What the architecture tests share."""

from typing import Any

from local.paths import PROJECT

README = (PROJECT / "README.md").read_text()


# The calls of functions: a function's name, and what it requested of AWS: service, operation, request.
Noted = list[tuple[str, list[tuple[str, str, Any]]]]
