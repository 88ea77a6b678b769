"""Seeds for tests of chance; a failure says how to repeat it."""

import os

import pytest

SEEDS = tuple(int(seed) for seed in os.environ.get("MENDLOG_SEEDS", "1").split(","))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", SEEDS)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    outcome = yield
    report = outcome.get_result()
    callspec = getattr(item, "callspec", None)
    if report.failed and callspec and "seed" in callspec.params:
        test = item.nodeid.split("[")[0]
        seed = callspec.params["seed"]
        report.sections.append(("repeat with", f"MENDLOG_SEEDS={seed} pytest '{test}'"))
