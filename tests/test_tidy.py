"""What a reader may rely on everywhere: documents match code, the core is pure, nothing is dead."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli.main import COMMANDS
from deploy.docs import PAGES
from deploy.tables import with_tables
from tests.source import PARTS, ROOT, committed, imported, modules

LINES_MAX = 400
CORE = modules("streams/core")
IMPURE = {
    "asyncio",
    "ctypes",
    "getpass",
    "glob",
    "io",
    "locale",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "platform",
    "random",
    "secrets",
    "shutil",
    "signal",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "uuid",
    "warnings",
}
IMPURE_CALLS = {"open", "input", "print", "id", "hash", "globals", "vars", "eval", "exec"}
"""`hash` and `id` differ from run to run; the others reach out of the function."""
IMPURE_ATTRIBUTES = {"now", "utcnow", "today", "fromtimestamp", "astimezone"}
"""Of dates: what asks the machine for its clock or its time zone."""
NOT_RECORDS = {"schemas.codec", "schemas.registry", "schemas.release", "schemas.signing"}
HEAVY = {"aiohttp", "aiokafka", "fastavro", "faust", "kubernetes", "pydantic", "yaml"}
PUBLIC_HOSTS = {
    "maven.apache.org",
    "api.github.com",
    "github.com",
    "cloudevents.io",
    "jmespath.org",
    "json-schema.org",
    "www.w3.org",
    "www.apache.org",
    "runbooks.prometheus-operator.dev",
    "slack.com",
    "events.pagerduty.com",
}
SOURCES = (
    ".amazonaws.com",
    ".aws.amazon.com",
    ".azure.com",
    ".datadoghq.com",
    ".google.com",
    ".google.stackdriver.com",
    ".grafana.org",
    ".loganalytics.io",
    ".opsgenie.com",
    ".pagerduty.com",
)
"""Services whose alerts hold links to themselves."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_in_the_documents_are_those_in_code(page: Path) -> None:
    assert page.read_text() == with_tables(page, PAGES[page]), "python -m deploy.docs"


@pytest.mark.parametrize("name", sorted(CORE))
def test_the_core_imports_the_standard_library_and_records_alone(name: str) -> None:
    for wanted in imported(CORE[name]):
        top = wanted.split(".")[0]
        assert top not in IMPURE, f"{wanted} depends on more than the arguments"
        assert wanted not in NOT_RECORDS, f"{wanted}: bytes are the host's"
        ours = wanted.startswith(("schemas", "streams.core"))
        assert ours or top in sys.stdlib_module_names, f"{wanted} is not the core's to use"


@pytest.mark.parametrize("name", sorted(CORE))
def test_the_core_calls_nothing_that_differs_from_run_to_run(name: str) -> None:
    called = {
        node.func.id
        for node in ast.walk(CORE[name])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & IMPURE_CALLS
    attributes = {node.attr for node in ast.walk(CORE[name]) if isinstance(node, ast.Attribute)}
    assert not attributes & IMPURE_ATTRIBUTES


@pytest.mark.parametrize("name", sorted(CORE))
def test_the_core_keeps_nothing_between_two_calls(name: str) -> None:
    assert not [n for n in ast.walk(CORE[name]) if isinstance(n, (ast.Global, ast.Nonlocal))]


def test_importing_the_core_imports_no_framework() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import streams.core.decide"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "streams.core.decide" in loaded
    assert not {name.split(".")[0] for name in loaded} & HEAVY


def test_every_module_is_imported_or_started_by_something() -> None:
    everything = modules()
    wanted = {
        name for module, tree in everything.items() for name in imported(tree) if name != module
    }
    packages = {name.rpartition(".")[0] for name in everything}
    commands = {f"deploy.cli.{name.replace('-', '_')}" for name in COMMANDS}
    dead = set(everything) - wanted - packages - commands - {n for n in everything if starts(n)}
    assert not dead


def starts(name: str) -> bool:
    """Whether `python -m` is how the module is used."""
    source = ast.unparse(modules()[name])
    return name.endswith(".__main__") or "if __name__ == '__main__':" in source


@pytest.mark.parametrize("part", [*PARTS, "tests"])
def test_files_stay_short_enough_to_be_read(part: str) -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in (ROOT / part).rglob("*.py")
        if (lines := len(file.read_text().splitlines())) > LINES_MAX
    }
    assert not long


def test_nothing_committed_belongs_to_one_machine() -> None:
    """Paths of a home or a checkout, options that name an index, hosts that are not public."""
    found = [
        f"{file.relative_to(ROOT)}: {match.group()}"
        for file in committed()
        for match in re.finditer(_MACHINE, file.read_text(errors="replace"))
        if file != Path(__file__)
    ]
    assert not found


def test_addresses_in_committed_files_are_public_or_made_up() -> None:
    found = {
        f"{file.relative_to(ROOT)}: {host}"
        for file in committed()
        for host in re.findall(
            r"https?://(?:[^\s/@]*@)?([\w.-]+\w)", file.read_text(errors="replace")
        )
        if not made_up(host) and host not in PUBLIC_HOSTS and not host.endswith(SOURCES)
    }
    assert not found


def made_up(host: str) -> bool:
    """Loopback and private addresses, names without a dot, and the names reserved for examples."""
    reserved = (".example", ".test", ".invalid", ".local", ".svc", "example.com", "example.org")
    return "." not in host or host.endswith(reserved) or bool(re.fullmatch(r"[\d.]+", host))


_MACHINE = (
    r"/(?:root|home|Users)/\w+|(?<!\w)/work/\w+|--(?:extra-)?index-url|--find-links|--trusted-host"
)
