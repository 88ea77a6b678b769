"""Many seeds, on several processors."""

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context

from tests.simulation.verdict import Verdict, simulate

AT_ONCE = 50
LET_GO_EVERY = 4
"""Worlds, before what is left of them is looked for: a few fit into a processor's cache."""
GUARD_SEEDS = range(1_000)
FAILURES_SHOWN = 5


def all_keep_their_promises(seeds: int) -> None:
    failed = failures(range(seeds), min(2, os.cpu_count() or 1))
    shown = "\n\n".join(map(str, failed[:FAILURES_SHOWN]))
    assert not failed, f"{len(failed)} of {seeds} worlds\n{shown}"


def failures(
    seeds: Sequence[int], jobs: int, tell: Callable[[int, int], None] = lambda _done, _failed: None
) -> list[Verdict]:
    """`tell` hears how many are done, and how many of them have failed."""
    portions = [seeds[n : n + AT_ONCE] for n in range(0, len(seeds), AT_ONCE)]
    failed: list[Verdict] = []
    for done, found in enumerate(_each(portions, jobs), 1):
        failed += found
        tell(min(done * AT_ONCE, len(seeds)), len(failed))
    return failed


def _each(portions: Sequence[Sequence[int]], jobs: int) -> Iterator[list[Verdict]]:
    if jobs == 1:
        yield from map(_failures, portions)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), _settle) as pool:
        yield from pool.map(_failures, portions)


def _settle() -> None:
    """What was imported stays, and need not be looked through; nor is a world while it is run."""
    gc.collect()
    gc.freeze()
    gc.disable()


def _verdicts(seeds: Iterable[int], guard: str = "") -> Iterator[Verdict]:
    for done, seed in enumerate(seeds, 1):
        yield simulate(seed, guard)
        if done % LET_GO_EVERY == 0 and not gc.isenabled():
            gc.collect()


def found(guard: str, seeds: Iterable[int]) -> Verdict | None:
    """The first world that misses the guard."""
    return next((verdict for verdict in _verdicts(seeds, guard) if verdict.findings), None)


def each_found(guards: Sequence[str], seeds: Sequence[int], jobs: int) -> Iterator[Verdict | None]:
    with ProcessPoolExecutor(jobs, get_context("spawn"), _settle) as pool:
        yield from pool.map(found, guards, repeat(seeds))


def _failures(seeds: Sequence[int]) -> list[Verdict]:
    return [verdict for verdict in _verdicts(seeds) if verdict.findings]
