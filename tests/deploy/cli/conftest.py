"""The `mendlog` command as a user calls it: in this process, or as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from deploy.cli.main import main

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
