"""Tests: the built package. A cold start compiles nothing and imports no heavy module."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore
import pytest

from local.lazy_init import make_lazy
from local.paths import PROJECT
from tests.architecture.helpers import FUNCTIONS
from tests.bench.starts import zipped

_IMPORT = """
import importlib.abc, json, sys
compiled = []
original = importlib.abc.InspectLoader.source_to_code
import _frozen_importlib_external as external
def source_to_code(self, data, path, **options):
    compiled.append(str(path))
    return original(data, path)
external.SourceLoader.source_to_code = source_to_code
sys.dont_write_bytecode = True
importlib.import_module(sys.argv[1])
inside = [m for m in sys.modules.values() if (getattr(m, "__file__", None) or "").startswith(sys.argv[2])]
import gc
collected = gc.isenabled() and gc.get_freeze_count() > 0
print(json.dumps({"compiled": compiled, "modules": sorted(sys.modules), "inside": len(inside), "gc": collected}))
"""


def cold_start(folder: Path, function: str) -> Any:
    """Import a function with only its package and the standard library, as the runtime does."""
    run = subprocess.run(
        [
            sys.executable,
            "-S",
            "-E",
            "-c",
            f"import sys; sys.path.insert(0, {str(folder)!r})\n{_IMPORT}",
            f"functions.{function}",
            str(folder),
        ],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_cold_start_compiles_nothing_and_imports_no_tracer(built: Path, function: str) -> None:
    found = cold_start(built / "Customers", function)
    assert found["compiled"] == []
    assert found["gc"], "the garbage collector must run after the start and ignore the objects of the start"
    assert found["inside"] > 50
    # Powertools imports its own thin Tracer module. The heavy part is the X-Ray SDK, which must be absent.
    assert not [
        module
        for module in found["modules"]
        if module.startswith(("aws_xray_sdk", "aws_lambda_powertools.utilities.idempotency"))
    ]


_ENDPOINTS = """
import json, os, sys
os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
endpoints = {}
for region in sys.argv[1:]:
    os.environ["AWS_DEFAULT_REGION"] = region
    import boto3
    boto3.setup_default_session()
    for service in ("cognito-idp", "dynamodb", "events", "sqs"):
        endpoints[f"{region} {service}"] = boto3.client(service).meta.endpoint_url
print(json.dumps(endpoints))
"""


def regions() -> dict[str, str]:
    """Return a region of each of botocore's partitions, by the partition's name, and its DNS suffix."""
    data = json.loads((Path(botocore.__file__).parent / "data" / "endpoints.json").read_text())
    return {next(iter(each["regions"])): each["dnsSuffix"] for each in data["partitions"] if each["regions"]}


def test_package_finds_the_services_of_every_partition(built: Path) -> None:
    """China and the European Sovereign Cloud have other hosts. Compared with botocore before it is pruned."""
    found = []
    for folder in (str(built / "Customers"), ""):
        run = subprocess.run(
            [sys.executable, "-c", _ENDPOINTS, *regions()],
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr[-2000:]
        found.append(json.loads(run.stdout))
    assert found[0] == found[1]
    assert len(regions()) >= 6
    for region, suffix in regions().items():
        # The variables of template.yaml: the region and AWS::URLSuffix.
        assert found[0][f"{region} cognito-idp"] == f"https://cognito-idp.{region}.{suffix}", region


def test_build_names_its_release_in_the_environment_of_every_function(built: Path) -> None:
    """Otherwise SAM would not publish a version if only a parameter changes, and the alias would use the old value."""
    assert "RELEASE: unset" in (PROJECT / "template.yaml").read_text()
    assert re.findall("RELEASE: .*", (built / "template.yaml").read_text()) == ['RELEASE: "local"']


def test_package_is_at_most_12_mb_zipped(built: Path) -> None:
    assert zipped(built / "Customers") <= 12


def test_package_contains_only_the_operations_that_shared_uses(built: Path) -> None:
    data = built / "Customers" / "botocore" / "data"
    models = {path.parent.parent.name: json.loads(path.read_text()) for path in data.glob("*/*/service-2.json")}
    assert {service: set(model["operations"]) for service, model in models.items()} == {
        "cognito-idp": {
            "AdminCreateUser", "AdminDeleteUser", "AdminDisableUser", "AdminEnableUser", "AdminGetUser",
            "AdminSetUserPassword", "AdminUserGlobalSignOut", "ListUsers",
        },
        "dynamodb": {"BatchGetItem", "Query", "TransactWriteItems", "UpdateItem"},
        "events": {"PutEvents"},
        "sqs": {"SendMessageBatch"},
    }  # fmt: skip


def test_every_packaged_module_is_compiled_with_an_unchecked_hash(built: Path) -> None:
    folder = built / "Customers"
    sources = [path for path in folder.rglob("*.py") if "lib2to3" not in path.parts]
    assert len(sources) > 500
    for source in sources:
        (compiled,) = (source.parent / "__pycache__").glob(f"{source.stem}.cpython-313.pyc")
        assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01, source  # an unchecked hash


def test_package_contains_no_tests_tools_or_local_paths(built: Path) -> None:
    folder = built / "Customers"
    assert {path.name for path in folder.iterdir()} >= {"functions", "shared", "botocore", "pydantic"}
    assert not {path.name for path in folder.iterdir()} & {"tests", "local", "moto", "pytest", "events"}
    for compiled in (folder / "shared").rglob("*.pyc"):
        assert str(folder.parents[2]).encode() not in compiled.read_bytes()


_NAMES = """
import importlib, json, pkgutil, sys
import warnings; warnings.simplefilter("ignore")
found = {}
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.iter_modules(package.__path__):  # a module must not hide a name that is exported
        importlib.import_module(f"{name}.{module.name}")
    exported = {each: getattr(package, each) for each in package.__all__}
    found[name] = {name: f"{each.__module__}.{each.__qualname__}" for name, each in exported.items()}
print(json.dumps(found))
"""


def test_powertools_imports_only_what_is_used_and_exports_every_name(built: Path) -> None:
    """Compared with Powertools before local/lazy_init.py."""
    found = []
    for folder in (str(built / "Customers"), ""):
        run = subprocess.run(
            [sys.executable, "-c", _NAMES, *lazy_packages()],
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr[-2000:]
        found.append(json.loads(run.stdout))
    assert found[0] == found[1]
    modules = set(cold_start(built / "Customers", "customers")["modules"])
    assert not {"asyncio", "email_validator", "aws_lambda_powertools.event_handler.appsync"} & modules


def lazy_packages() -> list[str]:
    """Return the packages that the Makefile makes lazy."""
    found = re.search("^LAZY := (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert found
    return found[1].split()


@pytest.mark.parametrize("source", ["from x import *", "from x import y as z", "import x", "print()", "x: int = 1"])
def test_other_code_is_not_made_lazy(source: str) -> None:
    with pytest.raises(ValueError, match=re.escape(source)):
        make_lazy(source)
