"""Remove the data of boto3 and botocore that the functions do not use, so that a cold start reads less.

    python -m local.prune_botocore FOLDER SERVICE ...

It removes every other service, the operations that no module of shared/ calls, and the documentation.
"""

import gzip
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any, Final

from local.paths import PROJECT

# The files of a service's folder that a client reads.
_READ: Final = ("service-2.json", "endpoint-rule-set-1.json")


def prune(folder: Path, services: list[str]) -> None:
    shutil.rmtree(folder / "boto3" / "data")  # data of boto3's resources, which are not used
    data = folder / "botocore" / "data"
    for other in data.iterdir():
        if other.is_dir() and other.name not in services:
            shutil.rmtree(other)
    endpoints = _read(data / "endpoints.json")
    for partition in endpoints["partitions"]:
        # A partition may lack a service. botocore then uses the partition's defaults.
        partition["services"] = {name: each for name, each in partition["services"].items() if name in services}
    _write(data / "endpoints.json", endpoints)
    for service in services:
        *older, newest = sorted((data / service).iterdir())
        for version in older:
            shutil.rmtree(version)
        for file in newest.iterdir():
            name = file.name.removesuffix(".gz")
            content = _read(file) if name in _READ else None
            file.unlink()
            if name == "service-2.json":
                content = _with_operations(_undocumented(content), _operations_in_use())
            if content is not None:
                _write(newest / name, content)


def _operations_in_use() -> set[str]:
    """Return the operations that shared/ calls on its clients: `batch_get_item` -> `batchgetitem`."""
    sources = [path.read_text(encoding="utf-8") for path in (PROJECT / "shared").rglob("*.py")]
    return {name.replace("_", "") for source in sources for name in re.findall(r"_client\.([a-z_]+)", source)}


def _with_operations(model: Any, names: set[str]) -> Any:
    """Return a service's model with only these operations and the shapes that they use."""
    operations = {name: each for name, each in model["operations"].items() if name.lower() in names}
    shapes: dict[str, Any] = {}
    ahead = _shapes_in(operations)
    while ahead:
        shapes |= {name: model["shapes"][name] for name in ahead}
        ahead = _shapes_in([model["shapes"][name] for name in ahead]) - set(shapes)
    return {**model, "operations": operations, "shapes": shapes}


def _shapes_in(content: Any) -> set[str]:
    if isinstance(content, dict):
        named = {content["shape"]} if isinstance(content.get("shape"), str) else set()
        return named.union(*map(_shapes_in, content.values()))
    return set().union(*map(_shapes_in, content)) if isinstance(content, list) else set()


def _read(file: Path) -> Any:
    content = file.read_bytes()
    return json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)


def _write(file: Path, content: Any) -> None:
    file.unlink(missing_ok=True)  # it may be a hard link into uv's cache, which must not change
    file.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def _undocumented(content: Any) -> Any:
    """Remove the documentation texts. A member of a shape that is named `documentation` is not a text, and remains."""
    if isinstance(content, dict):
        return {
            name: _undocumented(inner)
            for name, inner in content.items()
            if not (name == "documentation" and isinstance(inner, str))
        }
    return [_undocumented(inner) for inner in content] if isinstance(content, list) else content


if __name__ == "__main__":
    prune(Path(sys.argv[1]), sys.argv[2:])
