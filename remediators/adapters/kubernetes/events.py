"""Kubernetes Events: what we did to an object, or why not, where people look at it.

Best effort. Nobody waits for them, they have a connection and a limit of their own, and what does
not get through is counted and forgotten. The same news again within a while is one event more, with
how often it was.
"""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from remediators.adapters.kubernetes import paths
from remediators.adapters.kubernetes.client import ApiServer
from remediators.adapters.kubernetes.wire import Call
from remediators.core.news import News, news_of
from remediators.core.reply import Answer
from remediators.ports import Recorded
from schemas.kinds import EVENT, KINDS
from schemas.remediation import Command, Outcome

CONTROLLER = "mendlog.io/executor"
PENDING_MAX = 500
AGAIN_S = 60.0
CLOSE_S = 1.0
DROPPED = "dropped"
NAME_CHARS_MAX = 200
INSTANCE_CHARS_MAX = 128
"""The API's own limit."""
NAMESPACE_OF_THE_REST = "default"
"""Where the API wants events about what is in no namespace."""

Counted = Callable[[str], None]
"""Called with what became of one."""


@dataclass(slots=True)
class _Pending:
    command: Command
    count: int
    first_s: float
    last_s: float
    """By the host's clock, for people."""
    due_s: float


class EventHerald:
    """Of all clusters; each has a thread of its own."""

    def __init__(self, servers: Mapping[str, ApiServer], name: str, counted: Counted) -> None:
        self._criers = {
            cluster: Crier(server, cluster, name, counted) for cluster, server in servers.items()
        }

    def tell(self, command: Command, record: Recorded) -> None:
        news = news_of(command, record) if isinstance(record, Outcome) else None
        crier = self._criers.get(command.cluster)
        if news is not None and crier is not None and news.target.kind in KINDS:
            crier.add(news, command)

    def close(self) -> None:
        """Blocks for a moment at most, however many do not answer."""
        until_s = time.monotonic() + CLOSE_S
        for crier in self._criers.values():
            crier.stop()
        for crier in self._criers.values():
            crier.join(max(0.0, until_s - time.monotonic()))


class Crier(threading.Thread):
    def __init__(
        self,
        server: ApiServer,
        cluster: str,
        name: str,
        counted: Counted,
        again_s: float = AGAIN_S,
    ) -> None:
        super().__init__(name=f"events-{cluster}", daemon=True)
        self._server = server
        self._instance = name[:INSTANCE_CHARS_MAX]
        self._counted = counted
        self._again_s = again_s
        self._changed = threading.Condition()
        self._pending: OrderedDict[News, _Pending] = OrderedDict()
        self._told_s: OrderedDict[News, float] = OrderedDict()
        """When it was last said."""
        self._stopping = False
        self.start()

    def add(self, news: News, command: Command) -> None:
        """Returns at once. Of more than there is room for, nothing is said."""
        at_s, now_s = time.time(), time.monotonic()
        with self._changed:
            if known := self._pending.get(news):
                known.command, known.last_s = command, at_s
                known.count += 1
            elif len(self._pending) >= PENDING_MAX:
                self._counted(DROPPED)
            else:
                told_s = self._told_s.get(news)
                due_s = now_s if told_s is None else max(now_s, told_s + self._again_s)
                self._pending[news] = _Pending(command, 1, at_s, at_s, due_s)
            self._changed.notify()

    def stop(self) -> None:
        """What waits is said now, as far as there is time."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        while (found := self._next()) is not None:
            try:
                self._say(*found)
            except Exception:  # whatever it is, no command hangs on it
                self._counted(DROPPED)
        self._server.close()

    def _next(self) -> tuple[News, _Pending] | None:
        with self._changed:
            while True:
                now_s = time.monotonic()
                for news, pending in self._pending.items():
                    if pending.due_s <= now_s or self._stopping:
                        self._note(news, now_s)
                        return news, self._pending.pop(news)
                if self._stopping:
                    return None
                due_s = min((p.due_s for p in self._pending.values()), default=None)
                self._changed.wait(None if due_s is None else max(0.0, due_s - now_s))

    def _note(self, news: News, now_s: float) -> None:
        self._told_s[news] = now_s
        self._told_s.move_to_end(news)
        while len(self._told_s) > PENDING_MAX:
            self._told_s.popitem(last=False)

    def _say(self, news: News, pending: _Pending) -> None:
        place = paths.collection(EVENT, news.target.namespace or NAMESPACE_OF_THE_REST)
        assert place is not None
        body = json.dumps(_event(news, pending, self._instance)).encode()
        path = f"{place}?fieldManager={paths.FIELD_MANAGER}"
        reply = self._server.change("POST", path, body, "application/json", _call())
        self._counted("told" if reply.answer is Answer.DONE else reply.answer.value)


def _event(news: News, pending: _Pending, instance: str) -> Mapping[str, Any]:
    target, kind = news.target, KINDS[news.target.kind]
    about = {
        "apiVersion": f"{kind.group}/{kind.version}" if kind.group else kind.version,
        "kind": target.kind,
        "name": target.name,
        "uid": news.uid,
        **({"namespace": target.namespace} if target.namespace else {}),
    }
    return {
        "apiVersion": "v1",
        "kind": EVENT,
        "metadata": {
            "generateName": f"{target.name[:NAME_CHARS_MAX]}.",
            "annotations": {
                "mendlog.io/command": pending.command.command_id,
                "mendlog.io/incident": pending.command.incident_id,
            },
        },
        "involvedObject": about,
        "type": "Warning" if news.warning else "Normal",
        "reason": news.reason,
        "action": news.action,
        "message": news.text,
        "count": pending.count,
        "firstTimestamp": _time(pending.first_s),
        "lastTimestamp": _time(pending.last_s),
        "source": {"component": CONTROLLER},
        "reportingComponent": CONTROLLER,
        "reportingInstance": instance,
    }


def _time(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _call() -> Call:
    return Call(lambda: True, lambda: None)
