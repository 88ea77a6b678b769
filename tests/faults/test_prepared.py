"""What is forked from an interpreter is a process of its own, and is gone when that is."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.sandbox.processes import Child, wait_until
from tests.deploy.sandbox.gone import await_gone
from tests.faults.prepared import prepared
from tests.source import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is prepared")

IMPORTED = ("wave",)
FOREVER = "import time\nprint('ready', flush=True)\nwhile True: time.sleep(0.05)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FOREVER
OF_ITS_OWN = (
    "import os, sys\n"
    "print(sys.argv[2:], os.getcwd(), 'wave' in sys.modules, dict(os.environ))\n"
    "print(os.getpgid(0) == os.getpid(), os.read(0, 1), os.listdir('/proc/self/fd'))\n"
    "sys.exit(7)"
)
STARTS_ONE = """import os, signal, sys
from pathlib import Path
from tests.faults.test_prepared import FOREVER, running
one = running(Path(sys.argv[2]), FOREVER)
print(one.pid, 'started', flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def running(folder: Path, code: str, *arguments: str) -> Child:
    argv = ("tests.faults.test_prepared", code, *arguments)
    log_file = folder / "child.log"
    one = prepared("child", argv, IMPORTED, log_file=log_file, env={"ONLY": "this"})
    one.start()
    return one


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def start(code: str, *arguments: str) -> Child:
        children.append(running(tmp_path, code, *arguments))
        return children[-1]

    yield start
    for one in children:
        one.kill()


def until_ready(one: Child) -> None:
    wait_until(lambda: "ready" in one.log_tail(), timeout_s=30, what="its word", child=one)


def test_arguments_environment_group_log_and_exit_code_are_its_own(child) -> None:
    one = child(OF_ITS_OWN, "a", "b c")
    wait_until(lambda: not one.alive, timeout_s=30, what="its end")
    first, second = one.log_tail().splitlines()
    assert first == f"['a', 'b c'] {ROOT} True {{'ONLY': 'this'}}"
    assert second == "True b'' ['0', '1', '2', '3']", "3 is the folder that it reads"
    assert one.exit_code == 7


def test_one_that_fails_says_where(child) -> None:
    one = child("1 / 0")
    wait_until(lambda: not one.alive, timeout_s=30, what="its end")
    assert one.exit_code == 1
    assert one.log_tail().endswith("ZeroDivisionError: division by zero")


def test_two_live_beside_each_other_and_end_as_they_are_told(child) -> None:
    polite, deaf = child(FOREVER), child(DEAF)
    until_ready(polite)
    wait_until(lambda: deaf.log_tail().count("ready") == 2, timeout_s=30, what="both")
    polite.stop(grace_s=30)
    assert polite.exit_code == -signal.SIGTERM
    deaf.stop(grace_s=0.1)
    assert deaf.exit_code == -signal.SIGKILL


def test_a_paused_one_stands_still_until_it_is_resumed(child) -> None:
    one = child(FOREVER)
    until_ready(one)
    state = psutil.Process(one.pid).status
    one.pause()
    wait_until(lambda: state() == psutil.STATUS_STOPPED, timeout_s=30, what="it to stand still")
    assert one.alive
    one.resume()
    wait_until(lambda: state() == psutil.STATUS_SLEEPING, timeout_s=30, what="it to go on")


def test_none_is_left_of_a_test_run_that_was_killed(tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", STARTS_ONE, "", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    await_gone(int(killed.stdout.split()[0]))


if __name__ == "__main__":
    exec(sys.argv[1])
