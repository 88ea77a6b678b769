"""What this machine lacks for Mendlog, and how to get it. Looks, and changes nothing.

Two kinds of machine: one that brings its own broker (`mendlog up`) needs Java and room for it; one
that is configured for a broker elsewhere needs that broker, with its topics as declared.
"""

import asyncio
import importlib.metadata
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deploy.sandbox import jar_lock, jar_marks, ports
from deploy.sandbox.cache import cache_dir
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.java import find_java

MEMORY_BYTES_WANTED = 1536 * 1024 * 1024
DISK_BYTES_WANTED = 1024 * 1024 * 1024
BROKER_S = 3.0
_CGROUP = Path("/sys/fs/cgroup")


class Verdict(StrEnum):
    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing stops working for it."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    verdict: Verdict
    found: str
    fix: str = ""


def examine(env: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """One finding after the other, as they are made."""
    own_broker = "MENDLOG_BOOTSTRAP" not in env
    yield python()
    found = list(packages(requirements(own_broker)))
    yield from found
    if any(finding.verdict is Verdict.MISSING for finding in found):
        return  # the rest could not even be imported
    if own_broker:
        yield java()
        yield jars()
    yield temp_folder()
    yield memory(own_broker)
    yield gateway_port()
    if own_broker:
        yield Finding("broker", Verdict.NOTE, "none configured", "`mendlog up` brings its own")
    else:
        yield asyncio.run(broker())


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    wanted = importlib.metadata.metadata("mendlog")["Requires-Python"]
    low, high = (tuple(map(int, part.split("."))) for part in sorted(re.findall(r"[\d.]+", wanted)))
    fix = f"make .venv with another Python: {wanted}"
    return _finding("Python", low <= version[:2] < high, ".".join(map(str, version)), fix)


def packages(wanted: "Sequence[Requirement]") -> Iterator[Finding]:
    bad = [w for w in wanted if not w.met()]
    if not bad:
        yield Finding("packages", Verdict.OK, f"all {len(wanted)}")
    for requirement in bad:
        fix = f"pip install '{requirement.name}>={requirement.at_least}'"
        yield Finding("package", Verdict.MISSING, f"{requirement.name} {requirement.found}", fix)


def java() -> Finding:
    try:
        found = find_java()
    except SandboxError as fault:
        return Finding("Java", Verdict.MISSING, "none that will do", str(fault))
    return Finding("Java", Verdict.OK, f"{found.version} at {found.path}")


def jars() -> Finding:
    try:
        folder = cache_dir() / "jars"
    except SandboxError as fault:
        return Finding("cache", Verdict.MISSING, "not writable", str(fault))
    wanted = jar_lock.read()
    if not (missing := jar_marks.unmarked(wanted, folder)):
        return Finding("Kafka's jars", Verdict.OK, f"all {len(wanted)} in {folder}")
    megabytes = sum(jar.size_bytes for jar in missing) // 1_000_000
    return Finding(
        "Kafka's jars",
        Verdict.NOTE,
        f"{len(missing)} of {len(wanted)} not yet in {folder}",
        f"the first start fetches them ({megabytes} MB); ahead of it: "
        "python -m deploy.sandbox.jars fetch",
    )


def temp_folder() -> Finding:
    try:
        with tempfile.TemporaryDirectory(prefix="mendlog-") as folder:
            free = shutil.disk_usage(folder).free
            place = os.path.dirname(folder)
    except OSError as fault:
        return Finding("temporary files", Verdict.MISSING, str(fault), "set TMPDIR to a folder")
    return _finding(
        "temporary files",
        free >= DISK_BYTES_WANTED,
        f"{_gib(free)} free in {place}",
        f"free {_gib(DISK_BYTES_WANTED)} there, or set TMPDIR to a larger disk",
    )


def memory(own_broker: bool) -> Finding:
    available = min(filter(None, (_available_bytes(), _cgroup_bytes())), default=None)
    if available is None:
        return Finding("memory", Verdict.NOTE, "this system does not say how much is free")
    enough = available >= MEMORY_BYTES_WANTED or not own_broker
    fix = f"`mendlog up` wants {_gib(MEMORY_BYTES_WANTED)}; close something"
    return _finding("memory", enough, f"{_gib(available)} free", fix)


def gateway_port() -> Finding:
    from streams.settings import GatewaySettings

    port = GatewaySettings().port
    if port == 0 or ports.is_free(port):
        return Finding("gateway's port", Verdict.OK, f"{ports.HOST}:{port} is free")
    return Finding(
        "gateway's port",
        Verdict.NOTE,
        f"{ports.HOST}:{port} is in use",
        "a gateway of yours, or else set MENDLOG_PORT; `mendlog up` chooses free ports itself",
    )


async def broker() -> Finding:
    from deploy.broker import BrokerUnreachable
    from deploy.drift import check
    from deploy.faust_topics import faust_topics
    from streams.settings import ProcessorSettings

    settings = ProcessorSettings()
    try:
        drifts = await check(
            settings.bootstrap,
            settings.topic_prefix,
            settings.tape_partitions,
            extra=faust_topics(settings),
            timeout_s=BROKER_S,
        )
    except BrokerUnreachable as fault:
        return Finding("broker", Verdict.MISSING, str(fault), "start it, or set MENDLOG_BOOTSTRAP")
    if any(drift.setting == "topic" for drift in drifts):
        return Finding("topics", Verdict.MISSING, "not all there", "mendlog topics create")
    found = f"{len(drifts)} settings differ" if drifts else "as declared"
    return _finding("topics", not drifts, found, "mendlog topics check says which")


@dataclass(frozen=True, slots=True)
class Requirement:
    name: str
    at_least: str
    extra: str

    @property
    def found(self) -> str:
        try:
            return importlib.metadata.version(self.name)
        except importlib.metadata.PackageNotFoundError:
            return "not installed"

    def met(self) -> bool:
        return bool(_numbers(self.found)) and _numbers(self.found) >= _numbers(self.at_least)


def requirements(own_broker: bool) -> list[Requirement]:
    """From our own metadata, where a line is like `name>=1.2; extra == "sandbox"`."""
    extras = ("", "sandbox") if own_broker else ("",)
    form = re.compile(r'([\w.-]+)(?:>=([\d.]+))?(?:; extra == "(\w+)")?$')
    found = [form.match(line) for line in importlib.metadata.requires("mendlog") or ()]
    listed = [Requirement(*match.groups(default="")) for match in found if match]
    return [requirement for requirement in listed if requirement.extra in extras]


def _numbers(version: str) -> tuple[int, ...]:
    leading = re.match(r"[\d.]*", version)
    return tuple(int(part) for part in leading.group().split(".") if part) if leading else ()


def _available_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    kilobytes = next((line.split()[1] for line in lines if line.startswith("MemAvailable")), None)
    return int(kilobytes) * 1024 if kilobytes else None


def _cgroup_bytes() -> int | None:
    """What the container may still take, where we are in one with a limit."""
    try:
        limit, used = ((_CGROUP / f"memory.{name}").read_text() for name in ("max", "current"))
        return int(limit) - int(used)
    except (OSError, ValueError):
        return None


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"


def _finding(what: str, fine: bool, found: str, fix: str) -> Finding:
    return Finding(what, Verdict.OK, found) if fine else Finding(what, Verdict.MISSING, found, fix)
