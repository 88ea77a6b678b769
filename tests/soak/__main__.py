"""The long run: a stack under load, of which one part after another is killed; then the audit.

python -m tests.soak --minutes 25 --alerts 1000000 --kill-every 20 --seed 1
"""

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.soak import options
from tests.soak.killer import Killer, ended_with
from tests.soak.load import Pods
from tests.soak.options import Options
from tests.soak.parts import Parts, running
from tests.soak.person import trusts
from tests.soak.rest import at_rest, audited, untold
from tests.soak.senders import Senders
from tests.soak.watch import Watch


def main() -> int:
    given = options.read()
    with tempfile.TemporaryDirectory(prefix="mendlog-soak-") as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        return asyncio.run(soak(given, folder))


async def soak(given: Options, folder: Path) -> int:
    """The audit's exit code; 1 also where somebody was not told."""
    print(f"seed {given.seed}", flush=True)
    began_s = time.monotonic()
    async with running(folder) as parts:
        pods = Pods(random.Random(f"pods {given.seed}"))
        senders = Senders(parts.urls["gateway"], given, folder, pods)
        killer = Killer(parts, senders, given.kill_every_s, given.seed)
        watch = Watch(parts, senders, killer)

        async def whole() -> None:
            async with senders, asyncio.TaskGroup() as tasks:
                tasks.create_task(killer.run())
                trusting = tasks.create_task(trusts(parts))
                await senders.run()
                trusting.cancel()
                killer.end()
            print("the senders have stopped", flush=True)
            print(f"at rest {await at_rest(parts):.0f} s later", flush=True)
            await watch.tell()

        await ended_with(whole(), parts.tend, watch.run)
        await parts.stop()
        unheard = await untold(parts)
        code, said = await asyncio.to_thread(audited, parts, senders.ledger, folder)
        tell(parts, senders, killer, watch)
        print(said)
        print(f"notices of which nobody was told: {unheard}")
        print(f"{(time.monotonic() - began_s) / 60:.1f} minutes in all; the audit says {code}")
    return code or int(unheard > 0)


def tell(parts: Parts, senders: Senders, killer: Killer, watch: Watch) -> None:
    answers = ", ".join(
        f"{count:,} x {status or 'none'}" for status, count in senders.answers.items()
    )
    print(f"accepted {senders.accepted:,}; answers: {answers}")
    print(f"longest without any accepted: {senders.silent_s:.1f} s")
    print(f"changes at the cluster's API {len(parts.wire.changes()):,}")
    print(f"told {len(parts.vendors.webhook.seen):,} times")
    print("\n| part | hurt | back after, s, at most |\n| --- | --- | --- |")
    for name, each in sorted(killer.recovered_s.items()):
        print(f"| {name} | {len(each)} | {max(each):.1f} |")
    print(f"ended by themselves: {dict(parts.ended_itself)}")
    print("\n| part | MiB at the end | at most |\n| --- | --- | --- |")
    for name, mib in watch.mib.items():
        print(f"| {name} | {mib:.0f} | {watch.mib_max[name]:.0f} |")


if __name__ == "__main__":
    sys.exit(main())
