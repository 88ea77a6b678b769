"""The command as a whole: what it loads, says and exits with."""

import importlib
import os
import pty
import re
import subprocess
import sys

import pytest
import typer

from deploy.cli.faults import BAD_CONFIGURATION, FAILED, KNOWN, USAGE, explain
from deploy.cli.main import COMMANDS, LazyGroup, load
from deploy.sandbox.jars import JarMismatch
from streams.settings import GatewaySettings
from tests.deploy.cli.conftest import Mendlog

HELP_MODULES_MAX = 250
"""Measured 160 in Python 3.11; the help of one command loads 269."""
FRAMEWORKS = {"aiohttp", "aiokafka", "fastavro", "faust", "kubernetes", "rich", "yaml"}


def test_help_lists_every_command(mendlog: Mendlog) -> None:
    done = mendlog("--help")
    assert done.exit_code == 0
    for name, purpose in COMMANDS.items():
        assert f"{name} " in done.out
        assert purpose in done.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_tells_of_itself(mendlog: Mendlog, name: str) -> None:
    done = mendlog(name, "--help")
    assert done.exit_code == 0
    assert f"Usage: mendlog {name}" in done.out
    assert "--install-completion" not in done.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_loaded_by_its_name(name: str) -> None:
    module = importlib.import_module(f"deploy.cli.{name.replace('-', '_')}")
    assert isinstance(module.app, typer.Typer)
    assert load(name)


@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (["--help"], FRAMEWORKS),
        (["--version"], FRAMEWORKS),
        (["gateway", "--help"], {"faust", "kubernetes", "aiohttp"}),
        (["executor", "--help"], {"faust", "kubernetes", "aiohttp"}),
        (["processor", "--help"], {"faust", "kubernetes"}),
        (["topics", "list"], {"faust", "kubernetes", "aiokafka", "aiohttp"}),
        (["doctor", "--help"], FRAMEWORKS),
    ],
    ids=lambda value: " ".join(sorted(value)),
)
def test_a_command_loads_only_what_it_needs(arguments: list[str], spared: set[str]) -> None:
    loaded = loads(*arguments)
    assert "typer" in loaded
    assert not spared & loaded


def test_help_is_there_at_once() -> None:
    """Judged by what it loads: seconds would tell of the machine."""
    assert len(loads("--help")) < HELP_MODULES_MAX


def loads(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "deploy.cli.main", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


def test_no_command_at_all_is_a_question_about_usage(mendlog: Mendlog) -> None:
    assert mendlog().exit_code == USAGE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["topcis"], "No such command 'topcis'. Did you mean 'topics'"),
        (["topics", "list", "--colour"], "No such option: --colour"),
        (["topics", "list", "--partitions", "none"], "'--partitions'"),
        (["topics", "list", "--partitions", "0"], "greater than or equal to 1"),
    ],
)
def test_usage(mendlog: Mendlog, arguments: list[str], said: str) -> None:
    done = mendlog(*arguments)
    assert done.exit_code == USAGE
    assert said in done.err
    assert done.out == ""


def test_the_version_is_that_of_the_package(mendlog: Mendlog) -> None:
    assert mendlog("--version").out.startswith("mendlog 0.")


def test_a_bad_setting_is_named_as_it_was_set(mendlog: Mendlog) -> None:
    done = mendlog("topics", "list", TAPE_PARTITIONS="many")
    assert done.exit_code == BAD_CONFIGURATION
    assert done.err == (
        "mendlog: MENDLOG_TAPE_PARTITIONS='many': "
        "input should be a valid integer, unable to parse string as an integer\n"
    )


def test_all_bad_settings_are_told_at_once() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - pydantic's is one of many kinds
        GatewaySettings(port="x", tape_partitions="y")
    known = explain(caught.value)
    assert known
    assert [line.split("=")[0] for line in known.text.splitlines()] == [
        "MENDLOG_TAPE_PARTITIONS",
        "MENDLOG_PORT",
    ]


def test_a_known_fault_of_the_parent_class_is_known() -> None:
    assert explain(JarMismatch("not these bytes")) == explain(JarMismatch("not these bytes"))
    known = explain(JarMismatch("not these bytes"))
    assert known
    assert known.exit_code == FAILED


def test_an_unknown_fault_is_a_defect_and_keeps_its_traceback() -> None:
    assert explain(KeyError("x")) is None


@pytest.mark.parametrize("name", KNOWN)
def test_every_known_fault_exists(name: str) -> None:
    module, _, cls = name.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), cls), Exception)


def test_a_broken_pipe_is_no_traceback() -> None:
    done = subprocess.run(
        f"{sys.executable} -m deploy.cli.main topics list | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("topic ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_is_drawn_for_and_colours_can_be_declined(no_color: bool) -> None:
    drawn = on_a_terminal(
        "topics", "--help", NO_COLOR="1" if no_color else "", TERM="xterm-256color"
    )
    assert "╭─ Commands" in re.sub(r"\x1b\[[\d;]*m", "", drawn)
    assert bool(re.search(r"\x1b\[(1;)?3\dm", drawn)) is not no_color


def on_a_terminal(*arguments: str, **environment: str) -> str:
    env = {**os.environ, **environment}
    if not environment.get("NO_COLOR"):
        del env["NO_COLOR"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.cli.main", *arguments],
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as child:
        os.close(theirs)
        drawn = b"".join(iter(lambda: read_all(ours), b""))
        child.wait()
    os.close(ours)
    return drawn.decode()


def read_all(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


def test_a_group_knows_its_commands_without_loading_them() -> None:
    assert [*LazyGroup(name="mendlog").commands] == [*COMMANDS]
