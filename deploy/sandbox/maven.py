"""Maven artifacts without Maven: what we need of the package `jgo`, and its errors made ours.

The registry is Maven Central unless this user's settings say otherwise: a mirror of `central` in
`~/.m2/settings.xml`, or `[repositories]` in jgo's own settings. Proxies and certificates come
from the environment.
"""

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.sandbox.errors import SandboxError

if TYPE_CHECKING:
    from jgo.maven import Artifact

TIMEOUT_S = 30
ATTEMPTS_MAX = 2


class RegistryError(SandboxError):
    """No registry answered, or none has the artifact."""


class Registry:
    """Artifacts by their coordinates, `group:artifact:version`; downloads land in `scratch`."""

    def __init__(self, scratch: Path) -> None:
        # Imported here because a start with everything in place needs none of it.
        from jgo.maven import MavenContext

        self._context = MavenContext(
            repo_cache=scratch, local_repos=[], remote_repos=registries(), timeout=TIMEOUT_S
        )

    @property
    def urls(self) -> str:
        return " and ".join(self._context.remote_repos.values())

    def resolve(self, roots: Iterable[str]) -> list[str]:
        """The coordinates of `roots` and of all that they need when they run."""
        wanted = [self._context.create_dependency(root) for root in roots]
        with _our_errors():
            inputs, transitive = self._context.resolver.resolve(wanted)
        needed = [one for one in transitive if one.scope in ("compile", "runtime")]
        return [f"{one.groupId}:{one.artifactId}:{one.version}" for one in (*inputs, *needed)]

    def fetch(self, coordinates: str) -> Path:
        artifact = self._context.create_dependency(coordinates).artifact
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                with _our_errors():
                    return artifact.resolve()
            except RegistryError:
                (self._context.repo_cache / _path(artifact)).unlink(missing_ok=True)  # half of it
                if attempt == ATTEMPTS_MAX:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def on_this_machine(self, coordinates: str) -> Path:
        """Where the user's own Maven keeps it, if it ever needed it."""
        from jgo.constants import default_maven_repo

        return default_maven_repo() / _path(self._context.create_dependency(coordinates).artifact)


def registries() -> dict[str, str]:
    """Addresses by name, in the order in which they are asked."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL

    central = _mirror_of_central(Path.home() / ".m2" / "settings.xml") or MAVEN_CENTRAL_URL
    chosen = {"central": central} | GlobalSettings.load().repositories
    return {name: url.rstrip("/") for name, url in chosen.items()}


def _mirror_of_central(settings: Path) -> str | None:
    try:
        tree = ElementTree.parse(settings)
    except FileNotFoundError:
        return None
    except (OSError, ElementTree.ParseError) as error:
        raise RegistryError(f"{settings} cannot be read: {error}") from error
    for mirror in tree.iterfind("{*}mirrors/{*}mirror"):
        if _covers_central(mirror.findtext("{*}mirrorOf", "")):
            return _expand(mirror.findtext("{*}url", "").strip())
    return None


def _covers_central(mirror_of: str) -> bool:
    patterns = {pattern.strip() for pattern in mirror_of.split(",")}
    return "!central" not in patterns and not patterns.isdisjoint({"*", "external:*", "central"})


def _expand(url: str) -> str:
    """Maven's own notation for a variable of the environment."""
    return re.sub(r"\$\{env\.(\w+)\}", lambda found: os.environ.get(found[1], ""), url)


def _path(artifact: "Artifact") -> Path:
    return Path(artifact.component.path_prefix, artifact.filename)


@contextmanager
def _our_errors() -> Iterator[None]:
    import requests

    try:
        yield
    except requests.RequestException as error:
        raise RegistryError(_innermost(error)) from error
    except RuntimeError as error:  # jgo's, for every answer but 200
        raise RegistryError(str(error)) from error


def _innermost(error: BaseException) -> str:
    """requests wraps the reason four deep."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {error}"
