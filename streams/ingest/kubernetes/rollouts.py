"""Workloads, seen one after the other -> who has rolled out what; not what we did ourselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from schemas.controls import Control, ControlKind
from schemas.ids import digest
from streams.ingest.kubernetes.shapes import Unreadable, Workload, read

LAST_COMMAND = "mendlog.io/last-command"
"""The executor writes a command's id into it in the same call as the change itself, newest first:
see docs/actions.md."""
AUTHOR = "kubernetes-watcher"
IMAGES_CHARS_MAX = 500


@dataclass(frozen=True, slots=True)
class Release:
    """What a workload runs, and as much as tells it from the next."""

    kind: str
    uid: str
    namespace: str
    name: str
    generation: int
    template: bytes
    commands: tuple[str, ...]
    """Of ours, newest first."""
    images: str
    """What people know a release by."""

    def control(self, cluster: str, now_ms: int) -> Control:
        """Of the same id for each watcher that sees it."""
        revision = {"revision": self.images} if self.images else {}
        return Control(
            control_id=digest("rollout", cluster, self.uid, self.generation),
            cluster=cluster,
            kind=ControlKind.CHANGE,
            author=AUTHOR,
            reason=f"rolled out, generation {self.generation}",
            issued_at_ms=now_ms,
            parameters={
                "namespace": self.namespace,
                "kind": self.kind,
                "name": self.name,
                **revision,
            },
        )


class Rollouts:
    """The newest release of each workload of a kind."""

    def __init__(self) -> None:
        self._known: dict[str, Release] = {}
        self._listed = False

    def seen(self, now: Release) -> Release | None:
        """It, if somebody has rolled it out."""
        before = self._known.get(now.uid)
        self._known[now.uid] = now
        is_news = self._listed and (before is None or _is_foreign(before, now))
        return now if is_news else None

    def gone(self, uid: str) -> None:
        self._known.pop(uid, None)

    def listed(self, found: Iterable[Release]) -> list[Release]:
        """All that there are. Of the first list nothing is known to be new."""
        there = {one.uid: one for one in found}
        made = [one for one in there.values() if self.seen(one)]
        self._known = there
        self._listed = True
        return made


def release_of(kind: str, workload: Workload) -> Release:
    meta, template = workload.metadata, workload.spec.template
    mark = (meta.annotations or {}).get(LAST_COMMAND, "")
    return Release(
        kind,
        meta.uid,
        meta.namespace,
        meta.name,
        meta.generation,
        blake2b(template, digest_size=16).digest(),
        tuple(filter(None, mark.split(","))),
        _images(template),
    )


def _is_foreign(before: Release, now: Release) -> bool:
    """Each of our commands moves the generation by one and adds its id. Where it has moved further,
    somebody else has written too, and in doubt that was the template. A template that differs at
    the same generation was written anew by an upgrade of the API itself."""
    moved = now.generation - before.generation
    return moved > 0 and now.template != before.template and moved > _added(before, now)


def _added(before: Release, now: Release) -> int:
    """`kubectl rollout undo` brings old ids back: those are none of now."""
    if not before.commands:
        return len(now.commands)
    newest = before.commands[0]
    return now.commands.index(newest) if newest in now.commands else 0


class _Container(msgspec.Struct):
    image: str = ""


class _Spec(msgspec.Struct):
    containers: list[_Container] | None = None


class _Template(msgspec.Struct):
    spec: _Spec


def _images(template: msgspec.Raw) -> str:
    try:
        found = read(_Template, template).spec.containers or ()
    except Unreadable:
        return ""
    return ",".join(one.image for one in found if one.image)[:IMAGES_CHARS_MAX]
