import contextlib
import fcntl
import io
import os
import re
import signal
import ssl
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
import hypothesis
import moto
import pytest
import yaml

from local.deploy import build, deploy
from local.ministack import Ministack, free_port, running
from local.paths import BUILD, PROJECT
from local.run import make_stack
from local.seed import access_token
from shared.aws import clients
from shared.aws.observability import log
from shared.table.dynamodb import DynamoStore
from tests.builders import bootstrap_in
from tests.memory_store import MemoryStore

hypothesis.settings.register_profile("untimed", deadline=None)  # generous, so that no test fails on a busy machine
hypothesis.settings.load_profile("untimed")


class _Tags(yaml.SafeLoader):
    """Loads CloudFormation's short forms, such as !Ref, as plain data."""


_Tags.add_multi_constructor("!", lambda loader, tag, node: {tag: _value(loader, node)})


def _value(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]


SLOW_FIXTURES = {"built", "stack", "ministack", "ministack_store", "open_browser"}


# The files that take longest, longest first. A worker that gets one of them last is alone at the end.
LONGEST = (
    "stack/test_races.py", "console/test_every_page.py", "console/test_nothing_is_lost.py",
    "simulation/test_simulation.py", "console/test_accounts.py", "console/test_guide.py",
    "architecture/test_permissions.py", "console/test_large_level.py", "contract/test_contract.py",
    "console/test_import.py", "console/test_session.py", "stack/test_background.py", "stack/test_sign_in.py",
    "stack/test_story.py", "stack/test_rotation.py", "stack/test_restored_table.py", "stack/test_request_counts.py",
)  # fmt: skip
PLACES = {PROJECT / "tests" / name: place for place, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests as slow that build the functions, start ministack or open a browser. Begin with the longest files.

    The coverage of a test on ministack is not measured: most of its code runs in other processes, and the rest would
    take nearly twice as long. The other tests cover what `make test` requires.
    """
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("ministack"):
            item.add_marker(pytest.mark.untraced)
    items.sort(key=lambda item: PLACES.get(item.path, len(PLACES)))  # a sort keeps the order within a file


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Measure no coverage while a test runs that is marked as untraced. pytest-cov's no_cover ignores -n."""
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    if not item.get_closest_marker("untraced"):
        return (yield)
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
        threading.settrace(of_threads)  # type: ignore[arg-type]


# E-mail addresses, tokens, and the names of customers and people in the tests.
PERSONAL = re.compile(
    r"@|eyJ[\w-]{10}|Aa1-|Ada|Person|Nordic|A (distributor|sub_distributor|reseller|end_customer|site)\b"
)


@pytest.fixture(autouse=True)
def nothing_personal_is_logged(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Check in every test that no log line and no metric contains anything personal."""
    stream = io.StringIO()
    log.setLevel("INFO")  # a simulation in this process may have silenced it
    monkeypatch.setattr(log.registered_handler, "stream", stream)
    yield
    logged = stream.getvalue() + capsys.readouterr().out
    found = PERSONAL.search(logged)
    assert found is None, f"{found} was logged"


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """The parsed template.yaml."""
    loaded: dict[str, Any] = yaml.load((PROJECT / "template.yaml").read_text(), Loader=_Tags)  # noqa: S506
    return loaded


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def store(memory: MemoryStore) -> MemoryStore:
    """An in-memory store with the records of a new system."""
    bootstrap_in(memory)
    return memory


def _create_table(client: Any, template: dict[str, Any]) -> str:
    """Create the table of template.yaml under a unique name, and return the name."""
    properties = template["Resources"]["Table"]["Properties"]
    name = f"table-{uuid.uuid4().hex[:12]}"
    names = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    client.create_table(TableName=name, **{key: properties[key] for key in names})
    return name


@pytest.fixture
def moto_store(template: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoStore]:
    """A store on moto, and the environment of a function that uses it."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    with moto.mock_aws():
        client = clients.client("dynamodb")
        name = _create_table(client, template)
        monkeypatch.setenv("TABLE_NAME", name)
        yield DynamoStore(client, name)


@pytest.fixture
def moto_user_pool(moto_store: DynamoStore, monkeypatch: pytest.MonkeyPatch) -> str:
    """A user pool on moto, in the environment of a function. It is slow because it generates keys."""
    pool: str = boto3.client("cognito-idp").create_user_pool(PoolName="pool", AliasAttributes=["email"])["UserPool"][
        "Id"
    ]
    monkeypatch.setenv("USER_POOL_ID", pool)
    return pool


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    directory: Path = tmp_path_factory.mktemp("ministack")
    with running(directory, free_port()) as started:
        yield started


@pytest.fixture
def ministack_store(ministack: Ministack, template: dict[str, Any]) -> Iterator[DynamoStore]:
    client = ministack.client("dynamodb")
    name = _create_table(client, template)
    yield DynamoStore(client, name)
    with contextlib.suppress(Exception):
        client.delete_table(TableName=name)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Path:
    """The folder of the functions, built by SAM for this machine's architecture, once for all test workers."""
    done = tmp_path_factory.getbasetemp().parent / f"built-{testrun_uid}"
    with done.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            build()
            done.touch()
    return BUILD


def eventually(check: Callable[[], Any], *, seconds: float = 600) -> Any:
    """Call `check` until it returns a true value, and return that. The limit is generous, for busy machines."""
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, f"the condition is still false after {seconds} seconds"
        time.sleep(0.2)
    return found


TLS = ssl.create_default_context()  # for all clients, because each would need a tenth of a second to create its own
TOKEN_SECONDS = 300  # a token expires after 900 seconds, and a busy machine may need longer for all tests


@dataclass
class RunningStack:
    """The template deployed on ministack, with the root customer and its first account."""

    ministack: Ministack
    stack: dict[str, Any]
    directory: Path
    token_from: float = field(default_factory=time.monotonic)

    @property
    def token(self) -> str:
        """Return an access token of the root's first account."""
        if time.monotonic() > self.token_from + TOKEN_SECONDS:
            root = self.stack["accounts"]["root"]
            cognito = self.ministack.client("cognito-idp")
            self.stack["tokens"]["root"] = access_token(cognito, self.stack["client_id"], root["id"], root["password"])
            self.token_from = time.monotonic()
        token: str = self.stack["tokens"]["root"]
        return token

    def logged_lines(self) -> list[str]:
        """Return every line that the functions logged."""
        logs = self.ministack.client("logs")
        return [
            event["message"]
            for group in logs.describe_log_groups()["logGroups"]
            for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        ]

    def call(self, method: str, path: str, *, token: str | None = None, **request: Any) -> httpx.Response:
        """Send a request with the root's token or with another one. An empty text sends none."""
        bearer = self.token if token is None else token
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        transport = httpx.HTTPTransport(retries=5, verify=TLS)  # retries to connect
        with httpx.Client(transport=transport, timeout=120) as client:
            return client.request(
                method, self.stack["url"] + path, headers={**headers, **request.pop("headers", {})}, **request
            )


@pytest.fixture(scope="session")
def stack(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The running stack. Unlike `make run` it enforces permissions, and distributes schedule runs over the queue."""
    assert built.is_dir()
    directory = tmp_path_factory.mktemp("stack")
    with running(directory, free_port(), ask_permission=True) as started:
        outputs = deploy(started, directory / "clock", parameters={"FanOut": "true"})
        deployed = RunningStack(started, make_stack(started, outputs, earlier={}), directory)
        start_mails(started, outputs["UserPoolId"])
        yield deployed
        # After all tests on this stack: no function has logged anything personal.
        assert [line for line in deployed.logged_lines() if PERSONAL.search(line)] == []


def start_mails(ministack: Ministack, pool_id: str) -> None:
    """Start the function that writes the mails. A user pool gives it 5 seconds, which its first start can exceed.

    Without a mail, an invitation is tried again, and a try that ends late makes a password invalid that a test has set.
    """
    cognito, functions = ministack.client("cognito-idp"), ministack.client("lambda")
    pool = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    event = (PROJECT / "events" / "write_mail.json").read_bytes()
    answer = functions.invoke(FunctionName=pool["LambdaConfig"]["CustomMessage"], Payload=event)
    assert "emailMessage" in answer["Payload"].read().decode()


def kill_workers(ministack: Ministack) -> int:
    """Kill every process in which ministack runs a function. Return how many."""
    task = Path(f"/proc/{ministack.process.pid}/task")
    children = [int(child) for each in task.glob("*/children") for child in each.read_text().split()]
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    return len(children)
