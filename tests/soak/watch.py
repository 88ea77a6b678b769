"""How it goes: a line every half a minute, and what each part has of memory."""

import asyncio
import time

import psutil

from tests.soak.killer import Killer
from tests.soak.parts import Parts
from tests.soak.senders import Senders

TOLD_EVERY = 6
LOOK_S = 5.0
MIB = 2**20
BROKER = "broker"


class Watch:
    def __init__(self, parts: Parts, senders: Senders, killer: Killer) -> None:
        self.mib: dict[str, float] = {}
        """Resident, when last looked at."""
        self.mib_max: dict[str, float] = {}
        self._parts, self._senders, self._killer = parts, senders, killer
        self._began_s = time.monotonic()

    async def run(self) -> None:
        for number in range(1_000_000):
            self._look()
            if number % TOLD_EVERY == 0:
                await self.tell()
            await asyncio.sleep(LOOK_S)

    async def tell(self) -> None:
        lag = await self._parts.lag()
        minutes, seconds = divmod(int(time.monotonic() - self._began_s), 60)
        kills = sum(map(len, self._killer.recovered_s.values()))
        changed, told = len(self._parts.wire.changes()), len(self._parts.vendors.webhook.seen)
        memory = ", ".join(f"{name} {mib:.0f}" for name, mib in self.mib.items())
        print(
            f"{minutes:02d}:{seconds:02d}  accepted {self._senders.accepted:,}"
            f"  lag {'?' if lag is None else f'{lag:.0f}'}  recovered {kills}"
            f"  changed {changed}  told {told}  MiB: {memory}",
            flush=True,
        )

    def _look(self) -> None:
        pids = {n: child.pid for n, child in self._parts.children.items() if child.alive}
        if self._parts.stack.kafka.alive:
            pids[BROKER] = self._parts.stack.kafka.pid
        for name, pid in pids.items():
            try:
                self.mib[name] = psutil.Process(pid).memory_info().rss / MIB
            except psutil.NoSuchProcess:
                continue
            self.mib_max[name] = max(self.mib[name], self.mib_max.get(name, 0.0))
