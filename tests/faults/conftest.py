"""Seeds for tests of chance, where a failure says how to repeat it; what waits for `make soak`; and
what the executor's worlds stand on."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
import pytest_asyncio

from deploy.sandbox.cluster.handle import Cluster
from tests.faults.executor_verbs import FlagHouse, flag_house
from tests.faults.prepared import end_interpreters

SEEDS = tuple(int(seed) for seed in os.environ.get("MENDLOG_SEEDS", "1,2").split(","))
FELL = "where the kill fell"
"""Told by a test of chance of each of its kills; added up at the end."""
SOAK = os.environ.get("MENDLOG_SOAK") == "1"
HANGS_S = 300
"""A test that takes longer does; many wait for several things, each for `waits.WITHIN_S`."""
LONGEST = (
    "test_every_action_killed",
    "test_soak_runs",
    "test_stack_storm",
    "test_host_rebalance",
    "test_incident_kills",
    "test_simulation",
    "test_clock_stack",
    "test_poison_stack",
    "test_stack_broker",
    "test_host_tombstones",
)
"""Of the files; each is one process's from its first test to its last."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", SEEDS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long is left out, unless somebody has the time, who then has no use for files that
    would do the same again. What takes longest begins first, and the others are done beside it."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(HANGS_S))
    order = {stem: number for number, stem in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))
    wanted = _of_soak(items) if SOAK else [i for i in items if not i.get_closest_marker("soak")]
    if len(wanted) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
        items[:] = wanted


def _of_soak(items: list[pytest.Item]) -> list[pytest.Item]:
    """Whole files: some tests go on where the one before them has ended."""
    files = {i.path for i in items if i.get_closest_marker("soak") or "seed" in _parameters(i)}
    return [item for item in items if item.path in files]


def _parameters(item: pytest.Item) -> Mapping[str, object]:
    callspec = getattr(item, "callspec", None)
    return callspec.params if callspec else {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    outcome = yield
    report = outcome.get_result()
    parameters = _parameters(item)
    if report.failed and "seed" in parameters:
        test, seed = item.nodeid.split("[")[0], parameters["seed"]
        report.sections.append(("repeat with", f"MENDLOG_SEEDS={seed} pytest '{test}'"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for of_kind in terminalreporter.stats.values() for r in of_kind]
    calls = [r for r in reports if getattr(r, "when", "") == "call"]
    fell = Counter(found for r in calls for name, found in r.user_properties if name == FELL)
    if fell:
        told = ", ".join(f"{count} {moment}" for moment, count in fell.most_common())
        terminalreporter.write_line(f"killed at any moment: {told}")


@pytest.fixture(scope="session", autouse=True)
def interpreters() -> Iterator[None]:
    yield
    end_interpreters()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest_asyncio.fixture
async def house() -> AsyncIterator[FlagHouse]:
    async with flag_house() as made:
        yield made
