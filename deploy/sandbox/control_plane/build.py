"""The control plane's programs, built once per user from the sources that `go.sum` names."""

import hashlib
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.sandbox.cache import cache_dir, exclusive
from deploy.sandbox.control_plane.go import Go, environment, find_go, line_of
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.processes import Child, ChildFailed
from deploy.sandbox.progress import Quiet, Reporter

HERE = Path(__file__).parent
FETCH_S = 900.0
BUILD_S = 1800.0
MARK = "built-from"
FLAGS = ("-mod=readonly", "-trimpath")
"""The first keeps to `go.sum`: a module with another content is an error."""


class BuildFailed(SandboxError):
    """The sources did not come, or did not compile."""


@dataclass(frozen=True, slots=True)
class Source:
    """A Go module, and the packages in it or below it that become programs."""

    module: Path
    programs: Mapping[str, str]
    values: Mapping[str, str] = field(default_factory=dict)
    """Variables of a package that the linker sets."""

    @property
    def linked(self) -> str:
        """Without symbols and debugging information: a third of the size."""
        return " ".join(["-s -w", *(f"-X {name}={value}" for name, value in self.values.items())])

    @property
    def digest(self) -> str:
        told = hashlib.blake2b(digest_size=16)
        for name in ("go.mod", "go.sum"):
            told.update((self.module / name).read_bytes())
        told.update(repr((sorted(self.programs.items()), FLAGS, self.linked)).encode())
        return told.hexdigest()


def kubernetes_version() -> str:
    return line_of(HERE, r"k8s\.io/kubernetes v(\S+)")


def control_plane() -> Source:
    release = kubernetes_version()
    major, minor, _ = release.split(".")
    build = "k8s.io/component-base/version"
    return Source(
        HERE,
        {
            "etcd": "go.etcd.io/etcd/server/v3",
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
        },
        # A module does not know the release it is; the release's own build says it this way.
        {
            f"{build}.gitVersion": f"v{release}",
            f"{build}.gitMajor": major,
            f"{build}.gitMinor": minor,
        },
    )


def folder() -> Path:
    return cache_dir() / f"kubernetes-{kubernetes_version()}"


def programs(progress: Reporter | None = None) -> Path:
    """The folder with all four; what is missing or out of date is built."""
    return ensure(control_plane(), folder(), progress or Quiet())


def ensure(source: Source, into: Path, progress: Reporter) -> Path:
    if not is_current(source, into):
        lock_file = into.with_name(f".{into.name}.lock")
        with exclusive(lock_file, lambda: progress.say("another process builds them")):
            if not is_current(source, into):  # that other process may have done it
                _build(source, into, progress)
    return into


def is_current(source: Source, into: Path) -> bool:
    mark = into / MARK
    return mark.exists() and mark.read_text() == source.digest


def _build(source: Source, into: Path, progress: Reporter) -> None:
    """Into a folder of its own, which takes its place whole; a killed build leaves no half."""
    go = find_go(source.module)
    draft = into.with_name(f".{into.name}.building")
    log_file = into.with_name(f"{into.name}-build.log")
    shutil.rmtree(draft, ignore_errors=True)
    log_file.unlink(missing_ok=True)
    draft.mkdir(parents=True)
    try:
        _run(go, source, log_file, progress, draft)
        (draft / MARK).write_text(source.digest)
        shutil.rmtree(into, ignore_errors=True)
        os.replace(draft, into)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _run(go: Go, source: Source, log_file: Path, progress: Reporter, draft: Path) -> None:
    def tool(what: str, timeout_s: float, *arguments: str) -> None:
        argv = go.argv(*arguments)
        child = Child(what, argv, log_file=log_file, env=environment(), cwd=source.module)
        began_s = time.monotonic()
        try:
            child.run(timeout_s)
        except ChildFailed as error:
            raise BuildFailed(f"{what} failed, with Go {go.version}: {error}") from error
        progress.say(f"{what}: done in {time.monotonic() - began_s:.0f} s")

    packages = source.programs.values()
    progress.say(f"Go {go.version} builds {into_words(source.programs)}, once per user")
    tool("fetching the sources", FETCH_S, "list", "-mod=readonly", "-deps", *packages)
    log_file.unlink()  # thousands of names that nobody needs
    for number, (name, package) in enumerate(source.programs.items(), 1):
        what = f"building {name}, {number} of {len(packages)}"
        ldflags = f"-ldflags={source.linked}"
        tool(what, BUILD_S, "build", *FLAGS, ldflags, "-o", str(draft / name), package)


def into_words(names: Mapping[str, str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
