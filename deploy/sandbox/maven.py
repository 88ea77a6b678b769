"""Maven artifacts without Maven: the package `jgo` behind what we need of it.

The registry is Maven Central unless this user's settings say otherwise: a mirror of `central` in
`~/.m2/settings.xml`, or `[repositories]` in jgo's own settings. Proxies and certificates come
from the environment, as `requests` reads it.
"""

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

from deploy.sandbox.errors import SandboxError

TIMEOUT_S = 30
ATTEMPTS_MAX = 2


class RegistryError(SandboxError):
    """No registry answered, or none has the artifact."""


class Registry:
    """Artifacts by their coordinates `group:artifact:version`; downloads land below `scratch`."""

    def __init__(self, scratch: Path) -> None:
        # Imported here: jgo costs 0.2 s that a warm start need not pay.
        from jgo.maven import MavenContext

        self._context = MavenContext(
            repo_cache=scratch, local_repos=[], remote_repos=registries(), timeout=TIMEOUT_S
        )

    @property
    def urls(self) -> list[str]:
        return list(self._context.remote_repos.values())

    def resolve(self, roots: Iterable[str]) -> list[str]:
        """The coordinates of `roots` and of all that they need at run time."""
        wanted = [self._context.create_dependency(root) for root in roots]
        with _our_errors():
            inputs, transitive = self._context.resolver.resolve(wanted)
        return [
            ":".join((one.groupId, one.artifactId, one.version))
            for one in (*inputs, *transitive)
            if not one.optional
        ]

    def fetch(self, coordinates: str) -> Path:
        artifact = self._context.create_dependency(coordinates).artifact
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                with _our_errors():
                    return artifact.resolve()
            except RegistryError:
                artifact.cached_path.unlink(missing_ok=True)  # half of it may have come
                if attempt == ATTEMPTS_MAX:
                    raise
        raise AssertionError("unreachable")

    def on_this_machine(self, coordinates: str) -> Path:
        """Where the user's own Maven would have put it."""
        from jgo.constants import default_maven_repo

        artifact = self._context.create_dependency(coordinates).artifact
        return default_maven_repo() / artifact.component.path_prefix / artifact.filename


def registries() -> dict[str, str]:
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL

    chosen = {"central": _mirror_of_central() or MAVEN_CENTRAL_URL}
    chosen.update(GlobalSettings.load().repositories)
    return {name: url.rstrip("/") for name, url in chosen.items()}


def _mirror_of_central() -> str | None:
    settings = Path.home() / ".m2" / "settings.xml"
    try:
        tree = ElementTree.parse(settings)
    except FileNotFoundError:
        return None
    except ElementTree.ParseError as error:
        raise RegistryError(f"{settings} cannot be read: {error}") from error
    for mirror in tree.iterfind("{*}mirrors/{*}mirror"):
        if _covers_central(mirror.findtext("{*}mirrorOf", "")):
            return _expand(mirror.findtext("{*}url", "").strip())
    return None


def _covers_central(mirror_of: str) -> bool:
    patterns = {pattern.strip() for pattern in mirror_of.split(",")}
    return "!central" not in patterns and not patterns.isdisjoint({"*", "external:*", "central"})


def _expand(url: str) -> str:
    """Maven's `${env.NAME}`."""
    return re.sub(r"\$\{env\.(\w+)\}", lambda found: os.environ.get(found[1], ""), url)


@contextmanager
def _our_errors():
    import requests

    try:
        yield
    except requests.RequestException as error:
        raise RegistryError(_brief(error)) from error
    except RuntimeError as error:  # jgo's own, for every status but 200
        raise RegistryError(str(error)) from error


def _brief(error: Exception) -> str:
    """requests nests the cause several exceptions deep; the innermost names it."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {error}"
