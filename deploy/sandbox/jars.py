"""The broker's jars: exactly those of `kafka-jars.lock`, fetched once per user and verified.

`python -m deploy.sandbox.jars fetch` fetches them ahead of the first start;
`python -m deploy.sandbox.jars lock` writes the lock file anew after a change of `ROOTS`.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from deploy.sandbox.cache import cache_dir, exclusive
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.maven import Registry, RegistryError
from deploy.sandbox.progress import Quiet, Reporter, reporter

ROOTS = (
    "org.apache.kafka:kafka_2.13:4.2.0",
    # The broker logs through slf4j and brings no backend; this one needs no configuration file.
    "org.slf4j:slf4j-simple:1.7.36",
)
LOCK_FILE = Path(__file__).with_name("kafka-jars.lock")
LOCK_HEADER = """\
# The jars of the sandbox's Kafka broker; nothing else comes on its class path.
# Written by: python -m deploy.sandbox.jars lock
# coordinates size_bytes sha256
"""
DOWNLOADS_AT_ONCE = 8

T = TypeVar("T")
R = TypeVar("R")


class JarsUnavailable(SandboxError):
    """Jars are missing here and cannot be fetched."""


class JarMismatch(SandboxError):
    """What the registry sent is not what the lock file names."""


@dataclass(frozen=True, slots=True, order=True)
class Jar:
    coordinates: str
    size_bytes: int
    sha256: str

    @property
    def file_name(self) -> str:
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"


def class_path(progress: Reporter | None = None) -> list[Path]:
    """The broker's jars on disk, fetched and verified where that has not been done yet."""
    return ensure(read_lock(), cache_dir() / "jars", progress or Quiet())


def ensure(jars: Sequence[Jar], folder: Path, progress: Reporter) -> list[Path]:
    """Every one of `jars` in `folder`, with the digest that the lock file names.

    A digest is computed once: while size and modification time stay those of that moment, the
    jar is taken as it is.
    """
    if _unverified(jars, folder):
        with exclusive(folder / ".lock", lambda: progress.say("another process fetches the jars")):
            _fill(jars, folder, progress)
    return [folder / jar.file_name for jar in jars]


def read_lock(lock_file: Path = LOCK_FILE) -> list[Jar]:
    rows = [line.split() for line in lock_file.read_text().splitlines() if line[0] != "#"]
    return [Jar(coordinates, int(size), digest) for coordinates, size, digest in rows]


def write_lock(lock_file: Path, progress: Reporter) -> None:
    """Resolve `ROOTS` from their POMs, download everything, and note what came."""
    progress.say(f"resolving {' and '.join(ROOTS)}")
    with tempfile.TemporaryDirectory() as scratch:
        registry = Registry(Path(scratch))
        coordinates = sorted(registry.resolve(ROOTS))
        jars = _in_parallel(lambda one: _describe(one, registry.fetch(one)), coordinates)
    rows = [f"{jar.coordinates} {jar.size_bytes} {jar.sha256}\n" for jar in sorted(jars)]
    lock_file.write_text(LOCK_HEADER + "".join(rows))
    progress.say(f"{len(rows)} jars in {lock_file.name}")


def _fill(jars: Sequence[Jar], folder: Path, progress: Reporter) -> None:
    missing = []
    for jar in _unverified(jars, folder):  # once more: another process may just have been here
        path = folder / jar.file_name
        if _matches(path, jar):
            continue
        if path.exists():
            progress.say(f"{path} is not what the lock file names; fetching it again")
            path.unlink()
        missing.append(jar)
    if missing:
        _fetch(missing, folder, progress)
    _mark_verified(jars, folder)


def _fetch(missing: Sequence[Jar], folder: Path, progress: Reporter) -> None:
    total_bytes = sum(jar.size_bytes for jar in missing)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch,
        progress.task(f"fetching Kafka, {len(missing)} jars", total_bytes) as advance,
    ):
        registry = Registry(Path(scratch))

        def fetch(jar: Jar) -> None:
            _fetch_one(registry, jar, folder, Path(scratch))
            advance(jar.size_bytes)

        try:
            _in_parallel(fetch, missing)
        except RegistryError as error:
            raise _unavailable(missing, folder, registry, error) from error


def _fetch_one(registry: Registry, jar: Jar, folder: Path, scratch: Path) -> None:
    """From the user's own Maven repository when it has the very same file, else by download."""
    local = registry.on_this_machine(jar.coordinates)
    if _matches(local, jar):
        came = Path(shutil.copyfile(local, scratch / jar.file_name))
    else:
        came = registry.fetch(jar.coordinates)
    if not _matches(came, jar):
        raise JarMismatch(
            f"{jar.file_name} came with {came.stat().st_size} bytes and sha256 {_sha256(came)}; "
            f"{LOCK_FILE.name} names {jar.size_bytes} bytes and {jar.sha256}. "
            f"It is not used. Asked: {', '.join(registry.urls)}"
        )
    os.replace(came, folder / jar.file_name)


def _unavailable(
    missing: Sequence[Jar], folder: Path, registry: Registry, error: RegistryError
) -> JarsUnavailable:
    gone = [jar for jar in missing if not (folder / jar.file_name).exists()]
    return JarsUnavailable(
        f"The Kafka broker cannot be fetched: {len(gone)} of {len(read_lock())} jars "
        f"({gone[0].coordinates} first) belong into {folder} and are not there, and "
        f"{' and '.join(registry.urls)} did not send them ({error}). "
        "Start once with a network, or name a mirror of Maven Central in ~/.m2/settings.xml, "
        "or copy that folder from a machine that has it."
    )


def _in_parallel(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The first failure ends it; what has not begun by then never does."""
    pool = ThreadPoolExecutor(DOWNLOADS_AT_ONCE)
    try:
        return [one.result() for one in as_completed(pool.submit(work, item) for item in items)]
    finally:
        pool.shutdown(cancel_futures=True)


def _describe(coordinates: str, path: Path) -> Jar:
    return Jar(coordinates, path.stat().st_size, _sha256(path))


def _matches(path: Path, jar: Jar) -> bool:
    return path.is_file() and path.stat().st_size == jar.size_bytes and _sha256(path) == jar.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unverified(jars: Iterable[Jar], folder: Path) -> list[Jar]:
    marks = _read_marks(folder)
    return [jar for jar in jars if marks.get(jar.file_name) != _mark(folder, jar)]


def _mark_verified(jars: Iterable[Jar], folder: Path) -> None:
    marks = _read_marks(folder) | {jar.file_name: _mark(folder, jar) for jar in jars}
    draft = folder / ".verified.json.new"
    draft.write_text(json.dumps(marks, indent=1))
    os.replace(draft, folder / "verified.json")


def _read_marks(folder: Path) -> dict[str, object]:
    try:
        return json.loads((folder / "verified.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}


def _mark(folder: Path, jar: Jar) -> list[object] | str:
    """What must still be so for `jar` to need no second look; never equal for a missing file."""
    try:
        status = (folder / jar.file_name).stat()
    except FileNotFoundError:
        return "missing"
    return [jar.sha256, status.st_size, status.st_mtime_ns]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.jars", description=__doc__)
    parser.add_argument("action", choices=("fetch", "lock"))
    action = parser.parse_args(arguments).action
    progress = reporter()
    try:
        if action == "lock":
            write_lock(LOCK_FILE, progress)
        else:
            progress.say(f"{len(class_path(progress))} jars ready in {cache_dir() / 'jars'}")
    except SandboxError as error:
        progress.say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
