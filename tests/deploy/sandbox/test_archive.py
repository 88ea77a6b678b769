"""The start-up archive: made once, made anew when Java or a jar changes, never in the way."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from deploy.sandbox.archive import CLASSES_ONLY, KEPT_MAX, with_archive
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.java import Java, Jvm, find_java
from deploy.sandbox.progress import Quiet


class Recorder:
    """Does as Java does at the end of a recording run."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, recording: Jvm, plain: Jvm) -> None:
        self.runs += 1
        [flag] = set(recording.flags) - set(plain.flags)
        Path(flag.removeprefix("-XX:AOTCacheOutput=")).write_text("archive")


@pytest.fixture
def archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "mendlog" / "archives"


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    path = tmp_path / "one.jar"
    path.touch()
    return path


def jvm(jar: Path, version: str = "25.0.2") -> Jvm:
    return Jvm(Java(Path(sys.executable), version), (jar,), ("-Xmx384m",))


def test_it_is_recorded_once(archives: Path, jar: Path) -> None:
    recorder = Recorder()
    first = with_archive(jvm(jar), recorder, Quiet())
    assert with_archive(jvm(jar), recorder, Quiet()) == first
    assert recorder.runs == 1
    [archive] = archives.glob("*.aot")
    assert first.flags == ("-Xmx384m", *CLASSES_ONLY, f"-XX:AOTCache={archive}")


def test_a_changed_jar_wants_another(archives: Path, jar: Path) -> None:
    recorder = Recorder()
    with_archive(jvm(jar), recorder, Quiet())
    jar.write_text("changed")
    with_archive(jvm(jar), recorder, Quiet())
    assert recorder.runs == 2


def test_only_the_newest_are_kept(archives: Path, jar: Path) -> None:
    for number in range(KEPT_MAX + 2):
        jar.write_text("x" * number)
        newest = with_archive(jvm(jar), Recorder(), Quiet())
    assert len(list(archives.glob("*.aot"))) == KEPT_MAX
    assert Path(newest.flags[-1].removeprefix("-XX:AOTCache=")).exists()


def test_older_javas_go_without(archives: Path, jar: Path) -> None:
    old = jvm(jar, version="21.0.4")
    assert with_archive(old, Recorder(), Quiet()) == old
    assert not archives.exists()


def test_a_failed_recording_costs_only_time(archives: Path, jar: Path) -> None:
    def fail(recording: Jvm, plain: Jvm) -> None:
        raise SandboxError("the broker did not start")

    assert with_archive(jvm(jar), fail, Quiet()).flags == ("-Xmx384m", *CLASSES_ONLY)
    assert not list(archives.glob("*.aot"))


@pytest.mark.broker
def test_the_broker_runs_from_its_archive(kafka) -> None:
    if find_java().major < 25:
        pytest.skip("this Java has no such archives")
    mapped = {os.path.basename(one.path) for one in psutil.Process(kafka.pid).memory_maps()}
    assert any(name.endswith(".aot") for name in mapped)
