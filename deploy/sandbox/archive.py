"""A start-up archive for the broker: classes loaded and linked once, mapped ever after.

Java 25 writes it at the end of a recording run (JEP 483 and 514). Without it everything works,
only slower.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from deploy.sandbox.cache import cache_dir, exclusive
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.java import Jvm
from deploy.sandbox.progress import Reporter

MAJOR_MIN = 25
"""Earlier releases need several steps, or cannot do it at all."""
KEPT_MAX = 3
"""Each is some 65 MB; several environments may share one cache."""
CLASSES_ONLY = (
    # Java 25.0.2 looks up stored adapter code by a fingerprint that is not quite unique and
    # warns of it at every start. The gain is in the classes, so no code is stored.
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:-AOTAdapterCaching",
    "-XX:-AOTStubCaching",
)

Record = Callable[[Jvm, Jvm], None]
"""Runs the program once with the first, and whatever else that takes with the second."""


def with_archive(jvm: Jvm, record: Record, progress: Reporter) -> Jvm:
    """`jvm` with the archive made for it; makes it when there is none."""
    if jvm.java.major < MAJOR_MIN:
        return jvm
    jvm = jvm.flagged(*CLASSES_ONLY)
    archive = cache_dir() / "archives" / f"kafka-{_key(jvm)}.aot"
    if not archive.exists():
        with exclusive(
            archive.with_name(".lock"), lambda: progress.say("another process prepares")
        ):
            if not archive.exists():
                _make(archive, jvm, record, progress)
    return jvm.flagged(f"-XX:AOTCache={archive}") if archive.exists() else jvm


def _make(archive: Path, jvm: Jvm, record: Record, progress: Reporter) -> None:
    progress.say("preparing Java for quick starts, once")
    draft = archive.with_suffix(".new")
    try:
        record(jvm.flagged(f"-XX:AOTCacheOutput={draft}"), jvm)
        os.replace(draft, archive)
    except (SandboxError, OSError) as error:
        progress.say(f"Kafka will start slowly, because that failed: {error}")
    finally:
        draft.unlink(missing_ok=True)
    _drop_oldest(archive.parent)


def _drop_oldest(folder: Path) -> None:
    archives = sorted(folder.glob("kafka-*.aot"), key=lambda path: path.stat().st_mtime_ns)
    for path in archives[:-KEPT_MAX]:
        path.unlink()


def _key(jvm: Jvm) -> str:
    """Of all that Java compares before it trusts an archive; with any of it changed, a new one."""
    status = [(path, path.stat()) for path in (jvm.java.path, *jvm.class_path)]
    files = [(str(path), found.st_size, found.st_mtime_ns) for path, found in status]
    told = repr((jvm.java.version, jvm.flags, files))
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
