"""`python -m tests.simulation --seeds 0:1000 --jobs 2`, or one seed with MENDLOG_SIM_SEED."""

import argparse
import os
import sys
import time
from collections.abc import Sequence

from tests.simulation.guards import GUARDS
from tests.simulation.seeds import each_found, failures
from tests.simulation.verdict import history_of

TOLD_EVERY = 1_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    one = os.environ.get("MENDLOG_SIM_SEED")
    parser.add_argument("--seeds", default=f"{one}:{int(one) + 1}" if one else "0:1000")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--digest", action="store_true", help="only tell what happened, as a hash")
    parser.add_argument("--guards", action="store_true", help="in how many each guard is missed")
    given = parser.parse_args()
    first, _, end = given.seeds.partition(":")
    seeds = range(int(first), int(end))
    if given.digest:
        for seed in seeds:
            print(seed, history_of(seed))
        return 0
    if given.guards:
        return _guards(seeds, given.jobs)
    began_s = time.monotonic()
    failed = failures(seeds, given.jobs, _tell)
    for verdict in failed:
        print(verdict)
    print(f"{len(seeds)} seeds, {len(failed)} failed, {time.monotonic() - began_s:.1f} s")
    return 1 if failed else 0


def _tell(done: int, failed: int) -> None:
    if done % TOLD_EVERY == 0:
        print(f"{done} worlds, {failed} failed", file=sys.stderr, flush=True)


def _guards(seeds: Sequence[int], jobs: int) -> int:
    unfound = 0
    guards = tuple(GUARDS)
    for guard, verdict in zip(guards, each_found(guards, seeds, jobs), strict=True):
        unfound += verdict is None
        where = "never" if verdict is None else f"{verdict.seed + 1}: {verdict.findings[0]}"
        print(f"{guard}: {where}", flush=True)
    return 1 if unfound else 0


if __name__ == "__main__":
    sys.exit(main())
