"""The broker's jars: exactly those of `kafka-jars.lock`, fetched once per user and verified.

`python -m deploy.sandbox.jars fetch` fetches them ahead of the first start;
`python -m deploy.sandbox.jars lock` writes the lock file anew after a change of `ROOTS`.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from deploy.sandbox import jar_lock, jar_marks
from deploy.sandbox.cache import cache_dir, exclusive
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.jar_lock import LOCK_FILE, Jar
from deploy.sandbox.maven import Registry, RegistryError
from deploy.sandbox.progress import Quiet, Reporter, reporter

ROOTS = (
    "org.apache.kafka:kafka_2.13:4.2.0",
    # The broker logs through slf4j and brings no backend; this one needs no configuration file.
    "org.slf4j:slf4j-simple:1.7.36",
)
DOWNLOADS_AT_ONCE = 8

T = TypeVar("T")
R = TypeVar("R")


class JarsUnavailable(SandboxError):
    """Jars are missing here and cannot be fetched."""


class JarMismatch(SandboxError):
    """What came is not what the lock file names."""


def class_path(progress: Reporter | None = None) -> list[Path]:
    """The broker's jars on disk; what is missing is fetched, what changed is verified again."""
    return ensure(jar_lock.read(), cache_dir() / "jars", progress or Quiet())


def ensure(jars: Sequence[Jar], folder: Path, progress: Reporter) -> list[Path]:
    """Each of `jars` in `folder`, with the digest that the lock file names."""
    if jar_marks.unmarked(jars, folder):
        with exclusive(folder / ".lock", lambda: progress.say("another process fetches the jars")):
            # Asked once more: that other process may have done it all.
            _complete(jar_marks.unmarked(jars, folder), folder, progress)
    return [folder / jar.file_name for jar in jars]


def lock(lock_file: Path, roots: Iterable[str], progress: Reporter) -> None:
    """Resolve `roots` from their POMs, download everything, and note what came."""
    progress.say("resolving the jars and all that they need")
    with tempfile.TemporaryDirectory() as scratch:
        registry = Registry(Path(scratch))
        jars = _in_parallel(
            lambda coordinates: Jar.of(coordinates, registry.fetch(coordinates)),
            registry.resolve(roots),
        )
    jar_lock.write(jars, lock_file)
    progress.say(f"{len(jars)} jars in {lock_file.name}")


def _complete(unsure: Sequence[Jar], folder: Path, progress: Reporter) -> None:
    wrong = [jar for jar in unsure if not jar.is_at(folder / jar.file_name)]
    for path in (folder / jar.file_name for jar in wrong):
        if path.exists():
            progress.say(f"{path} is not what the lock file names; it is fetched again")
            path.unlink()
    if wrong:
        _fetch(wrong, folder, progress)
    jar_marks.mark(unsure, folder)


def _fetch(missing: Sequence[Jar], folder: Path, progress: Reporter) -> None:
    bytes_total = sum(jar.size_bytes for jar in missing)
    with (
        _scratch(folder) as scratch,
        progress.task(f"fetching Kafka, {len(missing)} jars", bytes_total) as advance,
    ):
        registry = Registry(scratch)

        def fetch(jar: Jar) -> None:
            os.replace(_fetch_one(jar, registry, scratch), folder / jar.file_name)
            advance(jar.size_bytes)

        try:
            _in_parallel(fetch, missing)
        except RegistryError as error:
            raise JarsUnavailable(_what_to_do(missing, folder, registry, error)) from error


def _fetch_one(jar: Jar, registry: Registry, scratch: Path) -> Path:
    """From the user's own Maven repository if it has the very same file, else by download."""
    local = registry.on_this_machine(jar.coordinates)
    if jar.is_at(local):
        return Path(shutil.copyfile(local, scratch / jar.file_name))
    came = registry.fetch(jar.coordinates)
    if not jar.is_at(came):
        raise JarMismatch(
            f"{registry.urls} sent {Jar.of(jar.coordinates, came)} where {LOCK_FILE.name} has "
            f"{jar}. It is not used."
        )
    return came


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Ours alone while we hold the lock; what a killed process left there goes first."""
    scratch = folder / ".fetching"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _what_to_do(
    missing: Sequence[Jar], folder: Path, registry: Registry, error: RegistryError
) -> str:
    gone = [jar for jar in missing if not (folder / jar.file_name).exists()]
    return (
        f"Kafka cannot be fetched. Jars missing from {folder}: {len(gone)}, the first of them "
        f"{gone[0].coordinates}. {registry.urls} did not send them ({error}). "
        "Start once with a network, or name a mirror of Maven Central in ~/.m2/settings.xml, "
        "or copy that folder from a machine where it is complete."
    )


def _in_parallel(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The first failure ends it; what has not begun by then never does."""
    pool = ThreadPoolExecutor(DOWNLOADS_AT_ONCE)
    try:
        return [one.result() for one in as_completed([pool.submit(work, item) for item in items])]
    finally:
        pool.shutdown(cancel_futures=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.jars", description=__doc__)
    parser.add_argument("action", choices=("fetch", "lock"))
    action = parser.parse_args(arguments).action
    progress = reporter()
    try:
        if action == "lock":
            lock(LOCK_FILE, ROOTS, progress)
        else:
            progress.say(f"{len(class_path(progress))} jars in {cache_dir() / 'jars'}")
    except SandboxError as error:
        progress.say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
