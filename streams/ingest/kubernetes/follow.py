"""One kind of object, followed for good: a list in pages, then a watch from that very moment.

A watch that cannot go on from where it was (410 Gone) begins again with a list, and whoever hears
compares it with what was known. Blocking: each follower has a thread of its own.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from streams.ingest.kubernetes.kinds import Kind
from streams.ingest.kubernetes.shapes import (
    Bookmark,
    Line,
    Page,
    Status,
    Unreadable,
    read,
)

PAGE_ITEMS = 500
WATCH_S = 300
"""After which the server ends a watch in order; up to twice that, so that not all end at once."""
SHORT_S = 1.0
"""A watch that ends sooner is a server that sends us away."""
RETRY_FIRST_S, RETRY_MOST_S = 0.5, 30.0
REFUSED_MAX = 5
"""Watches from one moment that end before anything of them could be heard. The next one would end
as they did, so a list tells."""
OK, GONE = 200, 410


class Api(Protocol):
    """Raises OSError for a server that is not there, does not answer or falls silent."""

    def get(self, path: str) -> tuple[int, bytes]: ...

    def follow(self, path: str) -> tuple[int, Iterator[bytes]]:
        """Lines as they come, until the server ends it."""
        ...


class Heard(Protocol):
    """Called from the follower's thread."""

    def listed(self, kind: str, found: list[object]) -> None: ...

    def changed(self, kind: str, found: object) -> None: ...

    def gone(self, kind: str, uid: str) -> None: ...

    def in_touch(self, kind: str) -> None:
        """The server has said something."""
        ...

    def failed(self, kind: str, why: str) -> None: ...

    def unreadable(self, kind: str, why: str) -> None:
        """One object, which is left out."""
        ...


class Refused(Exception):
    """An answer that is no list and no watch."""

    def __init__(self, status: int, body: bytes | msgspec.Raw = b"") -> None:
        self.status = status
        try:
            said = read(Status, body).message
        except Unreadable:
            said = bytes(body[:200]).decode(errors="replace")
        super().__init__(f"{status}: {said}"[:300])


class Follower:
    def __init__(
        self,
        api: Api,
        kind: Kind,
        heard: Heard,
        stopping: threading.Event,
        chance: Callable[[], float],
        now_s: Callable[[], float],
    ) -> None:
        """`chance`: a number from 0 to 1, another one each time."""
        self._api, self._kind, self._heard = api, kind, heard
        self._stopping, self._chance, self._now_s = stopping, chance, now_s
        self._version = ""
        """From where the watch goes on; empty when only a list can tell."""
        self._refused_from_here = 0

    def run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            watched_s = 0.0
            try:
                if not self._version:
                    self._list()
                began_s = self._now_s()
                try:
                    self._watch()
                finally:
                    watched_s = self._now_s() - began_s
                failures = failures + 1 if watched_s < SHORT_S else 0
            except (OSError, Refused, Unreadable) as fault:
                if self._stopping.is_set():
                    return
                # One that was followed for long and broke off is no reason to wait longer.
                failures = failures + 1 if watched_s < RETRY_MOST_S else 1
                self._heard.failed(self._kind.name, str(fault) or repr(fault))
            if failures:
                self._stopping.wait(self._pause_s(failures))

    def _pause_s(self, failures: int) -> float:
        """Never the same for all who were sent away at once."""
        longest_s = min(RETRY_MOST_S, RETRY_FIRST_S * 2.0 ** min(failures - 1, 10))
        return longest_s * (0.5 + self._chance() / 2)

    def _list(self) -> None:
        """Told as a whole: all pages are of one moment."""
        found: list[object] = []
        token = ""
        while True:
            page = self._page(token)
            for raw in page.items or ():
                if (kept := self._kept(raw)) is not None:
                    found.append(kept)
            token = page.metadata.continue_
            if not token:
                break
        self._heard.listed(self._kind.name, found)
        self._heard.in_touch(self._kind.name)
        self._version = page.metadata.resource_version
        self._refused_from_here = 0

    def _page(self, token: str) -> Page:
        status, body = self._api.get(
            self._path(limit=str(PAGE_ITEMS), **({"continue": token} if token else {}))
        )
        if status != OK:
            raise Refused(status, body)
        return read(Page, body)

    def _watch(self) -> None:
        """Until the server ends it, or knows no more what was before."""
        try:
            self._follow()
        except (Refused, Unreadable):
            self._refused_from_here += 1
            if self._refused_from_here == REFUSED_MAX:
                self._version = ""
            raise

    def _follow(self) -> None:
        status, lines = self._api.follow(
            self._path(
                watch="true",
                allowWatchBookmarks="true",
                resourceVersion=self._version,
                timeoutSeconds=str(int(WATCH_S * (1 + self._chance()))),
            )
        )
        if status != OK:
            self._refused(Refused(status, b"".join(lines)))
            return
        for line in lines:
            self._heard.in_touch(self._kind.name)
            if not self._hear(read(Line, line)):
                return
            self._refused_from_here = 0
            if self._stopping.is_set():
                return

    def _hear(self, line: Line) -> bool:
        """False where the watch is of no use any more."""
        if line.type == "ERROR":
            self._refused(Refused(read(Status, line.object).code, line.object))
            return False
        meta = read(Bookmark, line.object).metadata
        if line.type == "DELETED":
            self._heard.gone(self._kind.name, meta.uid)
        elif line.type in ("ADDED", "MODIFIED") and (kept := self._kept(line.object)) is not None:
            self._heard.changed(self._kind.name, kept)
        self._version = meta.resource_version or self._version
        return True

    def _refused(self, refused: Refused) -> None:
        if refused.status != GONE:
            raise refused
        self._version = ""

    def _kept(self, raw: msgspec.Raw) -> object | None:
        try:
            return self._kind.kept(read(self._kind.shape, raw))
        except Unreadable as fault:
            self._heard.unreadable(self._kind.name, str(fault))
            return None

    def _path(self, **query: str) -> str:
        if self._kind.only:
            query["fieldSelector"] = self._kind.only
        return f"{self._kind.path}?{urlencode(query)}"
