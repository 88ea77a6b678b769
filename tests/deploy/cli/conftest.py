"""The `mendlog` command as a user calls it: in this process, or as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from deploy.cli.main import main
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import stop_all

if TYPE_CHECKING:
    from tests.deploy.cli.shop import Shop

Mendlog = Callable[..., "Done"]


@dataclass(frozen=True, slots=True)
class Done:
    exit_code: int
    out: str
    err: str


@pytest.fixture
def mendlog(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Mendlog:
    """Runs it here, with no setting but those given; standard output is no terminal."""
    for name in [name for name in os.environ if name.startswith("MENDLOG_")]:
        monkeypatch.delenv(name)

    def call(*arguments: str, **settings: str) -> Done:
        for name, value in settings.items():
            monkeypatch.setenv(f"MENDLOG_{name}", value)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capsys.readouterr()
        return Done(ended.value.code or 0, captured.out, captured.err)  # type: ignore[arg-type]

    return call


@pytest.fixture(scope="package")
def shop(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Shop"]:
    """A processor that all of these tests share; each has an incident of its own."""
    from tests.deploy.cli.shop import Shop

    made = Shop(kafka, tmp_path_factory.mktemp("shop"))
    try:
        made.open()
        yield made
    finally:
        stop_all(made.platform.children)


def process(*arguments: str, **environment: str) -> Done:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MENDLOG_")}
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", *arguments],
        env={**env, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
