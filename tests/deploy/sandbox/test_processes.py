"""Children: they obey, they say why they failed, and none is left when its parent is gone."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.sandbox.processes import Child, ChildFailed, stop_all, wait_until
from tests.deploy.sandbox.gone import await_gone

# Short sleeps: a signal that comes just before a long one is handled only after it.
FOREVER = "import time\nprint('ready', flush=True)\nwhile True: time.sleep(0.05)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FOREVER
POLITE = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n" + FOREVER


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[[str], Child]]:
    """A running Python child that has printed its first word."""
    children: list[Child] = []

    def start(code: str) -> Child:
        log_file = tmp_path / f"child-{len(children)}.log"
        children.append(Child("child", [sys.executable, "-c", code], log_file=log_file))
        children[-1].start()
        await_line(children[-1], "ready")
        return children[-1]

    yield start
    for one in children:
        one.kill()


def await_line(one: Child, text: str) -> None:
    wait_until(lambda: text in one.log_tail(), timeout_s=30, what=f"{text!r}", child=one)


def test_a_stopped_child_may_end_in_its_own_way(child) -> None:
    polite = child(POLITE)
    polite.stop(grace_s=30)
    assert polite.exit_code == 7


def test_a_child_that_does_not_listen_is_killed_after_its_grace(child) -> None:
    deaf = child(DEAF)
    deaf.stop(grace_s=0.1)
    assert deaf.exit_code == -signal.SIGKILL


def test_a_paused_child_can_be_stopped(child) -> None:
    polite = child(POLITE)
    polite.pause()
    polite.stop(grace_s=30)
    assert polite.exit_code == 7


def test_a_paused_child_stands_still_until_it_is_resumed(child) -> None:
    one = child(FOREVER)
    state = psutil.Process(one.pid).status
    one.pause()
    wait_until(lambda: state() == psutil.STATUS_STOPPED, timeout_s=30, what="it to stand still")
    assert one.alive
    one.resume()
    wait_until(lambda: state() == psutil.STATUS_SLEEPING, timeout_s=30, what="it to go on")


def test_killing_takes_the_group_along(child) -> None:
    spawner = child(
        "import subprocess, sys\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(inner.pid, 'ready', flush=True)\n"
        "inner.wait()"
    )
    inner_pid = int(spawner.log_tail().split()[0])
    spawner.kill()
    assert not spawner.alive
    await_gone(inner_pid)


def test_stop_and_kill_are_harmless_twice_and_before_the_start(tmp_path: Path) -> None:
    one = Child("never", ["true"], log_file=tmp_path / "log")
    one.stop()
    one.kill()
    one.run(timeout_s=30)
    one.stop()
    one.kill()
    assert one.exit_code == 0


def test_a_child_can_be_started_again_and_keeps_its_log(tmp_path: Path) -> None:
    one = Child("echo", ["echo", "line"], log_file=tmp_path / "deep" / "log")
    one.run(timeout_s=30)
    one.run(timeout_s=30)
    assert one.log_tail() == "line\nline"
    assert one.log_tail(1) == "line"


def test_environment_and_folder_are_those_given(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import os; print(os.getcwd(), os.environ.get('HOME'))"]
    one = Child("where", argv, log_file=tmp_path / "log", env={"HOME": "/elsewhere"}, cwd=tmp_path)
    one.run(timeout_s=30)
    assert one.log_tail() == f"{tmp_path} /elsewhere"


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match=r"ghost cannot be started.*no-such-program"):
        Child("ghost", ["no-such-program"], log_file=tmp_path / "log").start()


def test_a_tool_that_fails_is_quoted(tmp_path: Path) -> None:
    tool = Child("tool", ["sh", "-c", "echo wrong page; exit 3"], log_file=tmp_path / "log")
    with pytest.raises(ChildFailed, match=r"(?s)tool ended with 3.*wrong page"):
        tool.run(timeout_s=30)


def test_a_tool_that_hangs_is_killed(tmp_path: Path) -> None:
    tool = Child("tool", ["sleep", "600"], log_file=tmp_path / "log")
    with pytest.raises(ChildFailed, match=r"waited 0.1 s for tool to end"):
        tool.run(timeout_s=0.1)
    assert tool.exit_code == -signal.SIGKILL


def test_waiting_ends_at_once_when_the_child_has_ended(tmp_path: Path) -> None:
    one = Child("brief", ["sh", "-c", "echo out of luck"], log_file=tmp_path / "log")
    one.start()
    with pytest.raises(ChildFailed, match=r"(?s)brief ended with 0.*out of luck"):
        wait_until(lambda: False, timeout_s=600, what="the impossible", child=one)


def test_waiting_too_long_quotes_the_log(child) -> None:
    with pytest.raises(ChildFailed, match=r"(?s)waited 0.1 s for the impossible.*ready"):
        wait_until(lambda: False, timeout_s=0.1, what="the impossible", child=child(FOREVER))


def test_children_are_stopped_last_first(child, tmp_path: Path) -> None:
    note = "signal.signal(signal.SIGTERM, lambda *_: (print('{}', file=open('{}', 'a')), exit()))\n"
    ended = tmp_path / "ended"
    names = ("first", "second", "third")
    children = [child("import signal\n" + note.format(name, ended) + FOREVER) for name in names]
    stop_all(children, grace_s=60)
    assert ended.read_text().split() == ["third", "second", "first"]


def test_a_child_outlives_the_thread_that_started_it(child) -> None:
    started: list[Child] = []
    worker = threading.Thread(target=lambda: started.append(child(POLITE)))
    worker.start()
    worker.join()
    started[0].stop(grace_s=30)  # its own answer, not the SIGKILL that a parent's death brings
    assert started[0].exit_code == 7


PARENT = """
import sys
from pathlib import Path
from deploy.sandbox.processes import Child
child = Child("orphan-to-be", ["sleep", "600"], log_file=Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
{then}
"""


def parent(tmp_path: Path, then: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", PARENT.format(then=then), str(tmp_path / "log")]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_no_child_survives_a_killed_parent(tmp_path: Path) -> None:
    with parent(tmp_path, "import time; time.sleep(600)") as process:
        pid = int(process.stdout.readline())
        assert psutil.pid_exists(pid)
        process.kill()
    await_gone(pid)


@pytest.mark.parametrize("then", ["", "raise RuntimeError", "sys.exit(3)"])
def test_no_child_survives_a_parent_that_ends(tmp_path: Path, then: str) -> None:
    with parent(tmp_path, then) as process:
        pid = int(process.stdout.readline())
    await_gone(pid)


def test_ctrl_c_at_the_terminal_does_not_reach_a_child(child) -> None:
    assert os.getpgid(child(FOREVER).pid) != os.getpgid(0)
