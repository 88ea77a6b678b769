"""One process as the kubelet sees it."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from deploy.sandbox.cluster.kubelet.process import Process
from tests.deploy.sandbox.cluster.conftest import eventually


@pytest.fixture(params=["told by the kernel", "asked for"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of learning of its end."""
    if request.param == "asked for":
        monkeypatch.delattr(os, "pidfd_open")


def start(folder: Path, code: str) -> Process:
    argv = [sys.executable, "-c", code]
    return Process("one", argv, dict(os.environ), folder / "log", folder / "port")


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [("pass", 0), ("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)],
)
@pytest.mark.usefixtures("way")
async def test_its_end_is_noticed_with_the_code_a_shell_would_show(
    tmp_path: Path, code: str, exit_code: int
):
    assert await start(tmp_path, code).ended() == exit_code


@pytest.mark.usefixtures("way")
async def test_it_can_be_stopped_more_than_once(tmp_path: Path):
    process = start(tmp_path, "import time; time.sleep(99)")
    await process.stop(60)
    await process.stop(60)
    assert await process.ended() == 128 + 15


async def test_what_it_started_goes_with_it(tmp_path: Path):
    code = "import subprocess; print(subprocess.Popen(['sleep', '99']).pid)"
    await start(tmp_path, code).ended()
    grandchild = int((tmp_path / "log").read_text())
    eventually(lambda: is_gone(grandchild), "the end of the grandchild")


def is_gone(pid: int) -> bool:
    """Ended, whether or not somebody has taken notice."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_its_port_is_what_it_says(tmp_path: Path):
    (tmp_path / "port").write_text("1")
    code = (
        "import os, time; open('written', 'w').write('4711'); "
        "os.replace('written', 'port'); time.sleep(99)"
    )
    process = start(tmp_path, code)
    assert await process.port() == 4711, "not what a process before it said"
    process.kill()
    await process.ended()
