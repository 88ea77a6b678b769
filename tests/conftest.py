"""What every test may ask for: a real broker and control plane, programs that PyPI lacks."""

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog

from deploy.sandbox.broker_settings import BACK_SOON
from deploy.sandbox.control_plane import build
from deploy.sandbox.control_plane.handle import ControlPlane
from deploy.sandbox.control_plane.parts import Layout
from deploy.sandbox.kafka import Kafka
from tests.examples import choose_examples

choose_examples()

MISSING = pytest.StashKey[Counter[str]]()


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command that a test runs in this process says how and from which level on to log."""
    ours, root = structlog.get_config(), logging.getLogger()
    level, handlers = root.level, root.handlers.copy()
    yield
    structlog.configure(**ours)
    root.setLevel(level)
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker for all tests that leave it running; they choose topic names of their own."""
    # It is not started again, so that its session may outlast what a busy machine does to it.
    patient = {"broker.session.timeout.ms": 60_000}
    with Kafka(tmp_path_factory.mktemp("kafka"), settings=patient) as broker:
        yield broker


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Callable[..., Kafka]]:
    """Starts brokers that the test may kill, stop or pause; arguments are those of `Kafka`."""
    number = count()
    with ExitStack() as afterwards:

        def start(settings: Mapping[str, str | int] | None = None, **options: Any) -> Kafka:
            soon = {**BACK_SOON, **(settings or {})}
            broker = Kafka(tmp_path / f"kafka-{next(number)}", settings=soon, **options)
            afterwards.callback(broker.kill)
            broker.start()
            return broker

        yield start


@pytest.fixture(scope="session")
def kubernetes() -> Path:
    """The folder of its programs. Building them takes minutes, for which no test waits."""
    if not build.is_current(build.control_plane(), build.folder()):
        pytest.fail("not built yet; make test-cluster builds it and runs this")
    return build.folder()


@pytest.fixture(scope="session")
def control_plane(
    tmp_path_factory: pytest.TempPathFactory, kubernetes: Path
) -> Iterator[ControlPlane]:
    """One for all tests marked `control_plane`; they choose namespaces of their own."""
    layout = Layout.choose(tmp_path_factory.mktemp("control-plane"), kubernetes)
    with ControlPlane(layout) as plane:
        yield plane


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-tools",
        action="store_true",
        help="a program that a test needs and this machine lacks is an error, not a skip",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[MISSING] = Counter()


def pytest_runtest_setup(item: pytest.Item) -> None:
    needed = [tool for marker in item.iter_markers("needs") for tool in marker.args]
    missing = [tool for tool in needed if shutil.which(tool) is None]
    if not missing:
        return
    item.config.stash[MISSING].update(missing)
    verdict = pytest.fail if item.config.getoption("--require-tools") else pytest.skip
    verdict(f"needs {', '.join(missing)}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    missing = config.stash[MISSING]
    if missing:
        tools = ", ".join(f"{tool} ({count})" for tool, count in sorted(missing.items()))
        terminalreporter.write_line(f"not run for want of a program: {tools}", yellow=True)
