"""A start-up archive for the broker: classes loaded, linked and laid out once, mapped ever after.

Java 25 writes it at the end of a recording run (JEP 483, 514, 515). It takes the broker's start
from about three seconds to one. Everything works without it, only slower.
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
"""Each is some 65 MB; several environments may use one cache."""


def with_archive(jvm: Jvm, record: Callable[[Jvm], None], progress: Reporter) -> Jvm:
    """`jvm`, reading its archive; `record` has to run the program once when there is none yet."""
    if jvm.java.major < MAJOR_MIN:
        return jvm
    folder = cache_dir() / "archives"
    archive = folder / f"kafka-{_key(jvm)}.aot"
    if not archive.exists():
        with exclusive(folder / ".lock", lambda: progress.say("another process prepares Java")):
            if not archive.exists():
                _make(archive, jvm, record, progress)
    return jvm.flagged(f"-XX:AOTCache={archive}") if archive.exists() else jvm


def _make(archive: Path, jvm: Jvm, record: Callable[[Jvm], None], progress: Reporter) -> None:
    progress.say("preparing Java for quick starts, once")
    draft = archive.with_suffix(".new")
    try:
        record(jvm.flagged(f"-XX:AOTCacheOutput={draft}"))
        os.replace(draft, archive)
    except (SandboxError, OSError) as error:
        progress.say(f"starts stay slow, because that failed: {error}")
        draft.unlink(missing_ok=True)
    _drop_oldest(archive.parent)


def _drop_oldest(folder: Path) -> None:
    archives = sorted(folder.glob("kafka-*.aot"), key=lambda path: path.stat().st_mtime_ns)
    for path in archives[:-KEPT_MAX]:
        path.unlink(missing_ok=True)


def _key(jvm: Jvm) -> str:
    """All that Java compares before it trusts an archive; with any of it changed, make another."""
    files = (jvm.java.path, *jvm.class_path)
    stamps = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    told = repr((jvm.java.version, jvm.flags, stamps))
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
