"""`mendlog up` as a user starts it, and what is left when it has ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

MENDLOG = (sys.executable, "-m", "deploy.cli.main")
STARTED_S = 60.0


def leaves_nothing_behind(data: Path, number: signal.Signals) -> None:
    """Once it runs it is sent that signal."""
    process = subprocess.Popen(
        [*MENDLOG, "up", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        printed = _until_running(process)
        for name in ("kafka", "cluster API", "gateway"):
            assert name in printed
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 6, "broker, cluster, and four of ours"
        process.send_signal(number)
        assert process.wait(60) == (0 if number is not signal.SIGKILL else -number)
        _, left = psutil.wait_procs(children, timeout=60)
        assert not left
    finally:
        process.kill()
        process.wait()


def _until_running(up: subprocess.Popen[str]) -> str:
    assert up.stdout is not None
    printed, deadline = "", time.monotonic() + STARTED_S
    for line in up.stdout:
        printed += line
        if line.startswith("running"):
            return printed
        assert time.monotonic() < deadline, printed
    raise AssertionError(f"`mendlog up` ended:\n{printed}")
