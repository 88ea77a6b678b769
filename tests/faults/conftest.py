"""Seeds for tests of chance, where a failure says how to repeat it; what waits for `make soak`; and
what the executor's worlds stand on."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from deploy.sandbox.cluster.handle import Cluster
from tests.faults.executor_verbs import FlagHouse, flag_house

SEEDS = tuple(int(seed) for seed in os.environ.get("MENDLOG_SEEDS", "1").split(","))
FELL = "where the kill fell"
"""Told by a test of chance of each of its kills; added up at the end."""
SOAK = os.environ.get("MENDLOG_SOAK") == "1"
LONGEST = "test_soak_runs"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", SEEDS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long is left out, unless somebody has the time; what takes longest begins first,
    and the others are done beside it."""
    items.sort(key=lambda item: item.path.stem != LONGEST)
    long = [] if SOAK else [item for item in items if item.get_closest_marker("soak")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    outcome = yield
    report = outcome.get_result()
    callspec = getattr(item, "callspec", None)
    if report.failed and callspec and "seed" in callspec.params:
        test = item.nodeid.split("[")[0]
        seed = callspec.params["seed"]
        report.sections.append(("repeat with", f"MENDLOG_SEEDS={seed} pytest '{test}'"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for of_kind in terminalreporter.stats.values() for r in of_kind]
    calls = [r for r in reports if getattr(r, "when", "") == "call"]
    fell = Counter(found for r in calls for name, found in r.user_properties if name == FELL)
    if fell:
        told = ", ".join(f"{count} {moment}" for moment, count in fell.most_common())
        terminalreporter.write_line(f"killed at any moment: {told}")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest_asyncio.fixture
async def house() -> AsyncIterator[FlagHouse]:
    async with flag_house() as made:
        yield made
