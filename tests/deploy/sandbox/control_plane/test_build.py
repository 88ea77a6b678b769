"""Programs from a Go module: all of them or none, only from what go.sum names, built once."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.sandbox.control_plane import build, go
from deploy.sandbox.control_plane.build import MARK, BuildFailed, Source, ensure, is_current
from deploy.sandbox.control_plane.go import GoUnavailable, find_go
from deploy.sandbox.progress import Quiet

HELLO = 'package main\n\nvar word = "unset"\n\nfunc main() { println(word) }\n'
BROKEN = "package main\n\nfunc main() { nothing() }\n"


@pytest.fixture
def hello(tmp_path: Path) -> Source:
    """A module with two programs that needs nobody else's."""
    module = tmp_path / "module"
    for name in ("one", "two"):
        (module / name).mkdir(parents=True)
        (module / name / "main.go").write_text(HELLO)
    (module / "go.mod").write_text("module hello.example\n\ngo 1.25\n")
    (module / "go.sum").write_text("")
    programs = {"one": "hello.example/one", "two": "hello.example/two"}
    return Source(module, programs, {"main.word": "linked"})


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "programs"


@pytest.fixture
def no_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def said(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, check=True).stderr.strip()


@pytest.mark.usefixtures("no_go")
def test_without_go_it_says_what_is_needed(hello, into) -> None:
    with pytest.raises(GoUnavailable, match=r"No Go on the PATH.*needs Go 1\.25 or newer"):
        ensure(hello, into, Quiet())
    assert not into.exists()


@pytest.mark.usefixtures("no_go")
def test_what_was_built_from_the_same_sources_needs_no_go(hello, into) -> None:
    into.mkdir(parents=True)
    (into / MARK).write_text(hello.digest)
    assert ensure(hello, into, Quiet()) == into


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
@pytest.mark.usefixtures("no_go")
def test_what_was_built_from_other_sources_is_out_of_date(hello, into, name: str) -> None:
    into.mkdir(parents=True)
    (into / MARK).write_text(hello.digest)
    with (hello.module / name).open("a") as file:
        file.write("\n")
    assert not is_current(hello, into)


def test_the_release_is_the_one_of_go_mod() -> None:
    assert (
        f"k8s.io/kubernetes v{build.kubernetes_version()}\n" in (build.HERE / "go.mod").read_text()
    )
    assert build.folder().name == f"kubernetes-{build.kubernetes_version()}"


def test_what_is_built_is_what_go_mod_keeps() -> None:
    kept = (build.HERE / "tools.go").read_text()
    assert sorted(build.control_plane().programs.values()) == sorted(
        line.split('"')[1] for line in kept.splitlines() if line.strip().startswith("_ ")
    )


@pytest.mark.control_plane
def test_programs_are_built_and_told_their_values(hello, into) -> None:
    ensure(hello, into, Quiet())
    assert [said(into / name) for name in ("one", "two")] == ["linked", "linked"]
    assert sorted(file.name for file in into.iterdir()) == [MARK, "one", "two"]


@pytest.mark.control_plane
def test_another_go_mod_builds_anew(hello, into) -> None:
    ensure(hello, into, Quiet())
    (hello.module / "one" / "main.go").write_text(HELLO.replace("println(word)", 'println("new")'))
    (hello.module / "go.mod").write_text("module hello.example\n\ngo 1.25.0\n")
    ensure(hello, into, Quiet())
    assert said(into / "one") == "new"


@pytest.mark.control_plane
def test_where_one_program_does_not_compile_there_is_none(hello, into) -> None:
    (hello.module / "two" / "main.go").write_text(BROKEN)
    with pytest.raises(BuildFailed, match=r"(?s)building two, 2 of 2 failed.*undefined: nothing"):
        ensure(hello, into, Quiet())
    assert not into.exists()
    assert not [file for file in into.parent.iterdir() if file.is_dir()]


@pytest.mark.control_plane
def test_a_build_that_fails_leaves_the_former_programs(hello, into) -> None:
    ensure(hello, into, Quiet())
    (hello.module / "go.mod").write_text("module hello.example\n\ngo 1.25.0\n")
    (hello.module / "two" / "main.go").write_text(BROKEN)
    with pytest.raises(BuildFailed):
        ensure(hello, into, Quiet())
    assert said(into / "two") == "linked"


@pytest.mark.control_plane
def test_sources_that_go_sum_does_not_name_are_refused(tmp_path, into) -> None:
    module = tmp_path / "module"
    module.mkdir()
    for name in ("go.mod", "tools.go"):
        shutil.copy(build.HERE / name, module)
    lines = (build.HERE / "go.sum").read_text().splitlines(keepends=True)
    wrong = [tampered(line) if line.startswith("sigs.k8s.io/yaml ") else line for line in lines]
    (module / "go.sum").write_text("".join(wrong))
    source = Source(module, build.control_plane().programs)
    with pytest.raises(BuildFailed, match=r"(?s)fetching the sources failed.*checksum mismatch"):
        ensure(source, into, Quiet())
    assert not into.exists()


def tampered(line: str) -> str:
    module, version, _ = line.split()
    return f"{module} {version} h1:{'A' * 43}=\n"


@pytest.mark.control_plane
def test_a_go_that_is_too_old_is_named(hello) -> None:
    (hello.module / "go.mod").write_text("module hello.example\n\ngo 1.999.0\n")
    env = {**os.environ, "GOTOOLCHAIN": "local"}
    with pytest.raises(GoUnavailable, match=r"is Go 1\.\d+.*needs Go 1\.999\.0 or newer"):
        find_go(hello.module, env)


@pytest.mark.control_plane
def test_a_newer_go_that_cannot_be_fetched_is_named(hello) -> None:
    (hello.module / "go.mod").write_text("module hello.example\n\ngo 1.999.0\n")
    env = {**os.environ, "GOTOOLCHAIN": "auto", "GOPROXY": "off"}
    with pytest.raises(GoUnavailable, match=r"(?s)says: .*1\.999\.0.*needs Go 1\.999\.0 or newer"):
        find_go(hello.module, env)


def test_what_the_user_has_set_for_go_stays() -> None:
    asked = go.environment({"GOPROXY": "https://proxy.example", "GOWORK": "/elsewhere/go.work"})
    assert asked["GOPROXY"] == "https://proxy.example"
    assert asked["GOWORK"] == "off"
