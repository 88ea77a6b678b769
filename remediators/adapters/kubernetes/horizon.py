"""How new an answer must be at least: what a server has told once, it does not take back.

A reading may come out of something between us and the API that lags behind. Versions of objects of
one kind only grow, so an answer from before what was read already is no answer.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from remediators.core.reply import Answer, Reply

KEPT_S = 60.0
"""Then an older version is believed: the API may have been put back from a copy."""
KEPT_MAX = 10_000

Found = dict[str, Any] | Reply


class Horizon:
    """For several threads. A place is the path of an object, or a kind for all lists of it."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._newest: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """The version of each place, and when it was told last."""

    def beyond(self, place: str, read: Callable[[], Found], *also: str) -> Found:
        """What is read, unless that is older than what was known when it was asked for. It is told
        of the place, and `also` of others."""
        least = self._least(place)
        found = read()
        version = None if isinstance(found, Reply) else _version(found)
        if version is None:
            return found
        if version < least:
            words = f"an old answer: of version {version}, after one of {least}"
            return Reply(Answer.UNSURE, words)
        self.told(found, place, *also)
        return found

    def told(self, found: Found, *places: str) -> None:
        version = None if isinstance(found, Reply) else _version(found)
        if version is None:
            return
        for place in places:
            self._note(place, version)

    def _least(self, place: str) -> int:
        with self._lock:
            version, at_s = self._newest.get(place, (0, 0.0))
            return version if self._now_s() - at_s < KEPT_S else 0

    def _note(self, place: str, version: int) -> None:
        with self._lock:
            known, at_s = self._newest.get(place, (0, 0.0))
            if version < known and self._now_s() - at_s < KEPT_S:
                return
            self._newest[place] = version, self._now_s()
            self._newest.move_to_end(place)
            if len(self._newest) > KEPT_MAX:
                self._newest.popitem(last=False)


def _version(found: Mapping[str, Any]) -> int | None:
    """None where it is no number, or none is told."""
    meta = found.get("metadata")
    text = meta.get("resourceVersion") if isinstance(meta, Mapping) else None
    plain = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 20
    return int(text) if isinstance(text, str) and plain else None
