"""One partition's worth of the notifier on virtual time: claim, desk and outlets."""

import asyncio
import json

from remediators.notifier_ports import Arrival, HttpFault, HttpReply
from remediators.notify.backoff import Backoff
from remediators.notify.claim import Claim, Rules
from remediators.notify.desk import Desk
from remediators.notify.metrics import Metrics
from remediators.notify.outlet import Means, Outlet
from remediators.notify.pagerduty import PagerDuty
from remediators.notify.slack import Slack
from remediators.notify.webhook import Webhook
from schemas.notices import Notice
from tests.remediators.notify.builders import FILE, file
from tests.remediators.notify.fakes import FakeClock, FakeDeliveries, FakePost

OK = HttpReply(200, b"ok")
BROKEN = HttpReply(503)
LOST = HttpReply(fault=HttpFault.CUT, detail="cut")
GONE = HttpReply(404, b"channel_not_found")


class Here:
    """One partition, with `ops` (Slack), `pager` (PagerDuty) and `hook` behind a post each."""

    def __init__(self, tasks: asyncio.TaskGroup, per_minute: int = 1000) -> None:
        self.clock = FakeClock()
        self.deliveries = FakeDeliveries(self.clock)
        self.metrics = Metrics()
        self.posts = {
            "ops": FakePost(OK),
            "pager": FakePost(HttpReply(202)),
            "hook": FakePost(HttpReply(204)),
        }
        channels = (
            Slack("ops", per_minute, "https://ops.example/"),
            PagerDuty("pager", per_minute, "k"),
            Webhook("hook", per_minute, "https://hook.example/"),
        )
        self.points: list[str] = []
        self.outlets = {
            channel.name: Outlet(
                channel,
                Means(
                    self.posts[channel.name],
                    self.clock,
                    self.metrics,
                    tasks.create_task,
                    self.points.append,
                ),
            )
            for channel in channels
        }
        self.rules = Rules(
            file(FILE), self.outlets, self.clock, Backoff(1_000, 60_000), self.metrics
        )  # type: ignore[arg-type]
        self.rejected: list[Arrival] = []
        self.tasks = tasks
        self.claim = self.fresh_claim()

    def fresh_claim(self) -> Claim:
        """As after a restart: what is known is what is on `deliveries`."""
        desk = Desk(0, self.deliveries, self.clock, self.metrics, "me")  # type: ignore[arg-type]
        return Claim(desk, self.rules, self._reject, self.tasks.create_task, lambda: None)

    async def _reject(self, arrival: Arrival) -> None:
        self.rejected.append(arrival)

    async def give(self, *notices: Notice | None, first: int = 0, late_ms: int = 0) -> None:
        """As the topic has them: a notice that comes again has the time of its append, which is
        that of its making, or later."""
        for offset, one in enumerate(notices, first):
            at_ms = (one.at_ms if one else self.clock.at_ms) + late_ms
            fault = "" if one else "empty"
            self.claim.take(Arrival(0, offset, at_ms, b"k", None, one, fault))
        await self.clock.settle()

    def texts(self, name: str = "ops") -> list[str]:
        return [json.loads(request.body)["text"] for request in self.posts[name].sent]

    @property
    def done(self) -> int | None:
        return self.claim.progress.next_offset

    def end(self) -> None:
        self.claim.close()
        for outlet in self.outlets.values():
            outlet.close()
