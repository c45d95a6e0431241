"""Rewrite the `__init__` of a package so that it imports a module when one of its names is first used.

    python -m local.lazy_init FOLDER PACKAGE ...

Powertools imports every kind of event and resolver with its package, of which a function uses one. It accepts only an
`__init__` of imports, constants and a docstring, and raises ValueError for any other.
"""

import ast
import sys
from pathlib import Path
from typing import Final

_LAZY: Final = """{kept}

_MODULES = {modules!r}


def __getattr__(name):
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    value = globals()[name] = getattr(import_module(_MODULES[name], __name__), name)
    return value
"""


def make_lazy(source: str) -> str:
    """Return the source of an `__init__` that imports the same names lazily."""
    modules: dict[str, str] = {}
    kept: list[ast.stmt] = []
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.ImportFrom) and statement.module != "__future__":
            module = "." * statement.level + (statement.module or "")
            for name in statement.names:
                if name.asname or name.name == "*":
                    raise ValueError(ast.unparse(statement))
                if module.rpartition(".")[2] == name.name:  # the module would take the place of its own name
                    kept.append(statement)
                else:
                    modules[name.name] = module
        elif isinstance(statement, ast.Assign | ast.ImportFrom) or (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        ):
            kept.append(statement)
        else:
            raise ValueError(ast.unparse(statement))
    return _LAZY.format(kept="\n".join(map(ast.unparse, kept)), modules=modules)


def main() -> None:
    folder, *packages = sys.argv[1:]
    for package in packages:
        file = Path(folder, *package.split("."), "__init__.py")
        source = file.read_text(encoding="utf-8")
        file.unlink()  # it may be a hard link into uv's cache, which must not change
        file.write_text(make_lazy(source), encoding="utf-8")


if __name__ == "__main__":
    main()
